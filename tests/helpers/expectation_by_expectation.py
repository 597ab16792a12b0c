"""The promises of a table as Great Expectations' own expectations, one by one: what the one query must agree with.

It is slow and has its own SQL for keys, infinite numbers and unknown codes. Belongs here: this second way, for the test
of equality and the benchmark. The first way is pipelines/database/checks.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import great_expectations as gx
from duckdb_sqlalchemy import ConnectionWrapper
from great_expectations.expectations.expectation import Expectation
from sqlalchemy.pool import StaticPool

from pipelines.database import checks  # noqa: F401  registers the dialect
from pipelines.declarations.tables import Column, Table

BATCH = "(select * from {batch})"
Verdicts = dict[str, tuple[bool, bool, int | None]]


def verdicts(con: duckdb.DuckDBPyConnection, table: Table) -> Verdicts:
    """For each promise: whether it could run, whether it is kept, and how many rows break it (None where nobody counts)."""
    named = dict(_expectations(table))
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    source = context.data_sources.add_sql(  # type: ignore[call-arg]  # its types know no `kwargs`
        "warehouse",
        connection_string="duckdb+gx:///:memory:",
        create_temp_table=False,
        kwargs={"poolclass": StaticPool, "creator": lambda: ConnectionWrapper(_in_schema(con, table))},
    )
    batch = source.add_table_asset(table.name, table_name=table.name).add_batch_definition_whole_table(
        "whole"
    )
    suite = gx.ExpectationSuite(table.full_name, expectations=list(named.values()))
    for name, expectation in zip(named, suite.expectations, strict=True):
        expectation.id = name
    found: list[Any] = batch.get_batch().validate(suite, result_format="SUMMARY").results
    return {result.expectation_config.id: _verdict(result) for result in found}


def _verdict(result: Any) -> tuple[bool, bool, int | None]:
    info = result.exception_info or {}
    entries = [info] if "raised_exception" in info else list(info.values())
    if any(entry["raised_exception"] for entry in entries) or not (result.success or result.result):
        return False, False, None
    if result.expectation_config.type == "expect_table_row_count_to_be_between":
        return True, result.success, None
    count = result.result.get("unexpected_count", result.result.get("observed_value"))
    return True, result.success, None if count is None else int(count)  # of no rows it counts nothing


def _in_schema(con: duckdb.DuckDBPyConnection, table: Table) -> duckdb.DuckDBPyConnection:
    cursor = con.cursor()
    cursor.execute(f"use {table.schema_name}")
    return cursor


def _expectations(table: Table) -> Iterator[tuple[str, Expectation]]:
    expect = gx.expectations
    yield "row_count", expect.ExpectTableRowCountToBeBetween(min_value=table.min_rows)
    if table.grain:
        keys = ", ".join(f'"{name}"' for name in table.grain)
        yield "grain_unique", _rows(f"select {keys} from {BATCH} group by {keys} having count(*) > 1")
    for column in table.columns:
        for name, expectation in _of_column(column):
            yield f"{column.name}_{name}", expectation
    for rule in table.rules:
        yield rule.name, _rows(rule.unexpected_rows.replace("{table}", BATCH))


def _of_column(column: Column) -> Iterator[tuple[str, Expectation]]:
    expect, name = gx.expectations, column.name
    if column.required:
        yield "present", expect.ExpectColumnValuesToNotBeNull(column=name)
    if column.values is not None:
        yield "in_code_list", expect.ExpectColumnValuesToBeInSet(column=name, value_set=column.values)
    if column.min is not None or column.max is not None:
        yield (
            "in_range",
            expect.ExpectColumnValuesToBeBetween(column=name, min_value=column.min, max_value=column.max),
        )
    if column.pattern:
        yield "matches", expect.ExpectColumnValuesToMatchRegex(column=name, regex=column.pattern)
    if column.type == "DOUBLE":
        yield "finite", _rows(f'select 1 from {BATCH} where isnan("{name}") or isinf("{name}")')
    if column.references:
        target, key = column.references.rsplit(".", 1)
        yield "known", _rows(f'select 1 from {BATCH} where "{name}" not in (select "{key}" from {target})')


def _rows(query: str) -> Expectation:
    return gx.expectations.UnexpectedRowsExpectation(unexpected_rows_query=query)
