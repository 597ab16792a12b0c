"""Great Expectations on DuckDB: the only file that knows it.

Belongs here: running a table's promises inside DuckDB as one expectation, and reading the result honestly: a promise
that could not be counted is never kept, nor is it bad data. Does not belong here: the SQL of a promise (promises.py),
the words of a failed check and its rows (failing_rows.py).
Great Expectations takes seconds to import, so it is imported by the function that validates.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb
import duckdb_sqlalchemy
from sqlalchemy.dialects import registry
from sqlalchemy.pool import StaticPool

from pipelines.database.promises import Promise, counting_query, promises
from pipelines.declarations.tables import Table

# Great Expectations puts a sub-select, sometimes with an alias, in place of {batch}; wrapped, it takes another alias.
BATCH = "(select * from {batch})"
# What SQLAlchemy takes for a parameter.
PARAMETER = re.compile(r"(?<![:\w\\]):(?=\w+(?!:))")


class GxDuckDialect(duckdb_sqlalchemy.Dialect):
    """DuckDB for Great Expectations, which asks for a dialect by name; results survive its early close."""

    name = "postgresql"
    supports_statement_cache = False

    def do_begin(self, dbapi_connection: Any) -> None:
        """No transaction of its own: it reads only."""

    def do_rollback(self, dbapi_connection: Any) -> None:
        """A rollback would drop the result that is still to be fetched."""

    def do_commit(self, dbapi_connection: Any) -> None:
        """Nothing to commit."""


registry.register("duckdb.gx", __name__, "GxDuckDialect")


@dataclass(frozen=True)
class Outcome:
    """What came of a promise: `unexpected` rows break it, or it could not run for the reason `problem`."""

    promise: Promise
    unexpected: int | None = None
    problem: str = ""

    @property
    def ran(self) -> bool:
        return self.unexpected is not None

    @property
    def passed(self) -> bool:
        return self.unexpected is not None and self.unexpected <= self.promise.expected_at_most

    @property
    def state(self) -> str:
        """In one word or three, as the metadata of a check shows it."""
        if not self.ran:
            return "could not run"
        return "broken" if not self.passed else "accepted" if self.unexpected else "kept"


def validate(con: duckdb.DuckDBPyConnection, table: Table) -> list[Outcome]:
    """Count what breaks each promise of a table as it stands in `con`, in the order of `promises`.

    All of them are one query. Where that query fails, each is asked alone, so that the one at fault is named.
    Nothing is raised for bad data; the caller judges.
    """
    chosen = promises(table)
    (together,) = _run(con, table, [chosen])
    if all(outcome.ran for outcome in together):
        return together
    return [outcome for (outcome,) in _run(con, table, [[promise] for promise in chosen])]


def _run(con: duckdb.DuckDBPyConnection, table: Table, groups: list[list[Promise]]) -> list[list[Outcome]]:
    """Outcomes of each group of promises; a group is one expectation and one query."""
    suite = _suite(table, groups)
    found = _batch(con, table).validate(suite, result_format="SUMMARY").results
    results = {result.expectation_config.id: result for result in found}
    return [_outcomes(group, results.get(str(place))) for place, group in enumerate(groups)]


def _suite(table: Table, groups: list[list[Promise]]) -> Any:
    import great_expectations as gx  # noqa: PLC0415

    expectations = [_promises_kept()(unexpected_rows_query=_escaped(counting_query(g))) for g in groups]
    # stored, a suite and its validation would be written out anew at every step; a batch takes a suite as it is
    suite = gx.ExpectationSuite(table.full_name, expectations=expectations)
    for place, expectation in enumerate(suite.expectations):
        expectation.id = str(place)
    return suite


def _batch(con: duckdb.DuckDBPyConnection, table: Table) -> Any:
    import great_expectations as gx  # noqa: PLC0415
    from duckdb_sqlalchemy import ConnectionWrapper  # noqa: PLC0415
    from great_expectations.datasource.fluent.sql_datasource import TableAsset  # noqa: PLC0415

    context = gx.get_context(mode="ephemeral")
    # as the manual of Great Expectations has it; its types know another form
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    # added one after the other, source, asset and batch would each be written out into the context's configuration
    source = context.data_sources.add_sql(  # type: ignore[call-arg]  # its types know no `kwargs`
        "warehouse",
        connection_string="duckdb+gx:///:memory:",
        create_temp_table=False,
        kwargs={"poolclass": StaticPool, "creator": lambda: ConnectionWrapper(_in_schema(con, table))},
        assets=[TableAsset(name=table.name, type="table", table_name=table.name)],
    )
    asset = source.get_asset(table.name)
    return asset.get_batch(asset.build_batch_request())


def _in_schema(con: duckdb.DuckDBPyConnection, table: Table) -> duckdb.DuckDBPyConnection:
    cursor = con.cursor()
    cursor.execute(f"use {table.schema_name}")
    return cursor


@cache
def _promises_kept() -> type:
    """The expectation that all promises of a query are kept: one query gives (promise, unexpected, expected_at_most)."""
    import great_expectations as gx  # noqa: PLC0415

    class ExpectPromisesToBeKept(gx.expectations.UnexpectedRowsExpectation):
        """No promise counts more unexpected rows than are expected."""

        # the number of rows of the answer would be a second run of the query
        metric_dependencies = ("unexpected_rows_query.table",)

        def _validate(
            self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
        ) -> dict[str, Any]:
            rows = metrics["unexpected_rows_query.table"]
            broken = sum(row["unexpected"] > row["expected_at_most"] for row in rows)
            return {
                "success": broken == 0,
                "result": {"observed_value": broken, "details": {"promises": rows}},
            }

    return ExpectPromisesToBeKept


def _escaped(query: str) -> str:
    """A query as Great Expectations and SQLAlchemy pass it on unchanged: braces doubled, colons before a word escaped."""
    doubled = query.replace("{", "{{").replace("}", "}}")
    return PARAMETER.sub(r"\:", doubled).replace("{{table}}", BATCH)


def _outcomes(group: list[Promise], result: Any) -> list[Outcome]:
    if result is None:
        return [Outcome(promise, problem="Great Expectations gave no result") for promise in group]
    problem = _exceptions(result.exception_info)
    rows = result.result.get("details", {}).get("promises", [])
    counts = {} if problem else {row["promise"]: row["unexpected"] for row in rows}
    return [
        Outcome(promise, counts.get(promise.name), problem or "its query gave no count")
        if promise.name not in counts
        else Outcome(promise, int(counts[promise.name]))
        for promise in group
    ]


def _exceptions(info: Any) -> str:
    """Message of an expectation that raised; empty when it did not. The shape of `info` varies by expectation."""
    if not info:
        return ""
    entries = [info] if "raised_exception" in info else list(info.values())
    return "; ".join(str(e.get("exception_message")) for e in entries if e.get("raised_exception"))
