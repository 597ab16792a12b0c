"""What becomes of a file that lands.

Belongs here: the records and exceptions that the modules of this package share. Does not belong here: work on files.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Landed:
    """What became of one file.

    The status is one of: 'loaded'; 'refused'; 'archive'; 'known' (the same bytes were there already); 'withdrawn' (a
    user took the file out); 'alone' (a sidecar without its data file); 'unreadable' (the system does not give the
    bytes, so nothing can be kept, and the next run tries again).
    """

    file_name: str
    file_sha256: str
    status: str
    reason: str = ""


class Unreadable(Exception):
    """The system does not give the bytes of a file, or somebody is still writing the file."""


def printable(path: Path) -> str:
    """The name of a file as text; bytes that are no UTF-8 are written as escapes."""
    return os.fsencode(path.name).decode("utf-8", errors="backslashreplace")
