"""Files by hand as a user gives them: landed, known, refused, read again, taken out; killed in the middle."""

from __future__ import annotations

import glob
import io
import signal
import subprocess
import sys

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from pipelines import settings
from pipelines.cli import app as cli
from pipelines.cli import console as cli_console
from pipelines.database import build as database_build
from pipelines.database import connection, versions
from pipelines.declarations import files
from pipelines.declarations.files import ROOT
from pipelines.landing import by_hand, raw_rows
from pipelines.landing import land as landing
from pipelines.returns import check as returns
from tests.helpers.excel import zipped
from tests.helpers.runs import wait_for
from tests.helpers.small_files import CUSTOMS_FILE, NBS_FILE
from tests.helpers.worlds import query

CUSTOMS = CUSTOMS_FILE.encode("gbk")
FIGURES = "area_code,area_name,admin_level,year,period,indicator,value,unit,status,scope_note,source,quote,known_from\n"
FIGURE = "510100,成都市,city,2022,annual,GDP,2081.75,billion CNY,seen,,,,\n"


@pytest.fixture
def run(paths, monkeypatch):
    monkeypatch.setattr(cli_console.console, "width", 300)
    return lambda *words: CliRunner().invoke(cli.app, [str(word) for word in words])


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "given" / "below").mkdir(parents=True)
    return tmp_path / "given"


def build(paths: settings.Paths) -> None:
    """What a run does as far as the accounting of the files."""
    with by_hand.work(paths, print, "of a test") as con:
        landing.land_all(con, paths)
        database_build.build_all(con, ["mart.file_accounting"])


def statuses(paths: settings.Paths) -> dict[str, str]:
    return dict(query(paths, "select file_name, status from raw.file where origin = 'ingest'"))


def test_files_folders_and_archives_land_with_a_summary(run, paths, folder):
    (folder / "below" / "a_2024_import.csv").write_bytes(CUSTOMS)
    (folder / "zone_figures_x.csv").write_text(FIGURES + FIGURE, encoding="utf-8")
    (folder / "all.zip").write_bytes(zipped({"b_2024_export.csv": CUSTOMS.replace(b"89", b"90")}))
    (folder / ".hidden.csv").write_text("x")
    done = run("ingest", folder)
    assert done.exit_code == 0, done.output
    assert statuses(paths) == {
        "a_2024_import.csv": "loaded",
        "zone_figures_x.csv": "loaded",
        "all.zip": "archive",
        "all.zip!b_2024_export.csv": "loaded",
    }
    assert (
        "customs_query" in done.output
        and "zone_figures" in done.output
        and "4 files, 0 not taken" in done.output
    )
    again = run("ingest", folder)
    assert again.exit_code == 0 and again.output.count("known") == 3
    assert not list(paths.inbox.iterdir())


def test_a_refused_file_ends_with_one_and_the_rest_lands(run, paths, folder):
    (folder / "[red]x[b] 甲.csv").write_text("a,b\n1,2\n")
    (folder / "a_2024_import.csv").write_bytes(CUSTOMS)
    done = run("ingest", folder)
    assert done.exit_code == 1 and "[red]x[b] 甲.csv: fits no declared source" in done.output
    assert statuses(paths) == {"[red]x[b] 甲.csv": "refused", "a_2024_import.csv": "loaded"}


def test_a_path_that_is_not_there_stops_before_anything_lands(run, paths, folder):
    (folder / "a_2024_import.csv").write_bytes(CUSTOMS)
    done = run("ingest", folder, folder / "[bold]none.csv")
    assert done.exit_code == 1 and "[bold]none.csv" in done.output and "no such file" in done.output
    assert not paths.work.exists()


def test_options_say_what_the_file_does_not_and_are_kept(run, paths, folder):
    path = folder / "soy 2024.csv"
    path.write_bytes(CUSTOMS)
    told = run("ingest", path)
    assert told.exit_code == 1 and "soy 2024.csv.yml" in told.output
    assert run("ingest", path, "--flow", "import", "--vintage", "2024-05-01").exit_code == 0
    path.unlink()
    with connection.connect(paths.work) as con:
        con.execute("drop table raw.file")
        raw_rows.ensure_tables(con)
        landing.reread_changed(con, paths, set())
    assert query(
        paths,
        "select f.vintage::varchar, any_value(t.flow_text) from raw.file f join raw.trade_file t using (file_sha256) group by 1",
    ) == [("2024-05-01", "import")]


