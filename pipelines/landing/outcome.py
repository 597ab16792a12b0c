"""The result of landing a file.

Belongs here: the records and exceptions that the modules of this package share. Does not belong here: work on files.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Landed:
    """The result of landing one file.

    The status is one of: 'loaded'; 'refused'; 'archive'; 'known' (the same bytes are there already); 'withdrawn' (a
    user withdrew the file); 'alone' (a sidecar without its data file); 'unreadable' (the system does not give the
    bytes, so nothing is kept, and the next run tries again).
    """

    file_name: str
    file_sha256: str
    status: str
    reason: str = ""


class Unreadable(Exception):
    """The system does not give the bytes of a file, or somebody is still writing the file."""


def printable(path: Path) -> str:
    """The name of a file as text. Bytes that are not UTF-8 become escapes.

    >>> printable(Path("inbox/figures.csv"))
    'figures.csv'
    """
    return os.fsencode(path.name).decode("utf-8", errors="backslashreplace")
