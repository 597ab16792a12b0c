"""A copy of the project's declarations and code that a test may edit, read by the program instead of the real ones."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from pipelines.database import source_code
from pipelines.declarations import files

TREES = ("sources", "warehouse", "pipelines")


def copy_into(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """Copy the trees and let all modules read them there; what was read before is forgotten."""
    real = files.ROOT
    for tree in TREES:
        shutil.copytree(real / tree, folder / tree, ignore=shutil.ignore_patterns("__pycache__"))
    for module in _ours():
        for name in ("ROOT", "CODE"):
            if getattr(module, name, None) == real:
                patch.setattr(module, name, folder)
    assert source_code.CODE == files.ROOT == folder
    forget()
    return folder


def forget() -> None:
    """Let the next question read declarations and code again, as a new process does."""
    for module in _ours():
        for value in list(vars(module).values()):
            if callable(getattr(value, "cache_clear", None)):
                value.cache_clear()


def _ours() -> list:
    return [module for name, module in list(sys.modules.items()) if name.startswith("pipelines")]
