"""What the assets need from outside: the runtime folders and one connection to the work database."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import duckdb

from pipelines import settings, store


class Warehouse(dg.ConfigurableResource):
    """The work database. One asset at a time writes (pool `warehouse`); it is closed after each."""

    @property
    def paths(self) -> settings.Paths:
        return settings.paths()

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with store.connect(self.paths.work) as con:
            yield con
