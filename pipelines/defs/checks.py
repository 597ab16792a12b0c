"""Asset checks: each table's contract (blocking) and its doubts (warning), run in the step that makes the table."""

import dagster as dg
import duckdb

from pipelines.database import checks as database_checks
from pipelines.database import failing_rows
from pipelines.database.checks import Outcome
from pipelines.database.promises import promises
from pipelines.declarations.tables import Table

SEVERITIES = {"contract": "error", "doubts": "warning"}


def specs(table: Table) -> list[dg.AssetCheckSpec]:
    """The checks of a table: its contract, and its doubts where it has any."""
    found = {promise.severity for promise in promises(table)}
    return [
        dg.AssetCheckSpec(
            kind,
            asset=table.key,
            blocking=severity == "error",
            description=f"Great Expectations suite of {table.full_name}: {kind}",
        )
        for kind, severity in SEVERITIES.items()
        if severity in found
    ]


def checked(
    con: duckdb.DuckDBPyConnection, table: Table, data_version: str, metadata: dict
) -> dg.MaterializeResult:
    """The result of a table that was just made: its data version, its metadata and what came of its promises."""
    outcomes = database_checks.validate(con, table)
    results = [result(con, table, spec.name, outcomes) for spec in specs(table)]
    return dg.MaterializeResult(
        asset_key=table.key,
        data_version=dg.DataVersion(data_version),
        metadata=metadata,
        check_results=results,
    )


def result(
    con: duckdb.DuckDBPyConnection, table: Table, kind: str, outcomes: list[Outcome]
) -> dg.AssetCheckResult:
    """Outcomes of one severity as one check; a promise that could not be checked is a failure of its own kind."""
    chosen = [o for o in outcomes if o.promise.severity == SEVERITIES[kind]]
    rows = {o.promise.name: failing_rows.failing_rows(con, table, o.promise) for o in chosen if _broken(o)}
    return dg.AssetCheckResult(
        check_name=kind,
        asset_key=table.key,
        passed=all(o.passed for o in chosen),
        severity=dg.AssetCheckSeverity.ERROR if kind == "contract" else dg.AssetCheckSeverity.WARN,
        description=_message(table, chosen, rows),
        metadata=_metadata(chosen, [row for found in rows.values() for row in found]),
    )


def _broken(outcome: Outcome) -> bool:
    return outcome.ran and not outcome.passed


def _message(table: Table, outcomes: list[Outcome], rows: dict[str, list[failing_rows.FailingRow]]) -> str:
    failed = [o for o in outcomes if not o.passed]
    if failed:
        return "\n".join(failing_rows.explain(table, o, rows.get(o.promise.name, [])) for o in failed)
    accepted = [
        f"{o.promise.name} {o.unexpected} of at most {o.promise.expected_at_most}"
        for o in outcomes
        if o.unexpected
    ]
    return f"{len(outcomes)} promises kept" + (f"; accepted: {', '.join(accepted)}" if accepted else "")


def _metadata(outcomes: list[Outcome], rows: list[failing_rows.FailingRow]) -> dict:
    found = {
        "promises": len(outcomes),
        "broken": sum(map(_broken, outcomes)),
        "could not run": sum(not o.ran for o in outcomes),
        "outcomes": dg.MetadataValue.table([_record(o) for o in outcomes]),
    }
    return found | ({"failing rows": dg.MetadataValue.table([_row(row) for row in rows])} if rows else {})


def _record(outcome: Outcome) -> dg.TableRecord:
    return dg.TableRecord(
        {
            "promise": outcome.promise.name,
            "meaning": outcome.promise.description,
            "state": outcome.state,
            "unexpected rows": outcome.unexpected or 0,
            "expected at most": outcome.promise.expected_at_most,
            "problem": outcome.problem,
        }
    )


def _row(row: failing_rows.FailingRow) -> dg.TableRecord:
    return dg.TableRecord(
        {
            "promise": row.promise,
            "file": row.file,
            "sheet": row.sheet,
            "row": "" if row.row is None else str(row.row),
            "column": "" if row.column is None else str(row.column),
            "states": row.states,
        }
    )
