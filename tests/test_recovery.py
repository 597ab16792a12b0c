"""A work database that lost something: noticed, set aside, filled anew from the kept bytes; nothing else is touched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import duckdb
import pytest

from pipelines import settings
from pipelines.database import connection, recovery, writing
from pipelines.declarations.files import ROOT
from pipelines.declarations.tables import tables
from pipelines.landing import land as landing
from pipelines.publishing import generations
from tests.helpers.worlds import RESOLVED, build_all, compared_with, copy_of


def zones_of(database) -> int:
    with connection.connect(database, read_only=True) as con:
        return con.execute("select count(*) from core.zone").fetchall()[0][0]


def noticed(paths) -> list[str]:
    said: list[str] = []
    recovery.ensure(paths, said.append)
    return said


DIES = """
import os, signal, sys
from pathlib import Path
from pipelines import settings
from pipelines.database import connection, writing
from pipelines.declarations.tables import tables
with connection.connect(settings.Paths(Path(sys.argv[1])).work) as con:
    for name in ("reference.unit", "reference.status", "reference.area_alias"):
        writing.create(con, tables()[name], f"from {name}")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def dead(resolved, tmp_path_factory):
    """A data folder whose work database lost its process; made once, read only."""
    paths = copy_of(resolved, tmp_path_factory.mktemp("dead"))
    killed = subprocess.run([sys.executable, "-c", DIES, str(paths.root)], cwd=ROOT, check=False)
    assert killed.returncode == -9
    return paths


@pytest.fixture
def died(paths, dead):
    """A process died with three commits in the log only; the log."""
    shutil.copytree(dead.root, paths.root, dirs_exist_ok=True)
    log = paths.work.with_name(paths.work.name + ".wal")
    assert log.stat().st_size > 0
    return log


def test_what_a_kill_leaves_is_whole(died, paths):
    assert noticed(paths) == [] and not (paths.root / "aside").exists()


@pytest.mark.parametrize("left", [None, 0, 0.3, 0.9, -1], ids=str)
def test_a_log_that_was_truncated_or_deleted_is_noticed(died, paths, left):
    size = died.stat().st_size
    if left is None:
        died.unlink()
    else:
        with died.open("r+b") as log:
            log.truncate(size - 1 if left == -1 else int(size * left))
    (said,) = noticed(paths)
    assert "its last ones are lost" in said and "kept bytes" in said
    assert not paths.work.exists() and (paths.root / "aside" / "damaged" / paths.work.name).exists()


def test_a_work_database_that_is_gone_is_noticed(stocked):
    stocked.work.unlink()
    assert "not found" in noticed(stocked)[0]
    assert noticed(stocked) == []


def test_an_older_copy_of_the_work_database_is_noticed(stocked):
    older = stocked.work.read_bytes()
    with connection.connect(stocked.work) as con:
        landing.land_all(con, stocked)
        writing.create(con, tables()["reference.unit"], "from reference.unit")
    stocked.work.write_bytes(older)
    assert "its last ones are lost" in noticed(stocked)[0]


@pytest.mark.parametrize("place", [0.0, 0.5, 0.999])
def test_a_changed_byte_is_noticed_by_the_next_run(paths, published, place):
    shutil.copytree(published.root, paths.root, dirs_exist_ok=True)
    assert noticed(paths) == []
    flip(paths.work, int(paths.work.stat().st_size * place))
    assert "other bytes than the last run has left" in noticed(paths)[0]


def flip(path, place: int) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 0xFF]))


def test_what_is_no_database_is_noticed(stocked):
    stocked.work.write_bytes(b"no database" * 1000)
    assert "cannot be opened" in noticed(stocked)[0]


def test_the_new_one_equals_the_lost_one(stocked, resolved):
    """As far as core: the marts are made anew by every run, lost or not."""
    stocked.work.unlink()
    assert noticed(stocked)
    build_all(stocked, RESOLVED)
    with connection.connect(stocked.work) as con:
        con.execute(f"attach '{resolved.work}' as lost (read_only)")
        for name in (*RESOLVED, *(name for name in tables() if name.startswith("raw."))):
            assert compared_with(con, "lost", name)[1:] == (0, 0), name
        assert compared_with(con, "lost", "core.observation")[0] > 0


