"""Layout wide_panel: one header line, a row for each area and period, a column for each indicator (city yearbooks).

Options: `area_code`, `area_name` and `period` name the key columns. `ignored` columns are known and have no figures.
`optional` lists declared indicators that an edition may lack. `notes` lists beginnings of sentences above or below the
figures. `note_sheets` is a pattern for the names of sheets with sentences only. `default_area` is the area of a table
without a column of areas. columns.csv declares the indicators.

If an area and period stands twice, rows are rejected: the second of two equal rows, both of two different rows. Rows
without area or period (sums, remarks, adverts) are rejected too.
"""

from __future__ import annotations

import re

from pipelines.readers import grid, text
from pipelines.readers.grid import Body, Grid, Part
from pipelines.readers.source import Source
from pipelines.readers.text import Reading

KEYS = ("area_code", "area_name", "period")


def read(content: bytes, source: Source, file_name: str) -> Reading:
    """Read a panel. Every cell of a declared column gives one row, even a blank cell."""
    return grid.read(content, source, file_name, _table)


def _table(sheet: Grid, source: Source, file_name: str) -> Part:
    options = source.options
    if sheet.sheet and re.fullmatch(options.get("note_sheets", ""), sheet.sheet):
        blank = sum(sheet.is_blank(index) for index in range(len(sheet)))
        return Part([], text.CELL_COLUMNS, [], {"blank_rows": blank, "note_rows": len(sheet) - blank})
    labels = text.declared_labels(source)
    optional = options.get("optional", [])
    keys = [options[key] for key in KEYS if key in options]
    header, unknown, body = grid.table(
        sheet,
        [*keys, *(name for name in labels if name not in optional)],
        [*options.get("ignored", []), *optional],
        notes=tuple(options.get("notes", [])),
    )
    needed = [[header.index(name) for name in names] for names in _key_names(options)]
    _reject_without_key(body, sheet, needed)
    grid.reject_repeated(
        body,
        sheet,
        lambda record: " ".join(record.fields[i].strip() for names in needed for i in names).strip(),
    )
    rows = _cells(body.records, header, [name for name in labels if name in header], source, file_name)
    rejects = body.rejects + text.unknown_cells(body.records, header, unknown, source.source_id)
    return Part(rows, text.CELL_COLUMNS, rejects, body.counts)


def _key_names(options: dict) -> list[list[str]]:
    """Groups of columns. In each group one column must have a text: the area (by code or name), if any, and the period."""
    area = [options[key] for key in ("area_code", "area_name") if key in options]
    return [names for names in (area, [options["period"]]) if names]


def _reject_without_key(body: Body, sheet: Grid, needed: list[list[int]]) -> None:
    """Reject rows without an area or a period (sums, remarks, adverts)."""
    faults = {
        record.row_no: ("key_missing", "found a row without area or period, expected both")
        for record in body.records
        if not all(any(record.fields[index].strip() for index in any_of) for any_of in needed)
    }
    grid.reject_rows(body, sheet, faults)


def _cells(
    records: list, header: list[str], labels: list[str], source: Source, file_name: str
) -> list[tuple]:
    at = {name: index for index, name in enumerate(header)}
    edition = text.name_groups(source, file_name).get("edition", "")
    reference = f"{source.title}, edition {edition}" if edition else source.title
    columns = [(at[label], label, text.unit_in_label(label)) for label in labels]
    keys_at = [at.get(source.options.get(key, "")) for key in KEYS]
    default_area = source.options.get("default_area", "")
    rows = []
    for record in records:
        code, name, period = ("" if index is None else record.fields[index] for index in keys_at)
        name = name or default_area
        rows += [
            ("", record.row_no, index + 1, code, name, label, period, unit, "", "", reference, "", "", value)
            for index, label, unit in columns
            for value in [record.fields[index]]
        ]
    return rows
