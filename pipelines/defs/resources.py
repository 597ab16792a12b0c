"""What the assets need from outside: the runtime folders, one connection to the work database, one run at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import duckdb

from pipelines import run_lock, settings, store

POOL = "warehouse"


class Warehouse(dg.ConfigurableResource):
    """The work database. One run at a time works on it, and within a run one asset at a time (the pool)."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Warehouse"]:
        run_id = context.run.run_id if context.run else ""
        with run_lock.hold(self.paths.run_lock, context.log.warning, run_id):
            if context.instance is not None:
                for dead in run_lock.free_slots_of_the_dead(context.instance, POOL, run_id):
                    context.log.warning(f"run {dead} had been killed; its slot is free again")
            yield self

    @property
    def paths(self) -> settings.Paths:
        return settings.paths()

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with store.connect(self.paths.work) as con:
            yield con
