"""Text lines and Excel rows as one grid of cells as printed, so that a layout family is read by one code path.

Belongs here: the two kinds of grid, records of a table on them, and the putting together of several sheets. Does
not belong here: which row is a header, a note or a record of a family.

A grid has rows (physical lines, or rows of a sheet) counted from 0; `row_no` is that plus one. A text record may
take several rows (line breaks in quotes); a row of a sheet always is one record.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from pipelines.readers import text, workbook
from pipelines.readers.text import LINE_CLASSES, ReadError, Reading

# A stray quote must not swallow a file: no record of the known layouts spans more lines than this.
MAX_LINES_PER_RECORD = 50
MAX_PLACES_NAMED = 5  # of what is there several times
MAX_COLUMNS = 20_000  # a wider header is no table; Excel itself ends at 16,384


@dataclass(frozen=True)
class Record:
    """One record: the 1-based physical row on which it begins, its fields as printed, the rows it takes."""

    row_no: int
    fields: list[str]
    line_count: int


@dataclass
class Body:
    """Records of a run of rows, the rows that are none, and how many rows each class took."""

    records: list[Record] = field(default_factory=list)
    rejects: list[tuple] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LINE_CLASSES, 0))


@dataclass(frozen=True)
class Part:
    """What a family made of one grid: rows, their columns, rejects, the class of every physical row, and what the
    grid states once for all its rows."""

    rows: list[tuple]
    columns: tuple[str, ...]
    rejects: list[tuple]
    counts: dict[str, int]
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TextGrid:
    """Physical lines of a text file; `ended` says whether the last one had a line end."""

    place: str
    encoding: str
    lines: list[str]
    ended: bool
    sheet: str = ""
    separator: str = ","

    def __len__(self) -> int:
        return len(self.lines)

    def fields(self, index: int) -> list[str]:
        """Fields of one line; a line with broken quotes is one field."""
        return text.split_fields(self.lines[index], self.separator) or [self.lines[index]]

    def record(self, index: int) -> tuple[list[str] | None, int]:
        """Fields of the record that begins at `index` and the lines it takes: as many as close its quotes."""
        quotes = 0
        for used, line in enumerate(self.lines[index : index + MAX_LINES_PER_RECORD], start=1):
            quotes += line.count('"')
            if quotes % 2 == 0:
                return text.split_fields("\n".join(self.lines[index : index + used]), self.separator), used
        return None, min(MAX_LINES_PER_RECORD, len(self.lines) - index)

    def printed(self, index: int) -> str:
        """The row as it stands in the file."""
        return self.lines[index]

    def is_blank(self, index: int) -> bool:
        """No text at all: white space, or separators only."""
        return text.is_blank(self.lines[index])

    def is_row(self, index: int, width: int) -> bool:
        """A row of figures rather than a sentence (a spreadsheet program adds separators to sentences)."""
        fields = text.split_fields(self.lines[index], self.separator) or []
        return width > 2 and len(fields) == width and any(field.strip() for field in fields[1:])


@dataclass(frozen=True)
class SheetGrid:
    """Rows of a sheet, all of the same number of cells."""

    place: str
    encoding: str
    lines: list[list[str]]
    sheet: str
    ended: bool = True

    def __len__(self) -> int:
        return len(self.lines)

    def fields(self, index: int) -> list[str]:
        """Cells of one row."""
        return self.lines[index]

    def record(self, index: int) -> tuple[list[str], int]:
        """Cells of one row: always one record."""
        return self.lines[index], 1

    def printed(self, index: int) -> str:
        """The row as text, cells parted by tabs."""
        return "\t".join(self.lines[index]).rstrip("\t")

    def is_blank(self, index: int) -> bool:
        """No text at all."""
        return not "".join(self.lines[index]).strip(" \t\u3000")

    def is_row(self, index: int, width: int) -> bool:
        """A row of figures rather than a sentence in one cell."""
        return width > 1 and sum(bool(cell.strip()) for cell in self.lines[index]) > 1


Grid = TextGrid | SheetGrid


def grids(content: bytes, encodings: list[str], file_name: str, separator: str = ",") -> list[Grid]:
    """The grids of a file: one of a text file, one for every sheet of a workbook that is not empty."""
    kind = workbook.kind(content)
    if kind is None:
        decoded, encoding = text.decode(content, encodings, file_name)
        return [TextGrid(file_name, encoding, *text.split_lines(decoded), separator=separator)]
    try:
        sheets = workbook.sheets(content)
    except ReadError as error:
        raise ReadError(error.reason_code, f"{file_name}: {error}") from error
    found = [SheetGrid(f"{file_name}, sheet {name!r}", kind, rows, name) for name, rows in sheets]
    found = [grid for grid in found if not all(grid.is_blank(index) for index in range(len(grid)))]
    if not found:
        raise ReadError("empty_file", f"{file_name}: found {len(sheets)} empty sheets, expected a table")
    return found


def read(
    content: bytes, source: Any, file_name: str, table: Callable[[Grid, Any, str], Part], many: bool = True
) -> Reading:
    """Read every grid of a file as a table of one family.

    A sheet that is no such table is held row by row with the reason, if another one is; otherwise its fault
    is that of the file. `many` says whether several tables may stand in one file.
    """
    separator = source.options.get("separator", ",")
    parts, faults, found = [], [], grids(content, source.encoding, file_name, separator)
    for grid in found:
        try:
            parts.append((grid, table(grid, source, file_name)))
        except ReadError as error:
            faults.append((grid, error))
    if faults and not any(part.counts.get("header_rows") for _, part in parts):
        raise faults[0][1]  # sheets of notes make no table
    if len(parts) > 1 and not many:
        names = [grid.sheet for grid, _ in parts]
        raise ReadError("ambiguous_file", f"{file_name}: found the table on the sheets {names}, expected one")
    columns = parts[0][1].columns
    parts += [(grid, _rejected_sheet(grid, error, columns)) for grid, error in faults]
    return _together(parts, file_name)


def _rejected_sheet(grid: Grid, error: ReadError, columns: tuple[str, ...]) -> Part:
    blank = [grid.is_blank(index) for index in range(len(grid))]
    rejects = [
        text.reject(index + 1, None, grid.printed(index), error.reason_code, str(error))
        for index in range(len(grid))
        if not blank[index]
    ]
    return Part([], columns, rejects, {"blank_rows": sum(blank), "rejected_rows": len(rejects)})


def _together(parts: list[tuple[Grid, Part]], file_name: str) -> Reading:
    """One reading of all sheets; refused where the classes of rows do not add up to the rows of a sheet."""
    rows, rejects, facts = [], [], {}
    totals = {"physical_rows": 0, **dict.fromkeys(LINE_CLASSES, 0)}
    for grid, part in parts:
        reading = text.reading(
            part.rows,
            part.columns,
            part.rejects,
            part.counts,
            encoding=grid.encoding,
            physical_rows=len(grid),
            file_name=grid.place,
        )
        name = pl.lit(grid.sheet).alias("sheet")
        rows.append(reading.rows.with_columns(name) if "sheet" in part.columns else reading.rows)
        rejects.append(reading.rejects.with_columns(name))
        facts |= part.facts
        totals = {key: value + reading.accounting[key] for key, value in totals.items()}
    return Reading(pl.concat(rows), pl.concat(rejects), parts[0][0].encoding, totals, facts)


def header(grid: Grid, notes: tuple[str, ...] = ()) -> tuple[list[str], int]:
    """Cells of the first row that is neither blank nor a note, and its index."""
    for index in range(len(grid)):
        if not grid.is_blank(index) and not (notes and sentence(grid, index).startswith(notes)):
            return checked_width(grid, index), index
    raise ReadError("empty_file", f"{grid.place}: found {len(grid)} blank lines, expected a header and rows")


def checked_width(grid: Grid, index: int) -> list[str]:
    """Cells of a header row; a row of too many is refused before any record is made of it."""
    cells = grid.fields(index)
    if len(cells) > MAX_COLUMNS:
        raise ReadError(
            "too_large",
            f"{grid.place}, line {index + 1}: found {len(cells)} columns, expected at most {MAX_COLUMNS}",
        )
    return cells


def sentence(grid: Grid, index: int) -> str:
    """A row of one sentence: without the quotes and separators that a spreadsheet program puts around it."""
    return grid.printed(index).strip(",\t").strip('"')


def body(
    grid: Grid,
    start: int,
    stop: int,
    width: int,
    *,
    trailing_comma: bool = False,
    whole: bool = False,
    notes: tuple[str, ...] = (),
) -> Body:
    """Records of `width` fields from the rows `start` to `stop`; every row becomes record, reject, note or blank.

    A note is a sentence that begins with one of `notes`. A short last line of a text without a line end is a
    truncation, unless the caller knows that the table is `whole`.
    """
    found = Body()
    part = replace(grid, lines=grid.lines[:stop], ended=whole or grid.ended) if not grid.sheet else grid
    index = start
    while index < stop:
        is_note = notes and not part.is_row(index, width) and sentence(part, index).startswith(notes)
        if is_note or part.is_blank(index):
            found.counts["note_rows" if is_note else "blank_rows"] += 1
            index += 1
        else:
            index += take(part, index, width, trailing_comma, found)
    return found


def take(grid: Grid, index: int, width: int, trailing_comma: bool, found: Body) -> int:
    """Add the record that begins at a row, or the row as a reject; how many rows that took.

    With `trailing_comma` every record has an empty field behind its last one, as the header has: a row without
    it may as well lack another field.
    """
    fields, used = grid.record(index)
    expected = width + trailing_comma
    if fields is not None and len(fields) == expected and not (trailing_comma and fields[-1]):
        found.records.append(Record(index + 1, fields[:width], used))
        found.counts["record_rows"] += 1
        found.counts["continuation_rows"] += used - 1
        return used
    is_cut = index + used == len(grid) and not grid.ended
    code, why = _fault(fields, used, expected, is_cut)
    found.rejects.append(text.reject(index + 1, None, grid.printed(index), code, f"line {index + 1}: {why}"))
    found.counts["rejected_rows"] += 1
    return 1


def _fault(fields: list[str] | None, used: int, expected: int, is_cut: bool) -> tuple[str, str]:
    """Why a line is no record: code, and what was found and expected."""
    found = "a quote that does not close" if fields is None or used > 1 else f"{len(fields)} fields"
    wanted = f"found {found}, expected {expected} fields"
    if is_cut and (fields is None or len(fields) < expected):
        return "truncated_file", f"the last line, without a line end: {wanted}"
    return ("unterminated_quote" if fields is None or used > 1 else "wrong_field_count"), wanted


def table(
    grid: Grid,
    required: list[str],
    known: list[str],
    *,
    trailing_comma: bool = False,
    notes: tuple[str, ...] = (),
) -> tuple[list[str], list[int], Body]:
    """A table whose header is the first row that is neither blank nor a note: header, undeclared columns, body.

    A header may end with an empty field, as its rows then do (`trailing_comma`).
    """
    columns, top = header(grid, notes)
    trailing_comma = trailing_comma and columns[-1] == ""
    if trailing_comma:
        columns = columns[:-1]
    unknown = text.check_header(columns, required, known, f"{grid.place}, line {top + 1}")
    found = body(grid, top + 1, len(grid), len(columns), trailing_comma=trailing_comma, notes=notes)
    blanks = sum(grid.is_blank(index) for index in range(top))
    found.counts["blank_rows"] += blanks
    found.counts["note_rows"] += top - blanks
    found.counts["header_rows"] = 1
    return columns, unknown, found


def reject_rows(body: Body, grid: Grid, faults: dict[int, tuple[str, str]]) -> None:
    """Turn records into rejects: row -> code and reason."""
    for record in (record for record in body.records if record.row_no in faults):
        code, reason = faults[record.row_no]
        message = f"line {record.row_no}: {reason}"
        body.rejects.append(text.reject(record.row_no, None, grid.printed(record.row_no - 1), code, message))
        body.counts["record_rows"] -= 1
        body.counts["rejected_rows"] += 1
    body.records = [record for record in body.records if record.row_no not in faults]


def reject_repeated(body: Body, grid: Grid, key: Callable[[Record], Hashable]) -> None:
    """Records of one key: of equal ones the first stays, of different ones none; nobody knows which is right."""
    by_key: dict[Hashable, list[Record]] = {}
    for record in body.records:
        by_key.setdefault(key(record), []).append(record)
    faults = {}
    for printed, records in ((k, r) for k, r in by_key.items() if len(r) > 1 and k):
        rows = [record.row_no for record in records]
        equal = all(record.fields == records[0].fields for record in records)
        faults |= dict.fromkeys(rows[1:] if equal else rows, repeated("row", printed, rows, equal))
    reject_rows(body, grid, faults)


def repeated(what: str, printed: Hashable, places: list[int], equal: bool) -> tuple[str, str]:
    """Code and reason of rows or columns (`what`) that are there several times; the first places are named."""
    named = ", ".join(map(str, places[:MAX_PLACES_NAMED]))
    more = f" and {len(places) - MAX_PLACES_NAMED} more" if len(places) > MAX_PLACES_NAMED else ""
    message = f"found {str(printed)[:60]!r} {len(places)} times ({what}s {named}{more})"
    figures = "equal" if equal else "different"
    return (
        f"{'duplicate' if equal else 'conflicting'}_{what}",
        f"{message} with {figures} figures, expected it once",
    )
