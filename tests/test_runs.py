"""Whole runs as an operator starts them: killed in the middle, completed by the next, two at once; what a run leaves."""

from __future__ import annotations

import glob
import signal
import subprocess
import sys
from typing import NamedTuple

import dagster as dg
import pytest

from pipelines import settings
from pipelines.database import connection, run_lock
from pipelines.database.promises import promises
from pipelines.declarations.files import ROOT
from pipelines.declarations.tables import tables
from pipelines.publishing import generations
from tests.helpers.runs import COMMAND, environment_of, wait_for

ONE_THREAD = """
import duckdb, polars
from pipelines.cli import app as cli
real = duckdb.connect
duckdb.connect = lambda *given, config=None, **named: real(*given, config={**(config or {}), "threads": 1}, **named)
assert polars.thread_pool_size() == 1
cli.app(["run"])
"""
THREADS = {"POLARS_MAX_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def start(environment: dict[str, str]) -> subprocess.Popen:
    """`zonescope run`, with one thread."""
    return subprocess.Popen(
        [sys.executable, "-c", ONE_THREAD],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


class Completed(NamedTuple):
    """The run after a killed one: its data folder, exit code and words, and what Dagster has noted of both runs."""

    paths: settings.Paths
    code: int
    said: str
    statuses: list[dg.DagsterRunStatus]
    events: list[dg.DagsterEvent]


@pytest.fixture(scope="module")
def completed(tmp_path_factory) -> Completed:
    """One run killed while it lands files, one that nobody kills: the only whole one of all tests."""
    folder = tmp_path_factory.mktemp("runs")
    paths, home = settings.Paths(folder / "data"), folder / "dagster"
    environment = environment_of(paths, home) | THREADS
    killed = start(environment)
    wait_for(lambda: glob.glob(str(paths.landing / "*" / "*.json")))  # Path.glob fails on folders that go
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    again = start(environment)
    said = again.communicate(timeout=600)[0]
    with dg.DagsterInstance.from_config(str(home)) as instance:
        runs = instance.get_runs()
        events = [entry.dagster_event for entry in instance.all_logs(runs[0].run_id) if entry.dagster_event]
    return Completed(paths, again.returncode, said, [run.status for run in runs], events)


@pytest.mark.slow
def test_a_run_after_a_killed_run_frees_its_slot_and_completes(completed):
    assert completed.code == 0, completed.said
    assert "its slot is free again" in completed.said
    assert completed.statuses == [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
    generation = generations.current(completed.paths)
    assert generation.generation_id == "000001" and generations.verify(generation) == []


@pytest.mark.slow
def test_a_run_makes_the_whole_graph_and_publishes_what_it_made(completed):
    made = {
        ".".join(event.asset_key.path): event.step_materialization_data.materialization.metadata
        for event in completed.events
        if event.is_step_materialization
    }
    for name, entry in generations.current(completed.paths).manifest["tables"].items():
        assert made[name]["dagster/row_count"].value == entry["rows"]
    assert {"published.generation", "report.site"} < set(made)
    assert (completed.paths.reports / "latest" / "index.html").exists()


@pytest.mark.slow
def test_the_embedded_data_keep_every_promise(completed):
    """All contracts of all tables, as the blocking checks have run them."""
    found = [
        event.asset_check_evaluation_data
        for event in completed.events
        if event.event_type_value == "ASSET_CHECK_EVALUATION"
    ]
    contracts = {".".join(each.asset_key.path): each for each in found if each.check_name == "contract"}
    assert [each.description for each in contracts.values() if not each.passed] == []
    assert {name: each.metadata["promises"].value for name, each in contracts.items()} == {
        name: sum(promise.severity == "error" for promise in promises(table))
        for name, table in tables().items()
    }


@pytest.mark.slow
def test_with_one_thread_and_with_more_the_parquet_is_the_same(completed, published):
    """With Dagster, after a kill and with one thread, beside what was built without and with as many as there are."""
    found, expected = (generations.current(each).manifest["tables"] for each in (completed.paths, published))
    assert [name for name in expected if found[name]["sha256"] != expected[name]["sha256"]] == []


HOLDER = """
import sys, time
from pathlib import Path
from pipelines.database import run_lock
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
        assert first.wait(timeout=600) == 0
    assert len(said) == 1 and f"process {first.pid} run of the first" in said[0]


def test_two_connections_of_one_process_read_the_same_generation(built):
    with (
        connection.connect(built.work, read_only=True) as one,
        connection.connect(built.work, read_only=True) as two,
    ):
        count = "select count(*) from core.zone"
        assert one.execute(count).fetchall() == two.execute(count).fetchall() != [(0,)]


def test_a_pointer_to_nothing_is_said_plainly(paths):
    paths.published.mkdir(parents=True)
    (paths.published / generations.POINTER).write_text("000007\n", encoding="utf-8")
    with pytest.raises(generations.NothingPublished, match="000007"):
        generations.current(paths)


def test_values_that_look_like_markup_are_printed_as_they_are(environment, published):
    environment["ZONESCOPE_DATA"] = str(published.root)
    query = "select '[red]x[/red]' as a, '[/x]' as \"[/b]\""
    done = subprocess.run(
        [*COMMAND, "sql", query], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert "[red]x[/red]" in done.stdout and "[/x]" in done.stdout and "[/b]" in done.stdout
