"""What the threat note promises: read-only SQL that sees nothing else, no pickle, confined paths, escaped pages, loopback."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from pipelines import settings
from pipelines.cli import app as cli
from pipelines.database import build, connection, promises
from pipelines.declarations.files import ROOT
from pipelines.declarations.tables import tables
from pipelines.definitions import defs
from pipelines.landing import land as landing
from pipelines.landing import raw_rows
from pipelines.publishing import generations
from pipelines.publishing.report import write
from pipelines.ui import serve

HOSTILE = "<img src=x onerror=alert(1)>\"'&<script>alert(2)</script>"


ATTEMPTS = (
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('/etc/passwd')",
    "select * from read_blob('/etc/hosts')",
    "select * from read_parquet('{folder}/secret.parquet')",
    "select * from read_json('{folder}/secret.json')",
    "select * from '{folder}/secret.csv'",
    "select * from glob('/*')",
    "select * from sniff_csv('{folder}/secret.csv')",
    "copy (select 1) to '{folder}/out.csv'",
    "copy mart.mode to '{folder}/out.parquet' (format parquet)",
    "copy core.zone from '{folder}/secret.csv'",
    "export database '{folder}/out'",
    "import database '{folder}/out'",
    "attach '{folder}/other.duckdb' as other",
    "attach '{folder}/other.duckdb' as other (read_only)",
    "install httpfs",
    "load httpfs",
    "load '{folder}/x.duckdb_extension'",
    "install quack from 'http://127.0.0.1:1/'",
    "set enable_external_access = true",
    "set lock_configuration = false",
    "set global allowed_directories = ['/']",
    "set memory_limit = '100GB'",
    "set temp_directory = '{folder}'",
    "reset lock_configuration",
    "pragma enable_external_access = true",
    "pragma profiling_output = '{folder}/out.json'",
    "create table core.x as select 1",
    "create or replace macro core.observation_asof(known_on) as table select 1",
    "insert into mart.mode select * from mart.mode",
    "update core.zone set zone_name_en = 'x'",
    "delete from core.observation",
    "drop table core.zone",
    "alter table core.zone add column x integer",
    "comment on table core.zone is 'x'",
    "create persistent secret s (type http, bearer_token 'x')",
)


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_sql_reads_the_warehouse_and_touches_nothing_else(attempt, published, tmp_path):
    for name, text in (("secret.csv", "a\n1\n"), ("secret.json", '{"a": 1}')):
        (tmp_path / name).write_text(text)
    duckdb.sql("select 1 as a").write_parquet(str(tmp_path / "secret.parquet"))
    duckdb.connect(str(tmp_path / "other.duckdb")).close()
    before = sorted(tmp_path.rglob("*"))
    generation = generations.current(published)
    written = states(generation.folder)
    with connection.connect(generation.database, read_only=True) as con, pytest.raises(duckdb.Error):
        con.sql(attempt.replace("{folder}", str(tmp_path))).fetchall()
    assert sorted(tmp_path.rglob("*")) == before and states(generation.folder) == written


def states(folder: Path) -> dict[Path, tuple[int, int, int]]:
    """Every file and folder below a folder: number, size and moment of its last change, which no write leaves as they are."""
    found = {path: path.stat() for path in folder.rglob("*")}
    return {path: (state.st_ino, state.st_size, state.st_ctime_ns) for path, state in found.items()}


def test_the_command_takes_the_same_connection(published, monkeypatch, tmp_path):
    monkeypatch.setenv("ZONESCOPE_DATA", str(published.root))
    for form in ("table", "csv", "json"):
        told = CliRunner().invoke(cli.app, ["sql", "select * from read_csv('/etc/passwd')", "--format", form])
        assert (
            told.exit_code == 1 and "root:" not in told.stdout and "file or a network address" in told.stdout
        )


def test_a_variable_of_python_is_no_table(published):
    secret = pl.DataFrame({"a": [1]})  # noqa: F841 - must not be seen
    with (
        connection.connect(generations.current(published).database, read_only=True) as con,
        pytest.raises(duckdb.Error),
    ):
        con.sql("from secret").fetchall()


UNSAFE = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
RUNS_TEXT = {"eval", "exec", "compile", "__import__"}


def test_no_module_of_ours_unpickles_or_runs_text():
    """Pickle, shelve, eval, yaml without a safe loader, a shell: none is named in the pipeline."""
    for path in [*(ROOT / "pipelines").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {a.name.split(".")[0] for a in node.names} | {getattr(node, "module", None) or ""}
                assert not names & UNSAFE, path
            if isinstance(node, ast.Call):
                words = ast.unparse(node.func)
                assert words not in RUNS_TEXT, (path, words)
                assert words not in ("os.system", "yaml.unsafe_load", "yaml.full_load", "pd.read_pickle"), (
                    path
                )
                given = {k.arg: ast.unparse(k.value) for k in node.keywords}
                assert given.get("shell", "False") == "False", path
                assert words != "yaml.load" or given.get("Loader") == "yaml.BaseLoader", path
                assert given.get("allow_pickle", "False") == "False", path


class Refusing(dg.IOManager):
    """In the place of Dagster's default, which pickles."""

    def handle_output(self, context, obj):
        raise AssertionError(f"{context.asset_key}: a value would be pickled")

    def load_input(self, context):
        raise AssertionError(f"{context.asset_key}: a value would be unpickled")


