"""Generations: atomic, verifiable, readable while the next is written, untouched by a failed attempt."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess
import sys

import duckdb
import pytest

from benchmarks import concurrency
from pipelines import settings
from pipelines.database import connection, lineage, writing
from pipelines.declarations.files import ROOT
from pipelines.declarations.tables import macros, tables
from pipelines.publishing import generations
from pipelines.publishing.report import write
from tests.helpers.worlds import copy_of, few_tables


@pytest.fixture
def whole(paths, cut):
    """A data folder of this test's own, as a run leaves it before it publishes."""
    return copy_of(cut, paths.root)


@pytest.fixture
def ready(paths, few, monkeypatch):
    """The same with few tables: each file costs, and what is done to one is done to all."""
    monkeypatch.setattr(generations, "tables", few_tables)
    return copy_of(few, paths.root)


@pytest.fixture(scope="module")
def published_three(few, tmp_path_factory):
    """Made once; read only."""
    found = copy_of(few, tmp_path_factory.mktemp("three"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generations, "tables", few_tables)
        for _ in range(3):
            generations.publish(found)
    return found


@pytest.fixture
def three(paths, published_three, monkeypatch):
    """Three generations of few tables."""
    monkeypatch.setattr(generations, "tables", few_tables)
    return copy_of(published_three, paths.root)


def test_nothing_published_is_said_plainly(paths):
    with pytest.raises(generations.NothingPublished, match="make run"):
        generations.current(paths)


def test_a_generation_holds_every_table_with_counts_and_hashes(whole):
    made = generations.publish(whole)
    found = generations.current(whole)
    assert found == made and generations.verify(found) == []
    assert set(found.manifest["tables"]) == {n for n, t in tables().items() if t.schema_name != "work"}
    with connection.connect(found.database, read_only=True) as con:
        for name, entry in found.manifest["tables"].items():
            assert con.execute(f"select count(*) from {name}").fetchall() == [(entry["rows"],)]
            parquet = found.folder / entry["parquet"]
            assert duckdb.sql(f"select count(*) from '{parquet}'").fetchall() == [(entry["rows"],)]


def test_publishing_the_same_twice_gives_the_same_parquet(ready):
    one, two = generations.publish(ready), generations.publish(ready)
    assert one.generation_id != two.generation_id
    assert [t["sha256"] for t in one.manifest["tables"].values()] == [
        t["sha256"] for t in two.manifest["tables"].values()
    ]


def test_nobody_may_write_a_published_file(ready):
    """By their rights; the superuser's own tries are those of test_sql_guard.py."""
    for made in (generations.publish(ready), generations.publish(ready)):
        files = [path for path in made.folder.rglob("*") if path.is_file()]
        assert len(files) > len(made.manifest["tables"])
        assert [path for path in files if path.stat().st_mode & 0o222] == []
        assert not [path for path in files if not path.stat().st_mode & 0o400]
    assert ready.work.stat().st_mode & 0o200
    generations.roll_back(ready)
    made = generations.publish(ready, keep=generations.KEEP_AT_LEAST)
    assert made.generation_id in generations.kept(ready) and generations.verify(made) == []


def test_old_generations_are_kept_up_to_a_number(ready):
    made = [generations.publish(ready, keep=3) for _ in range(5)]
    assert [g.folder.exists() for g in made] == [False] * 2 + [True] * 3


def test_a_damaged_file_is_noticed(ready):
    made = generations.publish(ready)
    victim = made.folder / made.manifest["tables"]["mart.mode_fit"]["parquet"]
    overwrite(victim, victim.read_bytes()[:-1])
    made.database.unlink()
    assert len(generations.verify(generations.current(ready))) == 2


def overwrite(path, content: bytes) -> None:
    """Put other bytes in the place of a published file, which nobody may write."""
    path.unlink()
    path.write_bytes(content)


def damage(path) -> None:
    """Change one byte in the middle; the size stays."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    overwrite(path, content)


DAMAGES = {
    "database gone": lambda made: made.database.unlink(),
    "database cut short": lambda made: overwrite(made.database, made.database.read_bytes()[:-5000]),
    "Parquet gone": lambda made: (made.folder / "parquet" / "core" / "zone.parquet").unlink(),
    "manifest changed": lambda made: overwrite(
        made.folder / "manifest.json",
        re.sub(rb'"rows": [1-9]', b'"rows": 99', (made.folder / "manifest.json").read_bytes(), count=1),
    ),
    "manifest is no JSON": lambda made: overwrite(made.folder / "manifest.json", b"{"),
    "folder gone": lambda made: shutil.rmtree(made.folder),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_generation_is_noticed_when_it_is_opened_and_rolled_back(three, kind):
    *_, sound, last = generations.kept(three)
    DAMAGES[kind](generations.current(three))
    said = []
    assert generations.readable(three, said.append).generation_id == sound
    assert f"generation {last} is damaged" in said[0] and f"rolled back to generation {sound}" in said[1]
    assert generations.current(three).generation_id == sound
    assert generations.readable(three, said.append).generation_id == sound and len(said) == 2


def test_a_changed_byte_is_noticed_at_the_start_of_a_run(three):
    """Also in the generation before: the newest that is sound counts."""
    first, second, third = generations.kept(three)
    damage(generations.generation(three, second).folder / "parquet" / "core" / "zone.parquet")
    damage(generations.current(three).database)
    said = []
    assert generations.readable(three, said.append).generation_id == third and said == []
    assert generations.readable(three, said.append, thorough=True).generation_id == first
    assert "sha256" in said[0]
    assert generations.publish(three).generation_id == "000004"


def test_no_sound_generation_is_said_plainly(three):
    for name in generations.kept(three):
        generations.generation(three, name).database.unlink()
    with pytest.raises(generations.NothingPublished, match="no sound generation"):
        generations.readable(three, print)


def test_a_reader_never_undoes_what_a_run_has_just_published(three, monkeypatch):
    """It finds a damage, and before it can switch the pointer a run publishes."""
    generations.current(three).database.unlink()
    real = generations._newest_sound

    def meanwhile(*arguments):
        found = real(*arguments)
        generations.publish(three)
        return found

    monkeypatch.setattr(generations, "_newest_sound", meanwhile)
    assert generations.readable(three, print).generation_id == "000002"
    assert generations.current(three).generation_id == "000004"


def test_roll_back_and_on_again(three):
    assert generations.roll_back(three).generation_id == "000002"
    assert generations.roll_back(three).generation_id == generations.current(three).generation_id == "000001"
    with pytest.raises(generations.NothingPublished):
        generations.roll_back(three)
    assert generations.roll_back(three, "000003").generation_id == "000003"
    generations.generation(three, "000002").database.unlink()
    with pytest.raises(generations.NothingPublished, match="000002"):
        generations.roll_back(three, "000002")
    with pytest.raises(generations.NothingPublished, match="expected one of"):
        generations.roll_back(three, "../work")
    assert generations.roll_back(three).generation_id == "000001"
    assert generations.publish(three).generation_id == "000004"


def test_keep_removes_older_generations_but_never_the_one_before(three):
    assert generations.publish(three, keep=3) and generations.kept(three) == ["000002", "000003", "000004"]
    assert generations.publish(three, keep=1) and generations.kept(three) == ["000004", "000005"]


def test_only_what_a_run_has_checked_is_published_again(three):
    assert generations.again(three, keep=5).generation_id == "000004"
    with connection.connect(three.work) as con:
        writing.create(con, tables()["reference.unit"], "from reference.unit")
    with pytest.raises(generations.NotChecked, match="no run has checked"):
        generations.again(three, keep=5)


def test_a_clock_that_goes_backwards_changes_no_number(three, monkeypatch):
    class Earlier(dt.datetime):
        @classmethod
        def now(cls, tz=None):
            return dt.datetime(1999, 1, 1, tzinfo=tz)

    monkeypatch.setattr(generations.dt, "datetime", Earlier)
    made = generations.publish(three)
    assert made.generation_id == "000004" and made.manifest["published_at"].startswith("1999")
    assert generations.current(three) == made and generations.kept(three)[-1] == "000004"
    assert generations.roll_back(three).generation_id == "000003"


def test_a_failure_before_the_switch_leaves_the_old_generation(ready, monkeypatch):
    first = generations.publish(ready)
    with monkeypatch.context() as patch, pytest.raises(OSError, match="disk"):
        patch.setattr(generations, "_switch", _fail)
        generations.publish(ready)
    assert generations.current(ready).generation_id == first.generation_id
    assert generations.verify(generations.publish(settings.Paths(ready.root))) == []


def _fail(*_):
    raise OSError("disk full")


@pytest.mark.parametrize(
    ("publishes", "readers"), [(1, 1), pytest.param(4, 2, marks=pytest.mark.slow)], ids=["few", "more"]
)
def test_readers_in_other_processes_never_fail_and_never_see_two_generations_mixed(ready, publishes, readers):
    """`python -m benchmarks.concurrency` publishes 25 times under 4 readers."""
    concurrency.mark(ready, "first")
    generations.publish(ready)
    results = concurrency.under_readers(ready, publishes=publishes, readers=readers)
    assert [(result["mixed"], result["errors"]) for result in results] == [(0, [])] * readers
    assert all(result["seen"] for result in results)


KILLED = """
import os, signal, sys
from pathlib import Path
from pipelines import settings
from pipelines.publishing import generations
real = generations.sync
def sync(path):
    real(path)
    if path.name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
generations.sync = sync
generations.publish(settings.Paths(Path(sys.argv[1])))
"""


LONG = [
    pytest.param(name, marks=pytest.mark.slow) for name in ("mode_fit.parquet", "published", ".CURRENT.tmp")
]


@pytest.mark.parametrize("moment", ["manifest.json", *LONG])
def test_a_kill_while_publishing_leaves_a_whole_generation(whole, moment):
    first = generations.publish(whole)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(whole.root), moment], cwd=ROOT, check=False)
    assert killed.returncode == -9
    found = generations.current(whole)
    assert found.generation_id == first.generation_id and generations.verify(found) == []
    assert generations.verify(generations.publish(whole)) == []
    assert not list(whole.published.glob(".making-*"))


def test_read_only_sql_sees_the_warehouse_and_nothing_else(ready, tmp_path):
    (tmp_path / "secret.csv").write_text("a\n1\n")
    with connection.connect(generations.publish(ready).database, read_only=True) as con:
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


def test_a_link_that_a_copy_has_made_a_folder_is_a_link_again(tmp_path):
    link, target = tmp_path / "latest", tmp_path / "000002"
    for folder in (link, target):
        folder.mkdir()
        (folder / "index.html").write_text(folder.name)
    write._point(link, target)
    assert link.is_symlink() and (link / "index.html").read_text() == "000002"


def _schemas(generation) -> set[str]:
    with connection.connect(generation.database, read_only=True) as con:
        return {
            name for (name,) in con.execute("select distinct schema_name from duckdb_tables()").fetchall()
        }


def test_what_only_feeds_a_computation_is_not_published_unless_asked_for(whole):
    made = generations.publish(whole)
    published = {name for name, t in tables().items() if t.schema_name != "work"}
    assert set(made.manifest["tables"]) == published
    assert "work" not in _schemas(made)
    assert not (made.folder / "parquet" / "work").exists()
    with connection.connect(made.database, read_only=True) as con:
        assert con.execute("select * from duckdb_schemas() where schema_name = 'work'").fetchall() == []
    assert set(generations.publish(whole, with_work=True).manifest["tables"]) == set(tables())
    assert "work" in _schemas(generations.current(whole))


def test_a_table_or_macro_without_a_contract_is_not_published(whole):
    """One that an older release made, say; the work database keeps it."""
    with connection.connect(whole.work) as con:
        con.execute('create table mart."of an older ""release""" as select 1 as a')
        con.execute('create macro mart."of an older ""macro"""(a) as table (select a)')
    made = generations.publish(whole)
    with connection.connect(made.database, read_only=True) as con:
        assert con.execute("from duckdb_tables() where table_name like 'of an%'").fetchall() == []
        found = con.execute(
            "select schema_name || '.' || function_name from duckdb_functions() where function_type = 'table_macro'"
        )
        assert {name for (name,) in found.fetchall() if name.startswith(("mart.", "core."))} == set(macros())


def test_a_macro_of_the_published_file_reads_published_tables_only():
    read = {name: lineage.upstream(name) for name in macros()}
    assert [name for name, found in read.items() if any(n.startswith("work.") for n in found)] == []
