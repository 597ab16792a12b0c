"""The benchmarks keep working: the generated file lands with every line where it must be, and killed runs leave what they
must. Nothing is timed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks import ingest
from pipelines import readers
from pipelines.contracts import ROOT


@pytest.mark.parametrize("encoding", ingest.TARGETS)
@pytest.mark.parametrize("large_bytes", [1, readers.LARGE_BYTES], ids=["large", "small"])
def test_the_generated_file_lands_whole(tmp_path, monkeypatch, encoding, large_bytes):
    """As a large file and as a small one."""
    monkeypatch.setattr(readers, "LARGE_BYTES", large_bytes)
    truth = ingest.generate(tmp_path, 20_000, encoding)
    assert ingest.land(tmp_path)["loaded"] == 1
    assert ingest.check(tmp_path, truth, encoding) == []
    assert {code for _, _, code in truth.held} == {"wrong_field_count", "unterminated_quote", "month_missing"}


def test_what_is_lost_is_seen(tmp_path):
    truth = ingest.generate(tmp_path, 1000, "utf-8")
    ingest.land(tmp_path)
    truth.physical += 1
    truth.held.pop()
    assert len(ingest.check(tmp_path, truth, "utf-8")) == 3


def test_one_more_month_is_one_file_more(tmp_path):
    for month, loaded in ((1, 1), (2, 1), (2, 0)):
        ingest.generate(tmp_path, 200, "utf-8", f"generated_2024_{month:02d}_import.csv", month)
        assert ingest.land(tmp_path)["loaded"] == loaded


def test_five_killed_runs_leave_what_they_must():
    """One in each phase, in a row on one folder; `python -m benchmarks.crash` kills a hundred."""
    command = [sys.executable, "-m", "benchmarks.crash", "--kills", "5", "--in-a-row", "5", "--seed", "3"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 kills" in done.stdout
