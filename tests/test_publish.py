"""Generations: atomic, verifiable, readable while the next is written, untouched by a failed attempt."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time

import duckdb
import pytest

from pipelines import publish, settings, store
from pipelines.contracts import ROOT, tables


@pytest.fixture
def ready(paths, built):
    """A data folder whose work database is a copy of the built one."""
    paths.work.parent.mkdir(parents=True)
    shutil.copyfile(built.work, paths.work)
    return paths


def test_nothing_published_is_said_plainly(paths):
    with pytest.raises(publish.NothingPublished, match="make run"):
        publish.current(paths)


def test_a_generation_holds_every_table_with_counts_and_hashes(ready):
    made = publish.publish(ready)
    found = publish.current(ready)
    assert found == made and publish.verify(found) == []
    assert set(found.manifest["tables"]) == set(tables())
    with store.connect(found.database, read_only=True) as con:
        for name, entry in found.manifest["tables"].items():
            assert con.execute(f"select count(*) from {name}").fetchall() == [(entry["rows"],)]
            parquet = found.folder / entry["parquet"]
            assert duckdb.sql(f"select count(*) from '{parquet}'").fetchall() == [(entry["rows"],)]


def test_publishing_the_same_twice_gives_the_same_parquet(ready):
    one, two = publish.publish(ready), publish.publish(ready)
    assert one.generation_id != two.generation_id
    assert [t["sha256"] for t in one.manifest["tables"].values()] == [
        t["sha256"] for t in two.manifest["tables"].values()
    ]


def test_old_generations_are_kept_up_to_a_number(ready):
    made = [publish.publish(ready) for _ in range(publish.KEEP + 2)]
    assert [g.folder.exists() for g in made] == [False] * 2 + [True] * publish.KEEP


def test_a_damaged_file_is_noticed(ready):
    made = publish.publish(ready)
    victim = made.folder / made.manifest["tables"]["mart.mode_fit"]["parquet"]
    victim.write_bytes(victim.read_bytes()[:-1])
    made.database.unlink()
    assert len(publish.verify(publish.current(ready))) == 2


def test_a_failure_before_the_switch_leaves_the_old_generation(ready, monkeypatch):
    first = publish.publish(ready)
    monkeypatch.setattr(publish, "_switch", _fail)
    with pytest.raises(OSError, match="disk"):
        publish.publish(ready)
    assert publish.current(ready).generation_id == first.generation_id
    monkeypatch.undo()
    assert publish.verify(publish.publish(settings.Paths(ready.root))) == []


def _fail(*_):
    raise OSError("disk full")


READER = """
import sys, time
from pathlib import Path
from pipelines import publish, settings, store
paths, reads = settings.Paths(Path(sys.argv[1])), 0
while True:
    stop = (paths.root / "stop").exists()
    generation = publish.current(paths)
    with store.connect(generation.database, read_only=True) as con:
        rows = con.execute("select count(*) from mart.mode_fit").fetchall()[0][0]
    assert rows == generation.manifest["tables"]["mart.mode_fit"]["rows"]
    reads += 1
    if stop:
        break
print(reads)
"""


def test_readers_in_other_processes_never_wait_and_never_fail(ready):
    publish.publish(ready)
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(ready.root)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    time.sleep(1.5)
    for _ in range(4):
        publish.publish(ready)
    (ready.root / "stop").touch()
    reads = [int(reader.communicate(timeout=60)[0]) for reader in readers]
    assert [reader.returncode for reader in readers] == [0, 0] and min(reads) > 0


KILLED = """
import os, signal, sys
from pathlib import Path
from pipelines import publish, settings
real = publish._sync
def sync(path):
    real(path)
    if path.name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
publish._sync = sync
publish.publish(settings.Paths(Path(sys.argv[1])))
"""


@pytest.mark.parametrize("moment", ["manifest.json", "mode_fit.parquet", "published", ".CURRENT.tmp"])
def test_a_kill_while_publishing_leaves_a_whole_generation(ready, moment):
    first = publish.publish(ready)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(ready.root), moment], cwd=ROOT, check=False)
    assert killed.returncode == -9
    found = publish.current(ready)
    assert found.generation_id == first.generation_id and publish.verify(found) == []
    assert publish.verify(publish.publish(ready)) == []
    assert not list(ready.published.glob(".making-*"))


def test_read_only_sql_sees_the_warehouse_and_nothing_else(ready, tmp_path):
    (tmp_path / "secret.csv").write_text("a\n1\n")
    with store.connect(publish.publish(ready).database, read_only=True) as con:
        for statement in (
            f"from '{tmp_path}/secret.csv'",
            "create table x as select 1",
            "set enable_external_access = true",
            f"copy (select 1) to '{tmp_path}/out.csv'",
            "install httpfs",
        ):
            with pytest.raises(duckdb.Error):
                con.execute(statement)
    assert not (tmp_path / "out.csv").exists()
