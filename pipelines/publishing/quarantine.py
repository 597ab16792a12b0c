"""The quarantine of the published warehouse, as a list and as a file to work with.

Belongs here: filters, the export. Does not belong here: what enters the quarantine (core.quarantine), reading again (landing/by_hand.py).
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import duckdb

from pipelines.publishing import workbook

COLUMNS = [
    "source",
    "file",
    "sheet",
    "row",
    "column",
    "printed text",
    "reason code",
    "reason",
    "how to mend",
    "怎样更正",
]
WIDTHS = [20, 36, 16, 8, 8, 30, 22, 80, 60, 50]
QUERY = """
select q.source_id, q.file_name, q.sheet, q.row_no, q.column_no, q.printed_text, q.reason_code, q.reason,
    r.how_to_mend, r.how_to_mend_zh
from core.quarantine as q
left join reference.reason as r using (reason_code)
where ($file = '' or contains(lower(q.file_name), lower($file)))
    and ($reason = '' or q.reason_code = $reason) and ($source = '' or q.source_id = $source)
order by q.source_id nulls first, q.file_name, q.sheet nulls first, q.row_no nulls first, q.column_no nulls first,
    q.reason_code
"""
GROUP_COLUMNS = ["reason code", "source", "items", "files", "reason", "first place"]
GROUP_WIDTHS = [24, 24, 10, 10, 80, 60]
GROUPS = """
select reason_code, coalesce(source_id, '') as source_id, items, files, fault, first_place
from core.quarantine_group order by items desc, reason_code, source_id, fault
"""


def items(con: duckdb.DuckDBPyConnection, file: str = "", reason: str = "", source: str = "") -> list[tuple]:
    """Items in quarantine in the order of their files, as `COLUMNS` names them; `file` is a part of the file's name."""
    return con.execute(QUERY, {"file": file, "reason": reason, "source": source}).fetchall()


def groups(con: duckdb.DuckDBPyConnection) -> list[tuple]:
    """List the faults with their number of items and files, as `GROUP_COLUMNS` names them, the most frequent first."""
    return con.execute(GROUPS).fetchall()


def export(rows: list[tuple], grouped: list[tuple], target: Path) -> None:
    """Write items to a workbook, with their faults on a second sheet, or to CSV if the name ends in .csv."""
    data = _csv(rows) if target.suffix.lower() == ".csv" else _xlsx(rows, grouped)
    workbook.write(target, data)


def _xlsx(rows: list[tuple], grouped: list[tuple]) -> bytes:
    book = workbook.empty()
    sheet = workbook.list_sheet(book, "quarantine", COLUMNS, rows[: workbook.MAX_ROWS], WIDTHS)
    sheet.auto_filter.ref = sheet.dimensions
    workbook.list_sheet(book, "faults", GROUP_COLUMNS, grouped[: workbook.MAX_ROWS], GROUP_WIDTHS)
    return workbook.content(book)


def _csv(rows: list[tuple]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([workbook.plain(value) for value in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")
