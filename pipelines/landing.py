"""From a file to the raw tables: keep the bytes, recognise the publisher, read, account.

Belongs here: the one way in which a file enters the warehouse. Does not belong here: how a layout is read
(readers/), what a figure means (warehouse/core).

A file's rows enter all raw tables in one transaction, so a kill in the middle leaves no half file. The same
bytes twice are a no-op; a file that cannot be read is recorded as refused and the rest goes on.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

import duckdb
import polars as pl

from pipelines import readers, store
from pipelines.contracts import ROOT, DeclarationError, Source, Table, sources, tables
from pipelines.readers import archive
from pipelines.settings import Paths

IGNORED_PREFIXES = (".", "~")


@dataclass(frozen=True)
class Landed:
    """What became of one file: 'loaded', 'refused', 'archive', 'known' (the same bytes were there already), or
    'unreadable' (the system does not give its bytes; nothing can be kept, so it is tried again next time)."""

    file_name: str
    file_sha256: str
    status: str
    reason: str = ""


def candidates(paths: Paths) -> list[tuple[Path, str]]:
    """Files to land, embedded data first, then the inbox; each with its origin. Sorted, so that runs agree.

    Names that begin with a dot or a tilde are passed over: they are lock files and half-written copies.
    """
    embedded = sorted(p for p in (ROOT / "sources").glob("*/data/**/*") if p.is_file())
    inbox = sorted(p for p in paths.inbox.glob("**/*") if p.is_file()) if paths.inbox.exists() else []
    found = [(p, "embedded") for p in embedded] + [(p, "inbox") for p in inbox]
    return [(p, origin) for p, origin in found if not p.name.startswith(IGNORED_PREFIXES)]


def land_all(con: duckdb.DuckDBPyConnection, paths: Paths) -> list[Landed]:
    """Land every candidate file, then re-read kept files whose declaration changed; one bad file never stops others."""
    ensure_tables(con)
    landed = [found for path, origin in candidates(paths) for found in land(con, path, origin, paths)]
    return landed + _reread(con, paths, {found.file_sha256 for found in landed})


def ensure_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Empty raw tables where there are none; if a contract changed, all of them, to be filled from the kept bytes."""
    if not all(store.has_columns(con, table) for table in raw_tables()):
        for table in raw_tables():
            store.recreate(con, table)


def _reread(con: duckdb.DuckDBPyConnection, paths: Paths, seen: set[str]) -> list[Landed]:
    """Land, from the kept bytes, files that are no longer offered and are not in the raw tables as they would be now."""
    landed = []
    for note in sorted(paths.landing.glob("*/*.json"), key=lambda p: _noted(p)["sequence"]):
        sha, about = note.stem, _noted(note)
        if sha not in seen and not _is_known(con, sha, about["file_name"]):
            content = note.with_suffix("").read_bytes()
            if not archive.is_archive(content):
                landed.append(_land_bytes(con, content, about["file_name"], about["origin"], paths))
    return [found for found in landed if found.status != "known"]


def _noted(note: Path) -> dict:
    """What was noted of kept bytes: name, origin, order of landing."""
    return json.loads(note.read_text(encoding="utf-8"))


def _printable(path: Path) -> str:
    """The name as text; bytes that are no UTF-8 are written as escapes."""
    return os.fsencode(path.name).decode("utf-8", errors="backslashreplace")


