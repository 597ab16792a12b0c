"""From a file to the raw tables: keep the bytes, recognise the publisher, read, account.

Belongs here: the one way in which a file enters the warehouse. Does not belong here: how a layout is read
(readers/), what a figure means (warehouse/core).

A file's rows enter all raw tables in one transaction, so a kill in the middle leaves no half file. The same
bytes twice are a no-op; a file that cannot be read is recorded as refused and the rest goes on.
"""

from __future__ import annotations

import datetime as dt
import hashlib
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
    """What became of one file: 'loaded', 'refused', 'archive' or 'known' (the same bytes were there already)."""

    file_name: str
    file_sha256: str
    status: str
    reason: str = ""


def candidates(paths: Paths) -> list[tuple[Path, str]]:
    """Files to land, embedded data first, then the inbox; each with its origin. Sorted, so that runs agree."""
    embedded = sorted(p for p in (ROOT / "sources").glob("*/data/**/*") if p.is_file())
    inbox = sorted(p for p in paths.inbox.glob("**/*") if p.is_file()) if paths.inbox.exists() else []
    found = [(p, "embedded") for p in embedded] + [(p, "inbox") for p in inbox]
    return [(p, origin) for p, origin in found if not p.name.startswith(IGNORED_PREFIXES)]


def land_all(con: duckdb.DuckDBPyConnection, paths: Paths) -> list[Landed]:
    """Land every candidate file; one bad file never stops the others."""
    for table in raw_tables():
        store.ensure(con, table)
    return [landed for path, origin in candidates(paths) for landed in land(con, path, origin, paths)]


def land(con: duckdb.DuckDBPyConnection, path: Path, origin: str, paths: Paths) -> list[Landed]:
    """Land one file: bytes to the landing folder, rows to the raw tables, accounting to raw.file.

    An archive is landed as its members, each a file of its own called archive!member, and stands in raw.file itself.
    """
    content = path.read_bytes()
    if not archive.is_archive(content):
        return [_land_bytes(con, content, path.name, origin, paths)]
    about, known = _about(con, content, path.name, origin)
    if known:
        return [Landed(path.name, about["file_sha256"], "known")]
    keep(content, about["file_sha256"], paths)
    try:
        members, skipped = archive.members(content, path.name)
    except readers.ReadError as error:
        return [_refuse(con, about, None, error)]
    landed = [_land_bytes(con, inner, f"{path.name}!{name}", origin, paths) for name, inner in members]
    words = f"{len(members)} members" + (f"; passed over {skipped}" if skipped else "")
    _write(con, about["file_sha256"], {"raw.file": [_without_rows(about, None, "archive", None, words)]})
    return [*landed, Landed(path.name, about["file_sha256"], "archive", words)]


def _land_bytes(
    con: duckdb.DuckDBPyConnection, content: bytes, file_name: str, origin: str, paths: Paths
) -> Landed:
    """Land the bytes of one file. Of a member of an archive, the last part of its name tells what it is."""
    about, known = _about(con, content, file_name, origin)
    sha = about["file_sha256"]
    if known:
        return Landed(file_name, sha, "known")
    keep(content, sha, paths)
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


def _about(con: duckdb.DuckDBPyConnection, content: bytes, file_name: str, origin: str) -> tuple[dict, bool]:
    """What is known of a file before it is read, and whether it was read already as it would be now."""
    sha = hashlib.sha256(content).hexdigest()
    known = con.execute(
        "select source_id, reader_fingerprint, sequence from raw.file where file_sha256 = ?", [sha]
    ).fetchall()
    about = {
        "file_sha256": sha,
        "sequence": known[0][2] if known else _next_sequence(con),
        "file_name": file_name,
        "origin": origin,
        "byte_count": len(content),
    }
    return about, bool(known) and known[0][1] == _fingerprint(known[0][0])


def _refuse(
    con: duckdb.DuckDBPyConnection, about: dict, source: Source | None, error: readers.ReadError
) -> Landed:
    row = _without_rows(about, source, "refused", error.reason_code, str(error))
    _write(con, about["file_sha256"], {"raw.file": [row]})
    return Landed(about["file_name"], about["file_sha256"], "refused", str(error))


def keep(content: bytes, sha: str, paths: Paths) -> Path:
    """Store bytes under their hash; written to a temporary name and renamed, so never half there."""
    target = paths.landing / sha[:2] / sha
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_suffix(".tmp")
        with temporary.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(temporary, target)
    return target


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


def _next_sequence(con: duckdb.DuckDBPyConnection) -> int:
    return con.execute("select coalesce(max(sequence), 0) + 1 from raw.file").fetchall()[0][0]


@cache
def _fingerprint(source_id: str | None) -> str:
    """Hash of all that decides how a file is read: every declaration's text and every reader's code.

    A refused unknown file depends on all declarations (a new source may fit it), hence `None` hashes them all.
    """
    declared = sources().values() if source_id is None else [sources()[source_id]]
    parts = [(s.folder / "source.yml").read_bytes() for s in declared]
    parts += [p.read_bytes() for p in sorted((ROOT / "pipelines" / "readers").glob("*.py"))]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