def test_no_asset_hands_a_value_to_an_io_manager(stocked):
    """Each kind of asset that is quick to make: the landing, a list, a SELECT."""
    repository = defs()
    wanted = {"raw/file", "reference/source", "core/area_name"}
    chosen = [
        asset
        for asset in repository.assets
        if isinstance(asset, dg.AssetsDefinition)
        and asset.is_executable
        and wanted & {"/".join(key.path) for key in asset.keys}
    ]
    with connection.connect(stocked.work) as con:
        checked = [*raw_rows.raw_tables(), tables()["core.area_name"]]
        read = {name for table in checked for name in promises.reads(table)}
        build.build_all(
            con, ["core.area_name", *sorted(name for name in read if not name.startswith("raw."))]
        )
    resources = {"warehouse": repository.resources["warehouse"], "io_manager": Refusing()}
    assert len(chosen) == len(wanted) and dg.materialize(chosen, resources=resources).success


@pytest.mark.parametrize("name", ["../../secret.txt", "/etc/hosts", "parquet/../../../secret.txt"])
def test_a_manifest_cannot_point_out_of_its_folder(published, tmp_path, name):
    copy = settings.Paths(tmp_path / "copy")
    shutil.copytree(published.published, copy.published)
    (copy.published.parent / "secret.txt").write_text("secret")
    path = copy.published / "000001" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["tables"]["mart.mode"]["parquet"] = name
    manifest.pop("manifest_sha256", None)
    path.unlink()  # nobody may write it
    path.write_text(json.dumps(manifest))
    (fault,) = generations.verify(generations.generation(copy, "000001"))
    assert "expected one inside the folder" in fault and name in fault


@pytest.mark.parametrize("pointer", ["../000001", "/etc", "..", "000001/../..", ""])
def test_the_pointer_cannot_lead_elsewhere(published, tmp_path, pointer):
    copy = settings.Paths(tmp_path / "copy")
    shutil.copytree(published.published, copy.published)
    (copy.published / "CURRENT").write_text(pointer)
    with pytest.raises(generations.NothingPublished):
        generations.current(copy)


TEMPLATES = ROOT / "pipelines" / "publishing" / "report" / "templates"
WITH_SEARCH = ("index.html", "dictionary.html")
OWN_SCRIPTS = re.findall(
    r"<script>(.*?)</script>", (TEMPLATES / "search.html").read_text(encoding="utf-8"), re.DOTALL
)


class Tags(HTMLParser):
    """Names of tags and of their attributes, and what stands in scripts."""

    def __init__(self, text: str):
        super().__init__()
        self.tags, self.attributes, self.scripts, self.sourced = [], set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.sourced += [dict(attrs)["src"]] if tag == "script" and "src" in dict(attrs) else []

    def handle_data(self, data):
        self.scripts += [data] if self.tags and self.tags[-1] == "script" and data.strip() else []


