"""The work database as something that can be lost: is it what was last committed, and of this release?

Belongs here: noticing that it is not, and setting it aside. Does not belong here: opening and writing it (connection.py),
filling it (landing/).

What cannot be made again are the kept bytes and their notes in the landing folder; the work database is read and
computed from them. So nothing is repaired: a work database that is damaged, lacks what was committed, or is of another
version is moved to `aside/` as it is, and the run that finds it fills a new one. Call these holding the run lock.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb

from pipelines.database import connection, files
from pipelines.settings import Paths


def ensure(paths: Paths, say: Callable[[str], None]) -> None:
    """Set the work database aside if it is not what was last committed, or of another version; says so."""
    note = connection.note_of(paths.work)
    if not paths.work.exists():
        if note:
            say(f"{paths.work}: not found, expected {note['commits']} commits; {_filled(paths)}")
            _set_aside(paths, "damaged")
        return
    fault, kind = _fault(paths.work, note)
    if fault:
        place = _set_aside(paths, kind)
        say(f"{paths.work}: {fault}; it is kept as {place}, {_filled(paths)}")


def _filled(paths: Paths) -> str:
    return f"and a new one is filled from the kept bytes in {paths.landing}"


def _fault(database: Path, note: dict) -> tuple[str, str]:
    """What is wrong with a work database, in words and as the name under which it is kept; empty when all is well."""
    if "sha256" in note and not _wal(database).exists() and files.sha256(database) != note["sha256"]:
        return "found other bytes than the last run has left", "damaged"
    try:
        with duckdb.connect(str(database)) as con:
            state = connection.state(con)
    except duckdb.Error as error:
        if "lock" in str(error):
            return "", ""  # somebody else's; opening it waits and says so
        return f"it cannot be opened: {error}", "damaged"
    found = state.version if state else 1
    if found != connection.VERSION:
        return f"found version {found}, expected {connection.VERSION}", f"version-{found}"
    if state.commits < note.get("commits", 0):
        return f"found {state.commits} commits, expected {note['commits']}: its last ones are lost", "damaged"
    return "", ""


def _set_aside(paths: Paths, kind: str) -> Path:
    """Move the folder of the work database (with its log and its note) in one step; one of each kind is kept."""
    aside = paths.root / "aside" / kind
    shutil.rmtree(aside, ignore_errors=True)
    aside.parent.mkdir(exist_ok=True)
    os.replace(paths.work.parent, aside)
    return aside / paths.work.name


def _wal(database: Path) -> Path:
    return database.with_name(database.name + ".wal")
