"""Tables from their contracts: create, fill, append, replace the rows of a file.

Belongs here: every statement that writes rows to the work database. Does not belong here: what a table means (warehouse/),
opening a database (connection.py), which SELECT makes a table (build.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple
from uuid import uuid4

import duckdb
import polars as pl

from pipelines.database.connection import transaction
from pipelines.declarations.tables import Table
from pipelines.quoting import identifier, identifiers, literal


class ContractError(Exception):
    """The columns that a SELECT or a function gives differ from those that its contract declares."""


class Content(NamedTuple):
    """Number of rows of a table and two hashes of them, the same in whatever order the rows stand."""

    row_count: int
    hash_xor: int
    hash_sum: int


def create(con: duckdb.DuckDBPyConnection, table: Table, rows: pl.DataFrame | str) -> int:
    """Create or replace a table from a frame or a SELECT, in a transaction of its own; return its row count."""
    with transaction(con):
        return fill(con, table, rows).row_count


def fill(con: duckdb.DuckDBPyConnection, table: Table, rows: pl.DataFrame | str) -> Content:
    """Create or replace a table from a frame or a SELECT, in grain order, with comments. The caller owns the transaction.

    Columns are matched by name, never by position. A missing or an additional column raises ContractError.
    """
    with _selectable(con, rows) as query:
        _check_columns(table, [d[0] for d in con.sql(query).description])
        recreate(con, table)
        order = identifiers(table.grain) or "all"
        con.execute(f"insert into {table.full_name} by name select * from ({query}) order by {order}")
    return content(con, table)


def fill_by_file(
    con: duckdb.DuckDBPyConnection, table: Table, query: str, fingerprints: dict[str, str]
) -> Content:
    """Update a table in which each row comes from one file. The caller owns the transaction.

    Only the rows of new and changed files are made. `fingerprints` has, for each file, a hash of all inputs
    of its rows. The whole table is made when it does not exist as declared, or when every file has changed.
    Rows of a file without a fingerprint are removed.
    """
    _check_columns(table, [d[0] for d in con.sql(query).description])
    known = _slices(con, table) if has_columns(con, table) else {}
    standing = {sha for sha, mark in known.items() if fingerprints.get(sha) == mark}
    new = sorted(fingerprints.keys() - standing)
    if standing:
        _delete_slices(con, table, sorted(known.keys() - standing))
        query = f"select * from ({query}) where file_sha256 in {_listed(new)}" if new else ""
    else:
        recreate(con, table)
    if query:
        order = identifiers(table.grain)
        con.execute(f"insert into {table.full_name} by name select * from ({query}) order by {order}")
    _note_slices(con, table, {sha: fingerprints[sha] for sha in new})
    return content_of_slices(con, table)


def _note_slices(con: duckdb.DuckDBPyConnection, table: Table, fingerprints: dict[str, str]) -> None:
    """Note the files whose rows have just been made, with the hashes of these rows."""
    if not fingerprints:
        return
    rows = f"select file_sha256, {hashes(table)} from {table.full_name} where file_sha256 in "
    found = {
        sha: hashed
        for sha, *hashed in con.execute(f"{rows}{_listed(list(fingerprints))} group by all").fetchall()
    }
    con.executemany(
        "insert into internal.slice values (?, ?, ?, ?, ?, ?)",
        [(table.full_name, sha, mark, *found.get(sha, (0, 0, 0))) for sha, mark in fingerprints.items()],
    )


def content(con: duckdb.DuckDBPyConnection, table: Table) -> Content:
    """What stands in a table; all its rows are read."""
    found = con.execute(f"select {hashes(table)} from {table.full_name}").fetchall()
    return Content(*map(int, found[0]))


def content_of_slices(con: duckdb.DuckDBPyConnection, table: Table) -> Content:
    """Content of a table that is made file by file, added up from the notes about its files."""
    joined = "coalesce(sum(row_count), 0), coalesce(bit_xor(hash_xor), 0), coalesce(sum(hash_sum), 0)"
    query = f"select {joined} from internal.slice where table_name = ?"
    return Content(*map(int, con.execute(query, [table.full_name]).fetchall()[0]))


def hashes(table: Table) -> str:
    """SQL of three aggregates over rows: their number, and their hashes joined in two ways that know no order."""
    columns = identifiers(table.column_names)
    return f"count(*), coalesce(bit_xor(hash({columns})), 0), coalesce(sum(hash({columns})), 0)"


def _slices(con: duckdb.DuckDBPyConnection, table: Table) -> dict[str, str]:
    """Files that have rows in a table, with the fingerprint of the inputs."""
    query = "select file_sha256, fingerprint from internal.slice where table_name = ?"
    return dict(con.execute(query, [table.full_name]).fetchall())


def _delete_slices(con: duckdb.DuckDBPyConnection, table: Table, files: list[str]) -> None:
    if files:
        con.execute(f"delete from {table.full_name} where file_sha256 in {_listed(files)}")
        con.execute(
            f"delete from internal.slice where table_name = ? and file_sha256 in {_listed(files)}",
            [table.full_name],
        )


def _listed(texts: list[str]) -> str:
    """A list of literals.

    A filter by literals cuts the scan of a table; a list in a parameter or a table does not.
    """
    return "(" + ", ".join(literal(text) for text in texts) + ")"


def has_columns(con: duckdb.DuckDBPyConnection, table: Table) -> bool:
    """True if the table exists with the columns and types of its contract."""
    found = con.execute(
        "select column_name, data_type from duckdb_columns() where schema_name = ? and table_name = ? "
        "order by column_index",
        table.key,
    ).fetchall()
    return found == [(column.name, column.type) for column in table.columns]


def recreate(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Create the table again, empty, with comments."""
    con.execute(f"drop table if exists {table.full_name}")
    con.execute("delete from internal.made where table_name = ?", [table.full_name])
    con.execute(ddl(table))
    _comment(con, table)
    if table.by_file:
        con.execute("delete from internal.slice where table_name = ?", [table.full_name])


