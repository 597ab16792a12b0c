"""Worlds to test in: an empty data folder, and the embedded default data built once for all tests and workers.

What is shared is read only; a test that changes its world copies the folder (`shutil.copytree`), which costs a tenth of a
second where a build costs twenty.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterator

import duckdb
import hypothesis
import pytest

from pipelines import settings
from pipelines.database import build, connection, run_lock, writing
from pipelines.declarations.tables import macros, tables
from pipelines.landing import land as landing
from pipelines.landing import outcome
from pipelines.publishing import generations

# What a test of landing and resolution looks at; the scores behind it cost ten times as much.
RESOLVED = (*(name for name in tables() if name.startswith("core.")), "mart.file_accounting")

# Modules of a minute and more go first, so that the workers end together (each module goes to one of them as a whole).
LONG = (
    "test_runs.py",
    "test_recovery.py",
    "test_fuzz.py",
    "test_publish.py",
    "test_crash.py",
    "test_odd_inbox.py",
)

# a busy machine is no fault of the code
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long modules first, in the order of LONG."""
    items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))


def build_all(paths: settings.Paths, wanted: Collection[str] | None = None) -> list[outcome.Landed]:
    """From files to the wanted tables (all of them where none is named) without Dagster, in the SQL's own order."""
    with connection.connect(paths.work) as con:
        landed = landing.land_all(con, paths)
        build.build_all(con, wanted)
    return landed


@pytest.fixture
def paths(tmp_path, monkeypatch) -> settings.Paths:
    """Runtime folders of one test."""
    monkeypatch.setenv("ZONESCOPE_DATA", str(tmp_path / "data"))
    found = settings.paths()
    found.inbox.mkdir(parents=True)
    return found


def shared(factory: pytest.TempPathFactory, name: str, make: Callable[[settings.Paths], object]):
    """A data folder that the first worker that asks for it makes and all read."""
    common = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # a worker's own folder lies in the common one
        common = common.parent
    found, made = settings.Paths(common / name), common / f"{name}.made"
    with run_lock.hold(common / f"{name}.lock", print):
        if not made.exists():
            make(found)
            made.touch()
    return found


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> settings.Paths:
    """The embedded default data, built."""
    return shared(tmp_path_factory, "built", build_all)


@pytest.fixture(scope="session")
def published(built, tmp_path_factory) -> settings.Paths:
    """The same with one generation published."""

    def make(paths: settings.Paths) -> None:
        shutil.copytree(built.root, paths.root)
        generations.publish(paths)

    return shared(tmp_path_factory, "published", make)


@pytest.fixture(scope="session")
def cut(built, tmp_path_factory) -> settings.Paths:
    """The same with the first rows of the marts only: what a copy or a publication does, it does to few as to many."""

    def make(paths: settings.Paths) -> None:
        with connection.connect(paths.work) as con:
            con.execute(f"attach '{built.work}' as whole (read_only)")
            for name, table in tables().items():
                limit = "limit 500" if table.schema_name == "mart" else ""
                writing.create(con, table, f"from whole.{name} {limit}")
            for macro in macros().values():
                build.build_macro(con, macro)
        shutil.copytree(built.landing, paths.landing)

    return shared(tmp_path_factory, "cut", make)


@pytest.fixture
def warehouse(built) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to the built warehouse."""
    with connection.connect(built.work, read_only=True) as con:
        yield con
