"""Two DuckDB files of the warehouse, table by table: do they hold the same rows?

Belongs here: the comparison, for a change that must not change any figure. Does not belong here: making the files.
`python -m benchmarks.equal BEFORE.duckdb AFTER.duckdb`; it ends with 1 if rows differ or a table of BEFORE is missing.

Columns are matched by name and rows as a multiset (EXCEPT ALL), so the order of columns and rows does not count. A double
equals another if all its digits do; NULL equals NULL. What stands on one side only is listed.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import duckdb
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.database import connection
from pipelines.quoting import identifiers

VERSION = "methodology_version"
DEFAULT = f"{VERSION} = (select {VERSION} from {{side}}.reference.methodology where is_default)"
SIDES = ("before", "after")


@dataclass(frozen=True)
class Compared:
    """One table of both files: rows of each side, rows that only one side has, columns that are not the same."""

    name: str
    rows: tuple[int, int]
    only: tuple[int, int]
    columns_only: tuple[tuple[str, ...], tuple[str, ...]]
    other_type: tuple[str, ...]

    @property
    def is_equal(self) -> bool:
        return self.only == (0, 0) and self.rows[0] == self.rows[1]


def compare(
    before: Path, after: Path, *, where_default: bool = False, without: Collection[str] = ()
) -> tuple[list[Compared], list[str], list[str]]:
    """Compare all tables of two files.

    Args:
        before: The one file.
        after: The other.
        where_default: Whether to compare only the rows of the default version, in tables that state the version of
            the method. Lists in the schema `reference` are compared whole.
        without: Full names of tables, or of columns as `schema.table.column`, that are left out.

    Returns:
        The tables of both files, the names of tables that only `before` has, and of those that only `after` has.
    """
    with duckdb.connect() as con:
        for side, path in zip(SIDES, (before, after), strict=True):
            connection.attach(con, side, path)
        columns = [_columns(con, side, without) for side in SIDES]
        both = sorted(columns[0].keys() & columns[1].keys())
        compared = [_table(con, name, columns[0][name], columns[1][name], where_default) for name in both]
        return compared, sorted(columns[0].keys() - columns[1]), sorted(columns[1].keys() - columns[0])


def _columns(
    con: duckdb.DuckDBPyConnection, side: str, without: Collection[str]
) -> dict[str, dict[str, str]]:
    """Columns and their types by table, of one side; `internal` is the work database's own."""
    found: dict[str, dict[str, str]] = {}
    query = """
        select c.schema_name || '.' || c.table_name, c.column_name, c.data_type
        from duckdb_columns() as c
        join duckdb_tables() as t using (database_name, schema_name, table_name)
        where c.database_name = ? and c.schema_name <> 'internal'
        order by all
    """
    for table, column, kind in con.execute(query, [side]).fetchall():
        if table not in without:
            found.setdefault(table, {})
            if f"{table}.{column}" not in without:
                found[table][column] = kind
    return found


def _table(
    con: duckdb.DuckDBPyConnection,
    name: str,
    before: dict[str, str],
    after: dict[str, str],
    where_default: bool,
) -> Compared:
    common = sorted(before.keys() & after.keys())
    listed = identifiers(common)
    default = where_default and VERSION in common and not name.startswith("reference.")
    one, other = (
        f"select {listed} from {side}.{name}" + (f" where {DEFAULT.format(side=side)}" if default else "")
        for side in SIDES
    )
    return Compared(
        name,
        (_count(con, one), _count(con, other)),
        (_count(con, f"({one}) except all ({other})"), _count(con, f"({other}) except all ({one})")),
        (tuple(sorted(before.keys() - after)), tuple(sorted(after.keys() - before))),
        tuple(f"{c}: {before[c]}, {after[c]}" for c in common if before[c] != after[c]),
    )


def _count(con: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(con.execute(f"select count(*) from ({query})").fetchall()[0][0])


def _print(console: Console, compared: list[Compared], only_before: list[str], only_after: list[str]) -> None:
    view = Table("table", "rows before", "rows after", "only before", "only after", "columns that differ")
    for table in compared:
        if table.is_equal and table.columns_only == ((), ()) and not table.other_type:
            continue
        notes = [
            *(f"only before: {column}" for column in table.columns_only[0]),
            *(f"only after: {column}" for column in table.columns_only[1]),
            *(f"other type: {column}" for column in table.other_type),
        ]
        view.add_row(table.name, *(f"{n:,}" for n in (*table.rows, *table.only)), escape("\n".join(notes)))
    if view.row_count:
        console.print(view)
    for words, names in (("only before", only_before), ("only after", only_after)):
        if names:
            console.print(f"tables {words}: {', '.join(names)}", soft_wrap=True)
    equal, rows = sum(t.is_equal for t in compared), sum(t.rows[1] for t in compared)
    console.print(f"{equal} of {len(compared)} tables have the same rows ({rows:,} rows compared)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument(
        "--where-default", action="store_true", help="compare the default version's rows only"
    )
    parser.add_argument(
        "--without", nargs="*", default=[], help="schema.table or schema.table.column to leave out"
    )
    given = parser.parse_args()
    found = compare(given.before, given.after, where_default=given.where_default, without=given.without)
    _print(Console(width=150), *found)
    compared, only_before, _ = found
    return 0 if not only_before and all(table.is_equal for table in compared) else 1


if __name__ == "__main__":
    raise SystemExit(main())