def create_macro(con: duckdb.DuckDBPyConnection, macro: Table, query: str) -> None:
    """Create or replace a table macro with its comment. The caller owns the transaction.

    Columns that differ from the contract raise ContractError.
    """
    names = ", ".join(argument.name for argument in macro.arguments)
    nulls = ", ".join(f"cast(null as {argument.type})" for argument in macro.arguments)
    con.execute(f"create or replace macro {macro.full_name}({names}) as table ({query})")
    found = con.sql(f"select * from {macro.full_name}({nulls})").description
    _check_columns(macro, [d[0] for d in found])
    con.execute(f"comment on macro table {macro.full_name} is {_comment_text(macro.description)}")


def append(con: duckdb.DuckDBPyConnection, table: Table, rows: pl.DataFrame | str) -> int:
    """Add the rows of a frame or a SELECT, matched by column name; return their number.

    The caller opens the transaction.
    """
    with _selectable(con, rows) as query:
        _check_columns(table, [d[0] for d in con.sql(query).description])
        return int(con.execute(f"insert into {table.full_name} by name {query}").fetchall()[0][0])


@contextmanager
def _selectable(con: duckdb.DuckDBPyConnection, rows: pl.DataFrame | str) -> Iterator[str]:
    """Rows as a SELECT; a frame is a view for as long as that, under a name that no table and no other frame has."""
    if isinstance(rows, str):
        yield rows
        return
    name = f"frame_{uuid4().hex}"
    con.register(name, rows)
    try:
        yield f"select * from {identifier(name)}"
    finally:
        with suppress(duckdb.Error):  # what failed in the transaction is told; its end takes the view away
            con.unregister(name)


@contextmanager
def any_order(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Allow rows of a SELECT to enter a table in any order.

    Keeping the order costs a third more time, and here each row states its place.
    """
    con.execute("set preserve_insertion_order = false")
    try:
        yield
    finally:
        con.execute("reset preserve_insertion_order")


def count(con: duckdb.DuckDBPyConnection, table: Table) -> int:
    """Number of rows of a table."""
    return int(con.execute(f"select count(*) from {table.full_name}").fetchall()[0][0])


def ddl(table: Table) -> str:
    """CREATE TABLE statement of a contract."""
    columns = ", ".join(
        f"{identifier(c.name)} {c.type}" + (f" using compression {c.compression}" if c.compression else "")
        for c in table.columns
    )
    return f"create table {table.full_name} ({columns})"


def _comment(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    con.execute(f"comment on table {table.full_name} is {_comment_text(table.description)}")
    for column in table.columns:
        con.execute(
            f"comment on column {table.full_name}.{identifier(column.name)} is {_comment_text(column.full_description)}"
        )


def _comment_text(text: str) -> str:
    """A description on one line, without the line breaks of YAML."""
    return literal(" ".join(text.split()))


def _check_columns(table: Table, found: list[str]) -> None:
    missing = [name for name in table.column_names if name not in found]
    surplus = [name for name in found if name not in table.column_names]
    if missing or surplus:
        raise ContractError(
            f"{table.contract_place}: expected the columns {table.column_names}; "
            f"missing {missing}, not declared {surplus}"
        )
