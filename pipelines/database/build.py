"""Make one table or macro of the warehouse from its declaration: a SELECT, a list, or a SELECT handed to a metric.

Belongs here: the one way in which tables (raw ones apart) and macros come about. Does not belong here: Dagster.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection
from dataclasses import dataclass

import duckdb

from pipelines.database import connection, lineage, select, sql_text, versions, writing
from pipelines.database.source_code import short_hash
from pipelines.declarations import reference_rows
from pipelines.declarations.files import ROOT
from pipelines.declarations.tables import Table, macros, tables
from pipelines.quoting import identifier


@dataclass(frozen=True)
class Made:
    """What came of making a table: its rows, its data version and why it was made; no reason where it stood already."""

    row_count: int
    data_version: str
    reason: str

    @property
    def state(self) -> str:
        """What a log or the web interface shows."""
        return f"made: {self.reason}" if self.reason else "unchanged"


def in_order(names: Collection[str] | None = None, keep: Collection[str] = ()) -> list[Table]:
    """Tables that a build makes, each after those that it reads; raw tables are not among them (the landing fills them).

    Args:
        names: Full names of the wanted tables; what they read is made too. None means every table.
        keep: Full names of tables that are there and stay as they are.
    """
    made = (name for name in lineage.order(*(tables() if names is None else names)) if name not in keep)
    return [tables()[name] for name in made if tables()[name].schema_name != "raw"]


def build_all(
    con: duckdb.DuckDBPyConnection, names: Collection[str] | None = None, keep: Collection[str] = ()
) -> dict[str, Made]:
    """Make tables in the order in which they read each other; without `names` every table, then every macro.

    Args:
        con: The work database; its raw tables are filled.
        names: As for `in_order`.
        keep: As for `in_order`.

    Returns:
        What came of each, by full name; one that stands as it would be made now is not made again.
    """
    made = {table.full_name: build(con, table) for table in in_order(names, keep)}
    # a macro asks for the tables that it reads
    return made | {name: build_macro(con, macro) for name, macro in macros().items() if names is None}


def build(con: duckdb.DuckDBPyConnection, table: Table) -> Made:
    """Make a table anew unless it stands as it would be made now."""
    inputs = {name: versions.data_version(con, tables()[name]) for name in lineage.upstream(table.full_name)}
    reason = versions.reason_to_make(con, table, inputs)
    if not reason:
        return Made(writing.count(con, table), versions.data_version(con, table), "")
    with connection.transaction(con):
        content = _fill(con, table)
        made = Made(content.row_count, versions.of_content(table, content), reason)
        _note(con, table, inputs, made)
    return made


def _fill(con: duckdb.DuckDBPyConnection, table: Table) -> writing.Content:
    if table.schema_name == "reference":
        return writing.fill(con, table, reference_rows.rows(table))
    query = _select(table)
    if table.by_file:
        return writing.fill_by_file(con, table, query, _fingerprints(con, table))
    if table.metric is None:
        return writing.fill(con, table, query)
    module, function = table.metric.function.rsplit(".", 1)
    compute = getattr(importlib.import_module(f"pipelines.metrics.{module}"), function)
    frame = con.sql(query).pl()
    # an empty input gives an empty table; that a table may not be empty is for its contract to say
    return writing.fill(
        con, table, _no_rows(table) if frame.is_empty() else compute(frame, **table.metric.parameters)
    )


def _note(con: duckdb.DuckDBPyConnection, table: Table, inputs: dict[str, str], made: Made) -> None:
    code = versions.code_version(table)
    versions.note(con, versions.Record(table.full_name, code, inputs, made.data_version, made.row_count))


def build_macro(con: duckdb.DuckDBPyConnection, macro: Table) -> Made:
    """Make a table macro anew unless it stands as it would be made now; the tables that it reads must be there."""
    reason, code = versions.reason_to_make_macro(con, macro), versions.code_version(macro)
    made = Made(0, code, reason)
    if reason:
        with connection.transaction(con):
            writing.create_macro(con, macro, _select(macro))
            _note(con, macro, {}, made)
    return made


def _select(table: Table) -> str:
    query = select.query(table)
    if query is None:
        raise writing.ContractError(f"{table.select_path.relative_to(ROOT)}: not found, expected one SELECT")
    return sql_text.bare(query)


def _no_rows(table: Table) -> str:
    columns = ", ".join(
        f"cast(null as {column.type}) as {identifier(column.name)}" for column in table.columns
    )
    return f"select {columns} limit 0"


def _fingerprints(con: duckdb.DuckDBPyConnection, table: Table) -> dict[str, str]:
    """For each landed file a hash of all that its rows in a table come from; the records of the file are not read.

    The hash covers what the raw tables state once about a file (the fingerprint of its reader, its sidecar, its vintage
    and more), the rows of the file in other tables that the table reads, the code version of the table, and every list
    that the table reads.
    """
    reads = [tables()[name] for name in lineage.upstream(table.full_name)]
    lists = [
        con.execute(f"from {t.full_name} order by all").fetchall()
        for t in reads
        if t.schema_name != "raw" and "file_sha256" not in t.grain
    ]
    common = repr((versions.code_version(table), lists))
    stated: dict[str, list] = {}
    for read in reads:
        if read.grain == ["file_sha256"]:
            for row in con.execute(f"select file_sha256, t from {read.full_name} as t").fetchall():
                stated.setdefault(row[0], []).append((read.name, row[1]))
        elif read.schema_name != "raw" and "file_sha256" in read.grain:
            query = f"select file_sha256, {writing.hashes(read)} from {read.full_name} group by file_sha256"
            for sha, *hashed in con.execute(query).fetchall():
                stated.setdefault(sha, []).append((read.name, hashed))
    return {sha: short_hash(common, repr(rows)) for sha, rows in stated.items()}
