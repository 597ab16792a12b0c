"""Worlds to test in: an empty data folder, and the embedded default data built once for all tests that only read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import duckdb
import hypothesis
import pytest

from pipelines import build, landing, lineage, settings, store
from pipelines.contracts import macros, tables

# What a test of landing and resolution looks at; the scores behind it cost ten times as much.
RESOLVED = (*(name for name in tables() if name.startswith("core.")), "mart.file_accounting")

# a busy machine is no fault of the code
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")


def build_all(paths: settings.Paths, wanted: Iterable[str] = ()) -> list[landing.Landed]:
    """From files to the wanted tables (all of them where none is named) without Dagster, in the SQL's own order."""
    with store.connect(paths.work) as con:
        landed = landing.land_all(con, paths)
        for table in (tables()[name] for name in lineage.order(*(wanted or tables()))):
            if table.schema_name != "raw":
                build.build(con, table)
        for macro in () if wanted else macros().values():  # a macro asks for the tables that it reads
            build.build_macro(con, macro)
    return landed


@pytest.fixture
def paths(tmp_path, monkeypatch) -> settings.Paths:
    """Runtime folders of one test."""
    monkeypatch.setenv("ZONESCOPE_DATA", str(tmp_path / "data"))
    found = settings.paths()
    found.inbox.mkdir(parents=True)
    return found


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> settings.Paths:
    """The embedded default data, built; read only."""
    found = settings.Paths(tmp_path_factory.mktemp("built"))
    build_all(found)
    return found


@pytest.fixture
def warehouse(built) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to the built warehouse."""
    with store.connect(built.work, read_only=True) as con:
        yield con
