"""Versions of the method that are not the default: computed when somebody asks, stored beside the published generation.

Belongs here: which tables a version has, the file that holds them, reading that file together with the generation. Does
not belong here: a SELECT or a metric (warehouse/, metrics/). A version is computed by the SELECTs, metrics and functions
that make the default's tables in a run; only `reference.methodology.is_computed` names another version.

The inputs are the tables of the generation and the declarations of today, so a version that was declared after the
generation was published can be computed too. Neither the generation nor the work database is written. A version has one
file, `<data>/compared/<generation>-<first letters of its hash>/<version>.duckdb`; it appears there whole or not at all.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import duckdb
import polars as pl

from pipelines.database import build, connection, lineage, run_lock, writing
from pipelines.database.files import sync
from pipelines.declarations import reference_rows
from pipelines.declarations.modes import methodologies
from pipelines.declarations.tables import macros, tables
from pipelines.publishing import generations
from pipelines.publishing.generations import Generation
from pipelines.settings import Paths

VERSION = "methodology_version"
VERSIONS = "reference.methodology"
CRITERIA = "reference.mode_criterion"
PUBLISHED = "published"
HASH_LETTERS = 12
MAKING = ".making"


class UnknownVersion(Exception):
    """A user asked for a version of the method that no file declares."""


class OtherDefault(Exception):
    """The published default version differs from the declared default version."""


def default() -> str:
    """Name of the version that a run computes."""
    return next(name for name, version in methodologies().items() if version.is_default)


def wanted(versions: list[str]) -> list[str]:
    """Return the versions to compute: the named ones, or all if none is named.

    The default is already published.

    Raises:
        UnknownVersion: No file declares one of the named versions. Nothing has been computed then.
    """
    declared = methodologies()
    if unknown := [name for name in versions if name not in declared]:
        raise UnknownVersion(
            f"found the version {', '.join(unknown)}, expected one of {', '.join(sorted(declared))}. A version is a file "
            "warehouse/methodology/VERSION.yml; nothing was computed"
        )
    return [name for name in dict.fromkeys(versions or declared) if name != default()]


def keyed() -> set[str]:
    """Tables in which each row belongs to one version of the method."""
    return {name for name, table in tables().items() if VERSION in table.grain}


def files(paths: Paths, generation: Generation) -> dict[str, Path]:
    """Files of the computed versions of a generation, by version, without the default."""
    found = {path.stem: path for path in sorted(folder(paths, generation).glob("*.duckdb"))}
    return {version: path for version, path in found.items() if version != default()}


def folder(paths: Paths, generation: Generation) -> Path:
    """Folder of the computed versions of a generation.

    Another generation with the same number has another folder.
    """
    sha = generation.manifest["database"]["sha256"]
    return paths.compared / f"{generation.generation_id}-{sha[:HASH_LETTERS]}"


def compute(
    paths: Paths, generation: Generation, versions: list[str], say: Callable[[str], None]
) -> dict[str, Path]:
    """Compute versions, store them in place of their older results, and return their files.

    Raises:
        OtherDefault: The published default differs from the declared one, so that the versions cannot be
            compared.
    """
    with run_lock.hold(paths.compared / "lock", say, "zonescope methodology compare"):
        _remove_leftovers(paths)
        return {version: _store(paths, generation, version) for version in versions}


@contextmanager
def reading(generation: Generation, versions: dict[str, Path]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the published tables and macros under their names.

    The tables that depend on a version also have the rows of `versions`.
    """
    attached = {PUBLISHED: generation.database, **versions}
    with connection.together(attached, partial(_lay_views, versions=list(versions))) as con:
        yield con


def _store(paths: Paths, generation: Generation, version: str) -> Path:
    """Make the file of one version under a temporary name and move it to its place in one step."""
    making = paths.compared / f"{MAKING}-{version}"
    database = making / f"{version}.duckdb"
    with connection.connect(database) as con:
        connection.attach(con, PUBLISHED, generation.database)
        _expect_same_default(con, generation)
        _fill(con, version)
        con.execute(f'detach "{PUBLISHED}"; checkpoint')
    database.chmod(database.stat().st_mode & ~generations.WRITE_BITS)
    sync(database)
    target = folder(paths, generation) / database.name
    target.parent.mkdir(exist_ok=True)
    os.replace(database, target)
    sync(target.parent)
    shutil.rmtree(making)
    return target


def _fill(con: duckdb.DuckDBPyConnection, version: str) -> None:
    """Make the tables that depend on a version, for one version, from views on the published tables."""
    made = keyed()
    others = tables().keys() - made
    inputs = sorted({name for table in made for name in lineage.upstream(table)} & others)
    for name in inputs:
        con.execute(f'create view {name} as from "{PUBLISHED}".{name}')
    versions = reference_rows.rows(tables()[VERSIONS]).with_columns(is_computed=pl.col(VERSION) == version)
    writing.create(con, tables()[VERSIONS], versions)
    build.build_all(con, made, keep={*others, VERSIONS})
    for name in inputs:
        con.execute(f"drop view {name}")


def _expect_same_default(con: duckdb.DuckDBPyConnection, generation: Generation) -> None:
    """Raise OtherDefault if the declaration of the default version has changed since the generation was
    published.
    """
    for name in (VERSIONS, CRITERIA):
        declared = reference_rows.rows(tables()[name]).filter(pl.col(VERSION) == default())
        published = con.sql(
            f"select * from \"{PUBLISHED}\".{name} where {VERSION} = '{default()}' order by all"
        ).pl()
        common = [column for column in declared.columns if column in published.columns]
        if not declared.select(common).sort(common).equals(published.select(common).sort(common)):
            raise OtherDefault(
                f"generation {generation.generation_id}: found another default version of the method in {name} than "
                f"is declared now ({default()}), expected the same; `zonescope run` publishes it, then compare again"
            )


def _lay_views(con: duckdb.DuckDBPyConnection, versions: list[str]) -> None:
    """Create a view for each published table and each table of a version, then create the macros over the
    views.
    """
    query = "select schema_name || '.' || table_name, database_name from duckdb_tables() where not temporary"
    places: dict[str, set[str]] = {}
    for name, database in con.execute(query).fetchall():
        places.setdefault(name, set()).add(database)
    for name in (name for name in tables() if name in places):
        con.execute(f"create view {name} as {_rows(name, places[name], versions)}")
    for macro in macros().values():
        build.build_macro(con, macro)


def _rows(name: str, places: set[str], versions: list[str]) -> str:
    if VERSION not in tables()[name].grain:
        return f'from "{PUBLISHED}".{name}'
    listed = ", ".join(f"'{version}'" for version in versions)
    others = f"where {VERSION} not in ({listed})" if versions else ""
    parts = [f'select * from "{PUBLISHED}".{name} {others}'] if PUBLISHED in places else []
    parts += [f"select * from \"{v}\".{name} where {VERSION} = '{v}'" for v in versions if v in places]
    return " union all by name ".join(parts)


def _remove_leftovers(paths: Paths) -> None:
    """Remove what a killed command left, and the versions of generations that are no longer kept.

    The caller holds the lock.
    """
    kept = set(generations.kept(paths))
    for found in paths.compared.iterdir():
        if found.is_dir() and (found.name.startswith(MAKING) or found.name.split("-")[0] not in kept):
            shutil.rmtree(found)
