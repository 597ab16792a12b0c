"""Runs as an operator starts them, in a data folder and a Dagster home of a test's own."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from pipelines import settings
from pipelines.declarations.files import ROOT

COMMAND = [sys.executable, "-m", "pipelines.cli"]


def environment_of(paths: settings.Paths, home: Path) -> dict[str, str]:
    """A data folder and a Dagster home of a test's own."""
    home.mkdir()
    (home / "dagster.yaml").write_text(
        (ROOT / "dagster.yaml").read_text(encoding="utf-8").replace(".dagster", str(home / "state")),
        encoding="utf-8",
    )
    return {**os.environ, "DAGSTER_HOME": str(home), "ZONESCOPE_DATA": str(paths.root)}


def wait_for(condition: Callable[[], object], seconds: float = 600) -> None:
    """Wait until something has come about. The seconds bound a test that hangs; they prove nothing."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)