@pytest.fixture(scope="module")
def hostile_report(cut, tmp_path_factory):
    """The real way from files to report, with markup in a zone's name, its note, a file's name and a printed figure.

    The embedded data are there already; what the dropped files change is made anew, apart from the metrics.
    """
    paths = settings.Paths(tmp_path_factory.mktemp("hostile"))
    shutil.copytree(cut.root, paths.root, dirs_exist_ok=True)
    paths.inbox.mkdir(parents=True, exist_ok=True)
    registry = ROOT / "sources" / "zone_registry" / "data" / "zones.csv"
    head, first, *rest = registry.read_text(encoding="utf-8").splitlines()
    names = head.split(",")
    cells = next(csv.reader([first]))
    for column in ("zone_name_en", "zone_name_zh", "note"):
        cells[names.index(column)] = HOSTILE
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    (paths.inbox / "zones.csv").write_text(
        "\n".join([head, out.getvalue().rstrip("\n"), *rest]) + "\n", encoding="utf-8"
    )
    figures = (
        "area_code,area_name,admin_level,year,period,indicator,value,unit,status,scope_note,source,quote,known_from\n"
        f'510100,成都市,city,2022,annual,GDP,<b>2081</b>,billion CNY,seen,,"{HOSTILE.replace(chr(34), chr(34) * 2)}","=1+1",\n'
    )
    (paths.inbox / "zone_figures_<img src=x onerror=alert(1)>.csv").write_text(figures, encoding="utf-8")
    names = [name for name in tables() if name.startswith("core.")]
    names += ["mart.zone_profile", "mart.file_accounting", "mart.data_quality"]
    with connection.connect(paths.work) as con:
        landed = landing.land_all(con, paths)
        build.build_all(con, names, keep=set(tables()) - set(names))
    generations.publish(paths)
    write.report(paths)
    return paths, landed


def test_markup_from_files_comes_out_as_text(hostile_report):
    paths, landed = hostile_report
    assert any("<img" in file.file_name for file in landed)
    with connection.connect(paths.work, read_only=True) as con:
        assert con.execute("select count(*) from core.zone where zone_name_en = ?", [HOSTILE]).fetchall() == [
            (1,)
        ]
        held = con.execute(
            "select count(*) from core.quarantine where printed_text = '<b>2081</b>'"
        ).fetchall()
    assert held[0][0] == 1
    seen = 0
    for page in (paths.reports / "latest").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        tags = Tags(text)
        assert "img" not in tags.tags and not tags.sourced, page
        assert tags.scripts == (OWN_SCRIPTS if page.name in WITH_SEARCH else []), page
        assert not any(name.startswith("on") for name in tags.attributes), page
        seen += "&lt;script&gt;alert(2)" in text
    assert seen >= 2 and "&lt;b&gt;2081" in (paths.reports / "latest" / "quality.html").read_text(
        encoding="utf-8"
    )


def test_exports_of_hostile_text_are_no_formulas(hostile_report, tmp_path, monkeypatch):
    paths, _ = hostile_report
    monkeypatch.setenv("ZONESCOPE_DATA", str(paths.root))
    query = "select '=cmd|calc' as a, -1 as b union all select printed_text, 2 from core.quarantine"
    for name in ("a.csv", "a.xlsx"):
        assert CliRunner().invoke(cli.app, ["sql", query, "--output", str(tmp_path / name)]).exit_code == 0
        assert (
            CliRunner().invoke(cli.app, ["quarantine", "export", str(tmp_path / f"q{name}")]).exit_code == 0
        )
    assert "'=cmd|calc,-1" in (tmp_path / "a.csv").read_text(encoding="utf-8-sig")
    for name in ("a.xlsx", "qa.xlsx"):
        for sheet in load_workbook(tmp_path / name):
            assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


def test_servers_bind_to_loopback():
    """Whatever a file of ours starts or tells a user to start listens on 127.0.0.1."""
    files = [
        ROOT / "Makefile",
        ROOT / "README.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "pipelines").rglob("*.py"),
    ]
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert "0.0.0.0" not in text and "--host ::" not in text, path
        for line in text.splitlines():
            if re.search(r"\b(dg dev|dagster dev|dagster-webserver)\b.*--", line):
                assert "--host 127.0.0.1" in line, (path, line)
    assert serve.HOST == "127.0.0.1" and "zonescope ui" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_the_threat_note_names_a_test_for_each_promise():
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)`", text)
    assert len(named) >= 6 and all((ROOT / name).is_file() for name in named)
