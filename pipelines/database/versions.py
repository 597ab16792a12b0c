"""What a table was made by and made of, and what is in it: is it what would be made now?

Belongs here: versions of code and of data, and their comparison. Does not belong here: making a table (build.py).

Each table has a *code version*, a hash of all that decides how it is made (SELECT, contract, declared rows, Python,
packages), and a *data version*, a hash of its rows in any order. `internal.made` notes both for each table, with the data
versions of the tables that were read, in the transaction that makes the table. A table is made anew if one of them
differs. A table that is made anew and has the same rows leaves the tables that read it as they are.

The raw tables are filled file by file, by commands too. Their data versions are not noted but asked for, from `raw.file`:
the rows of a file follow from its bytes, its name, its sidecar and its reader.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb

from pipelines.database import source_code, writing
from pipelines.database.source_code import short_hash
from pipelines.declarations import reference_rows
from pipelines.declarations.files import ROOT
from pipelines.declarations.tables import Table, macros, tables

# These write every table and macro. Only their own text counts: what they import decides nothing about the rows.
WRITERS = (
    "pipelines.printed_number",
    *(f"pipelines.database.{name}" for name in ("build", "exact", "select", "sql_text", "writing")),
)
# What is read of raw.file for the rows of a file in another raw table.
RAW = "file_sha256, file_name, source_id, vintage, sidecar_text, status, reader_fingerprint"


@dataclass(frozen=True)
class Record:
    """What is noted of a table when it is made. `inputs` has the data versions of the tables that were read."""

    table_name: str
    code_version: str
    inputs: dict[str, str]
    data_version: str
    row_count: int


def code_version(table: Table) -> str:
    """Hash of all that decides how a table or macro is made, the rows of other tables apart.

    Raw tables have none here: landing keeps for each file a hash of what it was read with (raw.file.reader_fingerprint).
    """
    common = (table.model_dump_json(), *source_code.installed(["duckdb"]))
    writers = [source_code.text_of(name) for name in WRITERS]
    if table.arguments:
        packages = source_code.installed(["sqlglot"])
        return short_hash(*common, *writers, _text(table), *packages, _all_columns())
    if table.schema_name == "reference":
        parts = [part for path in reference_rows.declared_in(table) for part in _named(path)]
        code = source_code.fingerprint("pipelines.declarations.reference_rows")
        return short_hash(*common, *writers, code, *parts)
    if table.metric is None:
        return short_hash(*common, *writers, _text(table))
    module = table.metric.function.rpartition(".")[0]
    code = source_code.fingerprint(f"pipelines.metrics.{module}")
    return short_hash(*common, *writers, _text(table), code)


def contract_version(table: Table) -> str:
    """Hash of what a database file says of a table beside its rows: columns, order, descriptions."""
    return short_hash(
        writing.ddl(table), repr(table.grain), table.description, *(c.full_description for c in table.columns)
    )


def _text(table: Table) -> str:
    """The SELECT as written; of a macro that is another table as of a day, that table's (the rest is its contract's)."""
    return (tables()[table.as_of.select] if table.as_of else table).sql or ""


def _named(path: Path) -> tuple[str, bytes]:
    return path.relative_to(ROOT).as_posix(), path.read_bytes()


def _all_columns() -> str:
    """Names and types of all columns: a macro is tried when it is made, and must be tried again if one of them changes."""
    return repr([(table.full_name, _columns(table)) for table in tables().values()])


def of_content(table: Table, content: writing.Content) -> str:
    """Data version of a table: a hash of its columns and of what stands in it."""
    return short_hash(_columns(table), repr(tuple(content)))


def _columns(table: Table) -> str:
    return repr([(column.name, column.type) for column in table.columns])


def data_version(con: duckdb.DuckDBPyConnection, table: Table) -> str:
    """Data version of a table: as noted when it was made, else from its rows; of a raw table from its files."""
    if table.schema_name == "raw" and table.name != "file":
        return _raw_version(con, table)
    noted = record_of(con, table) if table.schema_name != "raw" else None
    if noted and noted.row_count == writing.count(con, table):
        return noted.data_version
    return of_content(table, writing.content(con, table))


def _raw_version(con: duckdb.DuckDBPyConnection, table: Table) -> str:
    found = con.execute(
        f"select {RAW}, row_count from raw.file "
        f"join (select file_sha256, count(*) as row_count from {table.full_name} group by all) using (file_sha256) "
        "order by file_sha256"
    ).fetchall()
    return short_hash(_columns(table), repr(found))


def reason_to_make(con: duckdb.DuckDBPyConnection, table: Table, inputs: dict[str, str]) -> str:
    """Why a table has to be made, in words; empty if it stands as it would be made now.

    Args:
        con: The work database.
        table: The table.
        inputs: Data versions of the tables that its SELECT reads.
    """
    noted = record_of(con, table)
    if noted is None or not writing.has_columns(con, table):
        return "it is not there as declared"
    if noted.code_version != code_version(table):
        return "its SELECT, contract, list, Python or a package changed"
    rows = {
        writing.count(con, table),
        *([writing.content_of_slices(con, table).row_count] if table.by_file else []),
    }
    if rows != {noted.row_count}:
        return "rows were lost or added since it was made"
    names = noted.inputs.keys() | inputs
    changed = sorted(name for name in names if noted.inputs.get(name) != inputs.get(name))
    return f"changed: {', '.join(changed)}" if changed else ""


def reason_to_make_macro(con: duckdb.DuckDBPyConnection, macro: Table) -> str:
    """Why a macro has to be made, in words; empty if it stands as it would be made now."""
    query = "select 1 from duckdb_functions() where schema_name = ? and function_name = ?"
    noted = record_of(con, macro)
    if noted is None or not con.execute(query, macro.key).fetchall():
        return "it is not there as declared"
    return "" if noted.code_version == code_version(macro) else "its SELECT or contract changed"


def first_reason(con: duckdb.DuckDBPyConnection) -> str:
    """The first table or macro that has to be made, with the reason; empty if all stand. Parses no SQL.

    As long as a SELECT is the one that a table was made by, what it reads is what was noted then.
    """
    version = cache(lambda name: data_version(con, tables()[name]))  # many tables read the same ones
    for table in tables().values():
        if table.schema_name != "raw":
            noted = record_of(con, table)
            reads = (name for name in (noted.inputs if noted else ()) if name in tables())
            reason = reason_to_make(con, table, {name: version(name) for name in reads})
            if reason:
                return f"{table.full_name}: {reason}"
    found = ((macro.full_name, reason_to_make_macro(con, macro)) for macro in macros().values())
    return next((f"{name}: {reason}" for name, reason in found if reason), "")


def record_of(con: duckdb.DuckDBPyConnection, table: Table) -> Record | None:
    """What was noted of a table when it was made; None where nothing is noted."""
    query = "select * from internal.made where table_name = ?"
    found = con.execute(query, [table.full_name]).fetchall()
    return Record(found[0][0], found[0][1], json.loads(found[0][2]), *found[0][3:]) if found else None


def note(con: duckdb.DuckDBPyConnection, record: Record) -> None:
    """Note what a table was made by and of; the caller owns the transaction that makes the table."""
    con.execute("delete from internal.made where table_name = ?", [record.table_name])
    con.execute(
        "insert into internal.made values (?, ?, ?, ?, ?)",
        [
            record.table_name,
            record.code_version,
            json.dumps(record.inputs, sort_keys=True),
            record.data_version,
            record.row_count,
        ],
    )
