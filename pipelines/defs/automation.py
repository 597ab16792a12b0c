"""When it runs: nightly, after the customs calendar, and when the inbox changes."""

import hashlib

import dagster as dg

from pipelines import settings

refresh = dg.define_asset_job(
    "refresh", selection=dg.AssetSelection.all(), description="Files to report, everything."
)

nightly = dg.ScheduleDefinition(
    name="nightly",
    job=refresh,
    cron_schedule="30 2 * * *",
    execution_timezone="Asia/Shanghai",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every night at 02:30 Beijing time.",
)

after_customs_calendar = dg.ScheduleDefinition(
    name="after_customs_calendar",
    job=refresh,
    cron_schedule="0 20 9,18,20,23 * *",
    execution_timezone="Asia/Shanghai",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Evenings of the days by which the customs usually releases its monthly tables and query data; "
    "edit the days to the year's release calendar.",
)


@dg.sensor(
    job=refresh,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Runs the job when the inbox holds other files.",
)
def inbox(context: dg.SensorEvaluationContext):
    """One run for each state of the inbox (names, sizes, times); an unchanged inbox runs nothing."""
    folder = settings.paths().inbox
    files = sorted(p for p in folder.glob("**/*") if p.is_file()) if folder.exists() else []
    if not files:
        return dg.SkipReason(f"the inbox {folder.name}/ is empty")
    listing = "\n".join(f"{p.name} {p.stat().st_size} {p.stat().st_mtime_ns}" for p in files)
    state = hashlib.sha256(listing.encode()).hexdigest()[:16]
    if state == context.cursor:
        return dg.SkipReason("the inbox has not changed since the last run")
    context.update_cursor(state)
    return dg.RunRequest(run_key=state)


schedules = [nightly, after_customs_calendar]
sensors = [inbox]