def test_an_export_under_the_publishers_own_name_asks_for_the_day_only(run, paths, folder):
    path = folder / "分省年度数据 (1).csv"
    path.write_bytes(NBS_FILE.replace("甲省", "浙江省").replace("乙省", "江苏省").encode("gb18030"))
    told = run("ingest", path)
    assert (
        told.exit_code == 1 and "nbs_province_gdp" in told.output and "`vintage: YYYY-MM-DD`" in told.output
    )
    assert query(paths, "select reason_code from raw.file where origin = 'ingest'") == [("no_vintage",)]
    assert run("ingest", path, "--vintage", "2025-06-30").exit_code == 0
    assert query(paths, "select vintage::varchar from raw.file where origin = 'ingest'") == [("2025-06-30",)]


def test_options_are_held_to_the_keys_of_a_sidecar_and_to_the_sidecar_itself(run, paths, folder):
    path = folder / "soy 2024.csv"
    path.write_bytes(CUSTOMS)
    assert "expected import or export" in run("ingest", path, "--flow", "imports").output
    assert "YYYY-MM-DD" in run("ingest", path, "--vintage", "2024").output
    assert "customs_query" in run("ingest", path, "--source", "customs").output
    assert not paths.work.exists()
    (folder / "soy 2024.csv.yml").write_text("flow: export\n")
    done = run("ingest", path, "--flow", "import")
    assert done.exit_code == 1 and "'import' as option and 'export'" in done.output
    assert run("ingest", path, "--vintage", "2024-05-01").exit_code == 0
    assert query(paths, "select sidecar_text from raw.file") == [("flow: export\nvintage: '2024-05-01'\n",)]


def test_a_sidecar_alone_is_reported(run, paths, folder):
    (folder / "gone_2024.csv.yml").write_text("flow: import\n")
    done = run("ingest", folder)
    assert done.exit_code == 1 and "alone" in done.output and "gone_2024.csv beside it" in done.output


def test_a_landed_return_with_faults_gives_its_marked_copy(run, paths, folder):
    book = load_workbook(io.BytesIO(returns.template(paths, "330100", 2024)))
    book.worksheets[0]["E2"].value = "约"
    book.save(folder / "zone_return_330100_2024.xlsx")
    done = run("ingest", folder)
    assert done.exit_code == 0 and "1 errors; marked copy" in done.output
    assert (paths.returns / "zone_return_330100_2024.errors.xlsx").exists()


def test_a_withdrawn_file_stays_out_until_it_is_given_again(run, stocked):
    path = stocked.inbox / "zone_figures_mine.csv"
    path.write_text(FIGURES + FIGURE, encoding="utf-8")
    build(stocked)
    mine = "select count(*) from core.observation as o join raw.file as f using (file_sha256) where f.file_name = ?"
    assert query(stocked, mine, path.name) == [(1,)]
    assert run("withdraw", path.name, "--reason", "  ").exit_code == 1
    assert run("withdraw", "no_such.csv", "--reason", "x").exit_code == 1
    done = run("withdraw", path.name, "--reason", "the wrong [b] year")
    assert done.exit_code == 0 and "the wrong [b] year" in done.output
    for _ in range(2):
        build(stocked)
        assert query(stocked, mine, path.name) == [(0,)]
        ((status, reason, sha),) = query(
            stocked, "select status, reason, file_sha256 from raw.file where file_name = ?", path.name
        )
        assert status == "withdrawn" and "the wrong [b] year" in reason
    kept = stocked.landing / sha[:2] / sha
    assert kept.read_text(encoding="utf-8") == FIGURES + FIGURE
    assert "the wrong [b] year" in kept.with_suffix(".json").read_text(encoding="utf-8")
    with connection.connect(stocked.work) as con:
        con.execute("drop table raw.cell")
    build(stocked)
    assert query(stocked, mine, path.name) == [(0,)]
    assert query(stocked, "select sum(unaccounted) from mart.file_accounting") == [(0,)]
    assert run("ingest", path).exit_code == 0
    build(stocked)
    assert query(stocked, mine, path.name) == [(1,)]


