"""From a file to the raw tables: keep the bytes, recognise the publisher, read, account.

Belongs here: the one way in which a file enters the warehouse. Does not belong here: how a layout is read
(readers/), what a figure means (warehouse/core).

A file's rows enter all raw tables in one transaction, so a kill in the middle leaves no half file. The same
bytes twice are a no-op; a file that cannot be read is recorded as refused and the rest goes on. A file may be
larger than memory: it is hashed and copied piece by piece, and read from the kept copy.

Beside kept bytes lies a note: name, origin, order of landing, what the file's sidecar says, and its withdrawal if a
user took it out. A sidecar that is taken away unsays nothing; an empty one does.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

import duckdb
import polars as pl

from pipelines import readers, seen, sidecar
from pipelines.database import connection, writing
from pipelines.declarations.files import ROOT, DeclarationError
from pipelines.declarations.sources import Source, sources
from pipelines.declarations.tables import Table, tables
from pipelines.readers import archive
from pipelines.settings import Paths

IGNORED_PREFIXES = (".", "~")
CHUNK_BYTES = 1 << 17  # larger pieces cost the system a fresh mapping each
# What enters a raw table: a frame, a SELECT (of a file too large for memory), or rows.
Rows = pl.DataFrame | str | list[dict]


@dataclass(frozen=True)
class Landed:
    """What became of one file: 'loaded', 'refused', 'archive', 'known' (the same bytes were there already),
    'withdrawn' (a user took it out), 'alone' (a sidecar without its data file), or 'unreadable' (the system does not
    give its bytes; nothing can be kept, so it is tried again next time)."""

    file_name: str
    file_sha256: str
    status: str
    reason: str = ""


def candidates(paths: Paths) -> list[tuple[Path, str]]:
    """Files to land, embedded data first, then the inbox; each with its origin. Sidecars go with their data files."""
    return [
        (path, origin)
        for folder, origin in ((ROOT / "sources", "embedded"), (paths.inbox, "inbox"))
        for path in data_files(folder, "*/data/**/*" if origin == "embedded" else "**/*")
    ]


def data_files(folder: Path, pattern: str = "**/*") -> list[Path]:
    """Files of a folder that are no sidecars. Sorted, so that runs agree.

    Names that begin with a dot or a tilde are passed over: they are lock files and half-written copies.
    """
    return [path for path in _files(folder, pattern) if not is_sidecar(path)]


def sidecars(folder: Path) -> list[Path]:
    """Sidecars of a folder, sorted."""
    return [path for path in _files(folder, "**/*") if is_sidecar(path)]


def alone(folder: Path) -> list[Landed]:
    """Sidecars of a folder whose data file is not there."""
    found = [path for path in sidecars(folder) if not data_file_of(path).exists()]
    return [Landed(_printable(path), "", "alone", words_alone(path)) for path in found]


def _files(folder: Path, pattern: str) -> list[Path]:
    found = sorted(path for path in folder.glob(pattern) if path.is_file())
    return [path for path in found if not path.name.startswith(IGNORED_PREFIXES)]


def is_sidecar(path: Path) -> bool:
    """Whether a file states facts of another one."""
    return sidecar.is_name(path.name, [data_file_of(path).name] if data_file_of(path).exists() else [])


def data_file_of(path: Path) -> Path:
    """The file that a sidecar speaks of."""
    return path.with_name(path.name.removesuffix(sidecar.SUFFIX))


def words_alone(path: Path) -> str:
    """What is wrong with a sidecar whose data file is not there."""
    expected = _printable(data_file_of(path))
    return f"{_printable(path)}: found a sidecar, expected its data file {expected} beside it"


def land_all(con: duckdb.DuckDBPyConnection, paths: Paths) -> list[Landed]:
    """Land every candidate file, then re-read kept files whose declaration changed; one bad file never stops others."""
    ensure_tables(con)
    landed = [found for path, origin in candidates(paths) for found in land(con, path, origin, paths)]
    return landed + _reread(con, paths, {found.file_sha256 for found in landed}) + alone(paths.inbox)


def ensure_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Empty raw tables where there are none; if a contract changed, all of them, to be filled from the kept bytes."""
    seen.ensure_table(con)
    if not all(writing.has_columns(con, table) for table in raw_tables()):
        with connection.transaction(con):
            for table in raw_tables():
                writing.recreate(con, table)


def _reread(con: duckdb.DuckDBPyConnection, paths: Paths, seen: set[str]) -> list[Landed]:
    """Land, from the kept bytes, files that are no longer offered and are not in the raw tables as they would be now."""
    landed = []
    for note in notes(paths):
        sha, name = note["file_sha256"], note["file_name"]
        if sha not in seen and not _standing(con, sha, name, note.get("sidecar"), paths):
            landed += reread(con, sha, paths)
    return landed


