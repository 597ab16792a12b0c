"""The process that opens a workbook. It takes bytes on standard input and gives the sheets as JSON on standard output.

Belongs here: the two libraries for workbooks, and the rule by which a cell becomes text. Does not belong here: any module of
the project but the pure one of number formats. workbook.py starts this file alone, so that a hostile workbook can harm
this process only: a library may crash or ask for all memory, and no other process ends.

The printed text of a cell: text stays as it is. An integer has no ".0". Any other number is the shortest text that gives
the same double (float32 noise stays). A day or time is in ISO 8601. A truth value is TRUE or FALSE. An error stays, such as
#REF!. A formula without a stored result is "=...". A number format counts if it shows another number than the cell stores, or
words (number_format.py); decimals and separators do not count. python-calamine gives errors and missing results as blanks,
and no formats, so they are read from the XML.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import posixpath
import sys
import zipfile
from collections.abc import Callable
from typing import Any
from xml.parsers import expat

from pipelines.readers import number_format

WHOLE_NUMBER_LIMIT = 1e15  # above it a double shows more digits than Excel keeps
MOST_COLUMNS = 16_384  # of a sheet of Excel
EXIT_TOO_LARGE, EXIT_BROKEN = 3, 4
Start = Callable[[str, dict[str, str]], None]  # of an element: its name and attributes
End = Callable[[str, str], None]  # its name and text


class TooLarge(Exception):
    """The workbook is larger than the limits that this process got."""


def main() -> int:
    """Read, convert, answer. The exit code gives the kind of failure, standard error gives the message."""
    max_cells, max_bytes = int(sys.argv[1]), int(sys.argv[2])
    _limit_memory(max_bytes)
    content = sys.stdin.buffer.read()
    try:
        sheets = _xls(content, max_cells) if content[:2] == b"\xd0\xcf" else _xlsx(content, max_cells)
        for sheet in sheets:
            _repeat_merged(sheet)
        answer = json.dumps(sheets, ensure_ascii=True).encode()
    except (TooLarge, MemoryError) as error:
        print(error or "it takes more memory than is allowed", file=sys.stderr)
        return EXIT_TOO_LARGE
    except BaseException:  # a crash of the library is not an Exception
        print("the file is damaged or protected by a password", file=sys.stderr)
        return EXIT_BROKEN
    sys.stdout.buffer.write(answer)
    return 0


def _limit_memory(max_bytes: int) -> None:
    try:
        import resource  # noqa: PLC0415 - not on Windows

        resource.setrlimit(resource.RLIMIT_AS, (max_bytes, max_bytes))
    except (ImportError, ValueError, OSError):
        return


def _xlsx(content: bytes, max_cells: int) -> list[dict]:
    import python_calamine  # noqa: PLC0415 - only for these workbooks

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        formats = _formats(archive)
        looked_through = [_looked_through(archive, part, max_cells, formats) for part in _parts(archive)]
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    sheets = []
    for index, name in enumerate(book.sheet_names):
        if book.sheets_metadata[index].typ != python_calamine.SheetTypeEnum.WorkSheet:
            continue
        sheet = book.get_sheet_by_index(index)
        rows = [[printed(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
        marks, hidden = looked_through[index]
        _put(rows, marks)
        merged = [(*start, *end) for start, end in sheet.merged_cell_ranges or []]
        visible = book.sheets_metadata[index].visible == python_calamine.SheetVisibleEnum.Visible
        sheets.append({"name": name, "rows": rows, "merged": merged, "hidden": not visible, **hidden})
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


def _parts(archive: zipfile.ZipFile) -> list[str]:
    """The members with the sheets, in the order of the workbook."""
    ids, targets = [], {}

    def note(found: str, attributes: dict) -> None:
        if found == "sheet":
            ids.append(next((v for k, v in attributes.items() if k.rsplit(" ")[-1] == "id"), ""))
        elif found == "Relationship":
            target = posixpath.normpath(posixpath.join("/xl", attributes.get("Target", "")))
            targets[attributes.get("Id", "")] = target.lstrip("/")

    for member in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
        _parse(archive, member, note)
    return [targets.get(sheet_id, "") for sheet_id in ids]


def _formats(archive: zipfile.ZipFile) -> dict[str, str]:
    """The number format of each style of a cell, by the style's number. Only formats that are no plain number."""
    codes = {str(number): code for number, code in number_format.BUILT_IN.items()}
    styles: list[str] = []
    inside = [""]

    def start(found: str, attributes: dict) -> None:
        if found in ("cellXfs", "cellStyleXfs", "dxfs"):
            inside[0] = found
        elif found == "numFmt" and inside[0] != "dxfs":
            codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif found == "xf" and inside[0] == "cellXfs":
            styles.append(attributes.get("numFmtId", ""))

    if "xl/styles.xml" in archive.namelist():
        _parse(archive, "xl/styles.xml", start)
    unusual = {number: code for number, code in codes.items() if not number_format.is_plain(code)}
    return {str(style): unusual[number] for style, number in enumerate(styles) if number in unusual}


