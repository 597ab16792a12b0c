"""Layout wide_panel: one header line, one row an area and period, one column an indicator (city yearbooks).

Options: `area_code`, `area_name`, `period` name the key columns; `ignored` columns are known and carry no
figure; `optional` lists declared indicators that an edition may lack. The indicators are those of
columns.csv.
"""

from __future__ import annotations

from typing import Any

from pipelines.readers import grid, text
from pipelines.readers.grid import Grid, Part
from pipelines.readers.text import Reading

KEYS = ("area_code", "area_name", "period")


def read(content: bytes, source: Any, file_name: str) -> Reading:
    """Cells of a panel: one row for every cell of a declared column, blank ones too."""
    return grid.read(content, source, file_name, _table)


def _table(sheet: Grid, source: Any, file_name: str) -> Part:
    options = source.options
    labels = text.declared_labels(source)
    optional = options.get("optional", [])
    keys = [options[key] for key in KEYS if key in options]
    header, unknown, body = grid.table(
        sheet,
        [*keys, *(name for name in labels if name not in optional)],
        [*options.get("ignored", []), *optional],
    )
    rows = _cells(body.records, header, [name for name in labels if name in header], source, file_name)
    rejects = body.rejects + text.unknown_cells(body.records, header, unknown, source.source_id)
    return Part(rows, text.CELL_COLUMNS, rejects, body.counts)


def _cells(records: list, header: list[str], labels: list[str], source: Any, file_name: str) -> list[tuple]:
    at = {name: index for index, name in enumerate(header)}
    edition = text.name_groups(source, file_name).get("edition", "")
    reference = f"{source.title}, edition {edition}" if edition else source.title
    columns = [(at[label], label, text.unit_in_label(label)) for label in labels]
    keys_at = [at.get(source.options.get(key, "")) for key in KEYS]
    rows = []
    for record in records:
        code, name, period = ("" if index is None else record.fields[index] for index in keys_at)
        rows += [
            ("", record.row_no, index + 1, code, name, label, period, unit, "", "", reference, "", "", value)
            for index, label, unit in columns
            for value in [record.fields[index]]
        ]
    return rows
