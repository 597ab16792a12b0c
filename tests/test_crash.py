"""Runs killed at random moments, as `python -m benchmarks.crash` kills a hundred."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pipelines.declarations.files import ROOT


@pytest.mark.slow
def test_six_killed_runs_leave_what_they_must(cut):
    """One in each phase, of a run that makes a part of the tables; then all tables equal an undisturbed run's."""
    options = ["--kills", "6", "--in-a-row", "6", "--seed", "3", "--base", str(cut.root)]
    command = [sys.executable, "-m", "benchmarks.crash", *options, "--made", "mart.zone_indicator"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 kills" in done.stdout