def test_an_archive_goes_out_with_its_members_and_a_hash_names_a_file(run, paths, folder):
    (folder / "all.zip").write_bytes(zipped({"a_2024_import.csv": CUSTOMS}))
    run("ingest", folder)
    ((sha,),) = query(paths, "select file_sha256 from raw.file where file_name = 'all.zip'")
    assert run("withdraw", sha[:7], "--reason", "x").exit_code == 1
    assert run("withdraw", sha[:12], "--reason", "x").exit_code == 0
    assert set(statuses(paths).values()) == {"withdrawn"} and query(
        paths, "select count(*) from raw.trade"
    ) == [(0,)]
    assert run("ingest", folder).exit_code == 0
    assert statuses(paths) == {"all.zip": "archive", "all.zip!a_2024_import.csv": "loaded"}


def test_retry_says_what_a_corrected_sidecar_changed(run, stocked):
    (stocked.inbox / "soy 2024.csv").write_bytes(CUSTOMS)
    (stocked.inbox / "zone_figures_bad.csv").write_text(
        FIGURES + FIGURE.replace("2081.75", "abc"), encoding="utf-8"
    )
    build(stocked)
    assert "0 now" not in run("quarantine", "retry", "--file", "soy").output
    (stocked.inbox / "soy 2024.csv.yml").write_text("flow: import\n")
    done = run("quarantine", "retry", "--file", "soy")
    assert (
        done.exit_code == 0
        and "flow_unknown" in done.output
        and "1 in quarantine before, 0 now" in done.output
    )
    assert query(stocked, "select count(*) from core.quarantine where file_name = 'soy 2024.csv'") == [(0,)]
    done = run("quarantine", "retry", "--file", "bad")
    assert "1 in quarantine before, 1 now" in done.output


def test_retry_says_what_a_new_alias_changed(run, stocked, folder, monkeypatch):
    (folder / "zone_figures_new.csv").write_text(
        FIGURES + FIGURE.replace("510100,成都市", ",蓉城甲"), encoding="utf-8"
    )
    run("ingest", folder)
    first = run("quarantine", "retry", "--file", "zone_figures_new")
    assert "0 in quarantine before" in first.output and "unknown_area" in first.output
    read = files.read_csv
    added = {"alias": "蓉城甲", "area_code": "510100", "language": "zh", "note": ""}
    monkeypatch.setattr(
        "pipelines.declarations.reference_rows.read_csv",
        lambda path: read(path) + ([added] if path.name == "area_alias.csv" else []),
    )
    named = versions._named
    monkeypatch.setattr(
        versions, "_named", lambda path: (*named(path), b"changed" if path.name == "area_alias.csv" else b"")
    )
    with connection.connect(stocked.work) as con:
        changes = {c.file_name: c for c in by_hand.retry(con, stocked, "zone_figures_new")}
    assert changes["zone_figures_new.csv"] == by_hand.Change("zone_figures_new.csv", "unknown_area", 1, 0)


def test_an_ingest_after_a_killed_one_completes(environment, paths, folder):
    for n in range(60):
        (folder / f"a{n:02}_2024_import.csv").write_bytes(CUSTOMS.replace(b"89", str(1000 + n).encode()))
    command = [sys.executable, "-m", "pipelines.cli", "ingest", str(folder)]
    kept = dict(cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    killed = subprocess.Popen(command, **kept)
    # the glob module, unlike Path.glob, bears with a scratch folder that goes while it looks
    wait_for(lambda: len(glob.glob(str(paths.landing / "*" / "*.json"))) > 5)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    # every file that stands is whole: its rows came with it
    whole = "select count(*) from raw.file f where status = 'loaded' and (select count(*) from raw.trade t where t.file_sha256 = f.file_sha256) <> record_rows"
    assert query(paths, whole) == [(0,)]
    done = subprocess.run(command, **kept, check=False, timeout=600)
    assert done.returncode == 0, done.stdout
    assert query(
        paths, "select count(*), count(distinct sequence) from raw.file where status = 'loaded'"
    ) == [(60, 60)]
    assert query(paths, "select count(*) from raw.trade") == [(120,)] and query(paths, whole) == [(0,)]
