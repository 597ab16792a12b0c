"""Reason codes are one closed list: what code, SQL and contracts can say is in it, and what is in it can be said."""

from __future__ import annotations

import ast
from collections import Counter

import sqlglot
from sqlglot import exp

from pipelines.declarations import reference_rows
from pipelines.declarations.files import ROOT
from pipelines.declarations.tables import macros, tables

LISTED = {(row["metric"], row["reason_code"]) for row in reference_rows.metric_reasons()}
CODES = {code for _, code in LISTED}


def reason_columns() -> list[tuple[str, object]]:
    found = [
        (table, column)
        for table in tables().values()
        for column in table.columns
        if table.schema_name == "mart"
    ]
    return [(table, column) for table, column in found if column.name.endswith("reason_code")]


def literals_of_reasons(sql: str) -> set[str]:
    """Texts that a SELECT can give for a column whose name ends in reason_code."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    cases = [
        c
        for alias in tree.find_all(exp.Alias)
        if alias.alias.endswith("reason_code")
        for c in alias.find_all(exp.Case)
    ]
    results = [branch.args["true"] for case in cases for branch in case.args["ifs"]]
    return {r.this for r in results if isinstance(r, exp.Literal) and r.is_string}


def test_every_code_of_a_contract_is_listed():
    declared_values = {value for _, column in reason_columns() for value in column.values or []}
    assert declared_values <= CODES and len(declared_values) > 20


def test_every_code_of_the_selects_is_listed():
    said = {
        code
        for t in (tables() | macros()).values()
        if t.schema_name == "mart" and t.sql
        for code in literals_of_reasons(t.sql)
    }
    assert {"no_best_mode", "city_tier_not_known"} <= said <= CODES


def test_a_code_that_only_a_select_says_is_listed_for_its_table():
    declared_ones = (tables() | macros()).values()
    for table in (t for t in declared_ones if t.schema_name == "mart" and t.sql and not t.metric):
        assert {(table.name, code) for code in literals_of_reasons(table.sql)} <= LISTED


def test_every_listed_code_can_be_said():
    """Beside its places in the list a code stands in the code of a metric or in a SELECT."""
    trees = [
        ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "pipelines" / "metrics").rglob("*.py")
    ]
    texts = Counter(n.value for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Constant))
    listed = Counter(code for _, code in LISTED)
    marts = [t for t in (tables() | macros()).values() if t.schema_name == "mart" and t.sql]
    selects = [literals_of_reasons(t.sql) for t in marts]
    assert not [code for code in listed if texts[code] <= listed[code] and code not in set().union(*selects)]


def test_the_warehouse_gives_only_listed_reasons(warehouse):
    for table, column in reason_columns():
        found = warehouse.execute(f"select distinct {column.name} from {table.full_name}").fetchall()
        assert {code for (code,) in found} - {None} <= CODES, table.full_name


def test_the_list_is_a_table(warehouse):
    assert (
        set(warehouse.execute("select metric, reason_code from reference.metric_reason").fetchall()) == LISTED
    )
