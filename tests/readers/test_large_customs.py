"""The reader of large customs files gives the rows, rejects and counts of the one of the rules, whatever is done to a file."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.readers.publishers import customs_large, customs_query, plain_lines
from pipelines.readers.text import TRADE_COLUMNS, ReadError
from tests.helpers.damage import damage, faults
from tests.helpers.effort import examples
from tests.helpers.small_files import CUSTOMS_FILE, SAMPLES

NAME = "tea_2024in.csv"
HEADER, *ROWS = CUSTOMS_FILE.splitlines(keepends=True)
# Whole lines with everything that a line of CSV can have, right and wrong.
LINES = [
    *ROWS,
    *(row.replace(",\n", "\n") for row in ROWS),
    ROWS[0].replace('"', "").replace("1,234,567", "5").replace("，", " "),
    ROWS[0].replace("某国", '某""国'),
    ROWS[0].replace("某国", '""'),
    ROWS[0].replace("某国", '某"国'),
    ROWS[0].replace('"某国"', '某"国"'),
    ROWS[0].replace('"某国"', '"某国"x'),
    ROWS[0].replace("某国", "某\n国"),
    ROWS[0].replace("某国", "某\0国"),
    ROWS[0].replace("某国", "\1"),
    ROWS[0].replace('"某国"', "\1"),
    ROWS[0].replace('"999",', ""),
    ROWS[0].replace("202401", "2024"),
    ROWS[0].replace("202401", "２０２４０１"),
    ROWS[0].replace('"999"', ""),
    ROWS[0].replace(",\n", ",x\n"),
    ROWS[0].replace(",\n", ',""\n'),
    ROWS[0].replace("\n", ",\n"),
    ROWS[0].replace('"', "").replace("1,234,567", "5").replace("，", " ").replace(",", "\t,"),
    ROWS[0].replace('",', '"\t,'),
    ROWS[0].replace('",', ' ",'),
    ROWS[0].replace(",\n", ", \n"),
    '"202401","999"\n',
    '"\n',
    ",,,,,,,,,,\n",
    '"","","","","","","","","","",\n',
    "\n",
    "\u3000 \n",
    "x" * 200 + "\n",
    '"202401\n',
    "合计\n",
]
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


def plain(content: bytes, source, name: str = NAME):
    """What the reader of the rules makes of a file: its parts, or the code of its refusal."""
    try:
        reading = customs_query.read(content, source, name)
    except ReadError as error:
        return error.reason_code
    return parts(reading, reading.rows.rows())


def large(content: bytes, source, folder: Path, name: str = NAME):
    """The same of the reader of large files."""
    path = folder / "file"
    path.write_bytes(content)
    try:
        reading = customs_large.read(path, source, name, folder)
    except ReadError as error:
        return error.reason_code
    columns = ", ".join(TRADE_COLUMNS)
    return parts(reading, duckdb.sql(f"select {columns} from ({reading.rows}) order by row_no").fetchall())


def parts(reading, rows: list[tuple]):
    order = ["row_no", "column_no", "reason_code"]
    return rows, reading.rejects.sort(order).rows(), reading.encoding, reading.accounting, reading.facts


def assert_equal(content: bytes, source, folder: Path, name: str = NAME) -> None:
    """The same parts, or both refuse (a file with several faults may be refused for one or for another)."""
    expected, found = plain(content, source, name), large(content, source, folder, name)
    assert isinstance(expected, str) == isinstance(found, str), (expected, found)
    assert isinstance(expected, str) or found == expected


@pytest.fixture
def source(sources):
    """The declared source; short in the report of a failure."""
    return sources["customs_query"]


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks so small that everything crosses their borders."""
    monkeypatch.setattr(plain_lines, "BLOCK_BYTES", 64)


CHECKED = examples(200)


@CHECKED
@given(
    lines=st.lists(st.sampled_from(LINES), max_size=30), shape=st.tuples(ENDS, st.booleans(), st.booleans())
)
@example(lines=[ROWS[0], '"202401\n', *ROWS * 20, '"x\n', *ROWS], shape=("\n", False, True))
@example(lines=[ROWS[0], '"202401\n', *ROWS * 30, '"x\n', *ROWS], shape=("\n", True, True))
def test_any_lines(lines, shape, source, tmp_path, small_blocks):
    end, is_cut, trailing = shape
    top = HEADER if trailing else HEADER.replace(",\n", "\n")
    content = (top + "".join(lines)).replace("\n", end).encode("gb18030")
    assert_equal(content[:-1] if is_cut else content, source, tmp_path)


