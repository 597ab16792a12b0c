"""When it runs: nightly, after the customs calendar, and when the inbox changes."""

import hashlib
import time

import dagster as dg

from pipelines import settings
from pipelines.landing import discovery

SETTLED_SECONDS = 5

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
def inbox(context: dg.SensorEvaluationContext) -> dg.SkipReason | dg.RunRequest:
    """One run for each state of the inbox (paths, sizes, times); an unchanged inbox runs nothing.

    A file that changed within the last seconds may still be written: the sensor waits for it to settle.
    """
    folder = settings.paths().inbox
    found = discovery.data_files(folder) + discovery.sidecars(folder)
    if not found:
        return dg.SkipReason("the inbox is empty")
    states = [(str(path), path.stat(follow_symlinks=False)) for path in found]
    # a file from the future (a clock was set back) has settled: it would be waited for until its time comes
    if any(abs(time.time() - stat.st_mtime) < SETTLED_SECONDS for _, stat in states):
        return dg.SkipReason("a file of the inbox may still be written")
    listing = "\n".join(f"{path} {stat.st_size} {stat.st_mtime_ns}" for path, stat in states)
    state = hashlib.sha256(listing.encode(errors="surrogateescape")).hexdigest()[:16]
    if state == context.cursor:
        return dg.SkipReason("the inbox has not changed since the last run")
    context.update_cursor(state)
    return dg.RunRequest()


schedules = [nightly, after_customs_calendar]
sensors = [inbox]
