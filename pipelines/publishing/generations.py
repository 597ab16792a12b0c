"""From the work database to a published generation, and from that to the report.

Belongs here: the generation folder, its manifest, the atomic switch, retention, the way back to an earlier one. Does not
belong here: making tables. A generation is never changed after the switch; readers of an old one keep it until retention
removes it.

A generation is looked at when it is opened (its manifest's own hash, sizes of all files; DuckDB checks the sum of every
block it reads) and hashed in full at the start of a run, by `zonescope verify` and before it is rolled back to.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.database import connection, source_code, versions, writing
from pipelines.database.files import sha256, sync
from pipelines.declarations.files import NOT_PUBLISHED, SCHEMAS
from pipelines.declarations.tables import macros, tables
from pipelines.program import program
from pipelines.quoting import identifier, identifiers, literal
from pipelines.settings import Paths

POINTER = "CURRENT"
KEEP = 5
# The one before the current one stays, for a reader that has just asked for it.
KEEP_AT_LEAST = 2
# Nobody may write a published file. Who may read it stays as it is; retention needs the right to write the folder only.
WRITE_BITS = 0o222
# Of each table, in its manifest: what stands in it, and what the file says of it.
VERSIONS = ("data_version", "contract_version")
# Named and not imported: the checks need seconds to load.
PUBLISHERS = (__name__, *(f"pipelines.database.{name}" for name in ("checks", "promises", "sql_text")))


class NothingPublished(Exception):
    """No published generation can be read: none exists yet, or all are damaged or removed."""


class NotChecked(Exception):
    """The work database has changes that no run has checked."""


@dataclass(frozen=True)
class Generation:
    """One published state of the warehouse."""

    generation_id: str
    folder: Path
    manifest: dict

    @property
    def database(self) -> Path:
        return self.folder / f"warehouse-{self.generation_id}.duckdb"

    @property
    def row_count(self) -> int:
        return sum(table["rows"] for table in self.manifest["tables"].values())


def publish(paths: Paths, keep: int = KEEP, *, with_work: bool = False) -> Generation:
    """Copy the work database and the Parquet of its tables into a new generation and switch to it.

    All files are first written and synced to disk under a temporary name. If a failure occurs before the
    switch, the old generation stays current. A killed process leaves a remainder, which the next publish
    removes. The caller must make sure that the work database is checked. `keep` is the number of generations
    to keep. Tables of the schema `work` only feed computations; they are left out unless `with_work`.
    """
    for leftover in paths.published.glob(".making-*"):
        shutil.rmtree(leftover)
    generation_id = f"{_last_number(paths) + 1:06d}"
    making, final = paths.published / f".making-{generation_id}", paths.published / generation_id
    making.mkdir(parents=True)
    try:
        manifest = _make(paths, making, generation_id, with_work=with_work)
        os.replace(making, final)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    sync(paths.published)
    _switch(paths, generation_id)
    _retain(paths, keep)
    return Generation(generation_id, final, manifest)


def publish_changes(paths: Paths, keep: int = KEEP) -> tuple[Generation, bool]:
    """Publish unless the current generation is sound and holds the same; whether a new one was published.

    The caller vouches that the work database is checked.
    """
    with connection.connect(paths.work) as con:
        standing = standing_for(con, paths, thorough=True)
        if standing:
            connection.mark_checked(con)
            con.execute("checkpoint")
    if standing is None:
        return publish(paths, keep), True
    _note_bytes(paths, sha256(paths.work))
    return standing, False


def standing_for(
    con: duckdb.DuckDBPyConnection, paths: Paths, *, thorough: bool = False
) -> Generation | None:
    """The current generation, if it is sound and holds the same tables and macros as the work database.

    Args:
        con: The work database.
        paths: Runtime folders.
        thorough: Whether to hash the files of the generation; otherwise only their sizes are compared.
    """
    try:
        found = current(paths)
    except NothingPublished:
        return None
    stated = {
        name: {key: entry.get(key) for key in VERSIONS}
        for name, entry in found.manifest["tables"].items()
        if not name.startswith(f"{NOT_PUBLISHED}.")  # they were asked for, and say nothing of the rest
    }
    same = (stated, found.manifest.get("macros"), found.manifest.get("publisher")) == (
        _table_versions(con, _published_names()),
        _macro_versions(),
        _publisher(),
    )
    return found if same and not verify(found, thorough=thorough) else None


def _published_names(*, with_work: bool = False) -> list[str]:
    """Full names of the tables that a generation holds."""
    return sorted(t.full_name for t in tables().values() if with_work or t.schema_name != NOT_PUBLISHED)


def _table_versions(con: duckdb.DuckDBPyConnection, names: Collection[str]) -> dict[str, dict[str, str]]:
    """For each table the versions that a generation must share with the work database: of its rows and of its contract."""
    return {
        name: dict(
            zip(
                VERSIONS,
                (versions.data_version(con, tables()[name]), versions.contract_version(tables()[name])),
                strict=True,
            )
        )
        for name in names
    }


def _macro_versions() -> dict[str, str]:
    return {name: versions.code_version(macro) for name, macro in macros().items()}


def _publisher() -> str:
    """Hash of what checks the tables of a generation and writes its files."""
    return source_code.short_hash(
        *(source_code.text_of(module) for module in PUBLISHERS),
        *source_code.installed(["duckdb", "great_expectations"]),
    )


def again(paths: Paths, keep: int, *, with_work: bool = False) -> Generation:
    """Publish the work database again in the state that the last run checked.

    Raises:
        NotChecked: The work database has changes that no run has checked.
    """
    must_be_checked(paths)
    return publish(paths, keep, with_work=with_work)


def must_be_checked(paths: Paths) -> None:
    """Raise NotChecked unless a run has checked all that the work database holds."""
    if not paths.work.exists():
        raise NotChecked(f"{paths.work}: not found; `zonescope run` makes, checks and publishes it")
    with connection.connect(paths.work) as con:
        is_checked = connection.is_checked(con)
    if not is_checked:
        raise NotChecked(
            f"{paths.work}: found changes that no run has checked (a file was landed by hand, or a run stopped on its "
            "way); `zonescope run` checks and publishes it"
        )


def _make(paths: Paths, making: Path, generation_id: str, *, with_work: bool) -> dict:
    """Write the files of a generation and its manifest, sync them to disk, and return the manifest."""
    with connection.connect(paths.work) as con:
        connection.mark_checked(con)
        stated = _table_versions(con, _published_names(with_work=with_work))
        entries = {name: _export(con, name, making) | stated[name] for name in stated}
        version = con.execute(
            "select methodology_version from reference.methodology where is_default"
        ).fetchall()[0][0]
        con.execute("checkpoint")
    database = making / f"warehouse-{generation_id}.duckdb"
    shutil.copyfile(paths.work, database)
    work_hash = sha256(database)
    _leave_only(database, stated)
    manifest = {
        "generation_id": generation_id,
        "published_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "database": {"file": database.name, **_stamp(database)},
        "program": program(),
        "methodology_version": version,
        "publisher": _publisher(),
        "tables": entries,
        "macros": _macro_versions(),
    }
    _note_bytes(paths, work_hash)
    manifest["manifest_sha256"] = _own_hash(manifest)
    (making / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True), encoding="utf-8")
    for path in making.rglob("*"):
        if path.is_file():
            path.chmod(path.stat().st_mode & ~WRITE_BITS)
        sync(path)
    return manifest


def _note_bytes(paths: Paths, sha: str) -> None:
    """Note the bytes that the work database has been left with."""
    connection.write_note(paths.work, {**connection.note_of(paths.work), "sha256": sha})


def _leave_only(database: Path, names: Collection[str]) -> None:
    """Take all that is not to be published out of a copy of the work database: tables, undeclared macros, an empty schema.

    The blocks of these tables stay in the file as free ones: to copy the others row by row into a new file would save a
    tenth of its size and cost thirty times the CPU (docs/decisions/0012).
    """
    with connection.connect(database) as con:
        listed = ", ".join(literal(schema) for schema in SCHEMAS)
        found = con.execute(
            f"select schema_name, table_name from duckdb_tables() where schema_name in ({listed})"
        ).fetchall()
        for schema, name in found:
            if f"{schema}.{name}" not in names:
                con.execute(f"drop table {identifier(schema)}.{identifier(name)}")
        for schema, name in con.execute(
            "select schema_name, function_name from duckdb_functions() "
            f"where function_type = 'table_macro' and schema_name in ({listed})"
        ).fetchall():
            if f"{schema}.{name}" not in macros():
                con.execute(f"drop macro table {identifier(schema)}.{identifier(name)}")
        if not any(name.startswith(f"{NOT_PUBLISHED}.") for name in names):
            con.execute(f"drop schema {NOT_PUBLISHED}")
        con.execute("checkpoint")


def current(paths: Paths) -> Generation:
    """Return the generation that the pointer names, without checking it. Raises NothingPublished."""
    return generation(paths, _pointed(paths))


def readable(paths: Paths, say: Callable[[str], None], *, thorough: bool = False) -> Generation:
    """Return the current generation if it is sound; otherwise roll back to the newest sound one and
    return it.

    Raises NothingPublished if no generation is sound.
    """
    named, before = _pointed(paths), None
    while (faults := _faults_of(paths, named, thorough=thorough)) and named != before:
        named, before = _pointed(paths), named  # it may have made room for a new one while it was looked at
    if not faults:
        return generation(paths, named)
    say(
        f"generation {named} is damaged: {faults[0]}" + (f" and {len(faults) - 1} more" if faults[1:] else "")
    )
    found = _newest_sound(paths, [name for name in kept(paths) if name != named])
    try:
        _switch(paths, found.generation_id, instead_of=named)
        say(f"rolled back to generation {found.generation_id}; `zonescope run` publishes a new one")
    except OSError as error:
        say(f"reading generation {found.generation_id}; the pointer stays, it cannot be written: {error}")
    return found


def roll_back(paths: Paths, generation_id: str = "") -> Generation:
    """Switch to a kept generation; without an id, to the newest sound one before the current one.

    Raises NothingPublished if the generation does not exist or its files differ from its manifest.
    """
    named = _pointed(paths)
    wanted = [generation_id] if generation_id else [name for name in kept(paths) if name < named]
    found = _newest_sound(paths, wanted)
    _switch(paths, found.generation_id)
    return found


def _newest_sound(paths: Paths, names: list[str]) -> Generation:
    faults = [f"{paths.published}: no other generation is kept"]
    for name in sorted(names, reverse=True):
        faults = _faults_of(paths, name, thorough=True)
        if not faults:
            return generation(paths, name)
    raise NothingPublished(
        f"no sound generation: {'; '.join(faults[:3])}; `zonescope run` publishes a new one"
    )


def _faults_of(paths: Paths, generation_id: str, *, thorough: bool) -> list[str]:
    try:
        return verify(generation(paths, generation_id), thorough=thorough)
    except NothingPublished as error:
        return [str(error)]


def _pointed(paths: Paths) -> str:
    pointer = paths.published / POINTER
    if not pointer.exists():
        raise NothingPublished(f"{pointer}: not found; `make run` publishes the first generation")
    return pointer.read_text(encoding="utf-8").strip()


def generation(paths: Paths, generation_id: str) -> Generation:
    """Return a published generation by its id. Raises NothingPublished, which names the kept generations."""
    path = paths.published / generation_id / "manifest.json"
    if generation_id not in kept(paths) or not path.exists():
        raise NothingPublished(f"{path}: found no such generation, expected one of {kept(paths)}")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if manifest.get("manifest_sha256", _own_hash(manifest)) != _own_hash(manifest):
            raise ValueError("its own hash differs")
    except ValueError as error:
        raise NothingPublished(f"{path}: found a damaged manifest: {error}") from error
    return Generation(generation_id, path.parent, manifest)


def kept(paths: Paths) -> list[str]:
    """Ids of the generations that are kept, oldest first."""
    return sorted(p.name for p in paths.published.glob("[0-9]*") if p.is_dir())


def verify(generation: Generation, *, thorough: bool = True) -> list[str]:
    """Compare the files of a generation with its manifest and return the faults; no fault gives an empty
    list.

    Without `thorough`, only the sizes are compared.
    """
    stamps = {generation.manifest["database"]["file"]: generation.manifest["database"]}
    stamps |= {entry["parquet"]: entry for entry in generation.manifest["tables"].values()}
    faults = []
    for name, expected in stamps.items():
        path = generation.folder / name
        if not path.resolve().is_relative_to(generation.folder.resolve()):
            faults.append(
                f"{generation.folder}/manifest.json: found the file {name!r}, expected one inside the folder"
            )
            continue
        found = _stamp(path, thorough=thorough) if path.exists() else {"sha256": "no file"}
        # manifests of release 0.1.0 state no size
        differing = [key for key in found if found[key] != expected.get(key, found[key])]
        faults += [
            f"{path}: found {key} {found[key]}, the manifest expects {expected[key]}" for key in differing[:1]
        ]
    return faults


def _export(con: duckdb.DuckDBPyConnection, full_name: str, folder: Path) -> dict:
    schema, name = full_name.split(".")
    relative = Path("parquet") / schema / f"{name}.parquet"
    (folder / relative).parent.mkdir(parents=True, exist_ok=True)
    target = literal(folder / relative)
    # landing appends file by file, and the rows of a large file in any order; all other tables stand in this order
    order = identifiers(tables()[full_name].grain) or "all"
    rows = f"select * from {full_name} order by {order}"
    con.execute(f"copy ({rows}) to {target} (format parquet, compression zstd)")
    return {
        "rows": writing.count(con, tables()[full_name]),
        "parquet": relative.as_posix(),
        **_stamp(folder / relative),
    }


def _stamp(path: Path, *, thorough: bool = True) -> dict:
    stamp = {"bytes": path.stat().st_size}
    return stamp | {"sha256": sha256(path)} if thorough else stamp


def _own_hash(manifest: dict) -> str:
    content = {name: value for name, value in manifest.items() if name != "manifest_sha256"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _last_number(paths: Paths) -> int:
    return max((int(name) for name in kept(paths)), default=0)


def _switch(paths: Paths, generation_id: str, *, instead_of: str | None = None) -> None:
    """Set the pointer to a generation, unless the pointer no longer names the generation to be replaced.

    Every switch takes a lock for that moment. A reader that rolls back therefore never undoes what a run has
    just published.
    """
    with (paths.published / f".{POINTER}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if instead_of is not None and _pointed(paths) != instead_of:
            return
        temporary = paths.published / f".{POINTER}.tmp"
        temporary.write_text(generation_id + "\n", encoding="utf-8")
        sync(temporary)
        os.replace(temporary, paths.published / POINTER)
        sync(paths.published)


def _retain(paths: Paths, keep: int) -> None:
    """Remove all generations except the newest ones.

    The manifest is removed first, so that a half-removed generation does not count as a generation.
    """
    for name in kept(paths)[: -max(keep, KEEP_AT_LEAST)]:
        if name == _pointed(paths):
            continue  # somebody has just rolled back to it
        (paths.published / name / "manifest.json").unlink(missing_ok=True)
        shutil.rmtree(paths.published / name)
