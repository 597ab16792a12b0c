"""Layout zone_return: the template of this project, filled in; one row a figure, on one sheet or several.

Options: those of figure_list, and `area_code`, a pattern whose groups `code` and `name` part the cell of the zone
(a cell that it does not fit is a name), and `note_sheets`, the sheets that hold no figures.
"""

from __future__ import annotations

import re
from typing import Any

from pipelines.readers import grid, text
from pipelines.readers.grid import Grid, Part
from pipelines.readers.tables import figure_list
from pipelines.readers.text import ReadError, Reading

CODE, NAME = text.CELL_COLUMNS.index("area_code_text"), text.CELL_COLUMNS.index("area_name_text")


def read(content: bytes, source: Any, file_name: str) -> Reading:
    """Cells of a return; a workbook of which no sheet is one is refused with the reason of its first sheet."""
    found = grid.read(content, source, file_name, _table)
    if not found.accounting["header_rows"]:
        message = found.rejects["reason"][0] if found.rejects.height else f"{file_name}: found notes only"
        raise ReadError("column_missing", message)
    return found


def _table(sheet: Grid, source: Any, file_name: str) -> Part:
    if sheet.sheet in source.options["note_sheets"]:
        blank = sum(sheet.is_blank(index) for index in range(len(sheet)))
        return Part([], text.CELL_COLUMNS, [], {"note_rows": len(sheet) - blank, "blank_rows": blank})
    part = figure_list.table(sheet, source, file_name)
    rows = [_with_area(row, source.options["area_code"]) for row in part.rows]
    return Part(rows, part.columns, part.rejects, part.counts)


def _with_area(row: tuple, pattern: str) -> tuple:
    """The row with the cell of its zone parted into code and name."""
    match = re.fullmatch(pattern, row[CODE].strip())
    code, name = (match["code"], match["name"] or "") if match else ("", row[CODE])
    return (*row[:CODE], code, name, *row[NAME + 1 :])
