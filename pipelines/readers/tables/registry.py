"""Layout registry: a code list with its own columns. Each line is an entry (zones, partners, trade modes, tiers, divisions).

Option `columns` lists the columns that the file must have. They become the columns of the raw table. If the file uses
other names, the option is a table: column of the raw table -> column of the file. `optional` columns may be absent and are
then empty. `ignored` columns are known and not read. `separator` stands between fields, a comma by default.
"""

from __future__ import annotations

from pipelines.readers import grid, text
from pipelines.readers.grid import Grid, Part
from pipelines.readers.source import Source
from pipelines.readers.text import Reading


def read(content: bytes, source: Source, file_name: str) -> Reading:
    """Read the entries as printed, with the columns in the declared order."""
    return grid.read(content, source, file_name, _table, many=False)


def _table(sheet: Grid, source: Source, _: str) -> Part:
    options = source.options
    columns = options["columns"]
    printed = columns if isinstance(columns, dict) else {name: name for name in columns}
    optional = options.get("optional", [])
    required = [name for name in printed.values() if name not in optional]
    header, unknown, body = grid.table(sheet, required, [*optional, *options.get("ignored", [])])
    at = [header.index(name) if name in header else None for name in printed.values()]
    rows = [
        (record.row_no, *("" if index is None else record.fields[index] for index in at))
        for record in body.records
    ]
    rejects = body.rejects + text.unknown_cells(body.records, header, unknown, source.source_id)
    return Part(rows, ("row_no", *printed), rejects, body.counts)
