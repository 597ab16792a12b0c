"""Versions of the method on demand: the same figures as a run's, stored whole or not at all, beside what is published."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys

import duckdb
import pytest
import yaml
from typer.testing import CliRunner

from pipelines.cli import app as cli
from pipelines.cli import console as cli_console
from pipelines.database import checks, connection
from pipelines.database.files import sha256
from pipelines.declarations.files import ROOT
from pipelines.declarations.modes import methodologies
from pipelines.declarations.tables import tables
from pipelines.publishing import compared, generations
from tests.helpers.worlds import back_tested, compared_with

# dies by a signal that no code can catch, when the given number of tables is made
KILLED = """
import os, signal, sys
from pipelines import settings
from pipelines.database import writing
from pipelines.publishing import compared, generations
made, fill = [], writing.fill
def die_at_last(con, table, rows):
    made.append(table.name)
    if len(made) == int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)
    return fill(con, table, rows)
writing.fill = die_at_last
paths = settings.paths()
compared.compute(paths, generations.current(paths), ["2.0-equal"], print)
"""


@pytest.fixture
def world(paths, published):
    """A data folder of its own with one generation."""
    shutil.copytree(published.root, paths.root, dirs_exist_ok=True)
    return paths


@pytest.fixture
def run(world, monkeypatch):
    """A command on that folder."""
    monkeypatch.setattr(cli_console.console, "width", 300)
    return lambda *words: CliRunner().invoke(cli.app, words)


@pytest.fixture
def first_tables(monkeypatch):
    """A version is computed as far as the back-test of the fits; that all of its tables are is for the default to prove."""
    names = back_tested()
    monkeypatch.setattr(compared, "keyed", lambda: names)


def stored(paths) -> dict:
    return compared.files(paths, generations.current(paths))


def rows(database, table: str) -> list:
    with duckdb.connect(str(database), read_only=True) as con:
        return con.execute(f"from {table} order by all").fetchall()


def test_the_default_computed_on_demand_is_what_a_run_publishes(world):
    generation = generations.current(world)
    file = compared.compute(world, generation, ["2.0"], print)["2.0"]
    with duckdb.connect(str(file), read_only=True) as con:
        for other, place in (("in_work", world.work), ("in_generation", generation.database)):
            con.execute(f"attach '{place}' as {other} (read_only)")
        for name in sorted(compared.keyed()):
            other = "in_work" if name.startswith("work.") else "in_generation"
            count, missing, surplus = compared_with(con, other, name)
            assert count > 0 and (missing, surplus) == (0, 0), name
    assert compared.files(world, generation) == {}, "the default would be there twice"


def test_nothing_but_the_compared_folder_is_written(world, first_tables):
    generation = generations.current(world)

    def state():
        return [
            (path, sha256(path))
            for path in sorted(world.root.rglob("*"))
            if path.is_file() and world.compared not in path.parents
        ]

    before = state()
    compared.compute(world, generation, ["2.0-equal"], print)
    assert state() == before
    assert generations.verify(generation) == [] and generations.again(world, 5).generation_id == "000002"


@pytest.mark.slow
def test_a_killed_comparison_leaves_nothing_that_is_read_and_can_be_repeated(world):
    for tables_made in (1, 3, len(compared.keyed())):
        died = subprocess.run(
            [sys.executable, "-c", KILLED, str(tables_made)], cwd=ROOT, capture_output=True, check=False
        )
        assert died.returncode == -signal.SIGKILL, died.stderr
        assert stored(world) == {}
    first = compared.compute(world, generations.current(world), ["2.0-equal"], print)
    kept = sha256(first["2.0-equal"])
    # killed again, the file that is there stays; repeated, it has the same rows
    subprocess.run([sys.executable, "-c", KILLED, "3"], cwd=ROOT, capture_output=True, check=False)
    assert stored(world) == first and sha256(first["2.0-equal"]) == kept
    fits = rows(first["2.0-equal"], "mart.mode_fit")
    assert compared.compute(world, generations.current(world), ["2.0-equal"], print) == first
    assert rows(first["2.0-equal"], "mart.mode_fit") == fits and len(fits) > 1000
    assert {path.name for path in world.compared.iterdir()} == {"lock", first["2.0-equal"].parent.name}


def test_an_unknown_version_is_named_with_those_that_are_there(run, world):
    done = run("methodology", "compare", "2.0-equal", "9.9")
    assert done.exit_code == 1 and not world.compared.exists()
    assert "found the version 9.9, expected one of 1.0, 2.0, 2.0-critic" in done.output
    assert "warehouse/methodology" in done.output


def test_the_commands_compare_and_read_and_the_prompt_still_only_reads(run, world, first_tables):
    assert "`zonescope methodology compare`" in run("sql", "--compared", "from mart.mode").output
    done = run("methodology", "compare", "1.0", "2.0", "1.0")
    assert done.exit_code == 0, done.output
    for words in ("rank_correlation", "by_default", "2.0 (default)", "1.0.duckdb", "reciprocal_rank"):
        assert words in done.output
    assert "2.0.duckdb" not in done.output and set(stored(world)) == {"1.0"}
    assert "computed" in run("methodology").output
    query = "select methodology_version, count(*) as n from {} group by all order by 1"
    for table in ("mart.mode_fit", "mart.mode_fit_asof('2024-06-30')"):
        found = run("sql", "--compared", query.format(table), "--format", "json").output
        assert [row["methodology_version"] for row in json.loads(found)] == ["1.0", "2.0"], table
    found = run("sql", query.format("mart.mode_fit"), "--format", "json").output
    assert [row["methodology_version"] for row in json.loads(found)] == ["2.0"]
    hashes = {path: sha256(path) for path in stored(world).values()}
    for statement in (
        "delete from mart.mode_fit",
        f"copy (select 1) to '{next(iter(hashes))}' (format csv, use_tmp_file false)",
        "select * from read_csv('README.md')",
    ):
        assert run("sql", "--compared", statement).exit_code == 1, statement
    assert {path: sha256(path) for path in hashes} == hashes


def test_a_version_declared_after_the_publication_can_be_computed(world, first_tables, declarations):
    text = {"description": "A test.", "based_on": "2.0", "without": {"b2c_import": ["bonded_pilot"]}}
    (declarations / "3.0.yml").write_text(yaml.safe_dump(text), encoding="utf-8")
    generation = generations.current(world)
    made = compared.compute(world, generation, compared.wanted(["3.0"]), print)
    query = """
        select methodology_version, count(distinct criterion_id), any_value(m.is_computed)
        from mart.criterion_score join reference.methodology as m using (methodology_version)
        where mode_id = 'b2c_import' group by 1 order by 1
    """
    with compared.reading(generation, made) as con:
        (_, default, _), (version, criteria, is_computed) = con.execute(query).fetchall()
    assert (version, criteria, is_computed) == ("3.0", default - 1, True)


def test_another_default_than_the_published_one_is_not_compared_with(world, declarations):
    stated = yaml.safe_load((declarations / "2.0.yml").read_text(encoding="utf-8"))
    (declarations / "2.0.yml").write_text(yaml.safe_dump(stated | {"minimum_gate": 0.4}), encoding="utf-8")
    methodologies.cache_clear()
    with pytest.raises(compared.OtherDefault, match="`zonescope run` publishes it"):
        compared.compute(world, generations.current(world), ["1.0"], print)
    assert stored(world) == {}


def test_versions_of_generations_that_are_gone_are_removed(world):
    generation = generations.current(world)
    for name in ("000009-0123456789ab", ".making-1.0"):
        (world.compared / name).mkdir(parents=True)
    compared.compute(world, generation, [], print)
    assert [path.name for path in world.compared.iterdir()] == ["lock"]


@pytest.mark.slow
def test_all_promises_hold_for_all_versions(compared_versions, tmp_path):
    """A run checks the default version; the others keep the same promises."""
    generation = generations.current(compared_versions)
    lists = {"reference.methodology", "reference.mode_criterion", "mart.mode_criterion"}
    with connection.connect(tmp_path / "all.duckdb") as con:
        with compared.reading(generation, compared.files(compared_versions, generation)) as together:
            there = (n for n, t in tables().items() if t.schema_name != "work" or n in compared.keyed())
            for name in there:
                frame = together.sql(f"from {name}").to_arrow_table()
                con.register("frame", frame)
                con.execute(f"create table {name} as from frame")
                con.unregister("frame")
        for name in sorted(compared.keyed() - lists):
            outcomes = checks.validate(con, tables()[name])
            assert [o for o in outcomes if not o.passed and o.promise.severity == "error"] == [], name
