"""Make one table of the warehouse from its declaration: a SELECT, a list, or a SELECT handed to a metric.

Belongs here: the one way in which reference, core and mart tables come about. Does not belong here: Dagster.
"""

from __future__ import annotations

import importlib

import duckdb

from pipelines import declared, store
from pipelines.contracts import Table


def build(con: duckdb.DuckDBPyConnection, table: Table) -> int:
    """(Re)make a table and return its row count."""
    if table.schema_name == "reference":
        return store.create(con, table, declared.rows(table))
    if table.sql is None:
        raise store.ContractError(
            f"warehouse/{table.schema_name}/{table.name}.sql: not found, expected one SELECT"
        )
    if table.metric is None:
        return store.create(con, table, table.sql.strip().rstrip(";"))
    module, function = table.metric.function.split(".")
    compute = getattr(importlib.import_module(f"pipelines.metrics.{module}"), function)
    return store.create(con, table, compute(con.sql(table.sql).pl(), **table.metric.parameters))
