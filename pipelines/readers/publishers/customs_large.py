"""The reader for large text files of layout customs_query, up to ten million lines.

Belongs here: the way through a large file. `plain_lines` sorts the lines, DuckDB reads the plain ones, and grid.py reads the
few others. So no Python object is made for a plain line. Does not belong here: rules of the layout (customs_query.py).
Tests prove that both readers give the same rows, rejects and counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.quoting import identifier, literal
from pipelines.readers import grid, text
from pipelines.readers.grid import Body, Record, TextGrid
from pipelines.readers.publishers import customs_query, plain_lines
from pipelines.readers.publishers.customs_query import Columns
from pipelines.readers.source import Source
from pipelines.readers.text import ReadError, Reading

HEAD_BYTES = 1 << 16
PART = "plain.csv"
EMPTY = "''"
SCAN = (
    "read_csv({path}, columns = {columns}, auto_detect = false, header = false, delim = ',', quote = '\"', "
    "escape = '\"', new_line = '\\n', strict_mode = true, nullstr = '{no_text}', max_line_size = 1000000)"
)


@dataclass(frozen=True)
class Header:
    """The facts of the first lines: columns, whether a comma follows the last one, and the byte where the body begins.

    `row_no` is the line of the header. `counts` has the classes of the lines up to it.
    """

    columns: Columns
    has_trailing_comma: bool
    counts: dict[str, int]
    row_no: int
    body_at: int


def read(path: Path, source: Source, file_name: str, scratch: Path) -> Reading:
    """Read the rows of trade as printed.

    The rows are a SELECT over files in `scratch`, so they must be used before that folder is deleted. If a file has
    several faults, this reader may name another one than customs_query.read.
    """
    flow = customs_query.flow_of(source, file_name)
    failures: list[str] = []
    with path.open("rb") as file:
        encodings = text.encodings_of(file.read(len(text.UTF_8_MARK)), source.encoding)
    for encoding in encodings:
        try:
            header = _header(path, encoding, source, file_name)
            found = _sort(path, header, encoding, file_name, scratch / PART)
        except _Undecodable as failure:
            failures.append(f"{encoding} fails at byte {failure}")
            continue
        reading = _reading(header, found, source, file_name, encoding=encoding, scratch=scratch)
        facts = customs_query.facts("", flow, header.columns, source.options["fields"], _is_ended(path))
        return replace(reading, facts=facts)
    raise text.wrong_encoding(file_name, encodings, failures)


def _is_ended(path: Path) -> bool:
    """Whether the last line has a line end."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 1))
        return file.read() in (b"\n", b"\r")


class _Undecodable(Exception):
    pass


def _reading(
    header: Header,
    found: plain_lines.Sorted,
    source: Source,
    file_name: str,
    *,
    encoding: str,
    scratch: Path,
) -> Reading:
    """Join the plain lines of the scan and the other lines, and count every line."""
    lines = _Lines.of(header.row_no, found, scratch / PART)
    body, swallowed = _other_lines(lines, header, TextGrid(file_name, encoding, lines, found.is_ended))
    body = customs_query.without_padding(body)
    plain = found.plain - len(swallowed)
    others = customs_query.with_month(body, header.columns.period_at, file_name, elsewhere=plain)
    body.counts["record_rows"] += plain
    scan = _scan(header, scratch / PART, swallowed, _spill(others, header, scratch), found.may_be_padded)
    checked = text.reading(
        [],
        text.TRADE_COLUMNS,
        body.rejects + _unknown_cells(scan, header, source.source_id),
        body.counts,
        encoding=encoding,
        physical_rows=len(lines),
        file_name=file_name,
    )
    return replace(checked, rows=_trade(scan, header, source.options["fields"]))


