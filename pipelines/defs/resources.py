"""What the assets need from outside: the runtime folders, one connection to the work database, one run at a time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg
import duckdb

from pipelines import settings
from pipelines.database import connection, recovery, run_lock
from pipelines.publishing import generations

POOL = "warehouse"


class Warehouse(dg.ConfigurableResource):
    """The work database. One run at a time works on it, and within a run one asset at a time (the pool)."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Warehouse"]:
        run_id = context.run.run_id if context.run else ""
        warn = (context.log or dg.get_dagster_logger()).warning
        with run_lock.hold(self.paths.run_lock, warn, run_id):
            if context.instance is not None:
                for dead in run_lock.free_slots_of_the_dead(context.instance, POOL, run_id):
                    warn(f"run {dead} had been killed; its slot is free again")
            recovery.ensure(self.paths, warn)
            self._look_at_published(warn)
            # opened and closed once, and not in each of the steps, whose connections then share the open file
            with self.connect():
                yield self

    def _look_at_published(self, say: Callable[[str], None]) -> None:
        try:
            generations.readable(self.paths, say, thorough=True)
        except generations.NothingPublished as none:
            if generations.kept(self.paths):
                say(str(none))

    @property
    def paths(self) -> settings.Paths:
        return settings.paths()

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with connection.connect(self.paths.work) as con:
            yield con
