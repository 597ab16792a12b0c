"""The rows that break a promise, each with its place in the publisher's file, and what to do about them.

Belongs here: the second query, asked for broken promises only, and the words of a failed check. Does not belong here:
whether a promise is broken (checks.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import duckdb

from pipelines.database import lineage
from pipelines.database.checks import Outcome
from pipelines.database.promises import Promise
from pipelines.declarations.tables import Table
from pipelines.quoting import identifier

AT_MOST = 20
IN_MESSAGE = 3
PLACE = ("file_sha256", "sheet", "row_no", "column_no")


@dataclass(frozen=True)
class FailingRow:
    """One row that breaks a promise: its file and place there (empty where the table has none), what it states."""

    promise: str
    file: str
    sheet: str
    row: int | None
    column: int | None
    states: str

    @property
    def description(self) -> str:
        """File, sheet, row and column, then what stands there."""
        parts = [
            self.file,
            f"sheet {self.sheet}" if self.sheet else "",
            "" if self.row is None else f"row {self.row}",
            "" if self.column is None else f"column {self.column}",
        ]
        place = ", ".join(part for part in parts if part)
        return f"{place}: {self.states}" if place else self.states


def failing_rows(con: duckdb.DuckDBPyConnection, table: Table, promise: Promise) -> list[FailingRow]:
    """The first rows that break a promise, at most AT_MOST, in the order of the table's key."""
    if promise.name == "row_count":
        return []
    found = con.sql(f"from ({_rows_in_full(con, table, promise)}) order by all limit {AT_MOST}")
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
    names = _file_names(con, {row["file_sha256"] for row in rows if row.get("file_sha256")})
    stated = _stated(table, promise, found.columns)
    return [_failing_row(promise, row, names, stated) for row in rows]


def explain(table: Table, outcome: Outcome, rows: list[FailingRow]) -> str:
    """What is broken, by which rows, and what to do next: the words of a check that did not pass."""
    if not outcome.ran:
        return (
            f"{outcome.promise.description}: could not be checked ({outcome.problem}). What to do: correct the promise "
            f"{outcome.promise.name} in {table.contract_place}"
        )
    level = (
        f", accepted are {outcome.promise.expected_at_most}" if outcome.promise.severity == "warning" else ""
    )
    shown = "; ".join(row.description for row in rows[:IN_MESSAGE])
    instance = f" For instance {shown}." if shown else ""
    return (
        f"{outcome.promise.description}: found {outcome.unexpected} rows{level}.{instance} "
        f"What to do: {_next_step(table, outcome, rows)}"
    )


def _next_step(table: Table, outcome: Outcome, rows: list[FailingRow]) -> str:
    name, contract = outcome.promise.name, table.contract_place
    if outcome.promise.severity == "warning":
        return (
            f"look at the rows; if they are right, set expected_at_most of {name} in {contract} to "
            f"{outcome.unexpected} and give the reason in its description"
        )
    if any(row.file for row in rows):
        return (
            'take the file out (zonescope withdraw NAME --reason "...") and drop a corrected one into the inbox; if '
            f"the rows are right, correct {name} in {contract}"
        )
    reads = ", ".join(lineage.upstream(table.full_name)) if table.sql else ""
    origin = (
        f"look for these rows in {reads}"
        if reads
        else "correct the list or the file that the table is made from"
    )
    return f"{origin}; if the rows are right, correct {name} in {contract}"


def _rows_in_full(con: duckdb.DuckDBPyConnection, table: Table, promise: Promise) -> str:
    """The rows of a promise, with all columns of the table where they lack the file and the table knows it.

    A key that stands twice, or a list of a few columns, names no file: the rows of the table with that key do.
    """
    rows = promise.rows.replace("{table}", table.full_name)
    if "file_sha256" not in table.column_names:
        return rows
    given = con.sql(f"from ({rows}) limit 0").columns
    if "file_sha256" in given or not set(given) <= set(table.column_names):
        return rows
    same = " and ".join(f"t.{name} is not distinct from g.{name}" for name in map(identifier, given))
    return f"select t.* from {table.full_name} t semi join ({rows}) g on {same}"


def _file_names(con: duckdb.DuckDBPyConnection, hashes: set[str]) -> dict[str, str]:
    """Names of landed files by their hash."""
    if not hashes:
        return {}
    query = "select file_sha256, file_name from raw.file where list_contains(?, file_sha256)"
    return dict(con.execute(query, [sorted(hashes)]).fetchall())


def _stated(table: Table, promise: Promise, columns: list[str]) -> list[str]:
    """Columns worth showing: the promise's own, else those that it names, then the key of the table."""
    of_rows = [name for name in columns if name not in PLACE]
    if promise.column:
        own = [promise.column]
    else:
        own = [name for name in of_rows if re.search(rf"\b{re.escape(name)}\b", promise.rows)]
    keys = [name for name in table.grain if name in of_rows]
    return list(dict.fromkeys([*own, *keys])) or of_rows


def _failing_row(promise: Promise, row: dict, names: dict[str, str], stated: list[str]) -> FailingRow:
    sha = row.get("file_sha256") or ""
    return FailingRow(
        promise.name,
        names.get(sha, sha),
        row.get("sheet") or "",
        row.get("row_no"),
        row.get("column_no"),
        ", ".join(f"{name} {'empty' if row[name] is None else repr(row[name])}" for name in stated),
    )
