"""Layout record_list: one record a row, its columns named by the source's declaration; CSV, Excel or JSON.

Belongs here: lists whose every column is one text of one raw table: code lists, international trade. Does not
belong here: tables whose header holds places or indicators (wide_panel.py, nbs_export.py).

Options:
  fields      text of the raw table -> printed column, or a list of columns that are joined by a blank
  value       names that the value column may have; the one found becomes value_name_text
  periods     pattern of columns that are periods: each gives a record of its own (a wide table)
  fixed       text of the raw table -> words that hold for the whole source
  from_name   text of the raw table -> named part of the file's name
  optional    printed columns that may be absent
  ignored     printed columns that are known and not carried
  refuse_unknown  a column that nothing declares may be a dimension: the file is refused, not the cells held
  totals      words that make a row a total of those above: a note, no record
  note_sheets sheets that describe the query: notes
  trailing_comma  rows may end in a comma, whether the header does or not
  records, count, error: see json_list.py
Lines above the header are its preamble. The columns of the raw table are those of its contract.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from pipelines.readers import grid, text
from pipelines.readers.grid import Body, Grid, Part, Record
from pipelines.readers.tables import json_list
from pipelines.readers.text import ReadError, Reading

MAX_PREAMBLE_ROWS = 50
POSITIONS = ("sheet", "row_no", "column_no")
FROM_HEADER = ("value_text", "value_name_text", "period_text")  # by the columns of values and their headings


@dataclass(frozen=True)
class Layout:
    """Columns of a header: places of each text, of values with what their names tell, and of what nothing declares."""

    header: list[str]
    at: dict[str, list[int]]
    values: list[tuple[int, dict[str, str]]]
    unknown: list[int]


def read(content: bytes, source: Any, file_name: str) -> Reading:
    """Records as printed, under the columns of the raw table."""
    if json_list.is_json(content):
        reading = _read_json(content, source, file_name)
    else:
        reading = grid.read(content, source, file_name, _table)
    absent = constants(source, file_name)
    rows = reading.rows.with_columns(pl.lit(value).alias(name) for name, value in absent.items())
    return replace(reading, rows=rows.select(source.raw_columns))


def constants(source: Any, file_name: str) -> dict[str, str]:
    """Columns of the raw table that no record prints, with what holds for the whole file."""
    groups = text.name_groups(source, file_name)
    named = {key: groups.get(name, "") for key, name in source.options.get("from_name", {}).items()}
    whole = {**source.options.get("fixed", {}), **named}
    return {name: whole.get(name, "") for name in source.raw_columns if name not in carried(source)}


def _read_json(content: bytes, source: Any, file_name: str) -> Reading:
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


def _table(sheet: Grid, source: Any, _: str) -> Part:
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


def header_of(sheet: Grid, source: Any) -> tuple[int, Layout, bool]:
    """Index of the header, where it has the declared columns, and whether rows end in a comma behind the last one."""
    top = _top(sheet, _required(source))
    header = [name.strip() for name in grid.checked_width(sheet, top)]
    trailing = source.options.get("trailing_comma", False) and _ends_in_comma(sheet, top, header)
    if header[-1] == "" and trailing:
        header = header[:-1]
    return top, layout_of(header, source, f"{sheet.place}, line {top + 1}"), trailing


def _top(sheet: Grid, required: list[str]) -> int:
    """Index of the header: the first row that has all required columns, else the first that is not blank."""
    for index in range(min(len(sheet), MAX_PREAMBLE_ROWS)):
        if {name.strip() for name in sheet.fields(index)} >= set(required):
            return index
    return grid.header(sheet)[1]


def _ends_in_comma(sheet: Grid, top: int, header: list[str]) -> bool:
    """Whether rows have an empty field behind the last one: as the header has, or, if it has none, the first row."""
    if header[-1] == "":
        return True
    first = next((i for i in range(top + 1, len(sheet)) if not sheet.is_blank(i)), None)
    fields = [] if first is None else sheet.record(first)[0] or []
    return len(fields) == len(header) + 1 and fields[-1] == ""


def layout_of(header: list[str], source: Any, place: str) -> Layout:
    """Where a header has the declared columns; refused where it lacks one, before any record is made."""
    options = source.options
    values = _value_columns(header, options, place)
    known = [*options.get("optional", []), *options.get("ignored", []), *(header[i] for i, _ in values)]
    unknown = text.check_header(header, _required(source), known, place)
    if unknown and options.get("refuse_unknown"):
        found = [header[index] for index in unknown]
        raise ReadError(
            "header_changed",
            f"{place}: found the columns {found}, which sources/{source.source_id} does not declare; a further "
            "dimension would make every record another",
        )
    at = {key: [header.index(n) for n in names if n in header] for key, names in _fields(source).items()}
    return Layout(header, at, values, unknown)


def part_of(layout: Layout, body: Body, source: Any) -> Part:
    """What the records under a header print; what is the same for the whole file is added by `read`."""
    names = carried(source)
    records = _without_totals(body, {index for index, _ in layout.values}, source.options.get("totals", []))
    rows = [row for record in records for row in _rows(record, layout, names)]
    rejects = body.rejects + text.unknown_cells(records, layout.header, layout.unknown, source.source_id)
    return Part(rows, names, rejects, body.counts)


def carried(source: Any) -> tuple[str, ...]:
    """Columns of the raw table that a record of the source can fill, in the order of the table."""
    can = {*POSITIONS, *FROM_HEADER, *source.options["fields"]}
    return tuple(name for name in source.raw_columns if name in can)


def _fields(source: Any) -> dict[str, list[str]]:
    """Text of the raw table -> printed columns."""
    return {
        key: [names] if isinstance(names, str) else names for key, names in source.options["fields"].items()
    }


def _required(source: Any) -> list[str]:
    optional = source.options.get("optional", [])
    return [name for names in _fields(source).values() for name in names if name not in optional]


def _value_columns(header: list[str], options: dict, place: str) -> list[tuple[int, dict[str, str]]]:
    """Places of the columns that hold values, with what their names tell; none for a list without values."""
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
            f"{place}: found {header[: text.MAX_NAMES_SHOWN]}, expected a value column, one of {options.get('value')}",
        )
    if len(found) > 1 and "period_text" not in found[0][1]:
        names = [header[index] for index, _ in found]
        raise ReadError("ambiguous_file", f"{place}: found the value columns {names}, expected one")
    return found


def _without_totals(body: Body, values: set[int], totals: list[str]) -> list[Record]:
    """The records but for rows of totals, which become notes."""
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
    """One row of the raw table for each value of a record."""
    fields = record.fields
    for index, stated in layout.values or [(None, {})]:
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
