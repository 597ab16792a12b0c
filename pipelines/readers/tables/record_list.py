"""Layout record_list: each row is one record, and the source declares its columns. CSV, Excel or JSON.

Belongs here: lists in which each column is one text of one raw table: code lists, international trade. Does not belong
here: tables with areas or indicators in the header (wide_panel.py, nbs_export.py).

Options:
  fields      text of the raw table -> printed column, or a list of columns that are joined by a blank
  value       names that the value column may have; the name found becomes value_name_text
  periods     pattern of columns that are periods: each period gives a record of its own (a wide table)
  fixed       text of the raw table -> text that is the same for the whole source
  from_name   text of the raw table -> named part of the file's name
  optional    printed columns that may be absent
  ignored     printed columns that are known and not carried
  refuse_unknown  an undeclared column refuses the file, because it may be a dimension (else its cells are rejected)
  totals      texts that mark a row as the total of rows above: the row is a note, not a record
  note_sheets sheets that describe the query: all their rows are notes
  trailing_comma  rows may end in a comma, with or without one in the header
  records, count, error: see json_list.py
Lines above the header are its preamble. The columns of the raw table are those of its contract.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from pipelines.readers import grid, text
from pipelines.readers.grid import Body, Grid, Part, Record
from pipelines.readers.source import Source
from pipelines.readers.tables import json_list
from pipelines.readers.text import ReadError, Reading

MAX_PREAMBLE_ROWS = 50
POSITIONS = ("sheet", "row_no", "column_no")
FROM_HEADER = (
    "value_text",
    "value_name_text",
    "period_text",
)  # these texts come from a value column and its name


@dataclass(frozen=True)
class Layout:
    """The columns of a header: where each text stands, where values stand (with facts from their names), and which are unknown."""

    header: list[str]
    at: dict[str, list[int]]
    values: list[tuple[int, dict[str, str]]]
    unknown: list[int]


def read(content: bytes, source: Source, file_name: str) -> Reading:
    """Read the records as printed, with the columns of the raw table."""
    if json_list.is_json(content):
        reading = _read_json(content, source, file_name)
    else:
        reading = grid.read(content, source, file_name, _table)
    absent = constants(source, file_name)
    rows = reading.frame.with_columns(pl.lit(value).alias(name) for name, value in absent.items())
    return replace(reading, rows=rows.select(source.raw_columns))


def constants(source: Source, file_name: str) -> dict[str, str]:
    """Columns of the raw table that no record prints, each with its text for the whole file."""
    groups = text.name_groups(source, file_name)
    named = {key: groups.get(name, "") for key, name in source.options.get("from_name", {}).items()}
    whole = {**source.options.get("fixed", {}), **named}
    return {name: whole.get(name, "") for name in source.raw_columns if name not in carried(source)}


def _read_json(content: bytes, source: Source, file_name: str) -> Reading:
    decoded, encoding = text.decode(content, source.encoding, file_name)
    header, body, entries = json_list.table(decoded, source.options, _required(source), file_name)
    part = part_of(layout_of(header, source, file_name), body, source)
    return text.reading(
        part.rows,
        part.columns,
        part.rejects,
        part.counts,
        encoding=encoding,
        physical_rows=entries,
        file_name=file_name,
    )


def _table(sheet: Grid, source: Source, _: str) -> Part:
    if sheet.sheet in source.options.get("note_sheets", []):
        blank = sum(sheet.is_blank(index) for index in range(len(sheet)))
        counts = {"blank_rows": blank, "note_rows": len(sheet) - blank}
        return Part([], carried(source), [], counts)
    top, layout, trailing = header_of(sheet, source)
    body = grid.body(sheet, top + 1, len(sheet), len(layout.header), trailing_comma=trailing)
    preamble = sum(not sheet.is_blank(index) for index in range(top))
    body.counts["header_rows"] = 1 + preamble
    body.counts["blank_rows"] += top - preamble
    return part_of(layout, body, source)


def header_of(sheet: Grid, source: Source) -> tuple[int, Layout, bool]:
    """Find the header.

    Returns:
        Its index, its columns, and whether rows end in a comma.
    """
    top = _top(sheet, _required(source))
    header = [name.strip() for name in grid.checked_width(sheet, top)]
    trailing = source.options.get("trailing_comma", False) and _ends_in_comma(sheet, top, header)
    if header[-1] == "" and trailing:
        header = header[:-1]
    return top, layout_of(header, source, f"{sheet.place}, line {top + 1}"), trailing


def _top(sheet: Grid, required: list[str]) -> int:
    """Index of the header: the first row with all required columns, or else the first row that is not blank."""
    for index in range(min(len(sheet), MAX_PREAMBLE_ROWS)):
        if {name.strip() for name in sheet.fields(index)} >= set(required):
            return index
    return grid.header(sheet)[1]


def _ends_in_comma(sheet: Grid, top: int, header: list[str]) -> bool:
    """Whether rows have an empty field at the end. The header shows it, or else the first row."""
    if header[-1] == "":
        return True
    first = next((i for i in range(top + 1, len(sheet)) if not sheet.is_blank(i)), None)
    fields = [] if first is None else sheet.record(first)[0] or []
    return len(fields) == len(header) + 1 and fields[-1] == ""


def layout_of(header: list[str], source: Source, place: str) -> Layout:
    """Find the declared columns in a header.

    Raises:
        ReadError: a required column is missing, or an undeclared one refuses the file.
    """
    options = source.options
    values = _value_columns(header, options, place)
    known = [*options.get("optional", []), *options.get("ignored", []), *(header[i] for i, _ in values)]
    unknown = text.check_header(header, _required(source), known, place)
    if unknown and options.get("refuse_unknown"):
        found = [header[index] for index in unknown]
        raise ReadError(
            "header_changed",
            f"{place}: found the columns {', '.join(found)}, expected only columns that sources/{source.source_id} declares; "
            "a column may be a further dimension, so declare each as a field or as ignored",
        )
    at = {key: [header.index(n) for n in names if n in header] for key, names in _fields(source).items()}
    return Layout(header, at, values, unknown)


def part_of(layout: Layout, body: Body, source: Source) -> Part:
    """The rows that the records under a header give. `read` adds the texts that are the same for the whole file."""
    names = carried(source)
    records = _without_totals(body, {index for index, _ in layout.values}, source.options.get("totals", []))
    rows = [row for record in records for row in _rows(record, layout, names)]
    rejects = body.rejects + text.unknown_cells(records, layout.header, layout.unknown, source.source_id)
    return Part(rows, names, rejects, body.counts)


def carried(source: Source) -> tuple[str, ...]:
    """The columns of the raw table that a record can fill, in the order of the table."""
    can = {*POSITIONS, *FROM_HEADER, *source.options["fields"]}
    return tuple(name for name in source.raw_columns if name in can)


def _fields(source: Source) -> dict[str, list[str]]:
    """Text of the raw table -> printed columns."""
    return {
        key: [names] if isinstance(names, str) else names for key, names in source.options["fields"].items()
    }


def _required(source: Source) -> list[str]:
    optional = source.options.get("optional", [])
    return [name for names in _fields(source).values() for name in names if name not in optional]


def _value_columns(header: list[str], options: dict, place: str) -> list[tuple[int, dict[str, str]]]:
    """The indices of the value columns, each with the facts in its name. A list without values has none."""
    if "value_text" in options["fields"]:
        name = options["fields"]["value_text"]
        return [(header.index(name), {"value_name_text": name})] if name in header else []
    periods = options.get("periods", "(?!)")
    found = [(i, {"period_text": n}) for i, n in enumerate(header) if re.fullmatch(periods, n)]
    found = found or [
        (i, {"value_name_text": n}) for i, n in enumerate(header) if n in options.get("value", [])
    ]
    if not found and ("value" in options or "periods" in options):
        raise ReadError(
            "column_missing",
            f"{place}: found {header[: text.MAX_NAMES_SHOWN]}, expected a value column: {', '.join(options.get('value', [])) or 'one for each period'}",
        )
    if len(found) > 1 and "period_text" not in found[0][1]:
        names = [header[index] for index, _ in found]
        raise ReadError(
            "ambiguous_file",
            f"{place}: found the value columns {', '.join(names)}, expected one; export one measure at a time",
        )
    return found


def _without_totals(body: Body, values: set[int], totals: list[str]) -> list[Record]:
    """The records without the rows of totals. Rows of totals count as notes."""
    if not totals:
        return body.records
    good = []
    for record in body.records:
        labels = {field.strip().rstrip(":") for i, field in enumerate(record.fields) if i not in values}
        if labels.isdisjoint(totals):
            good.append(record)
    body.counts["note_rows"] += len(body.records) - len(good)
    body.counts["record_rows"] -= len(body.records) - len(good)
    return good


def _rows(record: Record, layout: Layout, names: tuple[str, ...]) -> Iterator[tuple]:
    """Give one row of the raw table for each value of a record."""
    fields = record.fields
    places: Sequence[tuple[int | None, dict[str, str]]] = layout.values or [(None, {})]
    for index, stated in places:
        own = {"sheet": "", "row_no": record.row_no, "column_no": (index or 0) + 1}
        if index is not None:
            own["value_text"] = fields[index]
        yield tuple(
            own[name] if name in own else _joined(fields, layout.at.get(name, ())) or stated.get(name, "")
            for name in names
        )


def _joined(fields: list[str], places: Sequence[int]) -> str:
    if len(places) == 1:
        return fields[places[0]]
    return " ".join(fields[i] for i in places if fields[i])
