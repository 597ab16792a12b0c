"""Whatever bytes come, a reader answers in time with a reading whose rows add up, or with ReadError; nothing else.

`make test` tries a tenth of the examples and monsters of a hundredth of their size; the long proofs try all, and monsters
of full size. ZONESCOPE_FUZZ multiplies the examples of the long proofs (default 1); from 2 on monsters meet every source
instead of one of each layout. The run prints how many there were (`-s`).
"""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.declarations import sources as declared_sources
from pipelines.readers import archive, workbook
from pipelines.readers import detect as readers
from pipelines.readers.text import ReadError
from tests.helpers import cubes
from tests.helpers.effort import FACTOR, cpu_below, examples
from tests.helpers.excel import cells, parts, xlsx, zipped
from tests.helpers.nbs import SHAPES, TWO_ROWS, newer, recorded, reply
from tests.helpers.small_files import CUSTOMS_FILE, LIST_FILE, NBS_FILE, PANEL, PANEL_FILE, SAMPLES
from tests.helpers.trade_files import (
    BULK_FILE,
    DATAWEB_WIDE,
    DISTRICT_FILE,
    GOODS_FILE,
    PRODUCTS,
    download,
    record,
)
from tests.helpers.trade_files import reply as comtrade_reply

TABLE_HEAD = "数据库：分省年度数据\n指标：地区生产总值(亿元)\n地区,2024年,2023年\n"
MAX_CPU_SECONDS = 30
MAX_MEGABYTES = 800
CELLS_HELD = ["unknown_column", "duplicate_column", "conflicting_column"]  # all others hold a row
RUNS: Counter[str] = Counter()
PEAKS = [0]

NAMES = {
    "city_yearbook": "china_city_statistical_yearbook_2020.csv",
    "customs_query": "tea_2024in.csv",
    "nbs_province_gdp": "gdp_2025-06-30.csv",
    "nbs_easyquery": "gdp_2025-06-30.json",
    "zone_figures": "zone_figures.csv",
    "trade_modes": "trade_modes.csv",
    "exchange_rate_table": "汇率.csv",
    "customs_commodity_codes": "zh-hs8-2022.csv",
    "baci_products": "product_codes_HS92_V202401b.csv",
    "customs_districts": "CusDistrict_2024-05-01.json",
    "un_comtrade": "reply_2024-03-01.json",
    "un_comtrade_legacy": "pub-20180131.csv",
    "usitc_dataweb": "DataWeb 2024-03-01.csv",
    "nbs_province_table": "分省年度数据整理_地区生产总值(亿元)_2026-01-05.csv",
    "nbs_province_monthly": "分省月度数据_2026-01-05.csv",
    "nbs_data_service": "gdp_2025-06-30.json",
    "division_list_by_month": "gb2260_stats_201010.tsv",
    "world_bank_wdi": "API_CHN_DS2_en_csv_v2_1.csv",
    "world_bank_databank": "P_Data_Extract.csv",
    "world_bank_api": "gdp.json",
    **{f"cube_{name}": f"cube_{name}_2024-03-01.{ending}" for name, (_, _, ending, _) in cubes.FILES.items()},
}
MINE = {
    "customs_query": [CUSTOMS_FILE.encode("gbk"), xlsx({"表": cells(CUSTOMS_FILE)})],
    "nbs_province_gdp": [NBS_FILE.encode("gb18030"), xlsx({"表": cells(NBS_FILE)})],
    "nbs_easyquery": [
        json.dumps(reply(("2024", False, ""), ("2023", True, "1.5"))).encode(),
        recorded(reply(("2024", True, "1.5"))),
    ],
    "zone_figures": [LIST_FILE.encode(), xlsx({"表": cells(LIST_FILE)}, ("A1:B2", "A2:A9"))],
    "nbs_province_table": [
        *(shape[0].encode("gb18030") for shape in SHAPES.values()),
        *(table.encode("gb18030") for table in TWO_ROWS.values()),
        xlsx({"表": cells(next(iter(TWO_ROWS.values())))}, ("A1:A2", "B1:C1", "D1:E1")),
    ],
    "nbs_province_monthly": [
        "数据库：分省月度数据\n指标：社会消费品零售总额(亿元)\n地区,2024年3月,\n,本期,累计\n甲省,1,3\n数据来源：国家统计局\n".encode(
            "gb18030"
        )
    ],
    "nbs_data_service": [json.dumps(newer(("2024年", "无"), ("2023年", "1.5"))).encode()],
    "division_list_by_month": [b"Source\tRevision\tCode\tName\nstats\t201010\t110000\tx\n"],
    "exchange_rate_table": ["年份,1美元兑人民币（元）\n2007,7.604\n".encode()],
    "customs_commodity_codes": [GOODS_FILE.encode("gb18030")],
    "baci_products": [PRODUCTS.encode(), xlsx({"表": cells(PRODUCTS)})],
    "customs_districts": [DISTRICT_FILE.encode()],
    "un_comtrade": [
        comtrade_reply([record("0902", 5.5, 276), record()]),
        download([record("0902", 5.5, 276), record()]),
    ],
    "un_comtrade_legacy": [BULK_FILE.encode("windows-1252")],
    "usitc_dataweb": [DATAWEB_WIDE.encode(), xlsx({"Query Parameters": [["a"]], "v": cells(DATAWEB_WIDE)})],
    "world_bank_wdi": [cubes.WORLD_BANK.encode(), cubes.WORLD_BANK_WORDS.encode()],
    "world_bank_databank": [cubes.DATABANK.encode()],
    "world_bank_api": [cubes.WORLD_BANK_ANSWER.encode()],
    **{f"cube_{name}": [content.encode()] for name, (_, _, _, content) in cubes.FILES.items()},
}


