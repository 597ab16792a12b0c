"""Layout customs_query: exports of the customs query site. Each line has a month and the dimensions of the query.

All fields stand in quotes, and each line ends in a comma; a program may have padded them with blanks or tabs. Only the value has thousands separators. "?" is a missing unit.
Only the name of the file or its sidecar states the flow. The name of the value column is the currency. Options: `fields`
(text of the trade table -> column, or columns that are joined by a blank: the month must be there, all others may), `ignored`, `value` (names that the
value column may have), `flows` (word in the name -> import, export or both), `trailing_comma`.

Belongs here: the rules of the layout. Does not belong here: the fast way through millions of lines (customs_large.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pipelines import file_names
from pipelines.readers import grid, text
from pipelines.readers.grid import Body, Grid, Part, Record
from pipelines.readers.source import Source
from pipelines.readers.text import ReadError, Reading

MONTH = "[0-9]{6}"


@dataclass(frozen=True)
class Columns:
    """The columns of a file, the name of its value column, its undeclared columns, and the index of the period."""

    names: list[str]
    value: str
    unknown: list[int]
    period_at: int


def read(content: bytes, source: Source, file_name: str) -> Reading:
    """Read the rows of trade as printed."""
    return grid.read(content, source, file_name, _table, many=False)  # core.trade knows rows, not sheets


def _table(sheet: Grid, source: Source, file_name: str) -> Part:
    flow = flow_of(source, file_name)
    columns, body = table(sheet, source)
    records = with_month(body, columns.period_at, file_name)
    at = places(columns, source.options["fields"]).values()
    rows = [_trade(record, at) for record in records]
    rejects = body.rejects + text.unknown_cells(records, columns.names, columns.unknown, source.source_id)
    return Part(
        rows,
        text.TRADE_COLUMNS,
        rejects,
        body.counts,
        facts(sheet.sheet, flow, columns, source.options["fields"], sheet.ended),
    )


def facts(sheet: str, flow: str, columns: Columns, fields: dict, is_ended: bool) -> dict[str, str]:
    """The facts that a file states once for all its records.

    `given_texts` lists the texts that the file has, so that an absent dimension differs from an empty cell. `last_line` is
    open if the last line has no line end: a file that was copied in part ends so.
    """
    given = " ".join(name for name, at in places(columns, fields).items() if at)
    last_line = "ended" if is_ended else "open"
    return {
        "sheet": sheet,
        "flow_text": flow,
        "currency_text": columns.value,
        "given_texts": given,
        "last_line": last_line,
    }


def places(columns: Columns, fields: Mapping[str, str | list[str]]) -> dict[str, list[int]]:
    """The texts of the trade table in its order, each with the indices of the columns that print it."""
    at = {name: index for index, name in enumerate(columns.names)}
    printed = {"value_text": columns.value, **fields}
    return {
        text_name: [at[name] for name in _names(printed.get(text_name, [])) if name in at]
        for text_name in text.TRADE_COLUMNS[1:]
    }


def _names(printed: str | list[str]) -> list[str]:
    return [printed] if isinstance(printed, str) else printed


def flow_of(source: Source, file_name: str) -> str:
    """The direction of trade, from the file's sidecar or from whole words of its name.

    Raises:
        ReadError: neither states one direction, or the two differ.
    """
    flows: dict[str, str] = source.options["flows"]
    stated = source.facts.get("flow", "")
    terms = file_names.terms_in(file_name, flows)
    named = {flows[word] for word in terms}
    in_name = named.pop() if len(named) == 1 and "both" not in named else ""
    if stated and in_name not in ("", stated):
        raise ReadError(
            "sidecar_contradicts",
            f"{file_name}: found flow {in_name!r} ({', '.join(terms)}) in its name and {stated!r} in {file_name}.yml, "
            "expected both the same; correct the sidecar or the name",
        )
    if not stated and not in_name:
        raise ReadError("flow_unknown", _flow_unknown(file_name, terms))
    return stated or in_name


def _flow_unknown(file_name: str, terms: list[str]) -> str:
    found = (
        f"both imports and exports in its name ({', '.join(terms)})"
        if terms
        else "no word for either in its name"
    )
    return (
        f"{file_name}: this is an export of the customs query site; found {found}, expected imports or exports, because "
        f"the file itself does not state which. Write the line `flow: import` or `flow: export` into {file_name}.yml "
        "beside it"
    )


def table(sheet: Grid, source: Source) -> tuple[Columns, Body]:
    """Read the header, and the body below it."""
    options = source.options
    printed, top = grid.header(sheet)
    names = [name.strip(text.BLANKS) for name in printed]
    periods = _names(options["fields"]["period_text"])
    period = next((name for name in periods if name in names), periods[0])
    known = [name for names in options["fields"].values() for name in _names(names) if name != period]
    values = [name for name in options["value"] if name in names]
    header, unknown, body = grid.table(
        sheet,
        [period],
        [*known, *options.get("ignored", []), *values],
        trailing_comma=options["trailing_comma"],
    )
    value = _value(values, options["value"], f"{sheet.place}, line {top + 1}")
    return Columns(header, value, unknown, header.index(period)), without_padding(body)


def without_padding(body: Body) -> Body:
    """The body with the cells of its records stripped of blanks and tabs."""
    body.records = [
        replace(record, fields=[field.strip(text.BLANKS) for field in record.fields])
        for record in body.records
    ]
    return body


def _value(found: list[str], declared: list[str], place: str) -> str:
    """The name of the value column. It states the currency."""
    if len(found) != 1:
        raise ReadError(
            "column_missing",
            f"{place}: found {len(found)} value columns, expected exactly one of: {', '.join(declared)}",
        )
    return found[0]


def with_month(body: Body, at: int, file_name: str, elsewhere: int = 0) -> list[Record]:
    """Keep the records that state a month, and reject the others.

    Args:
        body: the records.
        at: index of the period.
        file_name: name of the file for messages.
        elsewhere: number of records with a month that are not in `body`.

    Raises:
        ReadError: no record states a month, or no line has the fields of the header (the site has given out files whose
            lines lack the month).
    """
    if not body.records and not elsewhere and {reject[4] for reject in body.rejects} == {"wrong_field_count"}:
        raise ReadError(
            "wrong_field_count",
            f"{file_name}: found no line that has the fields of the header; {body.rejects[0][5]}. If the lines lack the "
            "month, ask the query site for monthly figures",
        )
    good: list[Record] = []
    bad: list[Record] = []
    for record in body.records:
        (good if re.fullmatch(MONTH, record.fields[at]) else bad).append(record)
    if bad and not good and not elsewhere:
        raise ReadError(
            "month_missing",
            f"{file_name}, line {bad[0].row_no}: found period {bad[0].fields[at]!r}, "
            "expected a month such as 202401: ask the query site for monthly figures",
        )
    for record in bad:
        reason = f"line {record.row_no}: found period {record.fields[at]!r}, expected a month such as 202401"
        line = ",".join(f'"{field}"' for field in record.fields)
        body.rejects.append(text.reject(record.row_no, at + 1, line, "month_missing", reason))
    body.counts["record_rows"] -= len(bad)
    body.counts["rejected_rows"] += len(bad)
    return good


def _trade(record: Record, at: Iterable[list[int]]) -> tuple:
    return (record.row_no, *(" ".join(filter(None, (record.fields[i] for i in indices))) for indices in at))
