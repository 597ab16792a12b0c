"""Asset checks: each table's contract (blocking) and its doubts (warning), run by Great Expectations in DuckDB."""

import dagster as dg

from pipelines.database import checks as database_checks
from pipelines.declarations.tables import Table, tables
from pipelines.defs.resources import POOL, Warehouse

KINDS = {"contract": ("error", True), "doubts": ("warning", False)}


def table_check(table: Table, kind: str) -> dg.AssetChecksDefinition:
    """One check of a table: all its promises of one severity, with a row for each in the metadata."""
    severity, blocking = KINDS[kind]

    @dg.asset_check(
        asset=table.key,
        name=kind,
        blocking=blocking,
        pool=POOL,
        description=f"Great Expectations suite of {table.full_name}: {kind}",
    )
    def check(warehouse: Warehouse) -> dg.AssetCheckResult:
        with warehouse.connect() as con:
            return result(database_checks.validate(con, table, severity), severity)

    return check


def result(outcomes: list[database_checks.Outcome], severity: str) -> dg.AssetCheckResult:
    """Outcomes as one check result; a promise that could not be checked is a failure of its own kind."""
    failed = [o for o in outcomes if not o.passed]
    return dg.AssetCheckResult(
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR if severity == "error" else dg.AssetCheckSeverity.WARN,
        description="; ".join(map(_message, failed))[:1000] or f"{len(outcomes)} promises kept",
        metadata={
            "promises": len(outcomes),
            "broken": sum(o.ran for o in failed),
            "could not run": sum(not o.ran for o in failed),
            "outcomes": dg.MetadataValue.table([_record(o) for o in outcomes]),
        },
    )


def _message(outcome: database_checks.Outcome) -> str:
    count = "" if outcome.unexpected_count is None else f" ({outcome.unexpected_count} rows)"
    return f"{outcome.description}{count}: {outcome.detail}".removesuffix(": ")


def _record(outcome: database_checks.Outcome) -> dg.TableRecord:
    state = "kept" if outcome.passed else "broken" if outcome.ran else "could not run"
    return dg.TableRecord(
        {
            "promise": outcome.name,
            "meaning": outcome.description,
            "state": state,
            "unexpected rows": outcome.unexpected_count or 0,
            "detail": outcome.detail,
        }
    )


checks = [
    table_check(table, kind)
    for table in tables().values()
    for kind, (severity, _) in KINDS.items()
    if any(p.severity == severity for p in database_checks.promises(table))
]