def source_layout(name: str) -> str:
    """Layout of a declared source; a cube's format is its own."""
    return declared_sources.sources()[name].layout if name in declared_sources.sources() else name


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> dict[str, declared_sources.Source]:
    """The declared sources, and one for every format of a cube."""
    folder = tmp_path_factory.mktemp("cubes")
    return {
        **declared_sources.sources(),
        **{f"cube_{name}": cubes.source(name, folder / name) for name in cubes.FILES},
    }


def fixtures(source_id: str, sources: dict) -> list[bytes]:
    """Small files of a source: the embedded ones, those of the tests, and the samples where they are."""
    folder = sources[source_id].folder / "data"
    embedded = [path.read_bytes()[:20_000] for path in sorted(folder.glob("*"))[:2]]
    real = {"nbs_province_gdp": "nbs/*GDP.*", "customs_query": "gacc/*", "nbs_easyquery": "nbs/*.yaml"}
    real |= {"exchange_rate_table": "city/*.xlsx", "division_list_by_month": "adcodes/*201810.tsv"}
    samples = sorted(SAMPLES.glob(real[source_id])) if source_id in real and SAMPLES.exists() else []
    return [*embedded, *MINE.get(source_id, []), *(path.read_bytes() for path in samples)]


def attempt(content: bytes, source: object, name: str) -> str:
    """Read, and check what must hold of every reading; what came of it."""
    try:
        with cpu_below(MAX_CPU_SECONDS):
            reading = readers.read(content, source, name)
    except ReadError as error:
        assert error.reason_code != "unaccounted" and str(error).encode()
        outcome = error.reason_code
    else:
        counts = dict(reading.accounting)
        physical = counts.pop("physical_rows")
        assert physical == sum(counts.values()) and min(counts.values()) >= 0
        whole = reading.rejects.filter(~reading.rejects["reason_code"].is_in(CELLS_HELD))
        assert whole.height <= counts["rejected_rows"]
        assert (reading.rows["row_no"].max() or 1) <= physical and (
            reading.rejects["row_no"].max() or 1
        ) <= physical
        outcome = "read"
    RUNS[outcome] += 1
    return outcome


SCRAPS = st.one_of(
    st.sampled_from(
        [
            b'"',
            b",",
            b"\n",
            b"\r",
            b"\x00",
            b"\xff",
            b"\xef\xbb\xbf",
            b"[",
            b"{",
            b"<",
            b"&#x0;",
            b"PK\x05\x06",
        ]
    ),
    st.sampled_from(
        [b"1e999", b"-1", b"null", b"true", b"99999999999999999999", b"\\ud800", b"\xd0\xcf", b"nan"]
    ),
    st.binary(max_size=8),
    st.text(max_size=6).map(lambda text: text.encode("gb18030", "ignore")),
)
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), SCRAPS), max_size=8)