def _looked_through(
    archive: zipfile.ZipFile, part: str, max_cells: int, formats: dict[str, str]
) -> tuple[list[tuple[int, int, str]], dict[str, list[int]]]:
    """What the library does not give of a sheet. Rows and columns count from 0.

    Returns:
        Cells (row, column, text) that are shown otherwise than the library gives them: errors, formulas without a
        result, numbers whose format shows another number. And the hidden rows and columns.
    """
    hidden: dict[str, list[int]] = {"hidden_rows": [], "hidden_columns": []}
    marks: list[tuple[int, int, str]] = []
    place = [-1, -1]
    texts: dict[str, str] = {}
    last = [-1, -1]

    def start(found: str, attributes: dict) -> None:
        if found == "row":
            place[:] = [int(attributes.get("r", place[0] + 2)) - 1, -1]
            if _is_hidden(attributes, "ht"):
                hidden["hidden_rows"].append(place[0])
        elif found == "col" and _is_hidden(attributes, "width"):
            first, end = int(attributes.get("min", 1)) - 1, int(attributes.get("max", 1))
            hidden["hidden_columns"] += range(first, min(end, MOST_COLUMNS))
        elif found == "c":
            texts.clear()
            texts["type"] = attributes.get("t", "")
            texts["format"] = formats.get(attributes.get("s", "0"), "")
            place[:] = _place(attributes["r"]) if "r" in attributes else [place[0], place[1] + 1]
            last[:] = [max(last[0], place[0]), max(last[1], place[1])]
            if (last[0] + 1) * (last[1] + 1) > max_cells:
                raise TooLarge(
                    f"{part} reaches row {last[0] + 1}, column {last[1] + 1}: over {max_cells} cells"
                )
        elif found in ("f", "v"):
            texts[found] = ""

    def end(found: str, text: str) -> None:
        if found in ("f", "v"):
            texts[found] = text
        elif found == "c" and texts.get("type") == "e":
            marks.append((place[0], place[1], texts.get("v") or "#ERROR"))
        elif found == "c" and "f" in texts and not texts.get("v") and texts["type"] != "str":
            # an empty <v/> of type str is a result (an empty text); without that type it is not a result
            marks.append((place[0], place[1], "=" + texts["f"]))
        elif found == "c" and texts["format"] and texts["type"] in ("", "n"):
            text_shown = _shown(texts.get("v", ""), texts["format"])
            if text_shown is not None:
                marks.append((place[0], place[1], text_shown))

    if part in archive.namelist():
        _parse(archive, part, start, end)
    return marks, hidden


def _is_hidden(attributes: dict[str, str], size: str) -> bool:
    """Whether a row or column is hidden, or has no height or width."""
    return attributes.get("hidden") in ("1", "true") or attributes.get(size) in ("0", "0.0")


def _shown(number: str, code: str) -> str | None:
    """The text of a number under its format; None if the plain number is right, or the text is no number."""
    try:
        return number_format.shown(float(number), code)
    except (ValueError, ArithmeticError):
        return None


def _place(reference: str) -> list[int]:
    """Row and column of a reference, from 0.

    >>> _place("B3")
    [2, 1]
    """
    letters = reference.rstrip("0123456789")
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - 64
    return [int(reference[len(letters) :]) - 1, column - 1]


def _parse(archive: zipfile.ZipFile, member: str, start: Start, end: End | None = None) -> None:
    """Parse one XML member. Names come without their namespace. The parser (expat) stops entity bombs itself."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    text: list[str] = []

    def started(name: str, attributes: dict) -> None:
        text.clear()
        start(name.rsplit(" ", maxsplit=1)[-1], attributes)

    parser.StartElementHandler = started
    if end:
        parser.CharacterDataHandler = text.append
        parser.EndElementHandler = lambda name: end(name.rsplit(" ")[-1], "".join(text))
    with archive.open(member) as handle:
        parser.ParseFile(handle)


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
        return _shown(repr(cell.value), code) or printed(cell.value)
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
