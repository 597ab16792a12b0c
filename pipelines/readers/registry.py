"""Layout registry: a code list with its own columns, one line an entry (zones, partners, trade modes, tiers).

Option `columns` lists the columns that the file must have; they become the columns of the raw table.
"""

from __future__ import annotations

from typing import Any

from pipelines.readers import grid, text
from pipelines.readers.grid import Grid, Part
from pipelines.readers.text import Reading


def read(content: bytes, source: Any, file_name: str) -> Reading:
    """Entries as printed, in the declared order of columns."""
    return grid.read(content, source, file_name, _table, many=False)


def _table(sheet: Grid, source: Any, _: str) -> Part:
    columns = source.options["columns"]
    header, unknown, body = grid.table(sheet, columns, [])
    at = [header.index(name) for name in columns]
    rows = [(record.row_no, *(record.fields[index] for index in at)) for record in body.records]
    rejects = body.rejects + text.unknown_cells(body.records, header, unknown, source.source_id)
    return Part(rows, ("row_no", *columns), rejects, body.counts)
