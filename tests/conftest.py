"""Worlds to test in: an empty data folder, and the embedded default data built once for all tests and workers.

What is shared is read only; a test that changes its world copies the folder (`shutil.copytree`), which costs a tenth of a
second where a build costs twenty.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import hypothesis
import pytest

from pipelines import settings
from pipelines.database import build, connection
from pipelines.declarations.tables import macros, tables
from pipelines.publishing import compared, generations
from tests.helpers import effort, runs
from tests.helpers import house as houses
from tests.helpers.worlds import RESOLVED, back_tested, build_all, copy_of, few_tables, first_rows, shared

# Modules that cost most go first, so that the workers end together (each module goes to one of them as a whole). The
# first makes the worlds that all others read, the second needs none of them; some are long in the long proofs only.
LONG = (
    "test_runs.py",
    "test_fuzz.py",
    "test_recovery.py",
    "test_crash.py",
    "test_incremental.py",
    "test_inbox.py",
    "test_cli_ingest.py",
    "test_compared.py",
    "test_publish.py",
    "test_odd_inbox.py",
    "test_returns.py",
    "test_lineage.py",
)

# A property without settings of its own; no deadline: a busy machine is no fault of the code.
hypothesis.settings.register_profile("house", effort.examples())
hypothesis.settings.load_profile("house")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long modules first, in the order of LONG; a property gets its mark, so that the long proofs try it again."""
    for item in items:
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker("property")
    items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """A worker has one core, so a database takes one thread; the long proofs take as many as there are."""
    with pytest.MonkeyPatch.context() as patch:
        if not effort.IS_LONG:
            for name in ("READ_ONLY", "WRITER"):
                patch.setattr(connection, name, {**getattr(connection, name), "threads": 1})
        yield


@pytest.fixture
def paths(tmp_path, monkeypatch) -> settings.Paths:
    """Runtime folders of one test."""
    monkeypatch.setenv("ZONESCOPE_DATA", str(tmp_path / "data"))
    found = settings.paths()
    found.inbox.mkdir(parents=True)
    return found


@pytest.fixture
def environment(paths, tmp_path) -> dict[str, str]:
    """The environment of a command that is started on this data folder, with a Dagster home of its own."""
    return runs.environment_of(paths, tmp_path / "dagster")


@pytest.fixture(scope="session")
def resolved(tmp_path_factory) -> settings.Paths:
    """The embedded default data, landed and resolved: what a test of landing needs."""
    return shared(tmp_path_factory, "resolved", lambda paths: build_all(paths, RESOLVED))


@pytest.fixture
def stocked(paths, resolved) -> settings.Paths:
    """The same in the runtime folders of one test, where files that the test drops cost their own rows only."""
    return copy_of(resolved, paths.root)


@pytest.fixture(scope="session")
def built(resolved, tmp_path_factory) -> settings.Paths:
    """The same with all tables and macros made."""
    return shared(tmp_path_factory, "built", lambda paths: build_all(copy_of(resolved, paths.root)))


@pytest.fixture(scope="session")
def published(built, tmp_path_factory) -> settings.Paths:
    """The same with one generation published."""

    def make(paths: settings.Paths) -> None:
        shutil.copytree(built.root, paths.root)
        generations.publish(paths)

    return shared(tmp_path_factory, "published", make)


@pytest.fixture(scope="session")
def compared_versions(published, tmp_path_factory) -> settings.Paths:
    """The same with all other versions of the method beside the generation: for long proofs."""
    return shared(tmp_path_factory, "compared_versions", lambda paths: _compare(published, paths, []))


@pytest.fixture(scope="session")
def compared_first(published, tmp_path_factory) -> settings.Paths:
    """The same with the first version and one whose weights come from elsewhere, as far as their back-test."""

    def make(paths: settings.Paths) -> None:
        names = back_tested()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(compared, "keyed", lambda: names)
            _compare(published, paths, ["1.0", "2.0-equal"])

    return shared(tmp_path_factory, "compared_first", make)


def _compare(published: settings.Paths, paths: settings.Paths, versions: list[str]) -> None:
    shutil.copytree(published.root, paths.root)
    compared.compute(paths, generations.current(paths), compared.wanted(versions), print)


@pytest.fixture(scope="session")
def cut(built, tmp_path_factory) -> settings.Paths:
    """The same with the first rows of the marts only: what a copy or a publication does, it does to few as to many."""

    def make(paths: settings.Paths) -> None:
        first_rows(built, paths, tables())
        with connection.connect(paths.work) as con:
            for macro in macros().values():
                build.build_macro(con, macro)
        shutil.copytree(built.landing, paths.landing)

    return shared(tmp_path_factory, "cut", make)


@pytest.fixture(scope="session")
def few(built, tmp_path_factory) -> settings.Paths:
    """The first rows of few tables; `few_tables` stands for all of them where they are published."""
    return shared(tmp_path_factory, "few", lambda paths: first_rows(built, paths, few_tables()))


@pytest.fixture
def warehouse(built) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to the built warehouse."""
    with connection.connect(built.work, read_only=True) as con:
        yield con


@pytest.fixture
def versions(compared_first) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to the published warehouse with the default and two other versions of the method."""
    generation = generations.current(compared_first)
    with compared.reading(generation, compared.files(compared_first, generation)) as con:
        yield con


@pytest.fixture
def all_versions(compared_versions) -> Iterator[duckdb.DuckDBPyConnection]:
    """The same with all versions of the method: for long proofs."""
    generation = generations.current(compared_versions)
    with compared.reading(generation, compared.files(compared_versions, generation)) as con:
        yield con


@pytest.fixture
def house(tmp_path, monkeypatch) -> Iterator[Path]:
    """A copy of declarations and code, to be edited; afterwards everybody reads the real ones again."""
    with monkeypatch.context() as patch:
        yield houses.copy_into(tmp_path / "house", patch)
    houses.forget()


@pytest.fixture
def declarations(house) -> Path:
    """Folder of the versions of the method in such a copy."""
    return house / "warehouse" / "methodology"
