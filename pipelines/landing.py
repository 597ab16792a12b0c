"""From a file to the raw tables: keep the bytes, recognise the publisher, read, account.

Belongs here: the one way in which a file enters the warehouse. Does not belong here: how a layout is read
(readers/), what a figure means (warehouse/core).

A file's rows enter all raw tables in one transaction, so a kill in the middle leaves no half file. The same
bytes twice are a no-op; a file that cannot be read is recorded as refused and the rest goes on. A file may be
larger than memory: it is hashed and copied piece by piece, and read from the kept copy.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
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
CHUNK_BYTES = 1 << 20
# What enters a raw table: a frame, a SELECT (of a file too large for memory), or rows.
Rows = pl.DataFrame | str | list[dict]


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
        sha, noted = note.stem, _noted(note)
        if sha not in seen and not _is_known(con, sha, noted["file_name"]):
            about = _about(sha, noted["file_name"], noted["origin"], paths)
            if not _is_archive(about, paths):
                landed.append(_land_kept(con, about, paths))
    return landed


def _noted(note: Path) -> dict:
    """What was noted of kept bytes: name, origin, order of landing."""
    return json.loads(note.read_text(encoding="utf-8"))


def _printable(path: Path) -> str:
    """The name as text; bytes that are no UTF-8 are written as escapes."""
    return os.fsencode(path.name).decode("utf-8", errors="backslashreplace")


class _Unreadable(Exception):
    """The system does not give the bytes of a file, or somebody is still writing them."""


def land(con: duckdb.DuckDBPyConnection, path: Path, origin: str, paths: Paths) -> list[Landed]:
    """Land one file: bytes to the landing folder, rows to the raw tables, accounting to raw.file.

    An archive is landed as its members, each a file of its own called archive!member, and stands in raw.file itself.
    """
    name = _printable(path)
    try:
        state = _state(path)
        # A file of a size that none has is new and is read once; one that may be known is not copied to find out.
        if con.execute("select count(*) from raw.file where byte_count = ?", [state[0]]).fetchall()[0][0]:
            sha = _digest(_chunks(path))
            if _is_known(con, sha, name):
                return [Landed(name, sha, "known")]
        sha = _receive(_chunks(path), paths)
        if _state(path) != state:
            raise _Unreadable("it is being written")
    except _Unreadable as error:
        return [Landed(name, "", "unreadable", f"{name}: {error}")]
    about = keep(sha, name, origin, paths)
    return _land_members(con, about, paths) if _is_archive(about, paths) else [_land_kept(con, about, paths)]


def _land_members(con: duckdb.DuckDBPyConnection, about: dict, paths: Paths) -> list[Landed]:
    """Land the members of a kept archive, and the archive itself."""
    sha, name, size = about["file_sha256"], about["file_name"], about["byte_count"]
    try:
        if size > archive.MAX_BYTES:
            words = f"{name}: found {size} bytes of an archive, expected at most {archive.MAX_BYTES}"
            raise readers.ReadError("file_too_large", words)
        members, skipped = archive.members(_place(sha, paths).read_bytes(), name)
    except readers.ReadError as error:
        return [_refuse(con, about, None, error)]
    landed = [
        _land_bytes(con, inner, f"{name}!{member}", about["origin"], paths) for member, inner in members
    ]
    words = f"{len(members)} members" + (f"; passed over {skipped}" if skipped else "")
    _write(con, sha, {"raw.file": [_without_rows(about, None, "archive", None, words)]})
    return [*landed, Landed(name, sha, "archive", words)]


def _land_bytes(
    con: duckdb.DuckDBPyConnection, content: bytes, file_name: str, origin: str, paths: Paths
) -> Landed:
    """Land a member of an archive."""
    sha = _digest([content])
    if _is_known(con, sha, file_name):
        return Landed(file_name, sha, "known")
    about = keep(_receive([content], paths), file_name, origin, paths)
    if archive.is_archive(content):
        words = f"{file_name}: found an archive in an archive: unpack it first"
        return _refuse(con, about, None, readers.ReadError("nested_archive", words))
    return _land_kept(con, about, paths)


def _land_kept(con: duckdb.DuckDBPyConnection, about: dict, paths: Paths) -> Landed:
    """Read a kept file into the raw tables. Of a member of an archive, the last part of its name tells what it is."""
    sha, file_name = about["file_sha256"], about["file_name"]
    kept, own_name, source = _place(sha, paths), PurePosixPath(file_name.rpartition("!")[2]).name, None
    try:
        source = readers.detect(readers.beginning(kept, own_name), own_name, list(sources().values()))
        with _scratch(paths) as scratch:
            reading = readers.read_file(kept, source, own_name, scratch)
            slices = _slices(about, source, reading, own_name)
            with store.any_order(con) if isinstance(reading.rows, str) else nullcontext():
                _write(con, sha, slices, reading.accounting)
    except readers.ReadError as error:
        return _refuse(con, about, source, error)
    return Landed(file_name, sha, "loaded")


def _is_archive(about: dict, paths: Paths) -> bool:
    """Whether kept bytes are an archive. One that is too large to be opened counts as one, and is refused as such."""
    kept = _place(about["file_sha256"], paths)
    with kept.open("rb") as file:
        may_be = file.read(len(archive.ZIP)).startswith((archive.ZIP, archive.GZIP))
    return may_be and (about["byte_count"] > archive.MAX_BYTES or archive.is_archive(kept.read_bytes()))


def _about(sha: str, file_name: str, origin: str, paths: Paths) -> dict:
    """What is known of a kept file before it is read."""
    return {
        "file_sha256": sha,
        "sequence": _sequence(sha, paths),
        "file_name": file_name,
        "origin": origin,
        "byte_count": _place(sha, paths).stat().st_size,
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


def keep(sha: str, file_name: str, origin: str, paths: Paths) -> dict:
    """Put received bytes to their place, with a note of name, origin and order beside them; what is known of them."""
    target = _place(sha, paths)
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(_incoming(paths), target)
    about = _about(sha, file_name, origin, paths)
    note = {name: about[name] for name in ("file_name", "origin", "sequence")}
    _receive([json.dumps(note, ensure_ascii=False).encode()], paths)
    os.replace(_incoming(paths), target.with_suffix(".json"))
    return about


def _receive(chunks: Iterable[bytes], paths: Paths) -> str:
    """Copy bytes under a temporary name, synced: what is renamed from there is never half there; returns the hash."""
    digest = hashlib.sha256()
    paths.landing.mkdir(parents=True, exist_ok=True)
    with _incoming(paths).open("wb") as copy:
        for chunk in chunks:
            digest.update(chunk)
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())
    return digest.hexdigest()


def _digest(chunks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def _chunks(path: Path) -> Iterator[bytes]:
    with _readable(), path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _state(path: Path) -> tuple[int, int]:
    """Size and time of change: what differs when somebody is still writing."""
    with _readable():
        found = path.stat()
    return found.st_size, found.st_mtime_ns


@contextmanager
def _readable() -> Iterator[None]:
    """What the system says against reading a file concerns that file only."""
    try:
        yield
    except OSError as error:
        raise _Unreadable(error.strerror or str(error)) from error


def _place(sha: str, paths: Paths) -> Path:
    return paths.landing / sha[:2] / sha


def _incoming(paths: Paths) -> Path:
    return paths.landing / "incoming"


@contextmanager
def _scratch(paths: Paths) -> Iterator[Path]:
    """An empty folder for a reader's files; what a killed run left in it goes."""
    folder = paths.landing / "scratch"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _sequence(sha: str, paths: Paths) -> int:
    """Order of landing: the one noted beside kept bytes, else the next."""
    note = _place(sha, paths).with_suffix(".json")
    if note.exists():
        return _noted(note)["sequence"]
    return 1 + sum(1 for _ in paths.landing.glob("*/*.json"))


