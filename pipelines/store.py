"""DuckDB: open, create a table from its contract, replace a slice.

Belongs here: every statement that writes to the work database. Does not belong here: what a table means
(warehouse/), publishing (publish.py), what becomes of a work database that lost something (recovery.py), Dagster.

Every transaction counts itself in the database (`internal.state`) and, once committed, in a file beside it: a database
that counts less than the file has lost what was committed.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from pipelines.declarations.files import SCHEMAS
from pipelines.declarations.tables import Table

LOCK_PATIENCE_SECONDS = 60
# Of the work database; one of another version is set aside and filled anew from the kept bytes (recovery.py).
VERSION = 3
# DuckDB 1.2 and all later ones read a file of this version. The published file is a copy of the work database.
STORAGE_VERSION = "v1.2.0"
# Given at opening, so that a second connection of the same process agrees with the first.
# A checkpoint joins the row groups that small files leave; unbounded, it would write those of large files anew too.
WRITER = {"max_vacuum_tasks": "1", "storage_compatibility_version": STORAGE_VERSION}
# No folder for what does not fit into memory: DuckDB would allow SQL to write into it.
READ_ONLY = {"temp_directory": ""}
# In this order. `enable_external_access` still allows the database's own file and its logs to be read and overwritten by
# SQL; without the file system nothing can be opened any more, and the file that is open is read on.
CLOSED = """
set enable_external_access = false;
set disabled_filesystems = 'LocalFileSystem';
set lock_configuration = true
"""


class Busy(Exception):
    """Another process holds the write lock of the work database and did not give it up in time."""


class ContractError(Exception):
    """A SELECT or a function did not give the columns that its contract declares."""


@contextmanager
def connect(path: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database file and close it whatever happens.

    No network, no extension, and (read-only) no access to any file, its own included: ad hoc SQL sees the warehouse only.
    Waits for another writer and raises Busy when it does not finish in time.
    """
    if not read_only:
        path.parent.mkdir(parents=True, exist_ok=True)
    con = _open(path, read_only)
    try:
        if not read_only:
            _prepare(con)
        else:
            _close_off(con)
        yield con
    finally:
        con.close()


def _open(path: Path, read_only: bool) -> duckdb.DuckDBPyConnection:
    deadline = time.monotonic() + LOCK_PATIENCE_SECONDS
    while True:
        try:
            return duckdb.connect(str(path), read_only=read_only, config=READ_ONLY if read_only else WRITER)
        except duckdb.IOException as error:
            if "lock" not in str(error):
                raise
            if time.monotonic() > deadline:
                raise Busy(
                    f"{path}: another process is writing (waited {LOCK_PATIENCE_SECONDS} s). A run of the UI or of "
                    f"`make run` may be under way; try again when it has ended. DuckDB says: {error}"
                ) from error
            time.sleep(0.2)


def _close_off(con: duckdb.DuckDBPyConnection) -> None:
    """Take all files from a connection; those of one process on one file share their settings, and the first locks them."""
    try:
        con.execute(CLOSED)
    except duckdb.InvalidInputException:
        if not con.execute("select current_setting('lock_configuration')").fetchall()[0][0]:
            raise


def _prepare(con: duckdb.DuckDBPyConnection) -> None:
    """Schemas, and in a new database its state."""
    con.execute(";".join(f"create schema if not exists {schema}" for schema in SCHEMAS))
    if not con.execute("select 1 from duckdb_tables() limit 1").fetchall():
        con.execute(STATE.format(version=VERSION))


STATE = """
begin;
create schema if not exists internal;
create table internal.state as select {version}::integer as version, 0::bigint as commits, -1::bigint as checked;
comment on table internal.state is 'Of the work database: what the pipeline needs to notice that something was lost';
comment on column internal.state.version is 'Version of the work database; raised when an older one cannot be carried on';
comment on column internal.state.commits is 'Transactions committed so far';
comment on column internal.state.checked is 'Number of the last commit before all promises were checked and kept';
commit
"""


