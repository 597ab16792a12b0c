"""Make one table or macro of the warehouse from its declaration: a SELECT, a list, or a SELECT handed to a metric.

Belongs here: the one way in which reference, core and mart tables and macros come about. Does not belong here: Dagster.
"""

from __future__ import annotations

import importlib

import duckdb

from pipelines import declared, lineage, store
from pipelines.contracts import Table


def build(con: duckdb.DuckDBPyConnection, table: Table) -> int:
    """(Re)make a table and return its row count."""
    if table.schema_name == "reference":
        return store.create(con, table, declared.rows(table))
    query = _select(table)
    if table.metric is None:
        return store.create(con, table, query)
    module, function = table.metric.function.split(".")
    compute = getattr(importlib.import_module(f"pipelines.metrics.{module}"), function)
    return store.create(con, table, compute(con.sql(query).pl(), **table.metric.parameters))


def build_macro(con: duckdb.DuckDBPyConnection, macro: Table) -> None:
    """(Re)make a table macro; the tables that it reads must be there."""
    store.create_macro(con, macro, _select(macro))


def _select(table: Table) -> str:
    query = lineage.query(table)
    if query is None:
        raise store.ContractError(
            f"warehouse/{table.schema_name}/{table.name}.sql: not found, expected one SELECT"
        )
    return query.strip().rstrip(";")
