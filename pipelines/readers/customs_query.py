"""Layout customs_query: exports of the customs query site, one line a month, partner and commodity.

All fields quoted, a trailing comma, thousands separators in the value only, "?" for a missing unit. The
flow is in the file's name only; the name of the value column is the currency. Options: `fields` (text of
the trade table -> column), `optional`, `ignored`, `value` (names the value column may have), `flows` (word
in the name -> flow), `trailing_comma`.
"""

from __future__ import annotations

import re
from typing import Any

from pipelines.readers import grid, text
from pipelines.readers.grid import Body, Grid, Part, Record
from pipelines.readers.text import ReadError, Reading


def read(content: bytes, source: Any, file_name: str) -> Reading:
    """Rows of trade as printed."""
    return grid.read(content, source, file_name, _table, many=False)  # core.trade knows rows, not sheets


def _table(sheet: Grid, source: Any, file_name: str) -> Part:
    options = source.options
    flow = _flow(source, file_name)
    names, top = grid.header(sheet)
    optional = [*options.get("optional", []), *options.get("ignored", [])]
    required = [name for name in options["fields"].values() if name not in optional]
    values = [name for name in options["value"] if name in names]
    header, unknown, body = grid.table(
        sheet, required, [*optional, *values], trailing_comma=options["trailing_comma"]
    )
    value = _value(values, options["value"], f"{sheet.place}, line {top + 1}")
    records = _with_month(body, header.index(source.options["fields"]["period_text"]), file_name)
    rows = [_trade(record, header, source.options["fields"], flow, value) for record in records]
    rejects = body.rejects + text.unknown_cells(records, header, unknown, source.source_id)
    return Part(rows, text.TRADE_COLUMNS, rejects, body.counts)


def _flow(source: Any, file_name: str) -> str:
    flows = source.options["flows"]
    word = text.name_groups(source, file_name).get("flow", "")
    if word not in flows:
        raise ReadError(
            "flow_unknown",
            f"{file_name}: the file does not say whether it holds imports or exports; found {word!r} at the "
            f"end of its name, expected one of {sorted(flows)}: rename it, say to ..._{sorted(flows)[0]}.csv",
        )
    return flows[word]


def _value(found: list[str], declared: list[str], place: str) -> str:
    """Name of the value column, which is the currency."""
    if len(found) != 1:
        raise ReadError(
            "column_missing", f"{place}: found {len(found)} value columns {found}, expected one of {declared}"
        )
    return found[0]


def _with_month(body: Body, at: int, file_name: str) -> list[Record]:
    """Records that state a month; the others become rejects, and a file without any month is refused."""
    good, bad = [], []
    for record in body.records:
        (good if re.fullmatch(r"\d{6}", record.fields[at]) else bad).append(record)
    if body.records and not good:
        raise ReadError(
            "month_missing",
            f"{file_name}, line {body.records[0].row_no}: found period {body.records[0].fields[at]!r}, "
            "expected a month such as 202401: ask the query site for monthly figures",
        )
    for record in bad:
        reason = f"line {record.row_no}: found period {record.fields[at]!r}, expected a month such as 202401"
        line = ",".join(f'"{field}"' for field in record.fields)
        body.rejects.append(text.reject(record.row_no, at + 1, line, "month_missing", reason))
    body.counts["record_rows"] -= len(bad)
    body.counts["rejected_rows"] += len(bad)
    return good


def _trade(record: Record, header: list[str], fields: dict[str, str], flow: str, value: str) -> tuple:
    at = {name: index for index, name in enumerate(header)}
    fixed = {"flow_text": flow, "currency_text": value, "value_text": record.fields[at[value]]}

    def printed(key: str) -> str:
        name = fields.get(key, "")
        return fixed.get(key, record.fields[at[name]] if name in at else "")

    return ("", record.row_no, *(printed(key) for key in text.TRADE_COLUMNS[2:]))
