"""Whether files stand in the raw tables as they would be read now.

Belongs here: the comparison of a file, its sidecar and its reader with what is recorded. Does not belong here: landing (land.py).
Nothing is written: a run asks this before it starts, too.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.landing import discovery, hash_cache, kept_bytes, raw_rows, recognition
from pipelines.landing.outcome import Landed, Unreadable, printable
from pipelines.settings import Paths


def standing(
    con: duckdb.DuckDBPyConnection, sha: str, file_name: str, sidecar_text: str | None, paths: Paths
) -> Landed | None:
    """What the bytes are in the raw tables ('known', or 'withdrawn'), if they stand there as they would be read now.

    Bytes that were loaded are known under any name; refused ones only under the name they were refused with,
    since the name can be what was wrong. Another text of the file's own sidecar makes it be read again, and so does
    a withdrawal that only the note states, or no longer states: a command was killed between the two.
    """
    is_withdrawn = kept_bytes.withdrawal(sha, paths) is not None
    found = con.execute(
        "select source_id, reader_fingerprint, status, file_name, sidecar_text, reason from raw.file "
        "where file_sha256 = ?",
        [sha],
    ).fetchall()
    for source_id, read_with, status, name, known_text, reason in found:
        if is_withdrawn or status == "withdrawn":
            agree = is_withdrawn and status == "withdrawn"
            return Landed(file_name, sha, "withdrawn", reason) if agree else None
        is_own = name == file_name
        same_text = sidecar_text is None or sidecar_text == (known_text or "")
        as_now = read_with == recognition.fingerprint(source_id)
        if as_now and (is_own or status != "refused") and (same_text or not is_own):
            message = f"{file_name}: found the same bytes as {name}; the sidecar of this copy is not used"
            return Landed(file_name, sha, "known", "" if same_text else message)
    return None


def size_is_known(con: duckdb.DuckDBPyConnection, size: int) -> bool:
    """Whether a file of this size was landed. A file of another size is new, and need not be read to find that out."""
    return bool(con.execute("select 1 from raw.file where byte_count = ? limit 1", [size]).fetchall())


def deviating(con: duckdb.DuckDBPyConnection, paths: Paths, offered: set[str]) -> list[str]:
    """Hashes of kept files that are not among the offered ones and do not stand as they would be read now.

    An archive is not one of them: its members are kept as files of their own.
    """
    return [
        sha
        for sha, note in kept_bytes.notes(paths)
        if sha not in offered
        and not standing(con, sha, note.file_name, note.sidecar, paths)
        and (
            note.withdrawn
            or kept_bytes.fault_of(sha, paths, thorough=False)
            or not kept_bytes.is_archive(kept_bytes.kept_file(sha, paths), paths)
        )
    ]


def first_to_land(con: duckdb.DuckDBPyConnection, paths: Paths) -> str:
    """The first file that a run would land, in words; empty where all files stand in the raw tables as they are now."""
    if not raw_rows.are_there(con):
        return "the raw tables are not there as declared"
    offered = set()
    for path, _ in discovery.candidates(paths):
        found = _standing_as_offered(con, path, paths)
        if found is None:
            return f"{printable(path)} is new, or its sidecar or its reader changed"
        offered.add(found.file_sha256)
    deviations = deviating(con, paths, offered)
    return f"the reader or the note of {len(deviations)} kept files changed" if deviations else ""


def _standing_as_offered(con: duckdb.DuckDBPyConnection, path: Path, paths: Paths) -> Landed | None:
    """What an offered file is in the raw tables; None where it is to be landed, or cannot be read."""
    try:
        text, state = discovery.sidecar_beside(path), kept_bytes.state_of(path)
        if not size_is_known(con, state.st_size):
            return None
        sha = hash_cache.sha_of(con, state) or kept_bytes.hashed(path, state, kept_bytes.digest)
    except Unreadable:
        return None
    return standing(con, sha, printable(path), text, paths)
