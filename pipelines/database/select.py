"""The SELECT that makes a table or macro, as text.

Belongs here: finding it. Does not belong here: running it (build.py), where its columns come from (lineage.py).
"""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from pipelines.declarations.tables import Table, tables


def query(table: Table) -> str | None:
    """The SELECT of a table or macro: its own, or that of its `as_of` table with the conditions of
    `as_of`.
    """
    if table.as_of is None:
        return table.sql
    tree = sqlglot.parse_one(tables()[table.as_of.select].sql or "", dialect="duckdb")
    for node in list(tree.find_all(exp.Table)):
        condition = table.as_of.where.get(f"{node.db}.{node.name}")
        if condition:
            part = exp.select("*").from_(f"{node.db}.{node.name}").where(condition, dialect="duckdb")
            node.replace(part.subquery(node.alias or node.name, copy=False))
    return tree.sql(dialect="duckdb")
