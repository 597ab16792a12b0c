"""Great Expectations on DuckDB: the only file that knows it.

Belongs here: turning a table's contract into expectations, running them inside DuckDB, and reading the results
honestly: an expectation that could not run is never counted as passed, nor as bad data.
Great Expectations takes seconds to import, so it is imported by the function that validates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import duckdb_sqlalchemy
from sqlalchemy.dialects import registry
from sqlalchemy.pool import StaticPool

from pipelines.declarations.tables import Column, Table

# Great Expectations puts an aliased sub-select in place of {batch}; wrapped, it can take another alias in a join.
BATCH = "(select * from {batch})"


class GxDuckDialect(duckdb_sqlalchemy.Dialect):
    """DuckDB for Great Expectations: regular expressions pass its name gate, results survive its early close."""

    name = "postgresql"
    supports_statement_cache = False

    def do_begin(self, dbapi_connection):
        """No transaction of its own: it reads only."""

    def do_rollback(self, dbapi_connection):
        """A rollback would drop the result that is still to be fetched."""

    def do_commit(self, dbapi_connection):
        """Nothing to commit."""


registry.register("duckdb.gx", __name__, "GxDuckDialect")


@dataclass(frozen=True)
class Promise:
    """One expectation of a table: its words, its class in Great Expectations and the arguments."""

    name: str
    description: str
    severity: str
    expectation: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What came of a promise. `ran` is False when the check itself failed; then `passed` is False too."""

    name: str
    description: str
    severity: str
    ran: bool
    passed: bool
    unexpected_count: int | None
    detail: str


def promises(table: Table) -> list[Promise]:
    """Everything a contract promises: row count, grain, and per column presence, code list, range, pattern."""
    found = [
        Promise(
            "row_count",
            f"at least {table.min_rows} rows",
            "error",
            "ExpectTableRowCountToBeBetween",
            {"min_value": table.min_rows},
        )
    ]
    if table.grain:
        keys = ", ".join(f'"{name}"' for name in table.grain)
        query = f"select {keys} from {BATCH} group by {keys} having count(*) > 1"
        found.append(_query("grain_unique", f"one row for each {keys}", "error", query))
    for column in table.columns:
        found.extend(_column_promises(column))
    for rule in table.rules:
        query = rule.unexpected_rows.replace("{table}", BATCH)
        found.append(_query(rule.name, rule.description, rule.severity, query))
    return found


def validate(con: duckdb.DuckDBPyConnection, table: Table, severity: str) -> list[Outcome]:
    """Run the promises of one severity ('error' or 'warning') on the table as it stands in `con`.

    Outcomes come in the order of `promises`. Nothing is raised for bad data; the caller judges.
    """
    chosen = [promise for promise in promises(table) if promise.severity == severity]
    return _run(con, table, chosen) if chosen else []


def _run(con: duckdb.DuckDBPyConnection, table: Table, chosen: list[Promise]) -> list[Outcome]:
    import great_expectations as gx  # noqa: PLC0415
    from duckdb_sqlalchemy import ConnectionWrapper  # noqa: PLC0415

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_sql(
        "warehouse",
        connection_string="duckdb+gx:///:memory:",
        create_temp_table=False,
        kwargs={"poolclass": StaticPool, "creator": lambda: ConnectionWrapper(_in_schema(con, table))},
    )
    asset = source.add_table_asset(table.name, table_name=table.name)
    batch = asset.add_batch_definition_whole_table("whole")
    # stored, a suite and its validation would be written out anew at every step; a batch takes a suite as it is
    expectations = [getattr(gx.expectations, p.expectation)(**p.arguments) for p in chosen]
    suite = gx.ExpectationSuite(table.full_name, expectations=expectations)
    for place, expectation in enumerate(suite.expectations):
        expectation.id = str(place)
    found = batch.get_batch().validate(suite, result_format="SUMMARY").results
    results = {result.expectation_config.id: result for result in found}
    return [_outcome(promise, results.get(str(place))) for place, promise in enumerate(chosen)]


def _in_schema(con: duckdb.DuckDBPyConnection, table: Table) -> duckdb.DuckDBPyConnection:
    cursor = con.cursor()
    cursor.execute(f"use {table.schema_name}")
    return cursor


def _outcome(promise: Promise, result: Any) -> Outcome:
    if result is None:
        return _could_not_run(promise, "Great Expectations gave no result for it")
    problems = _exceptions(result.exception_info)
    if problems or (not result.success and not result.result):
        return _could_not_run(promise, problems or "empty result")
    unexpected = result.result.get("unexpected_count")
    if unexpected is None and promise.expectation == "UnexpectedRowsExpectation":
        unexpected = result.result.get("observed_value")
    sample = result.result.get("partial_unexpected_list") or (result.result.get("details") or {}).get(
        "unexpected_rows"
    )
    shown = result.result.get("observed_value") if unexpected is None else sample
    detail = "" if result.success or not shown else f"for instance {shown}"[:500]
    return Outcome(
        promise.name,
        promise.description,
        promise.severity,
        True,
        bool(result.success),
        int(unexpected) if isinstance(unexpected, int | float) else None,
        detail,
    )


def _could_not_run(promise: Promise, why: str) -> Outcome:
    detail = f"check could not run: {why}"[:500]
    return Outcome(promise.name, promise.description, promise.severity, False, False, None, detail)


def _exceptions(info: Any) -> str:
    """Message of an expectation that raised; empty when it did not. The shape of `info` varies by expectation."""
    if not info:
        return ""
    entries = [info] if "raised_exception" in info else list(info.values())
    return "; ".join(str(e.get("exception_message")) for e in entries if e.get("raised_exception"))


def _query(name: str, description: str, severity: str, query: str) -> Promise:
    return Promise(name, description, severity, "UnexpectedRowsExpectation", {"unexpected_rows_query": query})


def _column_promises(column: Column) -> list[Promise]:
    name, found = column.name, []
    if column.required:
        found.append(_of(column, "present", "never empty", "ExpectColumnValuesToNotBeNull", {}))
    if column.values is not None:
        found.append(
            _of(
                column,
                "in_code_list",
                f"one of {column.values}",
                "ExpectColumnValuesToBeInSet",
                {"value_set": column.values},
            )
        )
    if column.min is not None or column.max is not None:
        found.append(
            _of(
                column,
                "in_range",
                f"from {column.min} to {column.max}",
                "ExpectColumnValuesToBeBetween",
                {"min_value": column.min, "max_value": column.max},
            )
        )
    if column.pattern:
        found.append(
            _of(
                column,
                "matches",
                f"matches {column.pattern}",
                "ExpectColumnValuesToMatchRegex",
                {"regex": column.pattern},
            )
        )
    if column.type == "DOUBLE":
        query = f'select "{name}" from {BATCH} where isnan("{name}") or isinf("{name}")'
        found.append(
            _query(f"{name}_finite", f"{name}: a number or NULL, never NaN or infinite", "error", query)
        )
    if column.references:
        target, key = column.references.rsplit(".", 1)
        query = f'select "{name}" from {BATCH} where "{name}" not in (select "{key}" from {target})'
        found.append(
            _query(f"{name}_known", f"{name}: every code stands in {column.references}", "error", query)
        )
    return found


def _of(column: Column, name: str, rule: str, expectation: str, arguments: dict) -> Promise:
    return Promise(
        f"{column.name}_{name}",
        f"{column.name}: {rule}",
        "error",
        expectation,
        {"column": column.name, **arguments},
    )
