"""The landing folder: it keeps the bytes of every file under their hash, with a note beside them.

Belongs here: copying, hashing, writing notes. Does not belong here: the content of a file.

The note states the name, the origin, the order of landing, the text of the file's sidecar, and the withdrawal if a user
withdrew the file. Bytes and notes cannot be made again; all tables are read and computed from them.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath

from pipelines.landing.outcome import Unreadable
from pipelines.readers import archive
from pipelines.settings import Paths

CHUNK_BYTES = 1 << 17  # larger pieces cost the system a fresh mapping each


@dataclass(frozen=True)
class Note:
    """The note beside kept bytes. `withdrawn` says when and why a user withdrew the file."""

    file_name: str
    origin: str
    sequence: int
    sidecar: str | None = None
    withdrawn: str | None = None


@dataclass(frozen=True)
class KeptFile:
    """A file whose bytes are kept, before it is read. The fields are columns of raw.file."""

    file_sha256: str
    sequence: int
    file_name: str
    origin: str
    sidecar_text: str | None
    byte_count: int

    @property
    def own_name(self) -> str:
        """The file's name. For a member of an archive: the last part of its path in the archive."""
        return PurePosixPath(self.file_name.rpartition("!")[2]).name


def keep(
    sha: str, file_name: str, origin: str, paths: Paths, *, sidecar_text: str | None, again: bool
) -> KeptFile:
    """Move received bytes to their place and write the note beside them.

    Args:
        sha: SHA-256 of the bytes that `receive` has just taken in.
        file_name: name of the file; a member of an archive is called archive!member.
        origin: 'embedded', 'inbox' or 'ingest'.
        paths: runtime folders.
        sidecar_text: text of the file's sidecar; None keeps the text that an earlier landing has noted.
        again: whether the landing ends an earlier withdrawal.
    """
    target, noted = place_of(sha, paths), read_note(sha, paths)
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(incoming(paths), target)
    sequence = noted.sequence if noted else 1 + sum(1 for _ in paths.landing.glob("*/*.json"))
    text = sidecar_text if sidecar_text is not None else noted.sidecar if noted else None
    withdrawn = noted.withdrawn if noted and not again else None
    write_note(sha, Note(file_name, origin, sequence, text, withdrawn), paths)
    return KeptFile(sha, sequence, file_name, origin, text, target.stat().st_size)


def kept_file(sha: str, paths: Paths) -> KeptFile:
    """Describe a kept file by its note.

    Raises:
        FileNotFoundError: no note stands beside these bytes.
    """
    note = read_note(sha, paths)
    if note is None:
        raise FileNotFoundError(
            f"{place_of(sha, paths)}.json: found no note, expected one beside kept bytes; restore the landing folder from a backup"
        )
    kept = place_of(sha, paths)
    size = kept.stat().st_size if kept.exists() else 0
    return KeptFile(sha, note.sequence, note.file_name, note.origin, note.sidecar, size)


def fault_of(sha: str, paths: Paths, *, thorough: bool = True) -> str:
    """What is wrong with kept bytes, and what mends them; empty if nothing is.

    Args:
        sha: the hash under which they are kept.
        paths: runtime folders.
        thorough: whether the bytes are hashed again; otherwise they need only be there.
    """
    kept = place_of(sha, paths)
    if not kept.exists():
        found = "found no bytes"
    elif thorough and digest(chunks(kept)) != sha:
        found = "found bytes with another hash"
    else:
        return ""
    note = read_note(sha, paths)
    name = note.file_name if note else "the file"
    return (
        f"{kept}: {found}, expected the bytes of {name} with the hash in the name of the file; give {name} again "
        "(`zonescope ingest PATH`), or restore the landing folder from a backup"
    )


def is_archive(file: KeptFile, paths: Paths) -> bool:
    """Whether kept bytes are an archive.

    Bytes that begin like an archive and are too large to open count as an archive. Landing then refuses them as too large.
    """
    kept = place_of(file.file_sha256, paths)
    with kept.open("rb") as handle:
        may_be = handle.read(len(archive.ZIP)).startswith((archive.ZIP, archive.GZIP))
    return may_be and (file.byte_count > archive.MAX_BYTES or archive.is_archive(kept.read_bytes()))


