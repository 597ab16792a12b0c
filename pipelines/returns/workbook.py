"""The workbook of a zone's return: the empty template, and the copy of a filled one with marked faults.

Belongs here: sheets, drop-down lists, colours, notes. Does not belong here: the content of the lists and the search for
faults (check.py).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from openpyxl import Workbook, load_workbook
from openpyxl.cell import MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from pipelines.publishing import workbook

FAULT_FILL = PatternFill("solid", start_color="FFC7CE", end_color="FFC7CE")
DOUBT_FILL = PatternFill("solid", start_color="FFEB9C", end_color="FFEB9C")
MARK = "[zonescope]"  # our part of a cell's note begins with it, so that the next check can remove our part
ERRORS_SHEET = "errors"
NOTE_WIDTH, NOTE_HEIGHT = 340, 160
WIDTHS = {"value_text": 16, "unit_text": 10, "period_text": 14, "known_from_text": 14, "status_text": 18}
WIDE = 34
RuleKind = Literal["whole", "decimal", "list", "date"]
FORMATS = {"value_text": "#,##0.######", "known_from_text": "yyyy-mm-dd"}


@dataclass(frozen=True)
class Label:
    """An indicator that an office may report, with its allowed units and scopes."""

    printed_text: str
    units: tuple[str, ...]
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class Offer:
    """The content of the template: its lists and its texts."""

    columns: dict[str, list[str]]  # text of a cell -> header(s)
    sheets: dict[str, str]  # entry, instructions, lists, units, scopes -> name
    zones: tuple[str, ...]
    labels: tuple[Label, ...]
    periods: tuple[str, ...]
    statuses: tuple[str, ...]
    years: tuple[int, int]
    instructions: tuple[tuple[str, str], ...]
    entry_rows: int


@dataclass(frozen=True)
class Finding:
    """A fault or doubt at one place of a return. Row and column count from 1.

    The column is None if the whole row is meant. Both are None if the whole file is meant.
    """

    severity: str
    sheet: str
    row_no: int | None
    column_no: int | None
    found: str
    reason_code: str
    reason: str
    how_to_mend: str

    @property
    def place(self) -> str:
        """The cell or row as a spreadsheet program names it. Empty if the whole file is meant."""
        column = get_column_letter(self.column_no) if self.column_no else ""
        return f"{column}{self.row_no or ''}"


def template(offer: Offer, zone: str = "", year: int | None = None) -> Workbook:
    """Make the empty return. With a zone, it has a row for each indicator, with zone (and year) filled in."""
    book = workbook.empty()
    entry = book.create_sheet(offer.sheets["entry"])
    headers = [name for names in offer.columns.values() for name in names]
    for column, name in enumerate(headers, start=1):
        workbook.head(entry.cell(1, column), name)
    entry.row_dimensions[1].height = 30
    entry.freeze_panes = "A2"
    _instructions(book, offer)
    _lists(book, offer)
    for validation, header in _validations(offer, headers):
        letter = get_column_letter(headers.index(header) + 1)
        validation.add(f"{letter}2:{letter}{offer.entry_rows + 1}")
        entry.add_data_validation(validation)
    _prefill(entry, offer, headers, zone, year)
    _style(entry, offer, headers)
    return book


def _instructions(book: Workbook, offer: Offer) -> None:
    workbook.list_sheet(
        book, offer.sheets["instructions"], ["填报说明", "Instructions"], offer.instructions, [70, 90]
    )


def _lists(book: Workbook, offer: Offer) -> None:
    """The hidden sheets that the drop-down lists refer to."""
    columns = [offer.zones, [label.printed_text for label in offer.labels], offer.periods, offer.statuses]
    rows: list[list] = [
        [values[i] if i < len(values) else None for values in columns] for i in range(max(map(len, columns)))
    ]
    names = [
        offer.columns[key][-1] for key in ("area_code_text", "indicator_text", "period_text", "status_text")
    ]
    hidden = [workbook.list_sheet(book, offer.sheets["lists"], names, rows, [WIDE] * 4)]
    for key, field in (("units", "units"), ("scopes", "scopes")):
        most = max(len(getattr(label, field)) for label in offer.labels)
        rows = [
            [label.printed_text, len(getattr(label, field)), *getattr(label, field)] for label in offer.labels
        ]
        header = [names[1], "n", *(str(n) for n in range(1, most + 1))]
        hidden.append(workbook.list_sheet(book, offer.sheets[key], header, rows, [WIDE] * len(header)))
    for sheet in hidden:
        sheet.sheet_state = "hidden"


def _validations(offer: Offer, headers: list[str]) -> Iterable[tuple[DataValidation, str]]:
    """Give a rule for each column, with its prompt, and the header of that column."""
    header = {key: names[-1] for key, names in offer.columns.items()}
    indicator = get_column_letter(headers.index(header["indicator_text"]) + 1)
    year = offer.columns["period_text"][0]
    lists = {
        "area_code_text": ("A", len(offer.zones)),
        "indicator_text": ("B", len(offer.labels)),
        "period_text": ("C", len(offer.periods)),
        "status_text": ("D", len(offer.statuses)),
    }
    for key, (letter, count) in lists.items():
        formula = f"'{offer.sheets['lists']}'!${letter}$2:${letter}${count + 1}"
        yield _rule("list", formula, header[key], "请从列表选择 Choose from the list"), header[key]
    for key, name in (("unit_text", "units"), ("scope_text", "scopes")):
        formula = _of_indicator(offer.sheets[name], f"${indicator}2")
        message = "先选指标，再选单位或口径 Choose the indicator first"
        yield _rule("list", formula, header[key], message), header[key]
    message = f"四位年份 A year from {offer.years[0]}"
    yield _rule("whole", str(offer.years[0]), year, message, str(offer.years[1])), year
    message = "只填数字，没有数据请留空 A number; empty where there is none"
    yield _rule("decimal", "-1E+15", header["value_text"], message, "1E+15"), header["value_text"]
    message = "日期 A day, YYYY-MM-DD"
    yield _rule("date", "36526", header["known_from_text"], message, "73050"), header["known_from_text"]


def _of_indicator(sheet: str, cell: str) -> str:
    """The formula for the cells beside the indicator of the same row. The sheet's second column has their number."""
    return f"OFFSET('{sheet}'!$C$1,MATCH({cell},'{sheet}'!$A:$A,0)-1,0,1,VLOOKUP({cell},'{sheet}'!$A:$B,2,0))"