def _header(path: Path, encoding: str, source: Source, file_name: str) -> Header:
    """Read the header: the first line that is not blank."""
    lines: list[str] = []
    body_at = 0
    try:
        for line, end in _first_lines(path, encoding, file_name):
            lines.append(line)
            body_at = end
            if not text.is_blank(line):
                break
    except UnicodeDecodeError as error:
        raise _Undecodable(f"{error.start} of line {len(lines) + 1}") from error
    sheet = TextGrid(file_name, encoding, lines, True)
    columns, body = customs_query.table(sheet, source)
    has_trailing_comma = len(sheet.fields(len(lines) - 1)) > len(columns.names)
    return Header(columns, has_trailing_comma, body.counts, len(lines), body_at)


def _first_lines(path: Path, encoding: str, file_name: str) -> Iterator[tuple[str, int]]:
    """Give the physical lines as text, each with the byte where the next one begins."""
    end, rest, is_first = 0, b"", True
    with path.open("rb") as file:
        while chunk := file.read(max(HEAD_BYTES, len(rest))):
            *whole, rest = re.split(rb"(?<=\n)|(?<=\r)(?!\n|\Z)", rest + chunk)
            if len(rest) > plain_lines.LONGEST_LINE:
                raise ReadError(
                    "long_line",
                    f"{file_name}, byte {end}: found a line of {len(rest)} or more bytes, expected lines of a table",
                )
            for line in whole:
                end += len(line)
                yield _decoded(line, encoding, is_first), end
                is_first = False
        if rest:
            yield _decoded(rest, encoding, is_first), end + len(rest)


def _decoded(line: bytes, encoding: str, is_first: bool) -> str:
    """The text of a line without its line end. Only the first line can have a byte order mark."""
    decoded = line.decode(encoding if is_first else _codec(encoding))
    return (decoded.removeprefix("\ufeff") if is_first else decoded).rstrip("\r\n")


def _codec(encoding: str) -> str:
    """The codec for all lines but the first.

    >>> _codec("utf-8-sig")
    'utf-8'
    """
    return "utf-8" if encoding == "utf-8-sig" else encoding


def _sort(path: Path, header: Header, encoding: str, file_name: str, part: Path) -> plain_lines.Sorted:
    """Sort the lines below the header."""
    width, period_at = len(header.columns.names), header.columns.period_at
    shape = plain_lines.Shape(width, header.has_trailing_comma, period_at)
    try:
        return plain_lines.sort(path, header.body_at, _codec(encoding), shape, part)
    except plain_lines.Fault as fault:
        raise _of_the_file(fault, encoding, file_name) from fault


def _of_the_file(fault: plain_lines.Fault, encoding: str, file_name: str) -> Exception:
    """Turn a fault of the sorting into a fault of the file."""
    if fault.kind == "undecodable":
        return _Undecodable(f"{fault.at} ({fault})")
    if fault.kind == "truncated":
        place = f"{encoding} fails at byte {fault.at} ({fault})"
        return ReadError(
            "truncated_file",
            f"{file_name}: found an end in the middle of a character ({place}), expected a whole file",
        )
    return ReadError(fault.kind, f"{file_name}, byte {fault.at}: {fault}, expected a table")


@dataclass(frozen=True)
class _Lines:
    """The physical lines of a file. Lines that are not plain are in memory. Plain lines are read from the part file."""

    count: int
    others: dict[int, tuple[str, int]]  # index -> text, byte in the part
    part: Path

    @classmethod
    def of(cls, row_no: int, found: plain_lines.Sorted, part: Path) -> _Lines:
        others = {row_no + other.index: (other.text, other.part_offset) for other in found.others}
        return cls(row_no + found.lines, others, part)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, where: int | slice) -> Any:
        """A line that is not plain, or a slice that begins at such a line."""
        return self._from(where.start, where.stop) if isinstance(where, slice) else self.others[where][0]

    def _from(self, start: int, stop: int) -> Iterator[str]:
        """Give the lines of a slice one by one."""
        with self.part.open("rb") as part:
            part.seek(self.others[start][1])
            for index, line in enumerate(islice(part, stop - start), start=start):
                yield self.others[index][0] if index in self.others else line.decode().removesuffix("\n")


