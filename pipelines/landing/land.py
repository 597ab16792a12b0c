"""From a file to the raw tables: keep the bytes, find the source, read the file, count every line.

Belongs here: the order of these steps. This is the only way into the warehouse. Does not belong here: each step (the
other modules of this package), how a layout is read (readers/), what a figure means (warehouse/core).

The rows of a file enter all raw tables in one transaction, so a kill in the middle never leaves half a file. If the same
bytes come again, nothing changes. A file that cannot be read is recorded as refused, and the other files go on. A file
may be larger than memory: it is hashed and copied piece by piece, and read from the kept copy. If a user deletes a
sidecar, its facts stay. If a user empties a sidecar, its facts no longer hold.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from pathlib import Path

import duckdb

from pipelines.database import writing
from pipelines.declarations.sources import Source
from pipelines.landing import (
    discovery,
    hash_cache,
    kept_bytes,
    raw_rows,
    recognition,
    sidecar,
    standing,
    vintages,
)
from pipelines.landing.kept_bytes import KeptFile
from pipelines.landing.outcome import Landed, Unreadable, printable
from pipelines.readers import archive
from pipelines.readers import detect as readers
from pipelines.readers.text import ReadError, Reading
from pipelines.settings import Paths


def land_all(con: duckdb.DuckDBPyConnection, paths: Paths) -> list[Landed]:
    """Land every file that is there, then read kept files again whose declaration changed.

    One bad file never stops the others.
    """
    raw_rows.ensure_tables(con)
    landed = [
        found for path, origin in discovery.candidates(paths) for found in land(con, path, origin, paths)
    ]
    offered = {found.file_sha256 for found in landed}
    return landed + reread_changed(con, paths, offered) + discovery.alone(paths.inbox)


def reread_changed(con: duckdb.DuckDBPyConnection, paths: Paths, offered: set[str]) -> list[Landed]:
    """Read kept files again that have left the folders and whose rows in the raw tables are out of date."""
    return [found for sha in standing.deviating(con, paths, offered) for found in reread(con, sha, paths)]


def reread(con: duckdb.DuckDBPyConnection, sha: str, paths: Paths) -> list[Landed]:
    """Read a kept file again from its bytes, which are hashed first.

    An archive gives nothing here, because each member is a kept file of its own.
    """
    is_withdrawn = kept_bytes.withdrawal(sha, paths) is not None
    fault = "" if is_withdrawn else kept_bytes.fault_of(sha, paths)
    if fault:
        # what the raw tables hold was read when the bytes were right, and stays
        return [Landed(sha, sha, "unreadable", fault)]
    file = kept_bytes.kept_file(sha, paths)
    if not is_withdrawn and kept_bytes.is_archive(file, paths):
        return []
    return [_land_kept(con, file, paths)]


def withdraw(con: duckdb.DuckDBPyConnection, sha: str, reason: str, day: dt.date, paths: Paths) -> Landed:
    """Remove a file from the raw tables for good. Its bytes stay, and the note says when and why it was withdrawn."""
    kept_bytes.note_withdrawal(sha, f"withdrawn on {day}: {reason}", paths)
    return reread(con, sha, paths)[0]


def land(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    origin: str,
    paths: Paths,
    *,
    sidecar_text: str | None = None,
    again: bool = False,
) -> list[Landed]:
    """Land one file: its bytes go to the landing folder, its rows to the raw tables, its line counts to raw.file.

    Each member of an archive lands as a file of its own, called archive!member. The archive has a row in raw.file too.

    Args:
        con: the work database.
        path: the file.
        origin: 'embedded', 'inbox' or 'ingest'.
        paths: runtime folders.
        sidecar_text: text of the sidecar, if the caller has it; if None, the sidecar beside the file is read.
        again: whether a withdrawn file lands again.
    """
    name = printable(path)
    try:
        text = discovery.sidecar_beside(path) if sidecar_text is None else sidecar_text
        state = kept_bytes.state_of(path)
        # If no known file has this size, the file is new and is read once only. If one has, the file is hashed before
        # it is copied, because it may be known.
        if standing.size_is_known(con, state.st_size):
            sha = hash_cache.sha_of(con, state) or _hashed(con, path, state, kept_bytes.digest)
            stands = standing.standing(con, sha, name, text, paths)
            comes_back = again and stands and stands.status == "withdrawn"
            # kept bytes that are damaged are mended by the same file given again
            if stands and not comes_back and not kept_bytes.fault_of(sha, paths, thorough=origin == "ingest"):
                return [stands]
        sha = _hashed(con, path, state, lambda chunks: kept_bytes.receive(chunks, paths))
    except Unreadable as error:
        return [Landed(name, "", "unreadable", f"{name}: {error}")]
    file = kept_bytes.keep(sha, name, origin, paths, sidecar_text=text, again=again)
    if kept_bytes.is_archive(file, paths) and not kept_bytes.withdrawal(sha, paths):
        return _land_members(con, file, paths, again)
    return [_land_kept(con, file, paths)]


def _hashed(
    con: duckdb.DuckDBPyConnection, path: Path, state: os.stat_result, take: Callable[[Iterable[bytes]], str]
) -> str:
    """Hash of a file that was in a given state, noted for the next time. Raises Unreadable."""
    sha = kept_bytes.hashed(path, state, take)
    hash_cache.note(con, state, sha)
    return sha


def _land_members(con: duckdb.DuckDBPyConnection, file: KeptFile, paths: Paths, again: bool) -> list[Landed]:
    """Land the members of a kept archive, then the archive itself."""
    try:
        members, passed_over = _opened(file, paths)
        facts = _sidecars_of_members(file, [member for member, _ in members])
    except ReadError as error:
        return [_refuse(con, file, None, error)]
    contents = dict(members)
    landed = []
    for member, content in members:
        if sidecar.is_name(member) and member.removesuffix(sidecar.SUFFIX) in contents:
            continue
        own = contents.get(sidecar.name_of(member))
        text = facts[member] if own is None else own.decode("utf-8-sig", errors="backslashreplace")
        landed.append(_land_member(con, file, member, content, paths, sidecar_text=text, again=again))
    message = f"{len(landed)} members" + (f"; passed over {passed_over}" if passed_over else "")
    raw_rows.write(con, file.file_sha256, raw_rows.without_rows(file, None, "archive", None, message))
    return [*landed, Landed(file.file_name, file.file_sha256, "archive", message)]


def _opened(file: KeptFile, paths: Paths) -> tuple[list[tuple[str, bytes]], list[str]]:
    """Open a kept archive.

    Returns:
        The members with their bytes, and the names of members that are not landed.

    Raises:
        ReadError: the archive is too large, damaged or unsafe.
    """
    if file.byte_count > archive.MAX_BYTES:
        message = (
            f"{file.file_name}: found an archive of {file.byte_count} bytes, expected at most {archive.MAX_BYTES}; "
            "unpack it and land the members"
        )
        raise ReadError("file_too_large", message)
    return archive.members(kept_bytes.place_of(file.file_sha256, paths).read_bytes(), file.file_name)


def _sidecars_of_members(file: KeptFile, members: list[str]) -> dict[str, str | None]:
    """For each member: the text of a sidecar with the facts that the archive's sidecar states about the member."""
    if file.sidecar_text is None:
        return dict.fromkeys(members)
    place = sidecar.name_of(file.file_name)
    stated = sidecar.parse(file.sidecar_text, place)
    strange = sorted(set(stated.members) - set(members))
    if strange:
        message = f"{place}: found facts of {', '.join(strange)}, expected members of the archive: {', '.join(members[:50])}"
        raise ReadError("bad_sidecar", message)
    return {member: sidecar.text_of(**stated.of(member)) for member in members}


