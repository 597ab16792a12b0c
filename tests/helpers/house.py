"""A copy of the project's declarations and code that a test may edit, read by the program instead of the real ones."""

from __future__ import annotations

import pickle
import shutil
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

from pipelines.database import source_code
from pipelines.declarations import files

TREES = ("sources", "warehouse", "pipelines")
REAL_YAML = yaml.safe_load


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
    patch.setattr(yaml, "safe_load", lambda text: pickle.loads(_read_once(text)))
    forget()
    return folder


def forget() -> None:
    """Let the next question read declarations and code again, as a new process does; the installed packages stay."""
    for module in _ours():
        for value in list(vars(module).values()):
            if callable(getattr(value, "cache_clear", None)) and value is not source_code.version_of:
                value.cache_clear()


@cache
def _read_once(text: str) -> bytes:
    """What a YAML text holds; the same text need not be read again after each of a hundred edits of another."""
    return pickle.dumps(REAL_YAML(text))


def _ours() -> list:
    return [module for name, module in list(sys.modules.items()) if name.startswith("pipelines")]
