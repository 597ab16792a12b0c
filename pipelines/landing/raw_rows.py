"""The rows of a file in the raw tables.

Belongs here: replacing all that the raw tables hold of one file, in one transaction. Does not belong here: reading the file.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict

import duckdb
import polars as pl

from pipelines.database import connection, writing
from pipelines.declarations.sources import Source
from pipelines.declarations.tables import Table, tables
from pipelines.landing import hash_cache, recognition
from pipelines.landing.kept_bytes import KeptFile
from pipelines.quoting import identifier, literal
from pipelines.readers.text import ReadError, Reading

LAST_DAY = """
select last_day(cast(strptime(max(period_text), '%Y%m') as date))
from (select distinct period_text from raw.trade where file_sha256 = ?)
where period_text <= ? and regexp_full_match(period_text, '(19|20)[0-9]{2}(0[1-9]|1[0-2])')
"""
# Rows for a raw table come as a frame, as a SELECT (for a file too large for memory), or as a list.
Rows = pl.DataFrame | str | list[dict]


def ensure_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Create the raw tables if they do not exist.

    If the contract of one changed, all are created again, empty. Landing then fills them from the kept bytes.
    """
    hash_cache.ensure_table(con)
    if not are_there(con):
        with connection.transaction(con):
            for table in raw_tables():
                writing.recreate(con, table)


def are_there(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether all raw tables are there as declared."""
    return all(writing.has_columns(con, table) for table in raw_tables())


def raw_tables() -> list[Table]:
    """The contracts of the tables that landing fills."""
    return [table for table in tables().values() if table.schema_name == "raw"]


def slices_of(file: KeptFile, source: Source, reading: Reading) -> dict[str, Rows]:
    """The rows that a file gives to each raw table, raw.file included. `write` completes its row with the vintage."""
    file_row = {
        **asdict(file),
        **reading.accounting,
        "source_id": source.source_id,
        "raw_table": source.raw_table,
        "encoding": reading.encoding,
        "hidden": reading.hidden or None,
        "vintage": None,
        "status": "loaded",
        "reason_code": None,
        "reason": None,
        "reader_fingerprint": recognition.fingerprint(source.source_id),
    }
    found = {f"raw.{source.raw_table}": reading.rows, "raw.reject": reading.rejects}
    of_files = f"raw.{source.raw_table}_file"
    if of_files in tables():
        found[of_files] = pl.DataFrame([reading.facts])
    stamp = {"file_sha256": file.file_sha256, "source_id": source.source_id}
    stamped = {name: _stamped(rows, tables()[name], stamp) for name, rows in found.items()}
    return {"raw.file": [file_row], **stamped}


def _stamped(rows: pl.DataFrame | str, table: Table, stamp: dict[str, str]) -> pl.DataFrame | str:
    """Add the file, and the source if the table has that column, to every row."""
    columns = {name: text for name, text in stamp.items() if name in table.column_names}
    if isinstance(rows, str):
        stamps = [f"{literal(text)} as {identifier(name)}" for name, text in columns.items()]
        return f"select {', '.join(stamps)}, * from ({rows})"
    return rows.with_columns(pl.lit(text).alias(name) for name, text in columns.items())


def without_rows(
    file: KeptFile, source: Source | None, status: str, code: str | None, reason: str
) -> dict[str, Rows]:
    """The row of raw.file for a file without rows of its own: refused, withdrawn, or an archive."""
    source_id = source.source_id if source else None
    row = {
        **dict.fromkeys(tables()["raw.file"].column_names),
        **asdict(file),
        "source_id": source_id,
        "status": status,
        "reason_code": code,
        "reason": reason,
        "reader_fingerprint": recognition.fingerprint(source_id),
    }
    return {"raw.file": [row]}


def write(
    con: duckdb.DuckDBPyConnection,
    sha: str,
    slices: dict[str, Rows],
    counted: dict[str, int] | None = None,
    vintage_of: Callable[[dt.date | None], dt.date] | None = None,
) -> None:
    """Replace all rows of one file in the raw tables, in one transaction.

    Args:
        con: the work database.
        sha: hash of the file.
        slices: the new rows, by raw table.
        counted: the reader's counts of lines, if a slice is a SELECT.
        vintage_of: gives the vintage of the file from the end of its last period, which is known once its rows are there.

    Raises:
        ReadError: a SELECT gives another number of rows than the reader counted, or the file has no possible vintage.
    """
    with connection.transaction(con):
        for table in raw_tables():
            con.execute(f"delete from {table.full_name} where file_sha256 = ?", [sha])
        for name, rows in slices.items():
            if isinstance(rows, str):
                _append_counted(con, tables()[name], rows, (counted or {})["record_rows"])
                continue
            frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(rows, infer_schema_length=None)
            if frame.height:
                writing.append(con, tables()[name], frame)
        if vintage_of:
            day = vintage_of(_last_day(con, sha))
            con.execute("update raw.file set vintage = ? where file_sha256 = ?", [day, sha])


def _last_day(con: duckdb.DuckDBPyConnection, sha: str) -> dt.date | None:
    """The end of the last month of a file's trade that has ended by now. Later ones are wrong: core quarantines them."""
    over = dt.date.today().replace(day=1) - dt.timedelta(days=1)
    last: dt.date | None = con.execute(LAST_DAY, [sha, f"{over:%Y%m}"]).fetchall()[0][0]
    return last


def _append_counted(con: duckdb.DuckDBPyConnection, table: Table, query: str, expected: int) -> None:
    try:
        found = writing.append(con, table, query)
    except duckdb.InvalidInputException as error:
        message = (
            f"found lines that cannot be loaded into {table.full_name}, expected lines of the declared layout; "
            f"the database reports: {' '.join(str(error).split())[:300]}"
        )
        raise ReadError("unreadable", message) from error
    if found != expected:
        raise ReadError(
            "unaccounted",
            f"{table.full_name}: found {found} loaded rows, expected the {expected} records that the reader counted; "
            "please report this file",
        )