def _land_member(
    con: duckdb.DuckDBPyConnection,
    whole: KeptFile,
    member: str,
    content: bytes,
    paths: Paths,
    *,
    sidecar_text: str | None,
    again: bool,
) -> Landed:
    """Land one member of an archive."""
    sha, file_name = kept_bytes.digest([content]), f"{whole.file_name}!{member}"
    stands = standing.standing(con, sha, file_name, sidecar_text, paths)
    if stands and not (again and stands.status == "withdrawn"):
        return stands
    kept_bytes.receive([content], paths)
    file = kept_bytes.keep(sha, file_name, whole.origin, paths, sidecar_text=sidecar_text, again=again)
    if archive.is_archive(content):
        message = (
            f"{file_name}: found an archive inside an archive, expected a data file; unpack the inner one"
        )
        return _refuse(con, file, None, ReadError("nested_archive", message))
    return _land_kept(con, file, paths)


def _land_kept(con: duckdb.DuckDBPyConnection, file: KeptFile, paths: Paths) -> Landed:
    """Read a kept file into the raw tables."""
    sha, source = file.file_sha256, None
    withdrawn = kept_bytes.withdrawal(sha, paths)
    if withdrawn:
        raw_rows.write(con, sha, raw_rows.without_rows(file, None, "withdrawn", None, withdrawn))
        return Landed(file.file_name, sha, "withdrawn", withdrawn)
    try:
        kept = kept_bytes.place_of(sha, paths)
        source = recognition.source_of(kept, file.own_name, file.sidecar_text)
        with kept_bytes.scratch_folder(paths) as scratch:
            reading = readers.read_file(kept, source, file.own_name, scratch)
            slices = raw_rows.slices_of(file, source, reading)
            with writing.any_order(con) if isinstance(reading.rows, str) else nullcontext():
                raw_rows.write(con, sha, slices, reading.accounting, _rule_of_vintage(file, source, reading))
    except ReadError as error:
        return _refuse(con, file, source, error)
    return Landed(file.file_name, sha, "loaded", hidden_in_words(file.file_name, reading.hidden))


def hidden_in_words(file_name: str, hidden: str) -> str:
    """What a user is told about hidden parts of a workbook that landed; empty if nothing is hidden."""
    return f"{file_name}: found hidden parts, which are not loaded: {hidden}" if hidden else ""


def _rule_of_vintage(
    file: KeptFile, source: Source, reading: Reading
) -> Callable[[dt.date | None], dt.date] | None:
    """How the vintage of a file follows from the end of its last period. A file of notes only needs no vintage."""
    if not reading.accounting["record_rows"]:
        return None
    today = dt.date.today()
    return lambda last_day: vintages.vintage(source, file.own_name, reading.facts, last_day, today)


def _refuse(
    con: duckdb.DuckDBPyConnection, file: KeptFile, source: Source | None, error: ReadError
) -> Landed:
    """Record the refusal of a file, with its reason."""
    rows = raw_rows.without_rows(file, source, "refused", error.reason_code, str(error))
    raw_rows.write(con, file.file_sha256, rows)
    return Landed(file.file_name, file.file_sha256, "refused", str(error))
