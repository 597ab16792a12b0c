"""Whether a run would change anything, asked before the seconds that a run needs to start.

Belongs here: the questions, in the order of their cost. Does not belong here: what a run does (run_graph.py), each
comparison (landing/standing.py, database/versions.py, publishing/).

Every question is the one that the run itself asks of each file, each table, the generation and the report. Where one
cannot be answered with yes, the run goes its whole way; it does not rely on what was found here.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable

import duckdb

from pipelines.database import connection, recovery, run_lock, versions
from pipelines.landing import discovery, standing
from pipelines.publishing import generations
from pipelines.publishing.generations import Generation
from pipelines.publishing.report import write
from pipelines.settings import Paths


class SomethingNew(Exception):
    """A run is needed; the message is the first reason that was found."""


def current(paths: Paths, say: Callable[[str], None]) -> Generation:
    """The generation and report that a run would leave as they are.

    Raises:
        SomethingNew: A run would change something, or must look closer.
    """
    with run_lock.hold(paths.run_lock, say, "that looks for changes"):
        recovery.ensure(paths, say)
        if not paths.work.exists():
            raise SomethingNew("there is no work database")
        with connection.connect(paths.work, read_only=True) as con:
            found = _made_of(con, paths, say)
        if not write.stands(paths, found):
            raise SomethingNew("the report is not there as it would be written now")
        for file in discovery.alone(paths.inbox):
            say(file.reason)
        return found


def _made_of(con: duckdb.DuckDBPyConnection, paths: Paths, say: Callable[[str], None]) -> Generation:
    """The current generation, if it holds what the work database holds and that is what a run would make."""
    if not connection.is_checked(con):
        raise SomethingNew("the work database holds what no run has checked")
    reason = standing.first_to_land(con, paths) or versions.first_reason(con)
    if reason:
        raise SomethingNew(reason)
    try:
        generations.readable(paths, say, thorough=True)
    except generations.NothingPublished as error:
        raise SomethingNew(str(error)) from error
    found = generations.standing_for(con, paths)
    if found is None:
        raise SomethingNew("the current generation holds other tables than the work database")
    return found


def forget(paths: Paths, say: Callable[[str], None]) -> None:
    """Let the next run read all kept bytes again, make every table and write the report; what is published stays."""
    with run_lock.hold(paths.run_lock, say, "that starts anew"):
        if paths.work.parent.exists():
            shutil.rmtree(paths.work.parent)
        for note in paths.reports.glob(f"*/{write.NOTE}"):
            note.unlink()