def reread(con: duckdb.DuckDBPyConnection, sha: str, paths: Paths) -> list[Landed]:
    """Land a kept file again from its bytes. An archive's members are kept as files of their own."""
    noted = _noted(sha, paths)
    about = _about(sha, noted["file_name"], noted["origin"], paths)
    return [] if _is_archive(about, paths) and not noted.get("withdrawn") else [_land_kept(con, about, paths)]


def notes(paths: Paths) -> list[dict]:
    """What was noted of all kept files, in the order of their landing."""
    found = [
        {"file_sha256": path.stem, **_noted(path.stem, paths)} for path in paths.landing.glob("*/*.json")
    ]
    return sorted(found, key=lambda note: note["sequence"])


def withdraw(con: duckdb.DuckDBPyConnection, sha: str, reason: str, day: dt.date, paths: Paths) -> Landed:
    """Take a file out of the raw tables for good; its bytes stay kept, and the note says when and why."""
    _note(sha, {**_noted(sha, paths), "withdrawn": f"withdrawn on {day}: {reason}"}, paths)
    return reread(con, sha, paths)[0]


def _noted(sha: str, paths: Paths) -> dict:
    """What was noted of kept bytes: name, origin, order of landing, sidecar, withdrawal; empty of bytes not kept."""
    note = _place(sha, paths).with_suffix(".json")
    return json.loads(note.read_text(encoding="utf-8")) if note.exists() else {}


def _printable(path: Path) -> str:
    """The name as text; bytes that are no UTF-8 are written as escapes."""
    return os.fsencode(path.name).decode("utf-8", errors="backslashreplace")


class Unreadable(Exception):
    """The system does not give the bytes of a file, or somebody is still writing them."""


def land(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    origin: str,
    paths: Paths,
    *,
    said: str | None = None,
    again: bool = False,
) -> list[Landed]:
    """Land one file: bytes to the landing folder, rows to the raw tables, accounting to raw.file.

    An archive is landed as its members, each a file of its own called archive!member, and stands in raw.file itself.
    `said` is what a sidecar would say, where the caller knows it; `again` lands a withdrawn file all the same.
    """
    name = _printable(path)
    try:
        said = beside(path) if said is None else said
        state = _state(path)
        # A file of a size that none has is new and is read once; one that may be known is not copied to find out.
        if con.execute("select 1 from raw.file where byte_count = ? limit 1", [state.st_size]).fetchall():
            sha = seen.sha_of(con, state) or _hashed(con, path, state, _digest)
            standing = _standing(con, sha, name, said, paths)
            if standing and not (again and standing.status == "withdrawn"):
                return [standing]
        sha = _hashed(con, path, state, lambda chunks: _receive(chunks, paths))
    except Unreadable as error:
        return [Landed(name, "", "unreadable", f"{name}: {error}")]
    about = keep(sha, name, origin, paths, said=said, again=again)
    is_archive = _is_archive(about, paths) and not _noted(sha, paths).get("withdrawn")
    return _land_members(con, about, paths, again) if is_archive else [_land_kept(con, about, paths)]


def beside(path: Path) -> str | None:
    """The text of the sidecar beside a file; None where there is none."""
    place = path.with_name(sidecar.name_of(path.name))
    with _readable():
        if not place.is_file():
            return None
        if place.stat().st_size > sidecar.MAX_BYTES:
            raise Unreadable(f"found over {sidecar.MAX_BYTES} bytes in its sidecar, expected a few lines")
        return place.read_bytes().decode("utf-8-sig", errors="backslashreplace")


def _land_members(con: duckdb.DuckDBPyConnection, about: dict, paths: Paths, again: bool) -> list[Landed]:
    """Land the members of a kept archive, and the archive itself."""
    sha, name, size = about["file_sha256"], about["file_name"], about["byte_count"]
    try:
        if size > archive.MAX_BYTES:
            words = f"{name}: found {size} bytes of an archive, expected at most {archive.MAX_BYTES}"
            raise readers.ReadError("file_too_large", words)
        members, skipped = archive.members(_place(sha, paths).read_bytes(), name)
        told = _told_members(about, [member for member, _ in members])
    except readers.ReadError as error:
        return [_refuse(con, about, None, error)]
    contents = dict(members)
    landed = []
    for member, inner in members:
        if sidecar.is_name(member) and member.removesuffix(sidecar.SUFFIX) in contents:
            continue
        own = contents.get(sidecar.name_of(member))
        said = told[member] if own is None else own.decode("utf-8-sig", errors="backslashreplace")
        landed.append(
            _land_bytes(con, inner, f"{name}!{member}", about["origin"], paths, said=said, again=again)
        )
    words = f"{len(landed)} members" + (f"; passed over {skipped}" if skipped else "")
    _write(con, sha, {"raw.file": [_without_rows(about, None, "archive", None, words)]})
    return [*landed, Landed(name, sha, "archive", words)]


