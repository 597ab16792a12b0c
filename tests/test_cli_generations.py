"""publish, generations, rollback and verify as an operator types them."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from pipelines.cli import app as cli
from pipelines.cli import console as cli_console
from pipelines.database import connection, writing
from pipelines.declarations.tables import tables
from pipelines.landing import kept_bytes
from pipelines.publishing import generations
from pipelines.publishing.report import site
from tests.helpers.worlds import copy_of, few_tables, query


@pytest.fixture
def run(paths, few, monkeypatch):
    """A command on a data folder with one generation of few tables, whose report is a single page."""
    copy_of(few, paths.root)
    monkeypatch.setattr(generations, "tables", few_tables)
    monkeypatch.setattr(site, "build", lambda con, folder, _: (folder / "index.html").touch())
    generations.publish(paths)
    monkeypatch.setattr(cli_console.console, "width", 300)
    return lambda *words: CliRunner().invoke(cli.app, words)


def test_publish_list_roll_back(run, paths):
    assert "generation 000002; kept: 000001, 000002" in run("publish").output
    assert "generation 000003; kept: 000002, 000003" in run("publish", "--keep", "2").output
    assert run("publish", "--keep", "1").exit_code == 2
    shown = run("generations").output
    assert shown.count("verified") == 2 and shown.count("current") == 1 and "2.0" in shown
    done = run("rollback")
    assert done.exit_code == 0 and "readers now get generation 000002" in done.output
    assert generations.current(paths).generation_id == "000002"
    assert (paths.reports / "latest").resolve().name == "000002"
    assert run("rollback", "000003").exit_code == 0 and generations.current(paths).generation_id == "000003"
    assert isinstance(run("rollback", "000009").exception, generations.NothingPublished)


def test_a_damaged_generation_is_shown_and_readers_get_the_one_before(run, paths):
    run("publish")
    (generations.current(paths).folder / "parquet" / "core" / "zone.parquet").unlink()
    assert "1 damaged" in run("generations").output and run("verify").exit_code == 1
    done = run("sql", "select count(*) as zones from core.zone")
    assert "generation 000002 is damaged" in done.output and "rolled back to generation 000001" in done.output
    ((zones,),) = query(paths, "select count(*) from core.zone")
    assert str(zones) in done.output and run("verify").exit_code == 0


def test_what_no_run_has_checked_is_not_published(run, paths):
    with connection.connect(paths.work) as con:
        writing.create(con, tables()["reference.unit"], "from reference.unit")
    assert isinstance(run("publish").exception, generations.NotChecked)
    paths.work.unlink()
    assert isinstance(run("publish").exception, generations.NotChecked)


def test_verify_also_hashes_the_kept_bytes(run, paths):
    assert run("verify").exit_code == 0
    sha = kept_bytes.receive([b"a,b"], paths)
    kept_bytes.keep(sha, "mine.csv", "ingest", paths, sidecar_text=None, again=False)
    shown = run("verify")
    assert shown.exit_code == 0 and "landed files: 1 kept, 0 faults" in shown.output
    kept_bytes.place_of(sha, paths).write_bytes(b"a,c")
    shown = run("verify")
    assert shown.exit_code == 1 and "mine.csv" in shown.output and "1 kept, 1 faults" in shown.output
