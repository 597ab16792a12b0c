"""Where runtime data lie. Belongs here: paths and nothing else; all can be moved with ZONESCOPE_DATA."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pipelines.declarations.files import ROOT


@dataclass(frozen=True)
class Paths:
    """Runtime folders below one root (git-ignored `.data/` unless ZONESCOPE_DATA names another)."""

    root: Path

    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def run_lock(self) -> Path:
        return self.root / "run.lock"

    @property
    def work(self) -> Path:
        return self.root / "work" / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        return self.root / "published"

    @property
    def compared(self) -> Path:
        return self.root / "compared"

    @property
    def returns(self) -> Path:
        return self.root / "returns"

    @property
    def reports(self) -> Path:
        return self.root / "reports"


def paths() -> Paths:
    """The folders of this process."""
    return Paths(Path(os.environ.get("ZONESCOPE_DATA", ROOT / ".data")).resolve())