def _told_members(about: dict, members: list[str]) -> dict[str, str | None]:
    """For each member the text of a sidecar that says of it what the archive's sidecar does."""
    if about["sidecar_text"] is None:
        return dict.fromkeys(members)
    said = sidecar.parse(about["sidecar_text"], sidecar.name_of(about["file_name"]))
    strange = sorted(set(said.members) - set(members))
    if strange:
        words = (
            f"{sidecar.name_of(about['file_name'])}: found members {strange}, expected some of {members[:50]}"
        )
        raise readers.ReadError("bad_sidecar", words)
    return {member: sidecar.text_of(**said.of(member)) for member in members}


def _land_bytes(
    con: duckdb.DuckDBPyConnection,
    content: bytes,
    file_name: str,
    origin: str,
    paths: Paths,
    *,
    said: str | None,
    again: bool,
) -> Landed:
    """Land a member of an archive."""
    sha = _digest([content])
    standing = _standing(con, sha, file_name, said, paths)
    if standing and not (again and standing.status == "withdrawn"):
        return standing
    about = keep(_receive([content], paths), file_name, origin, paths, said=said, again=again)
    if archive.is_archive(content):
        words = f"{file_name}: found an archive in an archive: unpack it first"
        return _refuse(con, about, None, readers.ReadError("nested_archive", words))
    return _land_kept(con, about, paths)


def _land_kept(con: duckdb.DuckDBPyConnection, about: dict, paths: Paths) -> Landed:
    """Read a kept file into the raw tables. Of a member of an archive, the last part of its name tells what it is."""
    sha, file_name = about["file_sha256"], about["file_name"]
    kept, own_name, source = _place(sha, paths), PurePosixPath(file_name.rpartition("!")[2]).name, None
    withdrawn = _noted(sha, paths).get("withdrawn")
    if withdrawn:
        _write(con, sha, {"raw.file": [_without_rows(about, None, "withdrawn", None, withdrawn)]})
        return Landed(file_name, sha, "withdrawn", withdrawn)
    try:
        source = _recognised(kept, own_name, about["sidecar_text"])
        with _scratch(paths) as scratch:
            reading = readers.read_file(kept, source, own_name, scratch)
            slices = _slices(about, source, reading, own_name)
            with writing.any_order(con) if isinstance(reading.rows, str) else nullcontext():
                _write(con, sha, slices, reading.accounting)
    except readers.ReadError as error:
        return _refuse(con, about, source, error)
    return Landed(file_name, sha, "loaded")


def _recognised(kept: Path, own_name: str, sidecar_text: str | None) -> Source:
    """The source of a kept file, told what its sidecar says; one that the sidecar names need not fit by name."""
    said = sidecar.parse(sidecar_text or "", sidecar.name_of(own_name)).facts
    named = said.get("source")
    if named is not None and named not in sources():
        words = (
            f"{sidecar.name_of(own_name)}: found the source {named!r}, expected one of {sorted(sources())}"
        )
        raise readers.ReadError("bad_sidecar", words)
    fitting = [sources()[named]] if named else list(sources().values())
    return readers.detect(readers.beginning(kept, own_name), own_name, fitting, by_name=not named).told(said)


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
        "sidecar_text": _noted(sha, paths).get("sidecar"),
        "byte_count": _place(sha, paths).stat().st_size,
    }


def _standing(
    con: duckdb.DuckDBPyConnection, sha: str, file_name: str, said: str | None, paths: Paths
) -> Landed | None:
    """What the bytes are in the raw tables ('known', or 'withdrawn'), if they stand there as they would be read now.

    Bytes that were loaded are known under any name; refused ones only under the name they were refused with,
    since the name can be what was wrong. Another text of the file's own sidecar makes it be read again, and so does
    a withdrawal of which only the note knows, or no longer knows: a command was killed between the two.
    """
    is_withdrawn = "withdrawn" in _noted(sha, paths)
    found = con.execute(
        "select source_id, reader_fingerprint, status, file_name, sidecar_text, reason from raw.file "
        "where file_sha256 = ?",
        [sha],
    ).fetchall()
    for source_id, fingerprint, status, name, sidecar_text, reason in found:
        if is_withdrawn or status == "withdrawn":
            agree = is_withdrawn and status == "withdrawn"
            return Landed(file_name, sha, "withdrawn", reason) if agree else None
        is_own = name == file_name
        same = said is None or said == (sidecar_text or "") or not is_own
        if fingerprint == _fingerprint(source_id) and (is_own or status != "refused") and same:
            other = said is not None and said != (sidecar_text or "")
            words = (
                f"{file_name}: the same bytes stand as {name}; what is said of this copy is not used"
                if other
                else ""
            )
            return Landed(file_name, sha, "known", words)
    return None