def _rule(kind: RuleKind, first: str, title: str, message: str, second: str | None = None) -> DataValidation:
    return DataValidation(
        type=kind,
        operator="between",
        formula1=first,
        formula2=second,
        allow_blank=True,
        showErrorMessage=True,
        showInputMessage=True,
        errorTitle=title[:32],
        error=message,
        promptTitle=title[:32],
        prompt=message,
    )


def _prefill(entry: Worksheet, offer: Offer, headers: list[str], zone: str, year: int | None) -> None:
    if not zone:
        return
    at = {key: headers.index(names[-1]) + 1 for key, names in offer.columns.items()}
    for row_no, label in enumerate(offer.labels, start=2):
        workbook.put(entry.cell(row_no, at["area_code_text"]), zone)
        workbook.put(entry.cell(row_no, at["indicator_text"]), label.printed_text)
        workbook.put(entry.cell(row_no, at["period_text"]), offer.periods[0])
        workbook.put(entry.cell(row_no, at["unit_text"]), label.units[0])
        workbook.put(entry.cell(row_no, at["status_text"]), offer.statuses[0])
        if year is not None:
            workbook.put(entry.cell(row_no, headers.index(offer.columns["period_text"][0]) + 1), year)


def _style(entry: Worksheet, offer: Offer, headers: list[str]) -> None:
    """Set number format and width of every column, so that empty cells have a type too."""
    formats = {name: FORMATS.get(key, "@") for key, names in offer.columns.items() for name in names}
    formats[offer.columns["period_text"][0]] = "0"
    widths = {name: WIDTHS.get(key, WIDE) for key, names in offer.columns.items() for name in names}
    for column, name in enumerate(headers, start=1):
        dimension = entry.column_dimensions[get_column_letter(column)]
        dimension.width = widths[name]
        dimension.number_format = formats[name]
        for row in range(2, entry.max_row + 1):
            entry.cell(row, column).number_format = formats[name]
    entry.page_setup.orientation = "landscape"
    entry.page_setup.fitToHeight = 0
    entry.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    entry.print_title_rows = "1:1"


