"""Layout zone_return: the filled template of this project. Each row is a figure, on one sheet or several.

Options: those of figure_list. `area_code` is a pattern whose groups `code` and `name` divide the cell of the zone; a cell
that does not fit it is a name. `note_sheets` lists the sheets without figures.
"""

from __future__ import annotations

import re

from pipelines.readers import grid, text
from pipelines.readers.grid import Grid, Part
from pipelines.readers.source import Source
from pipelines.readers.tables import figure_list
from pipelines.readers.text import ReadError, Reading

CODE, NAME = text.CELL_COLUMNS.index("area_code_text"), text.CELL_COLUMNS.index("area_name_text")


def read(content: bytes, source: Source, file_name: str) -> Reading:
    """Read a return.

    Raises:
        ReadError: no sheet is a filled template; the message gives the reason of the first sheet.
    """
    found = grid.read(content, source, file_name, _table)
    if not found.accounting["header_rows"]:
        message = (
            found.rejects["reason"][0]
            if found.rejects.height
            else f"{file_name}: found notes only, expected a sheet with figures"
        )
        raise ReadError("column_missing", message)
    return found


def _table(sheet: Grid, source: Source, file_name: str) -> Part:
    if sheet.sheet in source.options["note_sheets"]:
        blank = sum(sheet.is_blank(index) for index in range(len(sheet)))
        return Part([], text.CELL_COLUMNS, [], {"note_rows": len(sheet) - blank, "blank_rows": blank})
    part = figure_list.table(sheet, source, file_name)
    rows = [_with_area(row, source.options["area_code"]) for row in part.rows]
    return Part(rows, part.columns, part.rejects, part.counts)


def _with_area(row: tuple, pattern: str) -> tuple:
    """Divide the cell of the zone into code and name."""
    match = re.fullmatch(pattern, row[CODE].strip())
    code, name = (match["code"], match["name"] or "") if match else ("", row[CODE])
    return (*row[:CODE], code, name, *row[NAME + 1 :])
