"""The origin of each table and each column, from the SQL itself.

Parsing the SELECTs of warehouse/ with sqlglot belongs here. Dagster objects do not belong here.
"""

from __future__ import annotations

from functools import cache
from graphlib import TopologicalSorter
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.lineage import Node, lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope

from pipelines.database.select import query
from pipelines.declarations.files import ROOT, DeclarationError
from pipelines.declarations.tables import Table, macros, tables


@cache
def upstream(full_name: str) -> tuple[str, ...]:
    """Full names of the tables with a contract that the SELECT of a table or macro reads, sorted."""
    table = (tables() | macros())[full_name]
    sql = query(table)
    if sql is None:
        return ()
    found = tables_in(sql)
    unknown = sorted(found - set(tables()))
    if unknown:
        raise ValueError(f"{table.select_path.relative_to(ROOT)}: found tables without a contract: {unknown}")
    return tuple(sorted(found - {full_name}))


def tables_in(sql: str) -> set[str]:
    """Full names of the tables that a SELECT names with their schema.

    >>> sorted(tables_in("with a as (from core.area) select * from a join mart.mode using (code)"))
    ['core.area', 'mart.mode']
    """
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    return {f"{table.db}.{table.name}" for table in tree.find_all(exp.Table) if table.db}


def order(*names: str) -> list[str]:
    """The tables and everything they read, sorted so that each table comes after those it reads."""
    needed, reads = list(names), {}
    while needed:
        name = needed.pop()
        reads[name] = upstream(name)
        needed += set(reads[name]) - set(reads)
    return list(TopologicalSorter(reads).static_order())


@cache
def column_origins(full_name: str) -> dict[str, tuple[str, ...]]:
    """For each column of a table or macro, the sorted `schema.table.column`s from which it is computed.

    A SELECT gives the origins directly. A column that a metric makes declares the columns of the metric's
    input (`from`); the SELECT of the input gives their origins.
    """
    table = (tables() | macros())[full_name]
    if query(table) is None:
        return {name: () for name in table.column_names}
    if table.metric is None:
        return _origins(full_name, tuple(table.column_names))
    inputs = _origins(full_name, input_columns(full_name))
    for column in table.columns:
        if unknown := sorted(set(column.comes_from or ()) - set(inputs)):
            raise DeclarationError(
                f"{table.contract_place}: column {column.name}: found `from` {unknown}, expected "
                f"columns of {table.select_path.name}: {sorted(inputs)}"
            )
    return {
        column.name: tuple(sorted({origin for name in column.comes_from or () for origin in inputs[name]}))
        for column in table.columns
    }


@cache
def input_columns(full_name: str) -> tuple[str, ...]:
    """Names of the columns that the SELECT of a table or macro gives, in order."""
    return tuple(_qualified(full_name).named_selects)


@cache
def _qualified(full_name: str) -> exp.Query:
    table = (tables() | macros())[full_name]
    tree = _without_arguments(sqlglot.parse_one(query(table) or "", dialect="duckdb"), table)
    assert isinstance(tree, exp.Query)  # with or without `with` and `union`
    return qualify(tree, schema=_schema(), dialect="duckdb")


def _origins(full_name: str, names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Columns of tables behind each named column of a SELECT."""
    tree = _qualified(full_name)
    # all columns at once, and without a copy of the query at every node: they share most of their way
    roots = lineage(
        None,
        tree,
        schema=_schema(),
        dialect="duckdb",
        scope=build_scope(tree),
        trim_selects=False,
        copy=False,
    )
    return {name: _leaves(roots[name]) for name in names}


def _without_arguments(tree: exp.Expr, table: Table) -> exp.Expr:
    """Replace every argument by NULL, because the value of an argument comes from no table."""
    names = {argument.name for argument in table.arguments}
    for column in list(tree.find_all(exp.Column)):
        if not column.table and column.name in names:
            column.replace(exp.null())
    return tree


def _leaves(root: Node) -> tuple[str, ...]:
    """Columns of tables below a node. Several paths can lead to a node; it is visited once."""
    found, seen, waiting = set(), set(), [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        waiting += node.downstream
        table = node.expression
        if isinstance(table, exp.Table) and table.db:
            found.add(f"{table.db}.{table.name}.{node.name.split('.')[-1].strip(chr(34))}")
    return tuple(sorted(found))


@cache
def _schema() -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for table in tables().values():
        nested.setdefault(table.schema_name, {})[table.name] = {c.name: c.type for c in table.columns}
    return nested