def _other_lines(lines: _Lines, header: Header, sheet: TextGrid) -> tuple[Body, set[int]]:
    """Read the lines that are not plain.

    A quote that is open at the end of a line continues over the next lines, plain lines too.

    Returns:
        Records and rejects, and the numbers of plain lines that belong to such a record.
    """
    body, done = Body(counts=header.counts), 0
    swallowed: set[int] = set()
    for index in lines.others:
        if index < done:
            continue
        if sheet.is_blank(index):
            body.counts["blank_rows"] += 1
            continue
        done = index + grid.take(sheet, index, len(header.columns.names), header.has_trailing_comma, body)
        swallowed.update(row + 1 for row in range(index + 1, done) if row not in lines.others)
    return body, swallowed


def _spill(records: Iterable[Record], header: Header, scratch: Path) -> Path:
    """Write the records that are not plain into a file that the scan can read."""
    path = scratch / "others.parquet"
    schema = {"row_no": pl.Int32, **dict.fromkeys(_names(header), pl.String)}
    rows = [(record.row_no, *record.fields) for record in records]
    pl.DataFrame(rows, schema=schema, orient="row").write_parquet(path)
    return path


def _names(header: Header) -> list[str]:
    """Names for the columns of the scan, because a printed header is not a safe name in SQL."""
    return [f"field_{index}" for index in range(len(header.columns.names))]


def _scan(header: Header, part: Path, swallowed: set[int], others: Path, may_be_padded: bool) -> str:
    """The SELECT of row_no and every printed field, for all records.

    Stripping every cell takes time, so it is done only if some cell may be padded.
    """
    names = _names(header)
    in_file = [*names, "behind_comma"][: len(names) + header.has_trailing_comma]
    columns = "{" + ", ".join(f"{literal(name)}: 'VARCHAR'" for name in in_file) + "}"
    without = f" and row_no not in ({', '.join(map(str, sorted(swallowed)))})" if swallowed else ""
    fields = ", ".join(f"trim({name}, ' ' || chr(9)) as {name}" if may_be_padded else name for name in names)
    scan = SCAN.format(path=literal(part), columns=columns, no_text=chr(plain_lines.NO_TEXT))
    numbered = f"select (row_number() over () + {header.row_no})::integer as row_no, * from {scan}"
    return (
        f"select row_no, {fields} from ({numbered}) where {names[header.columns.period_at]} <> ''{without} "
        f"union all select * from read_parquet({literal(others)})"
    )


def _unknown_cells(scan: str, header: Header, source_id: str) -> list[tuple]:
    """Rejects for the cells with text in columns that nothing declares."""
    if not header.columns.unknown:
        return []
    printed = " or ".join(f"trim({_names(header)[index]}) <> ''" for index in header.columns.unknown)
    with duckdb.connect() as con:
        rows = con.execute(f"select * from ({scan}) where {printed} order by row_no").fetchall()
    records = [Record(row_no, list(fields), 1) for row_no, *fields in rows]
    return text.unknown_cells(records, header.columns.names, header.columns.unknown, source_id)


def _trade(scan: str, header: Header, fields: dict[str, str]) -> str:
    """The SELECT of the columns of the trade table."""
    names = _names(header)
    places = customs_query.places(header.columns, fields)
    columns = [
        f"{_joined([names[index] for index in at])} as {identifier(name)}" for name, at in places.items()
    ]
    return f"select row_no, {', '.join(columns)} from ({scan})"


def _joined(names: list[str]) -> str:
    """The SQL that joins the texts of several columns, with a blank between texts that are not empty.

    >>> _joined(["field_1"])
    'field_1'
    """
    if len(names) < 2:
        return names[0] if names else EMPTY
    printed = ", ".join(f"nullif({name}, {EMPTY})" for name in names)
    return f"concat_ws(' ', {printed})"
