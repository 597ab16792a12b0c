"""Check that the work database is the last committed one and of this release; if not, set it aside.

Finding such a fault and setting the database aside belong here. Opening and writing belong to connection.py,
filling belongs to landing/.

The kept bytes and their notes in the landing folder cannot be made again. The work database can: it is read
and computed from them. So nothing is repaired. A work database that is damaged, lacks a commit or has another
version moves to `aside/` unchanged, and the run that finds it fills a new one. The caller must hold the run
lock.
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
    """Set the work database aside if it is not the last committed one or has another version, and report
    it.
    """
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
    """The fault of a work database as text, and the name under which it is kept; both empty if it has
    none.
    """
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
    if state and state.commits < note.get("commits", 0):
        return f"found {state.commits} commits, expected {note['commits']}: its last ones are lost", "damaged"
    return "", ""


def _set_aside(paths: Paths, kind: str) -> Path:
    """Move the folder of the work database (with its log and note) in one step.

    One folder of each kind is kept.
    """
    aside = paths.root / "aside" / kind
    shutil.rmtree(aside, ignore_errors=True)
    aside.parent.mkdir(exist_ok=True)
    os.replace(paths.work.parent, aside)
    return aside / paths.work.name


def _wal(database: Path) -> Path:
    return database.with_name(database.name + ".wal")
