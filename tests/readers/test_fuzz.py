"""Whatever bytes come, a reader answers in time with a reading whose rows add up, or with ReadError; nothing else.

ZONESCOPE_FUZZ multiplies the number of examples (default 1); from 2 on monsters meet every source instead of one of each
layout. The run prints how many there were (`-s`).
"""

from __future__ import annotations

import io
import json
import os
import time
import zipfile
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.declarations import sources as declared_sources
from pipelines.readers import archive, workbook
from pipelines.readers import detect as readers
from pipelines.readers.text import ReadError
from tests.helpers import cubes
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
EFFORT = int(os.environ.get("ZONESCOPE_FUZZ", "1"))
MAX_SECONDS = 30
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
    begun = time.monotonic()
    try:
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
    assert time.monotonic() - begun < MAX_SECONDS
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


def bounded(examples: int):
    """Settings of a property: so many examples, no deadline for one (the machine may be busy)."""
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=examples * EFFORT, deadline=None, suppress_health_check=checks)


@pytest.mark.parametrize("source_id", NAMES)
@bounded(60)
@given(
    content=st.one_of(
        st.binary(max_size=400), st.text(max_size=200).map(lambda t: t.encode("utf-8", "ignore"))
    )
)
def test_arbitrary_bytes(source_id, sources, content):
    attempt(content, sources[source_id], NAMES[source_id])


@pytest.mark.parametrize("source_id", NAMES)
@bounded(60)
@given(data=st.data(), edits=EDITS)
def test_damaged_files(source_id, sources, data, edits):
    content = data.draw(st.sampled_from(fixtures(source_id, sources)))
    attempt(damage(content, edits), sources[source_id], NAMES[source_id])


@bounded(60)
@given(member=st.sampled_from(sorted(parts({"a": [[1]]}))), edits=EDITS)
def test_workbooks_with_a_damaged_member(member, edits, panel):
    """Damage below the checksum of the zip: the XML itself."""
    members = parts({"表": cells(PANEL_FILE)}, ("A1:B9",))
    damaged = damage(members[member].encode(), edits)
    attempt(zipped({**members, member: damaged}), panel, "panel_2020.xlsx")


@bounded(40)
@given(content=st.binary(max_size=300), edits=EDITS)
def test_archives(content, edits):
    packed = damage(zipped({"a.csv": content, "b/c.csv": b"1"}), edits)
    try:
        members, _ = archive.members(packed, "a.zip")
    except ReadError as error:
        RUNS[error.reason_code] += 1
        return
    assert all(".." not in name.split("/") for name, _ in members)


@bounded(40)
@given(edits=EDITS)
def test_recognition(edits, sources):
    content = damage(NBS_FILE.encode("gb18030"), edits)
    try:
        assert readers.detect(content, NAMES["nbs_province_gdp"], sources.values())
    except ReadError as error:
        RUNS[error.reason_code] += 1


MEGABYTES_10 = 10_000_000


def zip_bomb(megabytes: int) -> bytes:
    """A workbook by its members whose one member is that large, made without holding it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file, file.open("xl/workbook.xml", "w") as member:
        for _ in range(megabytes):
            member.write(bytes(1024 * 1024))
    return out.getvalue()


MONSTERS = {
    "one line of 10 MB": b"x" * MEGABYTES_10,
    "one quoted line of 10 MB": b'"' + b"x" * MEGABYTES_10,
    "10 MB of quotes": b'"' * MEGABYTES_10,
    "10 MB of quotes that do not close": b'"x\n' * (MEGABYTES_10 // 3),
    "10 MB of blank lines": b"\n" * MEGABYTES_10,
    "10 MB of NUL": b"\x00" * MEGABYTES_10,
    "10 MB of separators": b"," * MEGABYTES_10,
    "a million columns": b",".join(b"c%d" % n for n in range(1_000_000)) + b"\n" + b"1," * 999_999 + b"1\n",
    "a million lines": b"a,b\n" * 1_000_000,
    "deep JSON": b'{"returncode":200,"returndata":' + b"[" * 1_000_000,
    "deep objects": b'{"a":' * 1_000_000,
    "deep YAML": b"- " * 50_000,
    "YAML bomb": b"a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
    + b"".join(b"a%d: &a%d [%s]\n" % (n, n, b",".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 30))
    + b"interactions: *a29\n",
    "deep XML": b"<a>" * 1_000_000,
    "XML with an attribute of 10 MB": b'<GenericData a="' + b"x" * MEGABYTES_10 + b'"/>',
    "a million attributes": b"<GenericData " + b" ".join(b'a%d=""' % n for n in range(1_000_000)) + b"/>",
    "half a million observations without a key": b"<GenericData><DataSet>" + b"<Obs/>" * 500_000,
    "10 MB of values without a head": b"DATA=\n" + b"1 " * (MEGABYTES_10 // 2) + b";",
    "10 MB of a text that goes on": b'VALUES("a")=' + b'"x"\n' * (MEGABYTES_10 // 4) + b";\nDATA=\n1;",
    "a million keywords": b"A=1;\n" * 1_000_000 + b"DATA=\n1;",
    "a million values without a cube": b'{"id":["a"],"size":[9],"dimension":{},"value":['
    + b"1," * 1_000_000
    + b"1]}",
    "a million keys": b"{" + b",".join(b'"k%d":{}' % n for n in range(1_000_000)) + b"}",
    "XML bomb": b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><l>&b;</l>',
    "zip bomb": zip_bomb(600),
    "old workbook of nothing": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * MEGABYTES_10,
}


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
MET = list(NAMES) if EFFORT > 1 else sorted(OF_A_LAYOUT.values())
CASES = [(m, s) for m in MONSTERS for s in MET if s in YAML_SOURCES or "YAML" not in m]


@pytest.mark.parametrize(("monster", "source_id"), CASES)
@pytest.mark.usefixtures("own_memory")
def test_monsters(monster, source_id, sources):
    outcome = attempt(MONSTERS[monster], sources[source_id], NAMES[source_id])
    assert outcome != "read"


@pytest.mark.parametrize(
    "row",
    [
        b'2019,"' + b"x" * MEGABYTES_10,
        b"2019," * 2_000_000,
        b'"' * 999_999,
        b"2019,a,b,990100," + b"9" * MEGABYTES_10 + b",1",
    ],
    ids=["quoted", "separators", "quotes", "long figure"],
)
@pytest.mark.usefixtures("own_memory")
def test_a_monster_among_good_lines_costs_its_line(row, panel):
    content = PANEL.encode() + row + b"\n" + "2019,甲省,甲市,990100,100,5\n".encode()
    begun = time.monotonic()
    reading = readers.read(content, panel, "panel_2020.csv")
    assert reading.rows.filter(reading.rows["row_no"] == 3)["value_text"].to_list() == ["100", "5"]
    assert sum(reading.accounting.values()) == 2 * 3 and time.monotonic() - begun < MAX_SECONDS


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
    begun = time.monotonic()
    reading = readers.read(content, sources["nbs_province_gdp"], NAMES["nbs_province_gdp"])
    assert reading.rows.height == 2 and reading.rejects.height == 99_999
    assert reading.rejects["reason"].str.len_chars().max() < 200 and time.monotonic() - begun < MAX_SECONDS
