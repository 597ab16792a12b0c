"""The rows of a file in the raw tables.

Belongs here: replacing all that the raw tables hold of one file, in one transaction. Does not belong here: reading the file.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import asdict

import duckdb
import polars as pl

from pipelines.database import connection, writing
from pipelines.declarations.files import DeclarationError
from pipelines.declarations.sources import Source
from pipelines.declarations.tables import Table, tables
from pipelines.landing import hash_cache, recognition, sidecar
from pipelines.landing.kept_bytes import KeptFile
from pipelines.quoting import identifier, literal
from pipelines.readers.text import ReadError, Reading

# What enters a raw table: a frame, a SELECT (of a file too large for memory), or rows.
Rows = pl.DataFrame | str | list[dict]


def ensure_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Empty raw tables where there are none; if a contract changed, all of them, to be filled from the kept bytes."""
    hash_cache.ensure_table(con)
    if not all(writing.has_columns(con, table) for table in raw_tables()):
        with connection.transaction(con):
            for table in raw_tables():
                writing.recreate(con, table)


def raw_tables() -> list[Table]:
    """Contracts of the tables that landing fills."""
    return [table for table in tables().values() if table.schema_name == "raw"]


def slices_of(file: KeptFile, source: Source, reading: Reading) -> dict[str, Rows]:
    """Rows of each raw table that a file gives, raw.file among them. Raises ReadError where no vintage is found."""
    # a file of notes only (words about indicators) has no figures that could be known from some day on
    vintage = _vintage(source, file.own_name, reading.facts) if reading.accounting["record_rows"] else None
    file_row = {
        **asdict(file),
        **reading.accounting,
        "source_id": source.source_id,
        "raw_table": source.raw_table,
        "encoding": reading.encoding,
        "vintage": vintage,
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
    """Rows with the file and (where the table has it) the source that they come from."""
    columns = {name: text for name, text in stamp.items() if name in table.column_names}
    if isinstance(rows, str):
        stamps = [f"{literal(text)} as {identifier(name)}" for name, text in columns.items()]
        return f"select {', '.join(stamps)}, * from ({rows})"
    return rows.with_columns(pl.lit(text).alias(name) for name, text in columns.items())


def _vintage(source: Source, file_name: str, facts: Mapping[str, str]) -> dt.date:
    """Day from which the figures are known: the sidecar's, else by the source's rule; refused where the rule is a day
    that the name or the file itself states and that differs."""
    sidecar_day = source.facts.get("vintage")
    try:
        stated = source.vintage_of(file_name, facts)
    except DeclarationError as error:
        if sidecar_day is not None:
            return dt.date.fromisoformat(sidecar_day)
        message = (
            f"{file_name}: found no day from which its figures are known, expected one in its name, or beside it in "
            f"{sidecar.name_of(file_name)} the line `vintage: YYYY-MM-DD`\n  {error}"
        )
        raise ReadError("no_vintage", message) from error
    if sidecar_day is None or str(stated) == sidecar_day:
        return stated
    if re.fullmatch(r"\{\w+\}", source.vintage):
        message = f"found {stated} in its name or itself and {sidecar_day} in {sidecar.name_of(file_name)}"
        raise ReadError("sidecar_contradicts", f"{file_name}: {message}, expected both the same")
    return dt.date.fromisoformat(sidecar_day)


def without_rows(
    file: KeptFile, source: Source | None, status: str, code: str | None, reason: str
) -> dict[str, Rows]:
    """The row of raw.file for a file that gives no rows: refused, withdrawn, or an archive."""
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
    con: duckdb.DuckDBPyConnection, sha: str, slices: dict[str, Rows], counted: dict[str, int] | None = None
) -> None:
    """Replace all that the raw tables hold of one file, in one transaction.

    A SELECT must give as many rows as its reader has `counted`, else the file is refused.
    """
    with connection.transaction(con):
        for table in raw_tables():
            con.execute(f"delete from {table.full_name} where file_sha256 = ?", [sha])
        for name, rows in slices.items():
            if isinstance(rows, str):
                _append_counted(con, tables()[name], rows, counted["record_rows"])
                continue
            frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(rows, infer_schema_length=None)
            if frame.height:
                writing.append(con, tables()[name], frame)


def _append_counted(con: duckdb.DuckDBPyConnection, table: Table, query: str, expected: int) -> None:
    try:
        found = writing.append(con, table, query)
    except duckdb.InvalidInputException as error:
        message = f"the scan of the lines into {table.full_name} fails: {error}"
        raise ReadError("unreadable", message) from error
    if found != expected:
        raise ReadError(
            "unaccounted", f"{table.full_name} took {found} rows, the reader has counted {expected} records"
        )
