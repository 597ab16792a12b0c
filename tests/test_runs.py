"""Whole runs as an operator starts them: killed in the middle, two at once, text that looks like markup."""

from __future__ import annotations

import glob
import os
import signal
import subprocess
import sys
import time

import pytest

from pipelines import publish, run_lock, settings, store
from pipelines.contracts import ROOT

COMMAND = [sys.executable, "-m", "pipelines.cli"]


@pytest.fixture
def environment(paths, tmp_path) -> dict[str, str]:
    """A data folder and a Dagster home of this test's own."""
    home = tmp_path / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text(
        (ROOT / "dagster.yaml").read_text(encoding="utf-8").replace(".dagster", str(home / "state")),
        encoding="utf-8",
    )
    return {**os.environ, "DAGSTER_HOME": str(home), "ZONESCOPE_DATA": str(paths.root)}


def start(environment: dict[str, str]) -> subprocess.Popen:
    return subprocess.Popen(
        [*COMMAND, "run"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for(condition, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


def test_a_run_after_a_killed_run_frees_its_slot_and_completes(environment, paths):
    killed = start(environment)
    wait_for(lambda: glob.glob(str(paths.landing / "*" / "*.json")))  # Path.glob fails on folders that go
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    again = start(environment)
    said = again.communicate(timeout=240)[0]
    assert again.returncode == 0, said
    assert publish.current(paths).generation_id == "000001" and publish.verify(publish.current(paths)) == []


HOLDER = """
import sys, time
from pathlib import Path
from pipelines import run_lock
with run_lock.hold(Path(sys.argv[1]), print, "of the first"):
    print("held", flush=True)
    time.sleep(1)
"""


def test_a_second_run_waits_and_says_for_whom(paths):
    first = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(paths.run_lock)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert first.stdout.readline() == "held\n"
    said = []
    with run_lock.hold(paths.run_lock, said.append, "of the second"):
        assert first.wait(timeout=5) == 0
    assert len(said) == 1 and f"process {first.pid} run of the first" in said[0]


def test_two_connections_of_one_process_read_the_same_generation(built):
    with store.connect(built.work, read_only=True) as one, store.connect(built.work, read_only=True) as two:
        count = "select count(*) from core.zone"
        assert one.execute(count).fetchall() == two.execute(count).fetchall() == [(181,)]


def test_a_pointer_to_nothing_is_said_plainly(paths):
    paths.published.mkdir(parents=True)
    (paths.published / publish.POINTER).write_text("000007\n", encoding="utf-8")
    with pytest.raises(publish.NothingPublished, match="000007"):
        publish.current(paths)


def test_values_that_look_like_markup_are_printed_as_they_are(environment, paths, built):
    paths.work.parent.mkdir(parents=True)
    paths.work.write_bytes(built.work.read_bytes())
    publish.publish(settings.Paths(paths.root))
    query = "select '[red]x[/red]' as a, '[/x]' as \"[/b]\""
    done = subprocess.run(
        [*COMMAND, "sql", query], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert "[red]x[/red]" in done.stdout and "[/x]" in done.stdout and "[/b]" in done.stdout