SLICE = """
create schema if not exists internal;
create table if not exists internal.slice (table_name varchar, file_sha256 varchar, fingerprint varchar);
comment on table internal.slice is 'Of tables made file by file: the files whose rows are in them';
comment on column internal.slice.table_name is 'Table';
comment on column internal.slice.file_sha256 is 'File, also one that gives no rows';
comment on column internal.slice.fingerprint is 'Hash of all that the rows of the file come from'
"""


@dataclass(frozen=True)
class State:
    """Version of a work database, transactions committed, and how many of them all checks have seen."""

    version: int
    commits: int
    checked: int


def state(con: duckdb.DuckDBPyConnection) -> State | None:
    """The state that a database notes of itself; None where it has none (release 0.1.0, or not ours)."""
    if not con.execute(
        "select 1 from duckdb_tables() where schema_name = 'internal' and table_name = 'state'"
    ).fetchall():
        return None
    return State(*con.execute("select version, commits, checked from internal.state").fetchall()[0])


def mark_checked(con: duckdb.DuckDBPyConnection) -> None:
    """Note that all that is committed so far is checked and may be published."""
    con.execute("update internal.state set checked = commits where checked <> commits")


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All or nothing, and counted."""
    con.execute("begin")
    try:
        yield
        counted = con.execute("update internal.state set commits = commits + 1 returning commits").fetchall()
        con.execute("commit")
    except BaseException:
        with suppress(duckdb.Error):  # a commit that failed has ended the transaction; its own error is told
            con.execute("rollback")
        raise
    query = (
        "select path from duckdb_databases() where database_name = current_database() and path is not null"
    )
    for (path,) in con.execute(query).fetchall():
        write_note(Path(path), {"commits": counted[0][0]})


def note_of(database: Path) -> dict:
    """What was noted beside a work database of its last commit; empty where there is nothing, or nothing readable."""
    try:
        return json.loads(note_path(database).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}


def write_note(database: Path, note: dict) -> None:
    """Note what is committed. It may come late (a kill between the two), never early."""
    temporary = database.with_name(f".{database.name}.note")
    temporary.write_text(json.dumps(note) + "\n", encoding="utf-8")
    os.replace(temporary, note_path(database))


def note_path(database: Path) -> Path:
    return database.with_name(f"{database.stem}.json")


def create(con: duckdb.DuckDBPyConnection, table: Table, rows: pl.DataFrame | str) -> int:
    """(Re)create a table from a frame or a SELECT, in grain order, with comments; returns its row count.

    Columns are matched by name, never by position; a missing or surplus column raises ContractError.
    """
    query = rows if isinstance(rows, str) else "select * from frame"
    frame = None if isinstance(rows, str) else rows  # noqa: F841 - read by DuckDB under this name
    _check_columns(table, [d[0] for d in con.sql(query).description])
    with transaction(con):
        recreate(con, table)
        order = ", ".join(f'"{name}"' for name in table.grain) or "all"
        con.execute(f"insert into {table.full_name} by name select * from ({query}) order by {order}")
    return count(con, table)


def create_by_file(
    con: duckdb.DuckDBPyConnection, table: Table, query: str, fingerprints: dict[str, str]
) -> int:
    """Make a table whose rows come from one file each, those of new and changed files only; returns its row count.

    `fingerprints` gives for each file a hash of all that its rows come from; other files have none. The table is made
    whole where nothing of it stands: it is not there as declared, or every file has changed.
    """
    _check_columns(table, [d[0] for d in con.sql(query).description])
    with transaction(con):
        con.execute(SLICE)
        known = _slices(con, table) if has_columns(con, table) else {}
        standing = {sha for sha, mark in known.items() if fingerprints.get(sha) == mark}
        new = sorted(fingerprints.keys() - standing)
        if standing:
            _delete_slices(con, table, sorted(known.keys() - standing))
            query = f"select * from ({query}) where file_sha256 in {_listed(new)}" if new else ""
        else:
            recreate(con, table)
        if query:
            order = ", ".join(f'"{name}"' for name in table.grain)
            con.execute(f"insert into {table.full_name} by name select * from ({query}) order by {order}")
        rows = [(table.full_name, sha, fingerprints[sha]) for sha in new]
        con.executemany("insert into internal.slice values (?, ?, ?)", rows) if rows else None
    return count(con, table)


def _slices(con: duckdb.DuckDBPyConnection, table: Table) -> dict[str, str]:
    """Files whose rows are in a table, with what they came from."""
    query = "select file_sha256, fingerprint from internal.slice where table_name = ?"
    return dict(con.execute(query, [table.full_name]).fetchall())


def _delete_slices(con: duckdb.DuckDBPyConnection, table: Table, files: list[str]) -> None:
    if files:
        con.execute(f"delete from {table.full_name} where file_sha256 in {_listed(files)}")
        con.execute(
            f"delete from internal.slice where table_name = '{table.full_name}' and file_sha256 in {_listed(files)}"
        )


def _listed(texts: list[str]) -> str:
    """A list of literals: unlike a list in a parameter or a table it cuts the scan of a table that is filtered by it."""
    return "(" + ", ".join(_literal(text) for text in texts) + ")"


def has_columns(con: duckdb.DuckDBPyConnection, table: Table) -> bool:
    """Whether the table is there with the columns and types of its contract."""
    found = con.execute(
        "select column_name, data_type from duckdb_columns() where schema_name = ? and table_name = ? "
        "order by column_index",
        table.key,
    ).fetchall()
    return found == [(column.name, column.type) for column in table.columns]


def recreate(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Make the table anew and empty, with comments."""
    con.execute(f"drop table if exists {table.full_name}")
    con.execute(ddl(table))
    _comment(con, table)
    if table.by_file:
        con.execute(SLICE)
        con.execute("delete from internal.slice where table_name = ?", [table.full_name])


