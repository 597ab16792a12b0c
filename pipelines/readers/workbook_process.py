"""The process that opens a workbook. It takes bytes on standard input and gives the sheets as JSON on standard output.

Belongs here: the two libraries for workbooks, and the rule by which a cell becomes text. Does not belong here: any module of
the project but two pure ones (workbook_parts.py, number_format.py). workbook.py starts this file alone, so that a hostile workbook can harm
this process only: a library may crash or ask for all memory, and no other process ends.

The printed text of a cell: text stays as it is. An integer has no ".0". Any other number is the shortest text that gives
the same double (float32 noise stays). A day or time is in ISO 8601. A truth value is TRUE or FALSE. An error stays, such as
#REF!. A formula without a stored result is "=...". A number format counts if it shows another number than the cell stores, or
words (number_format.py); decimals and separators do not count. python-calamine gives errors and missing results as blanks,
and no formats, so workbook_parts.py reads them from the members of the file.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import sys
import zipfile
from typing import Any

from pipelines.readers import workbook_parts
from pipelines.readers.workbook_parts import TooLarge

WHOLE_NUMBER_LIMIT = 1e15  # above it a double shows more digits than Excel keeps
EXIT_TOO_LARGE, EXIT_BROKEN = 3, 4


def main() -> int:
    """Read, convert, answer. The exit code gives the kind of failure, standard error gives the message."""
    max_cells, max_bytes = int(sys.argv[1]), int(sys.argv[2])
    _limit_memory(max_bytes)
    content = sys.stdin.buffer.read()
    try:
        sheets = _xls(content, max_cells) if content[:2] == b"\xd0\xcf" else _by_calamine(content, max_cells)
        for sheet in sheets:
            _repeat_merged(sheet)
        answer = json.dumps(sheets, ensure_ascii=True).encode()
    except (TooLarge, MemoryError) as error:
        print(error or "it takes more memory than is allowed", file=sys.stderr)
        return EXIT_TOO_LARGE
    except BaseException as error:  # a crash of the library is not an Exception
        locked = type(error).__name__ == "PasswordError" or "encrypted" in str(error).lower()
        print("the file is protected by a password" if locked else "the file is damaged", file=sys.stderr)
        return EXIT_BROKEN
    sys.stdout.buffer.write(answer)
    return 0


def _limit_memory(max_bytes: int) -> None:
    try:
        import resource  # noqa: PLC0415 - not on Windows

        resource.setrlimit(resource.RLIMIT_AS, (max_bytes, max_bytes))
    except (ImportError, ValueError, OSError):
        return


def _by_calamine(content: bytes, max_cells: int) -> list[dict]:
    """Sheets of .xlsx, .xlsb and .ods: values by the library, all else by their members."""
    import python_calamine  # noqa: PLC0415 - only for these workbooks

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        looked_through = workbook_parts.sheets(archive, max_cells)
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    sheets = []
    for index, name in enumerate(book.sheet_names):
        if book.sheets_metadata[index].typ != python_calamine.SheetTypeEnum.WorkSheet:
            continue
        sheet, looked = book.get_sheet_by_index(index), looked_through[index]
        rows = [[printed(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
        _put(rows, looked.marks)
        merged = [(*start, *end) for start, end in sheet.merged_cell_ranges or []] or looked.merged
        visible = book.sheets_metadata[index].visible == python_calamine.SheetVisibleEnum.Visible
        found = {"name": name, "rows": rows, "merged": merged, "hidden": not visible}
        hidden = {"hidden_rows": looked.hidden_rows, "hidden_columns": looked.hidden_columns}
        sheets.append(found | hidden)
    return sheets


def _put(rows: list[list[str]], marks: list[tuple[int, int, str]]) -> None:
    """Set cells. Rows and columns are added if the grid is too small."""
    if not marks:
        return
    height = 1 + max(row for row, _, _ in marks)
    width = max(1 + max(column for _, column, _ in marks), *(len(r) for r in rows[:1]), 0)
    rows += [[] for _ in range(height - len(rows))]
    for cells in rows:
        cells.extend([""] * (width - len(cells)))
    for row, column, text in marks:
        rows[row][column] = text


def _xls(content: bytes, max_cells: int) -> list[dict]:
    import xlrd  # noqa: PLC0415 - only for these workbooks

    book = xlrd.open_workbook(
        file_contents=content, formatting_info=True, ragged_rows=True, logfile=io.StringIO()
    )
    sheets = []
    for sheet in book.sheets():
        if sheet.nrows * sheet.ncols > max_cells:
            raise TooLarge(
                f"{sheet.name} has {sheet.nrows} rows, {sheet.ncols} columns: over {max_cells} cells"
            )
        rows = [[_old_cell(cell, book, xlrd) for cell in sheet.row(r)] for r in range(sheet.nrows)]
        rows = [row + [""] * (sheet.ncols - len(row)) for row in rows]
        merged = [(top, left, below - 1, right - 1) for top, below, left, right in sheet.merged_cells]
        hidden = {
            "hidden_rows": [r for r, info in sheet.rowinfo_map.items() if info.hidden],
            "hidden_columns": [c for c, info in sheet.colinfo_map.items() if info.hidden],
        }
        found = {"name": sheet.name, "rows": rows, "merged": merged, "hidden": sheet.visibility != 0}
        sheets.append(found | hidden)
    return sheets


def _old_cell(cell: Any, book: Any, xlrd: Any) -> str:
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, "#ERROR"))
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return printed(bool(cell.value))
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            moment = xlrd.xldate.xldate_as_datetime(cell.value, book.datemode)
        except (ValueError, OverflowError):
            return printed(cell.value)
        return printed(moment.date() if moment.time() == dt.time() else moment)
    if cell.ctype == xlrd.XL_CELL_NUMBER:
        code = book.format_map[book.xf_list[cell.xf_index].format_key].format_str
        return workbook_parts.shown(repr(cell.value), code) or printed(cell.value)
    return printed(cell.value)


def printed(cell: object) -> str:
    """The value of a cell as text, by the rule above.

    >>> printed(3.0), printed(True), printed(dt.date(2024, 5, 1))
    ('3', 'TRUE', '2024-05-01')
    """
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < WHOLE_NUMBER_LIMIT else repr(cell)
    if isinstance(cell, (dt.date, dt.time)):
        return cell.isoformat()
    return str(cell)


def _repeat_merged(sheet: dict) -> None:
    """Repeat a label that is merged over rows in each of them. A number that is merged over cells stays in its first cell."""
    rows = sheet["rows"]
    for top, left, bottom, _ in sheet.pop("merged"):
        label = rows[top][left] if top < len(rows) and left < len(rows[top]) else ""
        if not label or _is_number(label):
            continue
        for row in rows[top + 1 : bottom + 1]:
            row[left] = row[left] or label


def _is_number(label: str) -> bool:
    try:
        float(label.partition(" [stored: ")[0].rstrip("%"))
    except ValueError:
        return label.startswith(("#", "="))
    return True


if __name__ == "__main__":
    sys.exit(main())