@CHECKED
@given(fault=faults(), at=st.integers(0, 3))
def test_any_damage(fault, at, source, tmp_path, small_blocks):
    rows = [HEADER, *ROWS * 4]
    moved = [",".join([*row.split('","')[1:at], row]) if at else row for row in rows]
    assert_equal(damage("".join(moved).encode("gbk"), *fault), source, tmp_path)


@CHECKED
@given(fault=faults())
def test_any_damage_of_utf_8(fault, source, tmp_path, small_blocks):
    assert_equal(damage(b"\xef\xbb\xbf" + CUSTOMS_FILE.encode(), *fault), source, tmp_path)


@pytest.mark.parametrize("order", [[9, 0, 1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 0, 3, 4, 5, 6, 7, 8, 9]])
def test_columns_in_any_order_and_unknown_ones(order, source, tmp_path, small_blocks):
    """The month may stand anywhere; printed cells of a column that nothing declares are held."""
    table = [[*line.strip('",\n').split('","'), "新"] for line in CUSTOMS_FILE.splitlines()]
    table[2][-1] = " "
    lines = ['"' + '","'.join(row[index] for index in [*order, 10]) + '",\n' for row in table]
    content = "".join([*lines, lines[1].replace("202401", "合计")]).encode("gbk")
    assert_equal(content, source, tmp_path)
    rejects = large(content, source, tmp_path)[1]
    assert [reject[4] for reject in rejects] == ["unknown_column", "month_missing"]


FAULTY = {
    "nothing": b"",
    "blank lines": b"\n\n",
    "white space": b" \t\n",
    "byte order mark": b"\xef\xbb\xbf\n",
    "separators": b",,\n",
    "half a character": HEADER.encode("gbk") + ROWS[0].encode("gbk") + b"\x81",
    "no encoding": HEADER.encode("gbk") + b"\xff\n" + ROWS[0].encode("gbk"),
    "another table": b"a,b\n1,2\n",
    "years": "".join([HEADER, *ROWS]).replace('"2024', '"').encode(),
    "no value": CUSTOMS_FILE.replace("人民币", "欧元").encode(),
    "a million columns": b"a," * 1_000_000 + b"\n",
}


@pytest.mark.parametrize("fault", FAULTY)
def test_both_refuse_with_the_same_code(fault, source, tmp_path):
    code = plain(FAULTY[fault], source)
    assert isinstance(code, str) and large(FAULTY[fault], source, tmp_path) == code


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not here")
@pytest.mark.parametrize("name", ["soybean_2024in.csv", "soybean_2024out.csv"])
def test_published_files(name, source, tmp_path, small_blocks):
    content = (SAMPLES / "gacc" / name).read_bytes()
    assert large(content, source, tmp_path, name) == plain(content, source, name)


@pytest.mark.parametrize("encoding", [pytest.param("utf-8-sig", marks=pytest.mark.slow), "gb18030"])
def test_blocks_of_the_real_size(encoding, source, tmp_path):
    content = (HEADER + "".join([*ROWS, LINES[8], "\n"] * 20_000)).encode(encoding)
    assert len(content) > 4 * plain_lines.BLOCK_BYTES
    assert large(content, source, tmp_path) == plain(content, source)


MONSTERS = {
    "one line": b"x" * 40_000_000,
    "a long line among good ones": (HEADER + ROWS[0]).encode() + b"x" * 40_000_000 + b"\n" + ROWS[1].encode(),
    "quotes that do not close": HEADER.encode() + b'"x\n' * 3_000_000,
    "notes only": HEADER.encode() + "合计\n".encode() * 1_000_000,
}


FAST = "a long line among good ones"


@pytest.mark.parametrize(
    "monster", [FAST, *(pytest.param(name, marks=pytest.mark.slow) for name in MONSTERS if name != FAST)]
)
def test_what_is_no_table_is_refused_in_bounded_memory(monster, source, tmp_path):
    found = large(MONSTERS[monster], source, tmp_path)
    assert found in ("long_line", "too_many", "column_missing")


def test_monsters_among_good_lines_cost_their_lines(source, tmp_path):
    """A line of 10 MB, one of a million fields, NUL, lone CR, an open quote at the end."""
    monsters = [b"x" * 10_000_000, b"1," * 1_000_000, b'"202401\x00"', b'"a"\r"b"', b'"202401","999']
    good = [row.encode() for row in ROWS]
    content = HEADER.encode() + b"\n".join([good[0] + monster for monster in monsters])
    assert large(content, source, tmp_path) == plain(content, source)
    assert len(large(content, source, tmp_path)[0]) == len(monsters)