def notes(paths: Paths) -> list[tuple[str, Note]]:
    """List the hash and the note of every kept file, in the order of landing."""
    found = [(path.stem, read_note(path.stem, paths)) for path in paths.landing.glob("*/*.json")]
    return sorted(((sha, note) for sha, note in found if note), key=lambda pair: pair[1].sequence)


def read_note(sha: str, paths: Paths) -> Note | None:
    """Read the note of kept bytes. None if these bytes are not kept."""
    note = place_of(sha, paths).with_suffix(".json")
    return Note(**json.loads(note.read_text(encoding="utf-8"))) if note.exists() else None


def write_note(sha: str, note: Note, paths: Paths) -> None:
    """Write the note beside kept bytes.

    The note is written under a temporary name and then renamed, so that a kill never leaves half a note.
    """
    stated = {name: value for name, value in asdict(note).items() if value is not None}
    receive([json.dumps(stated, ensure_ascii=False).encode()], paths)
    os.replace(incoming(paths), place_of(sha, paths).with_suffix(".json"))


def note_withdrawal(sha: str, message: str, paths: Paths) -> None:
    """Write into the note when and why a user withdrew the file."""
    note = read_note(sha, paths)
    if note is not None:
        write_note(sha, replace(note, withdrawn=message), paths)


def withdrawal(sha: str, paths: Paths) -> str | None:
    """When and why a user withdrew the file. None if nobody did."""
    note = read_note(sha, paths)
    return note.withdrawn if note else None


def receive(pieces: Iterable[bytes], paths: Paths) -> str:
    """Copy bytes to a temporary name and sync them to the disk, so that a later rename never shows half a file.

    Returns:
        The SHA-256 of the bytes.
    """
    found = hashlib.sha256()
    paths.landing.mkdir(parents=True, exist_ok=True)
    with incoming(paths).open("wb") as copy:
        for piece in pieces:
            found.update(piece)
            copy.write(piece)
        copy.flush()
        os.fsync(copy.fileno())
    return found.hexdigest()


def digest(pieces: Iterable[bytes]) -> str:
    """SHA-256 of bytes that come in pieces.

    >>> digest([b"a", b"b"]) == digest([b"ab"])
    True
    """
    found = hashlib.sha256()
    for piece in pieces:
        found.update(piece)
    return found.hexdigest()


def hashed(path: Path, state: os.stat_result, take: Callable[[Iterable[bytes]], str]) -> str:
    """Hash a file that was in a given state when it was opened.

    Args:
        path: the file.
        state: size and times of the file before it is read.
        take: the function that takes the bytes and gives their hash.

    Raises:
        Unreadable: the file changed while it was read.
    """
    sha = take(chunks(path))
    after = state_of(path)
    if (after.st_size, after.st_mtime_ns) != (state.st_size, state.st_mtime_ns):
        raise Unreadable(
            "found a file that somebody is still writing, expected a finished one; the next run tries again"
        )
    return sha


def chunks(path: Path) -> Iterator[bytes]:
    """Read the bytes of a file in pieces. Raises Unreadable."""
    with readable(), path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def state_of(path: Path) -> os.stat_result:
    """Size and times of a file. They change while somebody is writing the file."""
    with readable():
        return path.stat()


@contextmanager
def readable() -> Iterator[None]:
    """Turn the system's refusal to read a file into Unreadable, so that it stops this file only."""
    try:
        yield
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error


def place_of(sha: str, paths: Paths) -> Path:
    """The path of kept bytes."""
    return paths.landing / sha[:2] / sha


def incoming(paths: Paths) -> Path:
    """The path of bytes that are still being received."""
    return paths.landing / "incoming"


@contextmanager
def scratch_folder(paths: Paths) -> Iterator[Path]:
    """Make an empty folder for a reader's temporary files. Files that a killed run left there are deleted."""
    folder = paths.landing / "scratch"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
