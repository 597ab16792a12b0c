"""Grids of printed cells: one form for text lines and Excel rows, so that one code path reads both.

Belongs here: the two kinds of grid, the records of a table on a grid, and joining several sheets. Does not belong here:
which row of a layout is a header, a note or a record.

The rows of a grid are physical lines, or rows of a sheet, counted from 0. `row_no` counts from 1. A record of a text may
take several rows, because quotes may enclose line breaks. A row of a sheet is always one record.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol, overload

import polars as pl

from pipelines.readers import kind, text, workbook
from pipelines.readers.source import Source
from pipelines.readers.text import LINE_CLASSES, ReadError, Reading

# A stray quote must not swallow a file: no record of the known layouts spans more lines than this.
MAX_LINES_PER_RECORD = 50
MAX_PLACES_NAMED = 5  # of a row or column that stands several times
MAX_COLUMNS = 20_000  # a wider header is no table; Excel itself ends at 16,384


@dataclass(frozen=True)
class Record:
    """One record: the physical row where it begins (from 1), its fields as printed, and how many rows it takes."""

    row_no: int
    fields: list[str]
    line_count: int


@dataclass
class Body:
    """The records of some rows, the rejected rows, and how many rows each class has."""

    records: list[Record] = field(default_factory=list)
    rejects: list[tuple] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LINE_CLASSES, 0))


@dataclass(frozen=True)
class Part:
    """What a layout reads from one grid.

    It has the rows and their columns, the rejects, the number of physical rows of each class, and the facts that the
    grid states once for all rows.
    """

    rows: list[tuple]
    columns: tuple[str, ...]
    rejects: list[tuple]
    counts: dict[str, int]
    facts: dict[str, str] = field(default_factory=dict)


class Lines(Protocol):
    """Physical lines by index: a list, or what holds only a part of a large file."""

    def __len__(self) -> int: ...

    @overload
    def __getitem__(self, where: int, /) -> str: ...

    @overload
    def __getitem__(self, where: slice, /) -> Iterable[str]: ...


@dataclass(frozen=True)
class TextGrid:
    """The physical lines of a text file. `ended` says whether the last line has a line end."""

    place: str
    encoding: str
    lines: Lines
    ended: bool
    sheet: str = ""
    separator: str = ","

    def __len__(self) -> int:
        return len(self.lines)

    def fields(self, index: int) -> list[str]:
        """The fields of one line. A line with broken quotes is one field."""
        return text.split_fields(self.lines[index], self.separator) or [self.lines[index]]

    def record(self, index: int) -> tuple[list[str] | None, int]:
        """The fields of the record that begins at `index`, and how many lines it takes until its quotes close."""
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
        """Whether the line has no text: only white space or separators."""
        return text.is_blank(self.lines[index])

    def is_row(self, index: int, width: int) -> bool:
        """Whether the line is a row of figures. A sentence is not, though a spreadsheet program adds separators to it."""
        fields = text.split_fields(self.lines[index], self.separator) or []
        return width > 2 and len(fields) == width and any(field.strip() for field in fields[1:])


@dataclass(frozen=True)
class SheetGrid:
    """The rows of a sheet. All have the same number of cells.

    Cells of hidden rows and columns are blank, so that no layout reads them. `hidden_rows` is the number of hidden rows
    that have text, `hidden` names what is hidden.
    """

    place: str
    encoding: str
    lines: list[list[str]]
    sheet: str
    ended: bool = True
    hidden_rows: int = 0
    hidden: str = ""

    def __len__(self) -> int:
        return len(self.lines)

    def fields(self, index: int) -> list[str]:
        """The cells of one row."""
        return self.lines[index]

    def record(self, index: int) -> tuple[list[str], int]:
        """The cells of one row. It is always one record."""
        return self.lines[index], 1

    def printed(self, index: int) -> str:
        """The row as text, with tabs between the cells."""
        return "\t".join(self.lines[index]).rstrip("\t")

    def is_blank(self, index: int) -> bool:
        """Whether no cell of the row has text."""
        return not "".join(self.lines[index]).strip()

    def is_row(self, index: int, width: int) -> bool:
        """Whether the row has figures. A sentence stands in one cell only."""
        return width > 1 and sum(bool(cell.strip()) for cell in self.lines[index]) > 1


Grid = TextGrid | SheetGrid


def grids(content: bytes, encodings: list[str], file_name: str, separator: str | None = None) -> list[Grid]:
    """The grids of a file: one for a text file, one for every sheet of a workbook that is neither empty nor hidden.

    Raises:
        ReadError: the text cannot be decoded, or the workbook cannot be opened or is empty.
    """
    found_kind = kind.workbook(content)
    if found_kind is None:
        decoded, encoding = text.decode(content, encodings, file_name)
        separator = separator or text.separator_of(decoded)
        return [TextGrid(file_name, encoding, *text.split_lines(decoded), separator=separator)]
    try:
        sheets = workbook.sheets(content)
    except ReadError as error:
        raise ReadError(error.reason_code, f"{file_name}: {error}") from error
    found: list[Grid] = [_visible(sheet, found_kind, file_name) for sheet in sheets if not sheet.hidden]
    found = [grid for grid in found if not _is_empty(grid)]
    if not found:
        hidden = sum(sheet.hidden for sheet in sheets)
        message = f"{file_name}: found {len(sheets) - hidden} empty sheets and {hidden} hidden ones, expected a table"
        raise ReadError("empty_file", message)
    return found


def _visible(sheet: workbook.Sheet, encoding: str, file_name: str) -> SheetGrid:
    """What a reader of the workbook sees of a sheet."""
    rows = [index for index in sheet.hidden_rows if index < len(sheet.rows) and any(sheet.rows[index])]
    width = len(sheet.rows[0]) if sheet.rows else 0
    wanted = {index for index in sheet.hidden_columns if index < width}
    columns = sorted(index for index in wanted if any(row[index] for row in sheet.rows))
    lines = sheet.rows
    if rows or columns:
        out, hidden = set(columns), set(rows)
        lines = [
            [""] * width
            if at in hidden
            else [("" if index in out else cell) for index, cell in enumerate(row)]
            if out
            else row
            for at, row in enumerate(sheet.rows)
        ]
    named = _listed("rows", [index + 1 for index in rows]) + _listed("columns", map(_letters, columns))
    place = f"{file_name}, sheet {sheet.name!r}"
    hidden_text = f"sheet {sheet.name!r}: {' and '.join(named)}" if named else ""
    # a row of which only hidden columns have text is blank, but not hidden
    return SheetGrid(place, encoding, lines, sheet.name, hidden_rows=len(rows), hidden=hidden_text)


def _listed(what: str, places: Iterable[object]) -> list[str]:
    """Name places: their number, and the first of them. Nothing if there are none.

    >>> _listed("rows", [3, 4])
    ['2 rows (3, 4)']
    """
    places = list(places)
    more = ", ..." if len(places) > MAX_PLACES_NAMED else ""
    return (
        [f"{len(places)} {what} ({', '.join(map(str, places[:MAX_PLACES_NAMED]))}{more})"] if places else []
    )


def _letters(column: int) -> str:
    """The letters of a column of a sheet, from 0.

    >>> _letters(0), _letters(27)
    ('A', 'AB')
    """
    return (_letters(column // 26 - 1) if column >= 26 else "") + chr(65 + column % 26)


def _is_empty(grid: Grid) -> bool:
    return all(grid.is_blank(index) for index in range(len(grid)))


def _hidden_sheets(content: bytes, source: Source, file_name: str) -> list[SheetGrid]:
    """The hidden sheets of a workbook that have text. Sheets that the source declares as notes are not named."""
    if kind.workbook(content) is None:
        return []
    declared = source.options.get("note_sheets", [])
    found = []
    for sheet in (sheet for sheet in workbook.sheets(content) if sheet.hidden):
        hidden = "" if sheet.name in declared else f"the whole sheet {sheet.name!r} ({len(sheet.rows)} rows)"
        grid = SheetGrid(f"{file_name}, sheet {sheet.name!r}", "", sheet.rows, sheet.name, hidden=hidden)
        if not _is_empty(grid):
            found.append(replace(grid, hidden_rows=len(grid)))
    return found


def read(
    content: bytes,
    source: Source,
    file_name: str,
    table: Callable[[Grid, Source, str], Part],
    many: bool = True,
) -> Reading:
    """Read every grid of a file as a table of one layout.

    If some sheet is a table, each row of another sheet that is not one is rejected with the reason. If no sheet is a
    table, the file is refused with the fault of the first sheet.

    Args:
        content: the file.
        source: the source that the file belongs to.
        file_name: name of the file for messages.
        table: the function that reads one grid.
        many: whether several tables may stand in one file.
    """
    separator = source.options.get("separator")
    parts, faults, found = [], [], grids(content, source.encoding, file_name, separator)
    for grid in found:
        try:
            parts.append((grid, table(grid, source, file_name)))
        except ReadError as error:
            faults.append((grid, error))
    if faults and not any(part.counts.get("header_rows") for _, part in parts):
        raise _with_hidden(*faults[0])  # a sheet of notes alone is not a table
    if len(parts) > 1 and not many:
        names = [grid.sheet for grid, _ in parts]
        raise ReadError(
            "ambiguous_file",
            f"{file_name}: found the table on the sheets {', '.join(names)}, expected one sheet",
        )
    columns = parts[0][1].columns
    parts += [(grid, _rejected_sheet(grid, error, columns)) for grid, error in faults]
    parts = [(grid, _without_hidden_rows(grid, part)) for grid, part in parts]
    for grid in _hidden_sheets(content, source, file_name):
        parts.append((grid, Part([], columns, [], {"hidden_rows": len(grid)})))
    return _together(parts, file_name)


def _with_hidden(grid: Grid, error: ReadError) -> ReadError:
    """The fault of a sheet, with what is hidden in it: a header may stand there."""
    if not isinstance(grid, SheetGrid) or not grid.hidden:
        return error
    message = f"{error}; hidden and not read are in {grid.hidden}: show them if they belong to the table"
    return ReadError(error.reason_code, message)


def _without_hidden_rows(grid: Grid, part: Part) -> Part:
    """Count hidden rows as hidden: a layout finds them blank."""
    hidden = grid.hidden_rows if isinstance(grid, SheetGrid) else 0
    blank = part.counts.get("blank_rows", 0) - hidden
    return (
        replace(part, counts={**part.counts, "blank_rows": blank, "hidden_rows": hidden}) if hidden else part
    )


def _rejected_sheet(grid: Grid, error: ReadError, columns: tuple[str, ...]) -> Part:
    blank = [grid.is_blank(index) for index in range(len(grid))]
    rejects = [
        text.reject(index + 1, None, grid.printed(index), error.reason_code, str(error))
        for index in range(len(grid))
        if not blank[index]
    ]
    return Part([], columns, rejects, {"blank_rows": sum(blank), "rejected_rows": len(rejects)})


def _together(parts: list[tuple[Grid, Part]], file_name: str) -> Reading:
    """Join the parts of all sheets into one reading.

    Raises:
        ReadError: the classes of rows do not add up to the rows of a sheet.
    """
    rows: list[pl.DataFrame] = []
    rejects: list[pl.DataFrame] = []
    facts: dict[str, str] = {}
    totals = {"physical_rows": 0, **dict.fromkeys(LINE_CLASSES, 0)}
    hidden = [grid.hidden for grid, _ in parts if isinstance(grid, SheetGrid) and grid.hidden]
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
        rows.append(reading.frame.with_columns(name) if "sheet" in part.columns else reading.frame)
        rejects.append(reading.rejects.with_columns(name))
        facts |= part.facts
        totals = {key: value + reading.accounting[key] for key, value in totals.items()}
    return Reading(
        pl.concat(rows), pl.concat(rejects), parts[0][0].encoding, totals, facts, "; ".join(hidden)
    )


def header(grid: Grid, notes: tuple[str, ...] = ()) -> tuple[list[str], int]:
    """The header: the first row that is neither blank nor a note.

    Returns:
        Its cells and its index.

    Raises:
        ReadError: the grid has no such row, or the row is too wide.
    """
    for index in range(len(grid)):
        if not grid.is_blank(index) and not (notes and sentence(grid, index).startswith(notes)):
            return checked_width(grid, index), index
    raise ReadError("empty_file", f"{grid.place}: found {len(grid)} blank lines, expected a header and rows")


def checked_width(grid: Grid, index: int) -> list[str]:
    """The cells of a header row. Raises ReadError for a row with too many cells."""
    cells = grid.fields(index)
    if len(cells) > MAX_COLUMNS:
        raise ReadError(
            "too_large",
            f"{grid.place}, line {index + 1}: found {len(cells)} columns, expected at most {MAX_COLUMNS}",
        )
    return cells


def sentence(grid: Grid, index: int) -> str:
    """The sentence in a row, without the quotes and separators that a spreadsheet program adds."""
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
    optional_tail: int = 0,
) -> Body:
    """Read the rows from `start` to before `stop`. Every row becomes a record, a reject, a note or a blank row.

    Args:
        grid: the grid.
        start: index of the first row.
        stop: index behind the last row.
        width: number of fields of a record.
        trailing_comma: whether every record has an empty field at its end.
        whole: whether the caller knows that the table is complete. If not, a short last line without a line end
            counts as cut off.
        notes: beginnings of sentences that are notes.
        optional_tail: how many of the last fields a record that ends with a blank field may leave out. They count as blank.
    """
    found = Body()
    part = (
        replace(grid, lines=list(grid.lines[:stop]), ended=whole or grid.ended)
        if isinstance(grid, TextGrid)
        else grid
    )
    index = start
    while index < stop:
        is_note = notes and not part.is_row(index, width) and sentence(part, index).startswith(notes)
        if is_note or part.is_blank(index):
            found.counts["note_rows" if is_note else "blank_rows"] += 1
            index += 1
        else:
            index += take(part, index, width, trailing_comma, found, optional_tail=optional_tail)
    return found


def take(
    grid: Grid, index: int, width: int, trailing_comma: bool, found: Body, *, optional_tail: int = 0
) -> int:
    """Add the record that begins at a row to `found`. A row that is not a record is added as a reject.

    With `trailing_comma`, a record must have an empty field at its end as the header has. A row without this field is
    rejected, because another field may be missing instead.

    Returns:
        How many rows were taken.
    """
    fields, used = grid.record(index)
    expected = width + trailing_comma
    is_cut = index + used == len(grid) and not grid.ended
    if (
        fields
        and not is_cut
        and not fields[-1].strip()
        and expected - optional_tail <= len(fields) < expected
    ):
        fields = [*fields, *[""] * (expected - len(fields))]
    if (
        fields is not None
        and len(fields) == expected
        and not (trailing_comma and fields[-1].strip(text.BLANKS))
    ):
        found.records.append(Record(index + 1, fields[:width], used))
        found.counts["record_rows"] += 1
        found.counts["continuation_rows"] += used - 1
        return used
    code, why = _fault(fields, used, expected, is_cut)
    found.rejects.append(text.reject(index + 1, None, grid.printed(index), code, f"line {index + 1}: {why}"))
    found.counts["rejected_rows"] += 1
    return 1


def _fault(fields: list[str] | None, used: int, expected: int, is_cut: bool) -> tuple[str, str]:
    """Why a line is not a record: the reason code, what was found and what was expected."""
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
    """Read a table whose header is the first row that is neither blank nor a note.

    With `trailing_comma`, the header may end with an empty field; then every row must end with one.

    Returns:
        The header, the indices of columns that nothing declares, and the body.

    Raises:
        ReadError: the header lacks a required column.
    """
    columns, top = header(grid, notes)
    columns = [name.strip(text.BLANKS) for name in columns]
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
    """Turn records into rejects. `faults` gives code and reason for each row number."""
    for record in (record for record in body.records if record.row_no in faults):
        code, reason = faults[record.row_no]
        message = f"line {record.row_no}: {reason}"
        body.rejects.append(text.reject(record.row_no, None, grid.printed(record.row_no - 1), code, message))
        body.counts["record_rows"] -= 1
        body.counts["rejected_rows"] += 1
    body.records = [record for record in body.records if record.row_no not in faults]


def reject_repeated(body: Body, grid: Grid, key: Callable[[Record], Hashable]) -> None:
    """Reject records that repeat a key.

    If they are equal, the first stays. If they differ, none stays, because nobody knows which is right.
    """
    by_key: dict[Hashable, list[Record]] = {}
    for record in body.records:
        by_key.setdefault(key(record), []).append(record)
    faults: dict[int, tuple[str, str]] = {}
    for printed, records in ((k, r) for k, r in by_key.items() if len(r) > 1 and k):
        rows = [record.row_no for record in records]
        equal = all(record.fields == records[0].fields for record in records)
        faults |= dict.fromkeys(rows[1:] if equal else rows, repeated("row", printed, rows, equal))
    reject_rows(body, grid, faults)


def repeated(what: str, printed: Hashable, places: list[int], equal: bool) -> tuple[str, str]:
    """Reason code and reason for rows or columns that stand several times. The reason names the first places.

    >>> repeated("row", "2023", [4, 9], equal=True)
    ('duplicate_row', "found '2023' 2 times (rows 4, 9) with equal figures, expected it once")
    """
    named = ", ".join(map(str, places[:MAX_PLACES_NAMED]))
    more = f" and {len(places) - MAX_PLACES_NAMED} more" if len(places) > MAX_PLACES_NAMED else ""
    message = f"found {str(printed)[:60]!r} {len(places)} times ({what}s {named}{more})"
    figures = "equal" if equal else "different"
    return (
        f"{'duplicate' if equal else 'conflicting'}_{what}",
        f"{message} with {figures} figures, expected it once",
    )
