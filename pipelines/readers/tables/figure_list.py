"""Layout figure_list: each line is one figure, with its area, period, indicator, unit, status, source and sentence.

Options: `fields` names the column of each text of a cell (several columns are joined by a blank). `optional` columns may
be absent. `ignored` columns are known and not read.
"""

from __future__ import annotations

from pipelines.readers import grid, text
from pipelines.readers.grid import Grid, Part, Record
from pipelines.readers.source import Source
from pipelines.readers.text import Reading


def read(content: bytes, source: Source, file_name: str) -> Reading:
    """Read a list. Every line gives one row, even if its value is blank."""
    return grid.read(content, source, file_name, table)


def table(sheet: Grid, source: Source, _: str) -> Part:
    """Read one grid."""
    options = source.options
    fields = {key: [names] if isinstance(names, str) else names for key, names in options["fields"].items()}
    optional = options.get("optional", [])
    required = [name for names in fields.values() for name in names if name not in optional]
    known = [*optional, *options.get("ignored", [])]
    header, unknown, body = grid.table(sheet, required, known)
    at = {name: index for index, name in enumerate(header)}
    rows = [_cell(record, fields, at) for record in body.records]
    rejects = body.rejects + text.unknown_cells(body.records, header, unknown, source.source_id)
    return Part(rows, text.CELL_COLUMNS, rejects, body.counts)


def _cell(record: Record, fields: dict[str, list[str]], at: dict[str, int]) -> tuple:
    def printed(key: str) -> str:
        parts = [record.fields[at[name]] for name in fields.get(key, []) if name in at]
        return " ".join(part for part in parts if part)

    value_column = at[fields["value_text"][0]] + 1
    return ("", record.row_no, value_column, *(printed(key) for key in text.CELL_COLUMNS[3:]))