def test_another_version_is_kept_as_a_backup(stocked, resolved):
    with connection.connect(stocked.work) as con:
        con.execute("update internal.state set version = 99")
    (said,) = noticed(stocked)
    assert f"found version 99, expected {connection.VERSION}" in said
    backup = stocked.root / "aside" / "version-99" / stocked.work.name
    assert zones_of(backup) == zones_of(resolved.work)


@pytest.mark.slow
def test_the_warehouse_of_release_0_1_0_is_carried_on(paths):
    """Its work database is the backup; a user's file that is no longer offered comes from the kept bytes."""
    old = ROOT / "tests" / "releases" / "0.1.0"
    shutil.copytree(old / "landing", paths.landing)
    paths.work.parent.mkdir()
    with duckdb.connect(str(paths.work)) as con:
        con.execute((old / "warehouse.sql").read_text(encoding="utf-8"))
    assert "found version 1" in noticed(paths)[0]
    build_all(paths, RESOLVED)
    mine = "select sequence, status from raw.file where file_name = 'zone_figures_mine.csv'"
    with connection.connect(paths.work, read_only=True) as con:
        assert con.execute(mine).fetchall() == [(19, "loaded")]
        figures = (
            "select count(*) from core.observation join raw.file using (file_sha256) where origin = 'inbox'"
        )
        assert con.execute(figures).fetchall() == [(1,)]
        assert connection.state(con).version == connection.VERSION
    with duckdb.connect(str(paths.root / "aside" / "version-1" / paths.work.name), read_only=True) as con:
        assert con.execute(mine).fetchall() == [(19, "loaded")]


@pytest.fixture
def small_disk(tmp_path, built):
    """A data folder on a disk of its own, with room for the work database and little more."""
    disk = tmp_path / "disk"
    disk.mkdir()
    room = (built.work.stat().st_size >> 20) + 12
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={room}m", "none", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("may not mount a disk")
    yield settings.Paths(disk / "data")
    subprocess.run(["umount", "-l", str(disk)], check=True)


def remount(paths, option: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{option}", str(paths.root.parent)], check=True)


@pytest.mark.slow
def test_a_full_disk_stops_the_run_and_nothing_else(small_disk, built, published):
    """While landing, while making a table, while publishing: a clear error each time, then all is as if never full."""
    shutil.copytree(built.root, small_disk.root)
    (small_disk.root / "filler").write_bytes(b"0" * free(small_disk))
    said = []
    for work in (lambda: landing.land(con, ROOT / "README.md", "inbox", small_disk), lambda: fill(con)):
        with connection.connect(small_disk.work) as con, pytest.raises((OSError, duckdb.Error)) as failed:
            work()
        said.append(str(failed.value))
    assert all("No space" in words or "out of" in words.lower() for words in said), said
    with pytest.raises((OSError, duckdb.Error)):
        generations.publish(small_disk)
    assert not generations.kept(small_disk)
    (small_disk.root / "filler").unlink()
    remount(small_disk, "size=400m")
    assert noticed(small_disk) == []
    build_all(small_disk, RESOLVED)
    assert differing(generations.publish(small_disk), generations.current(published)) == []


def free(paths) -> int:
    found = os.statvfs(paths.root)
    return found.f_bavail * found.f_bsize


def fill(con) -> None:
    rows = "select e.* replace (e.row_no + 1000 * n as row_no) from raw.cell as e, range(60) as r(n)"
    with connection.transaction(con):
        writing.append(con, tables()["raw.cell"], rows)


def differing(one, other) -> list[str]:
    """Tables whose Parquet is not the same in two generations."""
    found, expected = one.manifest["tables"], other.manifest["tables"]
    return sorted(name for name in found | expected if found[name]["sha256"] != expected[name]["sha256"])


@pytest.mark.slow
def test_a_read_only_folder_can_be_read_and_says_why_it_cannot_be_written(small_disk, published):
    remount(small_disk, "size=400m")
    shutil.copytree(published.root, small_disk.root)
    made = generations.current(small_disk)
    remount(small_disk, "ro")
    zones = zones_of(published.work)
    assert zones_of(generations.readable(small_disk, print).database) == zones
    assert generations.verify(made) == []
    code, said = typed(small_disk, "publish")
    assert code == 1 and "Read-only file system" in said and "Traceback" not in said
    code, said = typed(small_disk, "sql", "select count(*) from core.zone")
    assert code == 0 and str(zones) in said


def typed(paths, *words: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", *words],
        cwd=ROOT,
        env={**os.environ, "ZONESCOPE_DATA": str(paths.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
