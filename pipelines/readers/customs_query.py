"""Layout customs_query: exports of the customs query site, one line a month, partner and commodity.

All fields quoted, a trailing comma, thousands separators in the value only, "?" for a missing unit. The
flow is in the file's name only; the name of the value column is the currency. Options: `fields` (text of
the trade table -> column), `optional`, `ignored`, `value` (names the value column may have), `flows` (word
in the name -> flow), `trailing_comma`.
"""

from __future__ import annotations

import re
from typing import Any

from pipelines.readers import text
from pipelines.readers.text import ReadError, Reading, Record


def read(content: bytes, source: Any, file_name: str) -> Reading:
    """Rows of trade as printed."""
    flow = _flow(source, file_name)
    decoded, encoding = text.decode(content, source.encoding, file_name)
    lines, ended = text.split_lines(decoded)
    top = text.header_line(lines, file_name)
    header, value, unknown = _header(lines[top], source, f"{file_name}, line {top + 1}")
    trailing = source.options["trailing_comma"]
    body = text.parse_body(lines[top + 1 :], top + 2, len(header), ended, trailing)
    body.counts["blank_rows"] += top
    body.counts["header_rows"] = 1
    records = _with_month(body, header.index(source.options["fields"]["period_text"]), file_name)
    rows = [_trade(record, header, source.options["fields"], flow, value) for record in records]
    rejects = body.rejects + text.unknown_cells(records, header, unknown, source.source_id)
    return text.reading(
        rows,
        text.TRADE_COLUMNS,
        rejects,
        body.counts,
        encoding=encoding,
        physical_rows=len(lines),
        file_name=file_name,
    )


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


def _header(line: str, source: Any, place: str) -> tuple[list[str], str, list[int]]:
    """Header, name of its value column, and the positions of columns that nothing declares."""
    options = source.options
    header = text.split_fields(line) or []
    if options["trailing_comma"] and header and header[-1] == "":
        header = header[:-1]
    optional = [*options.get("optional", []), *options.get("ignored", [])]
    required = [name for name in options["fields"].values() if name not in optional]
    values = [name for name in options["value"] if name in header]
    unknown = text.check_header(header, required, [*optional, *values], place)
    if len(values) != 1:
        raise ReadError(
            "column_missing",
            f"{place}: found {len(values)} value columns {values}, expected one of {options['value']}",
        )
    return header, values[0], unknown


def _with_month(body: text.Body, at: int, file_name: str) -> list[Record]:
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
    moved = sum(record.line_count for record in bad)
    body.counts["record_rows"] -= moved
    body.counts["rejected_rows"] += moved
    return good


def _trade(record: Record, header: list[str], fields: dict[str, str], flow: str, value: str) -> tuple:
    at = {name: index for index, name in enumerate(header)}
    fixed = {"flow_text": flow, "currency_text": value, "value_text": record.fields[at[value]]}

    def printed(key: str) -> str:
        name = fields.get(key, "")
        return fixed.get(key, record.fields[at[name]] if name in at else "")

    return ("", record.row_no, *(printed(key) for key in text.TRADE_COLUMNS[2:]))