def damage(content: bytes, edits: list) -> bytes:
    for place, length, scrap in edits:
        at = int(place * len(content))
        content = content[:at] + scrap + content[at + length :]
    return content


@pytest.mark.parametrize("source_id", NAMES)
@examples(60)
@given(
    content=st.one_of(
        st.binary(max_size=400), st.text(max_size=200).map(lambda t: t.encode("utf-8", "ignore"))
    )
)
def test_arbitrary_bytes(source_id, sources, content):
    attempt(content, sources[source_id], NAMES[source_id])


@pytest.mark.parametrize("source_id", NAMES)
@examples(60)
@given(data=st.data(), edits=EDITS)
def test_damaged_files(source_id, sources, data, edits):
    content = data.draw(st.sampled_from(fixtures(source_id, sources)))
    attempt(damage(content, edits), sources[source_id], NAMES[source_id])


@examples(60)
@given(member=st.sampled_from(sorted(parts({"a": [[1]]}))), edits=EDITS)
def test_workbooks_with_a_damaged_member(member, edits, panel):
    """Damage below the checksum of the zip: the XML itself."""
    members = parts({"表": cells(PANEL_FILE)}, ("A1:B9",))
    damaged = damage(members[member].encode(), edits)
    attempt(zipped({**members, member: damaged}), panel, "panel_2020.xlsx")


@examples(40)
@given(content=st.binary(max_size=300), edits=EDITS)
def test_archives(content, edits):
    packed = damage(zipped({"a.csv": content, "b/c.csv": b"1"}), edits)
    try:
        members, _ = archive.members(packed, "a.zip")
    except ReadError as error:
        RUNS[error.reason_code] += 1
        return
    assert all(".." not in name.split("/") for name, _ in members)


@examples(40)
@given(edits=EDITS)
def test_recognition(edits, sources):
    content = damage(NBS_FILE.encode("gb18030"), edits)
    try:
        assert readers.detect(content, NAMES["nbs_province_gdp"], sources.values())
    except ReadError as error:
        RUNS[error.reason_code] += 1


LARGE = 10_000_000
SMALL = LARGE // 100


def zip_bomb(megabytes: int) -> bytes:
    """A workbook by its members whose one member is that large, made without holding it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file, file.open("xl/workbook.xml", "w") as member:
        for _ in range(megabytes):
            member.write(bytes(1024 * 1024))
    return out.getvalue()


def yaml_bomb(levels: int) -> bytes:
    """Each name stands for nine of the name before."""
    lines = (b"a%d: &a%d [%s]\n" % (n, n, b",".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, levels))
    return b"a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + b"".join(lines) + b"interactions: *a%d\n" % (levels - 1)


# Each of about so many bytes.
MONSTERS: dict[str, Callable[[int], bytes]] = {
    "one line": lambda size: b"x" * size,
    "one quoted line": lambda size: b'"' + b"x" * size,
    "quotes": lambda size: b'"' * size,
    "quotes that do not close": lambda size: b'"x\n' * (size // 3),
    "blank lines": lambda size: b"\n" * size,
    "NUL": lambda size: b"\x00" * size,
    "separators": lambda size: b"," * size,
    "many columns": lambda size: (
        b",".join(b"c%d" % n for n in range(size // 10)) + b"\n" + b"1," * (size // 10 - 1) + b"1\n"
    ),
    "many lines": lambda size: b"a,b\n" * (size // 10),
    "deep JSON": lambda size: b'{"returncode":200,"returndata":' + b"[" * (size // 10),
    "deep objects": lambda size: b'{"a":' * (size // 10),
    "deep YAML": lambda size: b"- " * (size // 200),
    "YAML bomb": lambda size: yaml_bomb(30),
    "deep XML": lambda size: b"<a>" * (size // 10),
    "XML with a long attribute": lambda size: b'<GenericData a="' + b"x" * size + b'"/>',
    "many attributes": lambda size: (
        b"<GenericData " + b" ".join(b'a%d=""' % n for n in range(size // 10)) + b"/>"
    ),
    "observations without a key": lambda size: b"<GenericData><DataSet>" + b"<Obs/>" * (size // 20),
    "values without a head": lambda size: b"DATA=\n" + b"1 " * (size // 2) + b";",
    "a text that goes on": lambda size: b'VALUES("a")=' + b'"x"\n' * (size // 4) + b";\nDATA=\n1;",
    "many keywords": lambda size: b"A=1;\n" * (size // 10) + b"DATA=\n1;",
    "values without a cube": lambda size: (
        b'{"id":["a"],"size":[9],"dimension":{},"value":[' + b"1," * (size // 10) + b"1]}"
    ),
    "many keys": lambda size: b"{" + b",".join(b'"k%d":{}' % n for n in range(size // 10)) + b"}",
    "XML bomb": lambda size: (
        b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><l>&b;</l>'
    ),
    "zip bomb": lambda size: zip_bomb(size * 60 // 1_000_000),
    "old workbook of nothing": lambda size: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * size,
}


@cache
def monster_of(monster: str, size: int) -> bytes:
    """The bytes of a monster, made once."""
    return MONSTERS[monster](size)


def memory(field: str) -> int:
    """Megabytes of this process by Linux: VmRSS now, VmHWM at its highest; 0 elsewhere."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith(field)), 0)