def create_macro(con: duckdb.DuckDBPyConnection, macro: Table, query: str) -> None:
    """(Re)make a table macro with its comment; a query with other columns than declared raises ContractError."""
    names = ", ".join(argument.name for argument in macro.arguments)
    nulls = ", ".join(f"cast(null as {argument.type})" for argument in macro.arguments)
    with transaction(con):
        con.execute(f"create or replace macro {macro.full_name}({names}) as table ({query})")
        found = con.sql(f"select * from {macro.full_name}({nulls})").description
        _check_columns(macro, [d[0] for d in found])
        con.execute(f"comment on macro table {macro.full_name} is {_literal(macro.description)}")


def append(con: duckdb.DuckDBPyConnection, table: Table, rows: pl.DataFrame | str) -> int:
    """Add rows of a frame or a SELECT by column name; returns their number (the caller owns the transaction)."""
    query = rows if isinstance(rows, str) else "select * from frame"
    frame = None if isinstance(rows, str) else rows  # noqa: F841 - read by DuckDB under this name
    _check_columns(table, [d[0] for d in con.sql(query).description])
    return con.execute(f"insert into {table.full_name} by name {query}").fetchall()[0][0]


@contextmanager
def any_order(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Rows of a SELECT may enter a table in any order: keeping it costs a third more where each row states its place."""
    con.execute("set preserve_insertion_order = false")
    try:
        yield
    finally:
        con.execute("reset preserve_insertion_order")


def count(con: duckdb.DuckDBPyConnection, table: Table) -> int:
    """Number of rows of a table."""
    return con.execute(f"select count(*) from {table.full_name}").fetchall()[0][0]


def ddl(table: Table) -> str:
    """CREATE TABLE statement of a contract."""
    columns = ", ".join(
        f'"{c.name}" {c.type}' + (f" using compression {c.compression}" if c.compression else "")
        for c in table.columns
    )
    return f"create table {table.full_name} ({columns})"


def _comment(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    con.execute(f"comment on table {table.full_name} is {_literal(table.description)}")
    for column in table.columns:
        con.execute(f'comment on column {table.full_name}."{column.name}" is {_literal(column.words)}')


def _literal(text: str) -> str:
    return "'" + " ".join(text.split()).replace("'", "''") + "'"


def _check_columns(table: Table, found: list[str]) -> None:
    missing = [name for name in table.column_names if name not in found]
    surplus = [name for name in found if name not in table.column_names]
    if missing or surplus:
        raise ContractError(
            f"warehouse/{table.schema_name}/{table.name}: expected the columns {table.column_names}; "
            f"missing {missing}, not declared {surplus}"
        )
