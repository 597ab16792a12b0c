"""Which program this is: its version and the commit that it runs from.

Belongs here: what a manifest, a report and `zonescope --version` say of the program. Does not belong here: versions of
the method (warehouse/methodology) or of the work database (database/connection.py).
"""

from __future__ import annotations

import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent


@cache
def program() -> dict[str, str | None]:
    """Version and commit of the program; the commit ends with '+' where files differ from it.

    The commit is None where the program runs from no checkout, or git is not there.
    """
    # installed into some folder of another project, the program is of no commit of that project
    is_ours = _git("ls-files", "--error-unmatch", "program.py")
    commit = _git("rev-parse", "--short=12", "HEAD") if is_ours else None
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", str(HERE.parent))
    return {"version": version("zonescope"), "commit": f"{commit}+" if commit and changed else commit}


def label() -> str:
    """Version and commit as one text, as people read it."""
    found = program()
    return f"{found['version']} ({found['commit']})" if found["commit"] else str(found["version"])


def _git(*arguments: str) -> str | None:
    """What git answers in this folder; None where it answers nothing or is not there."""
    try:
        answer = subprocess.run(["git", *arguments], cwd=HERE, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip() or None
