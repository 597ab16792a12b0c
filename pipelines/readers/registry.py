"""Layout registry: a code list with its own columns, one line an entry (zones, partners, trade modes, tiers).

Option `columns` lists the columns that the file must have; they become the columns of the raw table.
"""

from __future__ import annotations

from typing import Any

from pipelines.readers import text
from pipelines.readers.text import Reading


def read(content: bytes, source: Any, file_name: str) -> Reading:
    """Entries as printed, in the declared order of columns."""
    decoded, encoding = text.decode(content, source.encoding, file_name)
    lines, ended = text.split_lines(decoded)
    top = text.header_line(lines, file_name)
    header = text.split_fields(lines[top]) or []
    columns = source.options["columns"]
    unknown = text.check_header(header, columns, [], f"{file_name}, line {top + 1}")
    body = text.parse_body(lines[top + 1 :], top + 2, len(header), ended)
    body.counts["blank_rows"] += top
    body.counts["header_rows"] = 1
    at = [header.index(name) for name in columns]
    rows = [(record.row_no, *(record.fields[index] for index in at)) for record in body.records]
    rejects = body.rejects + text.unknown_cells(body.records, header, unknown, source.source_id)
    return text.reading(
        rows,
        ("row_no", *columns),
        rejects,
        body.counts,
        encoding=encoding,
        physical_rows=len(lines),
        file_name=file_name,
    )
