"""From the work database to a published generation, and from that to the report.

Belongs here: the generation folder, its manifest, the atomic switch, retention. Does not belong here: making
tables. A generation is never changed after the switch; readers of an old one keep it until retention removes it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from pipelines import store
from pipelines.contracts import tables
from pipelines.settings import Paths

POINTER = "CURRENT"
KEEP = 5


class NothingPublished(Exception):
    """There is no published generation yet, or the pointer names one that is not there."""


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


def publish(paths: Paths) -> Generation:
    """Copy the work database and its tables' Parquet into a new generation and switch to it.

    Everything is written and synced to disk under a temporary name first; a failure before the switch leaves the
    old generation current, and a kill leaves a leftover that the next publish removes.
    """
    for leftover in paths.published.glob(".making-*"):
        shutil.rmtree(leftover)
    generation_id = f"{_last_number(paths) + 1:06d}"
    making, final = paths.published / f".making-{generation_id}", paths.published / generation_id
    making.mkdir(parents=True)
    try:
        manifest = _make(paths, making, generation_id)
        os.replace(making, final)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    _sync(paths.published)
    _switch(paths, generation_id)
    _retain(paths)
    return Generation(generation_id, final, manifest)


def _make(paths: Paths, making: Path, generation_id: str) -> dict:
    """Write the files of a generation and its manifest, all synced to disk; returns the manifest."""
    with store.connect(paths.work) as con:
        entries = {name: _export(con, name, making) for name in sorted(tables())}
        version = con.execute(
            "select methodology_version from reference.methodology where is_default"
        ).fetchall()[0][0]
        con.execute("checkpoint")
    database = making / f"warehouse-{generation_id}.duckdb"
    shutil.copyfile(paths.work, database)
    manifest = {
        "generation_id": generation_id,
        "database": {"file": database.name, "sha256": sha256(database)},
        "methodology_version": version,
        "tables": entries,
    }
    (making / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True), encoding="utf-8")
    for path in making.rglob("*"):
        _sync(path)
    return manifest


def current(paths: Paths) -> Generation:
    """The generation that the pointer names. Raises NothingPublished."""
    pointer = paths.published / POINTER
    if not pointer.exists():
        raise NothingPublished(f"{pointer}: not found; `make run` publishes the first generation")
    return generation(paths, pointer.read_text(encoding="utf-8").strip())


def generation(paths: Paths, generation_id: str) -> Generation:
    """A published generation by its id. Raises NothingPublished, naming those that are kept."""
    folder = paths.published / generation_id
    if not (folder / "manifest.json").exists():
        kept = [p.name for p in generations(paths)]
        raise NothingPublished(f"{folder}: found no such generation, expected one of {kept}")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return Generation(generation_id, folder, manifest)


def generations(paths: Paths) -> list[Path]:
    """Folders of the generations that are kept, oldest first."""
    return sorted(p for p in paths.published.glob("[0-9]*") if p.is_dir())


def verify(generation: Generation) -> list[str]:
    """Compare a generation's files with its manifest; returns what is wrong, empty when all is well."""
    expected = {generation.manifest["database"]["file"]: generation.manifest["database"]["sha256"]}
    expected |= {t["parquet"]: t["sha256"] for t in generation.manifest["tables"].values()}
    faults = []
    for name, digest in expected.items():
        path = generation.folder / name
        found = sha256(path) if path.exists() else "no file"
        if found != digest:
            faults.append(f"{path}: found {found}, the manifest expects {digest}")
    return faults


def report(paths: Paths) -> tuple[int, Path]:
    """Write the report of the current generation; returns the number of pages and the path of the first."""
    from pipelines.reports import site  # noqa: PLC0415 - templates are not needed to load definitions

    shown = current(paths)
    making, final = (
        paths.reports / f".making-{shown.generation_id}",
        paths.reports / shown.generation_id,
    )
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    with store.connect(shown.database, read_only=True) as con:
        built_for = con.execute("select max(vintage) from raw.file").fetchall()[0][0]
        pages = site.build(
            con,
            making,
            {
                "generation_id": shown.generation_id,
                "built_for": str(built_for),
                "methodology_version": shown.manifest["methodology_version"],
            },
        )
    shutil.rmtree(final, ignore_errors=True)
    os.replace(making, final)
    _point(paths.reports / "latest", final)
    for old in [
        p for p in paths.reports.iterdir() if p.is_dir() and p not in (final, paths.reports / "latest")
    ]:
        shutil.rmtree(old)
    return sum(page.suffix == ".html" for page in pages), paths.reports / "latest" / "index.html"


def sha256(path: Path) -> str:
    """Hash of a file, read in pieces."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _export(con, full_name: str, folder: Path) -> dict:
    schema, name = full_name.split(".")
    relative = Path("parquet") / schema / f"{name}.parquet"
    (folder / relative).parent.mkdir(parents=True, exist_ok=True)
    target = str(folder / relative).replace("'", "''")
    con.execute(f"copy (select * from {full_name}) to '{target}' (format parquet, compression zstd)")
    return {
        "rows": store.count(con, tables()[full_name]),
        "parquet": relative.as_posix(),
        "sha256": sha256(folder / relative),
    }


def _last_number(paths: Paths) -> int:
    return max((int(p.name) for p in generations(paths)), default=0)


def _switch(paths: Paths, generation_id: str) -> None:
    temporary = paths.published / f".{POINTER}.tmp"
    temporary.write_text(generation_id + "\n", encoding="utf-8")
    _sync(temporary)
    os.replace(temporary, paths.published / POINTER)
    _sync(paths.published)


def _point(link: Path, target: Path) -> None:
    temporary = link.with_name(f".{link.name}.tmp")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target.name, target_is_directory=True)
    os.replace(temporary, link)


def _retain(paths: Paths) -> None:
    for old in generations(paths)[:-KEEP]:
        shutil.rmtree(old)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
