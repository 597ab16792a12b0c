"""One run at a time on one data folder, and recovery from a run that was killed.

The lock file belongs here, and the repair of Dagster's state under the lock. The lock of DuckDB belongs to
connection.py.

The operating system releases the lock when its process ends for any reason. The holder of the lock therefore
knows that every other run that still claims a slot of the pool has ended.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:  # commands that only hold the lock need not wait for Dagster
    import dagster as dg


@contextmanager
def hold(path: Path, say: Callable[[str], None], run_id: str = "") -> Iterator[None]:
    """Wait until no other process runs on this data folder; then exclude others until the block ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as handle:
        waiting = False
        while not _taken(handle):
            if not waiting:
                handle.seek(0)
                say(
                    f"waiting: another run is under way on {path.parent} ({handle.read().strip() or 'starting'})"
                )
            waiting = True
            time.sleep(0.5)
        handle.seek(0)
        handle.truncate()
        handle.write(f"process {os.getpid()} run {run_id}")
        handle.flush()
        yield


def free_slots_of_the_dead(instance: dg.DagsterInstance, pool: str, run_id: str) -> list[str]:
    """Release pool slots that killed runs still claim, mark those runs failed, and return their ids.

    The caller must hold the lock.
    """
    storage = instance.event_log_storage
    if not storage.supports_global_concurrency_limits:
        return []
    info = storage.get_concurrency_info(pool)
    dead = sorted((set(info.active_run_ids) | set(info.pending_run_ids)) - {run_id})
    for other in dead:
        storage.free_concurrency_slots_for_run(other)
        run = instance.get_run_by_id(other)
        if run is not None and not run.is_finished:
            instance.report_run_failed(run, "its process died; found by the next run")
    return dead


def _taken(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
