"""Writing workbooks: text stays text, the same content gives the same bytes, no file is left half-written.

The common part of all our .xlsx files belongs here. The content of a workbook belongs to returns/workbook.py
and quarantine.py, reading belongs to readers/workbook.py.
"""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.cell.cell import MergedCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

MAX_TEXT = 32_767  # characters of a cell
MAX_ROWS = 1_048_575  # of a sheet, below its header
# A spreadsheet program takes a text that begins so for a formula when it is typed or read from CSV.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# Characters that XML cannot hold; the escape shows which one stood there.
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x0d\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip archive can hold
HEADER_FILL = PatternFill("solid", start_color="D9D9D9", end_color="D9D9D9")


def put(cell: Cell | MergedCell, value: str | int | float | None) -> None:
    """Set a cell. A text stays a text with any first character, also after a user has edited the cell."""
    if isinstance(value, str):
        cell.value = _fits(value)
        cell.data_type = "s"
        cell.quotePrefix = value.startswith(FORMULA_STARTS)
    else:
        cell.value = value


def plain(value: str | int | None) -> str:
    """Value for CSV. An apostrophe keeps a spreadsheet program from reading a text as a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA_STARTS) else text


def empty() -> Workbook:
    """A workbook without a sheet."""
    book = Workbook()
    book.remove(book.worksheets[0])
    return book


def list_sheet(
    book: Workbook, name: str, header: list[str], rows: Iterable[Iterable], widths: list[int]
) -> Worksheet:
    """A sheet with a frozen header and rows below it."""
    sheet: Worksheet = book.create_sheet(name)
    for column, (title, width) in enumerate(zip(header, widths, strict=True), start=1):
        head(sheet.cell(1, column), title)
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = "A2"
    for row_no, row in enumerate(rows, start=2):
        for column, value in enumerate(row, start=1):
            put(sheet.cell(row_no, column), value)
    return sheet


def head(cell: Cell | MergedCell, title: str) -> None:
    """Format a cell of a header."""
    put(cell, title)
    cell.font = Font(bold=True)
    cell.fill = HEADER_FILL
    cell.alignment = Alignment(wrap_text=True, vertical="center")


def content(book: Workbook) -> bytes:
    """The workbook as bytes that depend only on its content."""
    written, out = io.BytesIO(), io.BytesIO()
    book.save(written)
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(source.namelist(), key=lambda n: (n != "[Content_Types].xml", n)):
            data = _without_clock(name, source.read(name))
            target.writestr(zipfile.ZipInfo(name, FIRST_DAY), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def write(path: Path, data: bytes) -> None:
    """Write a file under a temporary name and rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(data)
    os.replace(temporary, path)


def _fits(value: str) -> str:
    """Text that a cell can hold: not too long, and with an escape for each character that XML cannot hold."""
    text = UNPRINTABLE.sub(lambda m: m.group().encode("unicode_escape").decode(), value)
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _without_clock(name: str, data: bytes) -> bytes:
    if name != "docProps/core.xml":
        return data
    return re.sub(rb"(<dcterms:(created|modified)[^>]*>)[^<]*", rb"\g<1>1980-01-01T00:00:00Z", data)