def annotated(content: bytes, findings: list[Finding]) -> bytes:
    """Copy a workbook and mark each finding: its cell gets a colour and a note, and one sheet lists all findings.

    Marks of an earlier check are removed first. The rest of the copy is as the user made it, without charts and shapes,
    because openpyxl does not read them. The user's own file never changes.
    """
    book = load_workbook(io.BytesIO(content), rich_text=True)
    if ERRORS_SHEET in book.sheetnames:
        del book[ERRORS_SHEET]
    for sheet in book.worksheets:
        _unmark(sheet)
    # warnings first: if a cell has both, the colour of the error stays
    for finding in sorted(findings, key=lambda f: f.severity != "warning"):
        if finding.sheet in book.sheetnames and finding.row_no:
            _mark(book[finding.sheet], finding)
    _errors_sheet(book, findings)
    return workbook.content(book)


def errors_only(findings: list[Finding]) -> bytes:
    """A workbook with the sheet of findings only, for a return that is not .xlsx."""
    book = workbook.empty()
    _errors_sheet(book, findings)
    return workbook.content(book)


def _mark(sheet: Worksheet, finding: Finding) -> None:
    cell = _writable(sheet, finding.row_no or 1, finding.column_no or 1)
    cell.fill = FAULT_FILL if finding.severity == "error" else DOUBT_FILL
    before = f"{cell.comment.text}\n" if cell.comment else ""
    message = workbook.UNPRINTABLE.sub(" ", f"{before}{MARK} {finding.reason}\n{finding.how_to_mend}")
    cell.comment = Comment(message, cell.comment.author if cell.comment else MARK, NOTE_HEIGHT, NOTE_WIDTH)


def _writable(sheet: Worksheet, row: int, column: int) -> Any:
    """The cell, or the first cell of its merged range."""
    cell = sheet.cell(row, column)
    if not isinstance(cell, MergedCell):
        return cell
    merged = next(r for r in sheet.merged_cells.ranges if cell.coordinate in r)
    return sheet.cell(merged.min_row, merged.min_col)


def _unmark(sheet: Worksheet) -> None:
    for row in sheet.iter_rows():
        for cell in row:
            if cell.comment and MARK in cell.comment.text:
                own = re.split(r"\n?" + re.escape(MARK), cell.comment.text)[0]
                cell.comment = Comment(own, cell.comment.author) if own else None
                cell.fill = PatternFill()


def _errors_sheet(book: Workbook, findings: list[Finding]) -> None:
    header = [
        "工作表 sheet",
        "行 row",
        "列 column",
        "级别 severity",
        "内容 found",
        "代码 code",
        "原因 reason",
        "如何更正 how to mend",
    ]
    rows = (
        [f.sheet, f.row_no, get_column_letter(f.column_no) if f.column_no else None, f.severity, f.found]
        + [f.reason_code, f.reason, f.how_to_mend]
        for f in findings
    )
    workbook.list_sheet(book, ERRORS_SHEET, header, rows, [16, 8, 10, 10, 24, 22, 80, 60])