@pytest.fixture(scope="module", autouse=True)
def record():
    """What came of all runs of this process, for the record (`-s`)."""
    yield
    print(
        f"\nfuzz: {sum(RUNS.values())} runs {dict(RUNS.most_common())}; most memory of one: {max(PEAKS)} MB"
    )


@pytest.fixture
def own_memory():
    """The memory that a test takes beyond what was taken before."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = memory("VmRSS")
    yield
    PEAKS.append(memory("VmHWM") - before)
    assert PEAKS[-1] < MAX_MEGABYTES


# YAML is read by one family only
YAML_SOURCES = ("nbs_easyquery", "nbs_data_service")
# One source for each layout and ending of a file: what differs beside these is what a column means, to which no monster
# comes. With more effort (ZONESCOPE_FUZZ=2) all of them.
OF_A_LAYOUT = {(source_layout(name), file_name.rpartition(".")[2]): name for name, file_name in NAMES.items()}
MET = list(NAMES) if FACTOR > 1 else sorted(OF_A_LAYOUT.values())
CASES = [(m, s) for m in MONSTERS for s in MET if s in YAML_SOURCES or "YAML" not in m]


SIZES = [pytest.param(SMALL, id="small"), pytest.param(LARGE, id="full size", marks=pytest.mark.slow)]


@pytest.mark.parametrize(("monster", "source_id"), CASES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.usefixtures("own_memory")
def test_monsters(monster, source_id, size, sources):
    outcome = attempt(monster_of(monster, size), sources[source_id], NAMES[source_id])
    assert outcome != "read"


ROWS = {
    "quoted": lambda size: b'2019,"' + b"x" * size,
    "separators": lambda size: b"2019," * (size // 5),
    "quotes": lambda size: b'"' * (size // 10 - 1),
    "long figure": lambda size: b"2019,a,b,990100," + b"9" * size + b",1",
}


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.usefixtures("own_memory")
def test_a_monster_among_good_lines_costs_its_line(row, size, panel):
    content = PANEL.encode() + ROWS[row](size) + b"\n" + "2019,甲省,甲市,990100,100,5\n".encode()
    with cpu_below(MAX_CPU_SECONDS):
        reading = readers.read(content, panel, "panel_2020.csv")
    assert reading.rows.filter(reading.rows["row_no"] == 3)["value_text"].to_list() == ["100", "5"]
    assert sum(reading.accounting.values()) == 2 * 3


def test_a_wide_workbook_is_bounded(panel, monkeypatch):
    monkeypatch.setattr(workbook, "MAX_CELLS", 1000)
    with pytest.raises(ReadError) as caught:
        readers.read(xlsx({"a": [[1] * 500] * 3}), panel, "panel_2020.xlsx")
    assert caught.value.reason_code == "too_large"


@pytest.mark.usefixtures("own_memory")
def test_a_row_a_hundred_thousand_times_costs_its_rows(sources):
    """The reason of each names a few places, not all."""
    content = (
        TABLE_HEAD.encode("gb18030")
        + "甲省,1,2\n".encode("gb18030") * 100_000
        + "数据来源：x\n".encode("gb18030")
    )
    with cpu_below(MAX_CPU_SECONDS):
        reading = readers.read(content, sources["nbs_province_gdp"], NAMES["nbs_province_gdp"])
    assert reading.rows.height == 2 and reading.rejects.height == 99_999
    assert reading.rejects["reason"].str.len_chars().max() < 200