def land(con: duckdb.DuckDBPyConnection, path: Path, origin: str, paths: Paths) -> list[Landed]:
    """Land one file: bytes to the landing folder, rows to the raw tables, accounting to raw.file.

    An archive is landed as its members, each a file of its own called archive!member, and stands in raw.file itself.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        return [Landed(_printable(path), "", "unreadable", f"{_printable(path)}: {error.strerror or error}")]
    if not archive.is_archive(content):
        return [_land_bytes(con, content, _printable(path), origin, paths)]
    about = _about(content, _printable(path), origin, paths)
    if _is_known(con, about["file_sha256"], about["file_name"]):
        return [Landed(about["file_name"], about["file_sha256"], "known")]
    keep(content, about, paths)
    try:
        members, skipped = archive.members(content, about["file_name"])
    except readers.ReadError as error:
        return [_refuse(con, about, None, error)]
    landed = [
        _land_bytes(con, inner, f"{about['file_name']}!{name}", origin, paths) for name, inner in members
    ]
    words = f"{len(members)} members" + (f"; passed over {skipped}" if skipped else "")
    _write(con, about["file_sha256"], {"raw.file": [_without_rows(about, None, "archive", None, words)]})
    return [*landed, Landed(about["file_name"], about["file_sha256"], "archive", words)]


def _land_bytes(
    con: duckdb.DuckDBPyConnection, content: bytes, file_name: str, origin: str, paths: Paths
) -> Landed:
    """Land the bytes of one file. Of a member of an archive, the last part of its name tells what it is."""
    about = _about(content, file_name, origin, paths)
    sha = about["file_sha256"]
    if _is_known(con, sha, file_name):
        return Landed(file_name, sha, "known")
    keep(content, about, paths)
    source, own_name = None, PurePosixPath(file_name.rpartition("!")[2]).name
    try:
        if archive.is_archive(content):
            raise readers.ReadError(
                "nested_archive", f"{file_name}: found an archive in an archive: unpack it first"
            )
        source = readers.detect(content, own_name, list(sources().values()))
        slices = _slices(about, source, readers.read(content, source, own_name), own_name)
    except readers.ReadError as error:
        return _refuse(con, about, source, error)
    _write(con, sha, slices)
    return Landed(file_name, sha, "loaded")


def _about(content: bytes, file_name: str, origin: str, paths: Paths) -> dict:
    """What is known of a file before it is read."""
    sha = hashlib.sha256(content).hexdigest()
    return {
        "file_sha256": sha,
        "sequence": _sequence(sha, paths),
        "file_name": file_name,
        "origin": origin,
        "byte_count": len(content),
    }


def _is_known(con: duckdb.DuckDBPyConnection, sha: str, file_name: str) -> bool:
    """Whether the bytes stand in the raw tables as they would be read now.

    Bytes that were loaded are known under any name; refused ones only under the name they were refused with,
    since the name can be what was wrong.
    """
    found = con.execute(
        "select source_id, reader_fingerprint, status, file_name from raw.file where file_sha256 = ?", [sha]
    ).fetchall()
    return any(
        fingerprint == _fingerprint(source_id) and (status != "refused" or name == file_name)
        for source_id, fingerprint, status, name in found
    )


def _refuse(
    con: duckdb.DuckDBPyConnection, about: dict, source: Source | None, error: readers.ReadError
) -> Landed:
    row = _without_rows(about, source, "refused", error.reason_code, str(error))
    _write(con, about["file_sha256"], {"raw.file": [row]})
    return Landed(about["file_name"], about["file_sha256"], "refused", str(error))


def keep(content: bytes, about: dict, paths: Paths) -> Path:
    """Store bytes under their hash, with a note of name, origin and order beside them; returns the path of the bytes."""
    target = _place(about["file_sha256"], paths)
    note = {name: about[name] for name in ("file_name", "origin", "sequence")}
    if not target.exists():
        _store(target, content)
    _store(target.with_suffix(".json"), json.dumps(note, ensure_ascii=False).encode())
    return target


def _place(sha: str, paths: Paths) -> Path:
    return paths.landing / sha[:2] / sha


def _store(target: Path, content: bytes) -> None:
    """Write to a temporary name, sync, rename: the file is never half there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_suffix(".tmp")
    with temporary.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(temporary, target)


def _sequence(sha: str, paths: Paths) -> int:
    """Order of landing: the one noted beside kept bytes, else the next."""
    note = _place(sha, paths).with_suffix(".json")
    if note.exists():
        return _noted(note)["sequence"]
    return 1 + sum(1 for _ in paths.landing.glob("*/*.json"))


def raw_tables() -> list[Table]:
    """Contracts of the tables that landing fills."""
    return [table for table in tables().values() if table.schema_name == "raw"]


def _slices(
    about: dict, source: Source, reading: readers.Reading, own_name: str
) -> dict[str, pl.DataFrame | list[dict]]:
    stamp = [pl.lit(about["file_sha256"]).alias("file_sha256"), pl.lit(source.source_id).alias("source_id")]
    file_row = {
        **about,
        **reading.accounting,
        "source_id": source.source_id,
        "raw_table": source.raw_table,
        "encoding": reading.encoding,
        "vintage": _vintage(source, own_name),
        "status": "loaded",
        "reason_code": None,
        "reason": None,
        "reader_fingerprint": _fingerprint(source.source_id),
    }
    return {
        "raw.file": [file_row],
        f"raw.{source.raw_table}": reading.rows.with_columns(stamp),
        "raw.reject": reading.rejects.with_columns(stamp),
    }


def _vintage(source: Source, file_name: str) -> dt.date:
    try:
        return source.vintage_of(file_name)
    except DeclarationError as error:
        raise readers.ReadError("no_vintage", f"{file_name}: {error}") from error


def _without_rows(about: dict, source: Source | None, status: str, code: str | None, reason: str) -> dict:
    """Row of raw.file for a file that gave no rows: refused, or an archive."""
    source_id = source.source_id if source else None
    return {
        **dict.fromkeys(tables()["raw.file"].column_names),
        **about,
        "source_id": source_id,
        "status": status,
        "reason_code": code,
        "reason": reason,
        "reader_fingerprint": _fingerprint(source_id),
    }


def _write(con: duckdb.DuckDBPyConnection, sha: str, slices: dict[str, pl.DataFrame | list[dict]]) -> None:
    """Replace all that the raw tables hold of one file, in one transaction."""
    con.execute("begin")
    try:
        for table in raw_tables():
            con.execute(f"delete from {table.full_name} where file_sha256 = ?", [sha])
        for name, rows in slices.items():
            frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(rows, infer_schema_length=None)
            if frame.height:
                store.append(con, tables()[name], frame)
        con.execute("commit")
    except BaseException:
        con.execute("rollback")
        raise


@cache
def _fingerprint(source_id: str | None) -> str:
    """Hash of all that decides how a file is read: the source's declarations, the raw contracts, the readers' code.

    A refused unknown file depends on all declarations (a new source may fit it), hence `None`, or a source that is
    declared no more, hashes them all.
    """
    declared = [sources()[source_id]] if source_id in sources() else sources().values()
    files = [p for s in declared for p in (s.folder / "source.yml", s.folder / "columns.csv") if p.exists()]
    files += sorted((ROOT / "warehouse" / "raw").glob("*.yml"))
    files += sorted((ROOT / "pipelines" / "readers").glob("*.py"))
    parts = [p.read_bytes() for p in files]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
