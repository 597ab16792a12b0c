"""Runs killed at random moments, as `python -m benchmarks.crash` kills a hundred."""

from __future__ import annotations

import subprocess
import sys

from pipelines.contracts import ROOT


def test_five_killed_runs_leave_what_they_must():
    """One in each phase; then the run that follows equals an undisturbed one in all tables."""
    command = [sys.executable, "-m", "benchmarks.crash", "--kills", "5", "--in-a-row", "5", "--seed", "3"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 kills" in done.stdout