def _refuse(
    con: duckdb.DuckDBPyConnection, about: dict, source: Source | None, error: readers.ReadError
) -> Landed:
    row = _without_rows(about, source, "refused", error.reason_code, str(error))
    _write(con, about["file_sha256"], {"raw.file": [row]})
    return Landed(about["file_name"], about["file_sha256"], "refused", str(error))


def keep(
    sha: str, file_name: str, origin: str, paths: Paths, *, said: str | None = None, again: bool = False
) -> dict:
    """Put received bytes to their place with their note beside them; what is known of them.

    What an earlier sidecar said is kept where none is offered now; a withdrawal ends only by landing `again`.
    """
    target = _place(sha, paths)
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(_incoming(paths), target)
    about = _about(sha, file_name, origin, paths)
    if said is not None:
        about["sidecar_text"] = said
    note = {name: about[name] for name in ("file_name", "origin", "sequence")}
    note["sidecar"] = about["sidecar_text"]
    if not again and "withdrawn" in (noted := _noted(sha, paths)):
        note["withdrawn"] = noted["withdrawn"]
    _note(sha, note, paths)
    return about


def _note(sha: str, note: dict, paths: Paths) -> None:
    known = {name: value for name, value in note.items() if value is not None}
    _receive([json.dumps(known, ensure_ascii=False).encode()], paths)
    os.replace(_incoming(paths), _place(sha, paths).with_suffix(".json"))


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


def _hashed(
    con: duckdb.DuckDBPyConnection, path: Path, state: os.stat_result, take: Callable[[Iterable[bytes]], str]
) -> str:
    """Hash of a file that was in a state when it was opened; refused if it is in another one when it has been read."""
    sha = take(_chunks(path))
    after = _state(path)
    if (after.st_size, after.st_mtime_ns) != (state.st_size, state.st_mtime_ns):
        raise Unreadable("it is being written")
    seen.note(con, state, sha)
    return sha


def _state(path: Path) -> os.stat_result:
    """What the system says of a file; size and time of change differ when somebody is still writing."""
    with _readable():
        return path.stat()


@contextmanager
def _readable() -> Iterator[None]:
    """What the system says against reading a file concerns that file only."""
    try:
        yield
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error


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
    noted = _noted(sha, paths)
    return noted["sequence"] if noted else 1 + sum(1 for _ in paths.landing.glob("*/*.json"))


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
        # a file of notes only (words about indicators) has no figures that could be known from some day on
        "vintage": _vintage(source, own_name, reading.facts) if reading.accounting["record_rows"] else None,
        "status": "loaded",
        "reason_code": None,
        "reason": None,
        "reader_fingerprint": _fingerprint(source.source_id),
    }
    found = {f"raw.{source.raw_table}": reading.rows, "raw.reject": reading.rejects}
    of_files = f"raw.{source.raw_table}_file"
    if of_files in tables():
        found[of_files] = pl.DataFrame([reading.facts])
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


def _vintage(source: Source, file_name: str, facts: Mapping[str, str]) -> dt.date:
    """Day from which the figures are known: the sidecar's, else by the source's rule; refused where the rule is a day
    that the name or the file itself states and that differs."""
    said = source.said.get("vintage")
    try:
        stated = source.vintage_of(file_name, facts)
    except DeclarationError as error:
        if said is not None:
            return dt.date.fromisoformat(said)
        words = (
            f"{file_name}: found no day from which its figures are known, expected one in its name, or beside it in "
            f"{sidecar.name_of(file_name)} the line `vintage: YYYY-MM-DD`\n  {error}"
        )
        raise readers.ReadError("no_vintage", words) from error
    if said is None or str(stated) == said:
        return stated
    if re.fullmatch(r"\{\w+\}", source.vintage):
        words = f"found {stated} in its name or itself and {said} in {sidecar.name_of(file_name)}"
        raise readers.ReadError("sidecar_contradicts", f"{file_name}: {words}, expected both the same")
    return dt.date.fromisoformat(said)


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
    with connection.transaction(con):
        for table in raw_tables():
            con.execute(f"delete from {table.full_name} where file_sha256 = ?", [sha])
        for name, rows in slices.items():
            if isinstance(rows, str):
                _append_counted(con, tables()[name], rows, counted["record_rows"])
                continue
            frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(rows, infer_schema_length=None)
            if frame.height:
                writing.append(con, tables()[name], frame)


def _append_counted(con: duckdb.DuckDBPyConnection, table: Table, query: str, expected: int) -> None:
    try:
        found = writing.append(con, table, query)
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
    for pattern in ("sidecar.py", "readers/*.py"):
        files += sorted((ROOT / "pipelines").glob(pattern))
    parts = [p.read_bytes() for p in files]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
