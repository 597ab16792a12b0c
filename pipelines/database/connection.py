"""DuckDB: open a database file, run a transaction, know the state of the work database.

Belongs here: connections, their settings, transactions and the count of them. Does not belong here: rows of tables
(writing.py), publishing (publishing/), a work database that lost something (recovery.py), Dagster.

Every transaction counts itself in the database (`internal.state`) and, once committed, in a file beside it: a database
that counts less than the file has lost what was committed.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines import printed_number, quoting
from pipelines.database import exact
from pipelines.declarations.files import SCHEMAS

LOCK_PATIENCE_SECONDS = 60
# Version of the work database. recovery.py sets a database of another version aside; the next run fills a new one.
VERSION = 4
# DuckDB 1.2 and all later ones read a file of this version. The published file is a copy of the work database.
STORAGE_VERSION = "v1.2.0"
# A name in SQL is always a table, never a variable of the Python code with the same name.
TABLES_ONLY: dict[str, str | bool | int | float | list[str]] = {"python_enable_replacements": "false"}
# Given at opening, so that a second connection of the same process agrees with the first.
# A checkpoint joins the row groups that small files leave; unbounded, it would write those of large files anew too.
WRITER = TABLES_ONLY | {"max_vacuum_tasks": "1", "storage_compatibility_version": STORAGE_VERSION}
# No folder for what does not fit into memory: DuckDB would allow SQL to write into it.
READ_ONLY = TABLES_ONLY | {"temp_directory": ""}
# In this order. `enable_external_access` still allows the database's own file and its logs to be read and overwritten by
# SQL; without the file system nothing can be opened any more, and the file that is open is read on.
CLOSED = """
set enable_external_access = false;
set disabled_filesystems = 'LocalFileSystem';
set lock_configuration = true
"""


class Busy(Exception):
    """Another process kept the write lock of the work database for longer than the wait."""


@contextmanager
def connect(path: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database file, and close it in every case.

    A read-only connection has no network, no extension and no access to any file, its own included: ad hoc
    SQL can only read the warehouse. The function waits for another writer.

    Raises:
        Busy: The other writer did not finish in time.
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


@contextmanager
def together(
    files: Mapping[str, Path], lay: Callable[[duckdb.DuckDBPyConnection], None]
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Read several database files as one database in memory.

    Args:
        files: database files, by the name that `lay` uses for them. They are opened read-only.
        lay: makes the views of the database in memory. Its schemas already exist.

    Yields a connection with the same restrictions as a read-only one.
    """
    con = duckdb.connect(config=READ_ONLY)
    try:
        _prepare(con)
        for name, path in files.items():
            attach(con, name, path)
        lay(con)
        con.execute(CLOSED)
        yield con
    finally:
        con.close()


def attach(con: duckdb.DuckDBPyConnection, name: str, path: Path) -> None:
    """Add a database file to a connection, read-only."""
    con.execute(f"attach {quoting.literal(path)} as {quoting.identifier(name)} (read_only)")


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
    """Take the access to all files from a connection.

    Connections of one process to the same file share their settings; the first one locks them.
    """
    try:
        con.execute(CLOSED)
    except duckdb.InvalidInputException:
        if not con.execute("select current_setting('lock_configuration')").fetchall()[0][0]:
            raise


def _prepare(con: duckdb.DuckDBPyConnection) -> None:
    """Create the functions and schemas of the connection, and in a new database its state."""
    exact.create_functions(con)
    con.execute(printed_number.sql_functions())
    con.execute(";".join(f"create schema if not exists {schema}" for schema in SCHEMAS))
    if not con.execute("select 1 from duckdb_tables() limit 1").fetchall():
        con.execute(STATE.format(version=VERSION))


STATE = """
begin;
create schema if not exists internal;
create table internal.state as select {version}::integer as version, 0::bigint as commits, -1::bigint as checked;
comment on table internal.state is 'State of the work database, by which the pipeline notices that something was lost';
comment on column internal.state.version is 'Version of the work database; raised when an older one cannot be carried on';
comment on column internal.state.commits is 'Transactions committed so far';
comment on column internal.state.checked is 'Number of the last commit before all promises were checked and kept';
create table internal.made (
    table_name varchar, code_version varchar, inputs varchar, data_version varchar, row_count bigint
);
comment on table internal.made is 'Tables and macros as they were last made; one that would be made the same again is not';
comment on column internal.made.table_name is 'Table or macro';
comment on column internal.made.code_version is 'Hash of its SELECT, contract, list, Python and packages';
comment on column internal.made.inputs is 'Tables that it was made of with their data versions, as JSON';
comment on column internal.made.data_version is 'Hash of its rows, whatever their order';
comment on column internal.made.row_count is 'Rows that it had then';
create table internal.slice (
    table_name varchar, file_sha256 varchar, fingerprint varchar, row_count bigint, hash_xor ubigint, hash_sum hugeint
);
comment on table internal.slice is 'Files whose rows are in the tables that are made file by file';
comment on column internal.slice.table_name is 'Table';
comment on column internal.slice.file_sha256 is 'File, also one that gives no rows';
comment on column internal.slice.fingerprint is 'Hash of all that the rows of the file come from';
comment on column internal.slice.row_count is 'Rows of the file in the table';
comment on column internal.slice.hash_xor is 'Hashes of these rows, joined by exclusive or';
comment on column internal.slice.hash_sum is 'Sum of the hashes of these rows';
commit
"""


@dataclass(frozen=True)
class State:
    """Version of a work database, its number of committed transactions, and how many of them are checked."""

    version: int
    commits: int
    checked: int


def state(con: duckdb.DuckDBPyConnection) -> State | None:
    """The state that a database records of itself; None if it records none (release 0.1.0, or not ours)."""
    if not con.execute(
        "select 1 from duckdb_tables() where schema_name = 'internal' and table_name = 'state'"
    ).fetchall():
        return None
    return State(*con.execute("select version, commits, checked from internal.state").fetchall()[0])


def is_checked(con: duckdb.DuckDBPyConnection) -> bool:
    """True if all promises were checked, and kept, after the last commit."""
    found = state(con)
    return found is not None and found.checked == found.commits


def mark_checked(con: duckdb.DuckDBPyConnection) -> None:
    """Record that everything committed so far is checked and may be published."""
    con.execute("update internal.state set checked = commits where checked <> commits")


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Run a block as one transaction: it commits everything or nothing, and it is counted."""
    con.execute("begin")
    try:
        yield
        counted = con.execute("update internal.state set commits = commits + 1 returning commits").fetchall()
        con.execute("commit")
    except BaseException:
        with suppress(
            duckdb.Error
        ):  # a failed commit has already ended the transaction; the error of the commit is raised
            con.execute("rollback")
        raise
    query = (
        "select path from duckdb_databases() where database_name = current_database() and path is not null"
    )
    for (path,) in con.execute(query).fetchall():
        write_note(Path(path), {"commits": counted[0][0]})


def note_of(database: Path) -> dict:
    """The note beside a work database about its last commit; empty if there is no readable note."""
    try:
        note: dict = json.loads(note_path(database).read_text(encoding="utf-8"))
        return note
    except (FileNotFoundError, ValueError):
        return {}


def write_note(database: Path, note: dict) -> None:
    """Write the note about the last commit.

    After a kill, the note may be older than the commit, but never newer.
    """
    temporary = database.with_name(f".{database.name}.note")
    temporary.write_text(json.dumps(note) + "\n", encoding="utf-8")
    os.replace(temporary, note_path(database))


def note_path(database: Path) -> Path:
    return database.with_name(f"{database.stem}.json")
