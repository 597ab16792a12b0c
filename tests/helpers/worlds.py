"""Worlds to test in: data folders built once for all tests and workers, and what to ask of them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from pipelines import settings
from pipelines.database import build, connection, lineage, run_lock, writing
from pipelines.declarations import reference_rows
from pipelines.declarations.tables import Table, tables
from pipelines.landing import land as landing
from pipelines.landing import outcome, raw_rows, recognition
from pipelines.publishing import compared

# What a test of landing and resolution looks at; the scores behind it cost ten times as much.
RESOLVED = (*(name for name in tables() if name.startswith("core.")), "mart.file_accounting")


def build_all(paths: settings.Paths, wanted: Collection[str] | None = None) -> list[outcome.Landed]:
    """From files to the wanted tables (all of them where none is named) without Dagster, in the SQL's own order."""
    with connection.connect(paths.work) as con:
        landed = landing.land_all(con, paths)
        build.build_all(con, wanted)
    return landed


def shared(
    factory: pytest.TempPathFactory, name: str, make: Callable[[settings.Paths], object]
) -> settings.Paths:
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


def copy_of(world: settings.Paths, root: Path) -> settings.Paths:
    """A copy of a shared data folder, to be changed, with an inbox."""
    shutil.copytree(world.root, root, symlinks=True, dirs_exist_ok=True)
    found = settings.Paths(root)
    found.inbox.mkdir(exist_ok=True)
    return found


def first_rows(world: settings.Paths, paths: settings.Paths, chosen: dict[str, Table]) -> None:
    """A new work database of these tables of a world, with the first rows of the marts and of what only feeds them."""
    with connection.connect(paths.work) as con:
        con.execute(f"attach '{world.work}' as whole (read_only)")
        for name, table in chosen.items():
            limit = "limit 500" if table.schema_name in ("work", "mart") else ""
            writing.create(con, table, f"from whole.{name} {limit}")


# What a test of publications looks at, one of each schema at least.
FEW = (
    "core.zone",
    "mart.mode",
    "mart.mode_fit",
    "raw.file",
    "reference.methodology",
    "reference.unit",
    "work.mode_fit_input",
)


def few_tables() -> dict[str, Table]:
    """Tables of a warehouse that has few: in place of `tables` where it is published."""
    return {name: tables()[name] for name in FEW}


WANTED = ("core.observation", "core.quarantine", "core.area", "mart.file_accounting")


@contextmanager
def warehouse_of(
    root: Path, sources: Mapping[str, object], files: Mapping[str, bytes]
) -> Iterator[tuple[duckdb.DuckDBPyConnection, list[outcome.Landed]]]:
    """A warehouse of these sources and files only, landed through the inbox."""
    paths = settings.Paths(root / "data")
    paths.inbox.mkdir(parents=True)
    for name, content in files.items():
        (paths.inbox / name).write_bytes(content)
    with pytest.MonkeyPatch.context() as patch, connection.connect(paths.work) as con:
        for module in (recognition, reference_rows):
            patch.setattr(module, "sources", lambda: sources)
        recognition.fingerprint.cache_clear()
        raw_rows.ensure_tables(con)
        landed = [x for p in sorted(paths.inbox.iterdir()) for x in landing.land(con, p, "inbox", paths)]
        build.build_all(con, WANTED)
        yield con, landed
    recognition.fingerprint.cache_clear()


def back_tested() -> set[str]:
    """Tables of a version of the method as far as its fits and their back-test: half the cost of all."""
    return compared.keyed() & set(lineage.order("mart.mode_fit", "mart.mode_backtest_summary"))


def compared_with(con: duckdb.DuckDBPyConnection, other: str, table: str) -> tuple[int, int, int]:
    """Rows of a table; how many of them an attached database lacks, and how many only that one has."""
    found: tuple[int, int, int] = con.execute(
        f"select (select count(*) from {table}), (select count(*) from (from {table} except all from {other}.{table})), "
        f"(select count(*) from (from {other}.{table} except all from {table}))"
    ).fetchall()[0]
    return found


def query(paths: settings.Paths, sql: str, *values: object) -> list[tuple]:
    """Rows of the work database."""
    with connection.connect(paths.work, read_only=True) as con:
        return con.execute(sql, values).fetchall()