def raw_tables() -> list[Table]:
    """Contracts of the tables that landing fills."""
    return [table for table in tables().values() if table.schema_name == "raw"]


def _slices(about: dict, source: Source, reading: readers.Reading, own_name: str) -> dict[str, Rows]:
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
    found = {f"raw.{source.raw_table}": reading.rows, "raw.reject": reading.rejects}
    if reading.facts:
        found[f"raw.{source.raw_table}_file"] = pl.DataFrame([reading.facts])
    stamp = {"file_sha256": about["file_sha256"], "source_id": source.source_id}
    return {
        "raw.file": [file_row],
        **{name: _stamped(rows, tables()[name], stamp) for name, rows in found.items()},
    }


def _stamped(rows: pl.DataFrame | str, table: Table, stamp: dict[str, str]) -> pl.DataFrame | str:
    """Rows with the file and (where the table has it) the source that they come from."""
    columns = {name: text for name, text in stamp.items() if name in table.column_names}
    if isinstance(rows, str):
        return f"select {', '.join(f'{text!r} as {name}' for name, text in columns.items())}, * from ({rows})"
    return rows.with_columns(pl.lit(text).alias(name) for name, text in columns.items())


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


def _write(
    con: duckdb.DuckDBPyConnection, sha: str, slices: dict[str, Rows], counted: dict[str, int] | None = None
) -> None:
    """Replace all that the raw tables hold of one file, in one transaction.

    A SELECT must give as many rows as its reader has `counted`, else the file is refused.
    """
    con.execute("begin")
    try:
        for table in raw_tables():
            con.execute(f"delete from {table.full_name} where file_sha256 = ?", [sha])
        for name, rows in slices.items():
            if isinstance(rows, str):
                _append_counted(con, tables()[name], rows, counted["record_rows"])
                continue
            frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(rows, infer_schema_length=None)
            if frame.height:
                store.append(con, tables()[name], frame)
        con.execute("commit")
    except BaseException:
        con.execute("rollback")
        raise


def _append_counted(con: duckdb.DuckDBPyConnection, table: Table, query: str, expected: int) -> None:
    try:
        found = store.append(con, table, query)
    except duckdb.InvalidInputException as error:
        words = f"the scan of the lines into {table.full_name} fails: {error}"
        raise readers.ReadError("unreadable", words) from error
    if found != expected:
        raise readers.ReadError(
            "unaccounted", f"{table.full_name} took {found} rows, the reader has counted {expected} records"
        )


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
