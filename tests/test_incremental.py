"""What would be made the same is not made again; whatever changes is noticed; the result is that of a build from nothing."""

from __future__ import annotations

import datetime as dt
import random
import re
import shutil

import pytest

from pipelines import settings
from pipelines.cli import nothing_new
from pipelines.database import build, connection, source_code, versions, writing
from pipelines.declarations import reference_rows
from pipelines.declarations.groups import groups
from pipelines.declarations.modes import methodologies, modes
from pipelines.declarations.sources import sources
from pipelines.declarations.tables import macros, tables
from pipelines.landing import land as landing
from pipelines.landing import recognition, standing
from pipelines.publishing import generations
from pipelines.publishing.report import site, write
from tests.helpers import house as houses
from tests.helpers.worlds import RESOLVED, build_all, compared_with, copy_of


@pytest.fixture
def world(paths, built, house):
    """The embedded data as they were built, beside declarations and code that may be edited."""
    shutil.copytree(built.root, paths.root, dirs_exist_ok=True)
    with connection.connect(paths.work) as con:
        yield con, paths, house


def edit(house, place: str, old: str = "", new: str = "") -> None:
    """Replace a text of a file, or put a line at its end (of a CSV) or at its beginning."""
    path = house / place
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{place}: {old!r} not found"
    whole = text.replace(old, new, 1) if old else text + new if path.suffix == ".csv" else new + text
    path.write_text(whole, encoding="utf-8")
    houses.forget()


def made(con, *wanted: str) -> set[str]:
    """Tables and macros that a build makes; where all are wanted, nothing is left to make."""
    found = {name for name, each in build.build_all(con, wanted or None).items() if each.reason}
    assert wanted or versions.first_reason(con) == ""
    return found


def of_metric(module: str) -> set[str]:
    """Tables whose metric is in a module or in one that imports it."""
    return {
        name
        for name, table in tables().items()
        if table.metric
        and module in source_code.closure([f"pipelines.metrics.{table.metric.function.rpartition('.')[0]}"])
    }


def test_nothing_is_made_twice(world):
    con, paths, _ = world
    commits = connection.state(con).commits
    assert versions.first_reason(con) == standing.first_to_land(con, paths) == ""
    assert made(con) == set()
    assert connection.state(con).commits == commits
    assert {file.status for file in landing.land_all(con, paths)} == {"known"}
    assert made(con) == set()


# Lists of which every contract is a part.
OF_CONTRACTS = {"reference.warehouse_table", "reference.warehouse_key"}
EDITS = {
    "a SELECT": ("warehouse/core/area.sql", "", "\n-- another word\n", {"core.area"}),
    "a contract's words": ("warehouse/core/area.yml", "Areas that", "Truly areas that", {"core.area", *OF_CONTRACTS}),
    "a contract's promise": ("warehouse/core/area.yml", "min_rows: 1", "min_rows: 2", {"core.area", *OF_CONTRACTS}),
    "the SELECT of a macro": ("warehouse/mart/mode_fit_asof.sql", "", "\n-- other\n", {"mart.mode_fit_asof"}),
    "a list": ("warehouse/reference/glossary.csv", "", "", {"reference.glossary"}),
    "a mode": ("warehouse/modes/silk_road.yml", "", "\n# a remark\n", {
        "reference.mode", "reference.mode_criterion", "reference.mode_stated_zone"
    }),
    "a version of the method": ("warehouse/methodology/2.0.yml", "", "\n# a remark\n", {
        "reference.methodology", "reference.mode_criterion"
    }),
}  # fmt: skip


def test_edits_make_their_tables_and_where_rows_stay_no_other(world):
    """One edit after the other is noticed; then one build makes the tables of all, and those that read them stay."""
    con, _, house = world
    waiting: set[str] = set()
    for place, old, new, expected in EDITS.values():
        edit(house, place, old, new or "\n")
        before, waiting = waiting, stale(con)
        assert waiting == before | expected, place
    for module in ("clusters.shift_share", "composite.coupling"):
        edit(house, f"pipelines/metrics/{module.replace('.', '/')}.py", "", "# another line\n")
        before, waiting = waiting, stale(con)
        expected = of_metric(f"pipelines.metrics.{module}")
        assert expected and waiting == before | expected | {"reference.metric_reason"}, module
    assert versions.first_reason(con).split(":")[0] in waiting
    assert made(con) == waiting


def stale(con) -> set[str]:
    """Tables and macros of which something that they are made by has changed."""
    found = {
        name
        for name, table in tables().items()
        if table.schema_name != "raw"
        and versions.record_of(con, table).code_version != versions.code_version(table)
    }
    return found | {name for name, macro in macros().items() if versions.reason_to_make_macro(con, macro)}


def test_other_words_of_a_contract_reach_the_database_and_the_next_generation(world):
    con, paths, house = world
    before = versions.contract_version(tables()["core.area"])
    edit(house, "warehouse/core/area.yml", "Areas that", "Truly areas that")
    made(con, "core.area")
    comment = "select comment from duckdb_tables() where schema_name = 'core' and table_name = 'area'"
    assert con.execute(comment).fetchall()[0][0].startswith("Truly")
    assert versions.contract_version(tables()["core.area"]) != before


def test_another_value_of_a_list_goes_as_far_as_it_makes_a_difference(world):
    """A country's name is read by two tables; a glossary's by none."""
    con, _, house = world
    path = house / "warehouse/reference/area_alias.csv"
    path.write_text(
        path.read_text(encoding="utf-8").rstrip("\n").rpartition("\n")[0] + "\n", encoding="utf-8"
    )
    houses.forget()
    found = made(con, "core.observation")
    assert {"reference.area_alias", "core.area_name"} <= found
    assert "reference.area" not in found


def test_the_python_that_writes_tables_is_noticed(world):
    con, _, house = world
    edit(house, "pipelines/database/writing.py", "", "\n# another line\n")
    assert stale(con) == {*macros(), *(n for n, t in tables().items() if t.schema_name != "raw")}


@pytest.mark.parametrize(("package", "stale"), [("duckdb", "core.area"), ("numpy", "mart.mode_fit")])
def test_another_version_of_a_package_is_noticed(world, monkeypatch, package, stale):
    con, paths, _ = world
    real = source_code.version_of
    monkeypatch.setattr(source_code, "version_of", lambda name: "99" if name == package else real(name))
    assert "package" in versions.reason_to_make(con, tables()[stale], {})
    assert "reader" in standing.first_to_land(con, paths)


def test_packages_that_read_files_are_those_that_the_readers_import():
    """Another version of such a package may read a file otherwise, so none may be missing from the list."""
    readers = [
        path.relative_to(source_code.CODE).with_suffix("").as_posix().replace("/", ".")
        for path in (source_code.CODE / "pipelines/readers").rglob("*.py")
    ]
    imported = {
        name for module in readers for name in source_code.imports(module) if source_code.is_foreign(name)
    }
    assert imported == set(recognition.READ_WITH)


def test_the_python_that_finds_a_vintage_is_noticed_by_landing(world):
    con, paths, house = world
    edit(house, "pipelines/declarations/sources.py", "", "# another line\n")
    assert "reader" in standing.first_to_land(con, paths)


def test_another_declaration_of_a_source_is_noticed_by_landing_and_by_its_list(world):
    con, paths, house = world
    edit(house, "sources/national_totals/columns.csv", "", "\n")
    assert "reader" in standing.first_to_land(con, paths)
    assert versions.first_reason(con).startswith("reference.source_label")


def test_lists_are_declared_in_files_that_count(house, monkeypatch):
    """Whatever file is read for the rows of a list belongs to its version."""
    read, real = set(), type(house).open

    def opened(path, *given, **named):
        read.add(path.resolve())
        return real(path, *given, **named)

    monkeypatch.setattr(type(house), "open", opened)
    tables()  # contracts say how a list is read, and are part of its version
    for table in (t for t in tables().values() if t.schema_name == "reference"):
        for cached in (sources, modes, methodologies, groups):
            cached.cache_clear()
        read.clear()
        reference_rows.rows(table)
        counted = {path.resolve() for path in reference_rows.declared_in(table)}
        assert {path for path in read - counted if path.suffix in (".csv", ".yml")} == set(), table.name


DAMAGED = {
    "mart.revision": "drop table mart.revision",
    "mart.data_quality": "delete from mart.data_quality",
    "reference.glossary": "alter table reference.glossary rename column term_en to x",
    "mart.mode": "delete from internal.made where table_name = 'mart.mode'",
    "core.trade": "delete from internal.slice where table_name = 'core.trade'",
    "core.observation_asof": "drop macro table core.observation_asof",
}


def test_what_does_not_stand_is_made_and_nothing_else(world):
    con, paths, _ = world
    offer(paths, "part1_2024_import.csv", content(3, 100))
    landing.land_all(con, paths)
    made(con)
    for damage in DAMAGED.values():
        con.execute(damage)
        assert versions.first_reason(con)
    assert made(con) == set(DAMAGED)


def test_a_kill_between_table_and_record_leaves_neither(world, monkeypatch):
    con, _, house = world
    edit(house, "warehouse/core/area.sql", "", "\n-- another word\n")
    before = versions.record_of(con, tables()["core.area"])
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(versions, "note", interrupted)
        made(con, "core.area")
    assert versions.record_of(con, tables()["core.area"]) == before
    assert writing.has_columns(con, tables()["core.area"])
    assert made(con, "core.area") == {"core.area"}


def interrupted(*_):
    raise KeyboardInterrupt


def test_the_hash_of_rows_knows_rows_and_no_order(tmp_path):
    table = tables()["reference.unit"]
    found = []
    with connection.connect(tmp_path / "x.duckdb") as con:
        rows = reference_rows.rows(table)
        frames = [
            rows,
            rows.reverse(),
            rows[1:],
            rows.vstack(rows[:1]),
            rows.with_columns(unit=rows["unit_text"]),
        ]
        for frame in frames:
            writing.create(con, table, frame)
            found.append(versions.of_content(table, writing.content(con, table)))
    assert found[0] == found[1] and len(set(found)) == 4


def content(number: int, value: int) -> str:
    header = '"数据年月","贸易伙伴编码","贸易伙伴名称","人民币",\n'
    return header + "".join(f'"202401","{110 + n}","某地","{value + n}",\n' for n in range(number))


def offer(paths, name: str, text: str) -> None:
    (paths.inbox / name).write_text(text, encoding="gb18030")


def test_files_are_noticed(world):
    con, paths, _ = world
    name = "part1_2024_import.csv"

    def lands() -> set[str]:
        assert standing.first_to_land(con, paths)
        landing.land_all(con, paths)
        assert standing.first_to_land(con, paths) == ""
        return made(con, "core.trade", "core.observation")

    offer(paths, name, content(3, 100))
    first = lands()
    assert "core.trade" in first and not {"core.observation", "core.implausible"} & first
    offer(paths, name, content(3, 200))
    assert "core.trade" in lands()
    (paths.inbox / f"{name}.yml").write_text("vintage: 2025-02-03\n", encoding="utf-8")
    assert "core.trade" in lands()
    assert "core.trade" not in lands_again(con, paths, name)
    sha = con.execute(
        "select file_sha256 from raw.file where file_name = ? order by sequence", [name]
    ).fetchall()[0][0]
    landing.kept_bytes.note_withdrawal(
        sha, "withdrawn on 2025-01-01: wrong", paths
    )  # killed before the rows went
    assert "core.trade" in lands()


def lands_again(con, paths, name: str) -> set[str]:
    """The same bytes under another name change nothing but what is said of them."""
    shutil.copyfile(paths.inbox / name, paths.inbox / f"copy of {name}")
    landing.land_all(con, paths)
    return made(con, "core.trade")


def test_a_table_by_file_has_the_hash_that_all_its_rows_have(world):
    con, paths, _ = world
    for number in (1, 2, 3):
        offer(paths, f"part{number}_2024_import.csv", content(number, number))
        landing.land_all(con, paths)
        made(con, "core.trade")
        whole = versions.of_content(tables()["core.trade"], writing.content(con, tables()["core.trade"]))
        assert versions.data_version(con, tables()["core.trade"]) == whole


CHANGES = {
    "new file": lambda con, paths, house, n: offer(paths, f"part{n}_2024_import.csv", content(3, n)),
    "fewer files": lambda con, paths, house, n: withdraw_one(con, paths),
    "SELECT": lambda con, paths, house, n: edit(house, "warehouse/core/trade.sql", "", f"\n-- {n}\n"),
    "unit": lambda con, paths, house, n: swap_factor(house, n),
    "labels": lambda con, paths, house, n: drop_last_line(house, "sources/national_totals/columns.csv"),
    "names": lambda con, paths, house, n: drop_last_line(house, "warehouse/reference/area_alias.csv"),
}


def withdraw_one(con, paths) -> None:
    query = "select min(file_sha256) from raw.file where status = 'loaded' and raw_table in ('cell', 'trade')"
    landing.withdraw(con, con.execute(query).fetchall()[0][0], "wrong", dt.date(2025, 1, 1), paths)


def swap_factor(house, number: int) -> None:
    path = house / "warehouse/reference/exchange_rate.csv"
    path.write_text(
        re.sub(r"(\d)\.\d", rf"\1.{number % 10}", path.read_text(encoding="utf-8"), count=1), encoding="utf-8"
    )
    houses.forget()


def drop_last_line(house, place: str) -> None:
    path = house / place
    path.write_text(
        path.read_text(encoding="utf-8").rstrip("\n").rpartition("\n")[0] + "\n", encoding="utf-8"
    )
    houses.forget()


@pytest.mark.parametrize(
    ("seed", "changes"), [(1, 2), *(pytest.param(seed, 4, marks=pytest.mark.slow) for seed in range(1, 7))]
)
def test_after_any_changes_all_tables_equal_a_build_from_nothing(world, tmp_path, seed, changes):
    con, paths, house = world
    chance = random.Random(seed)
    for number, change in enumerate(chance.choices(list(CHANGES), k=changes), start=seed * 10):
        CHANGES[change](con, paths, house, number)
        landing.land_all(con, paths)
        if chance.random() < 0.7:  # a run that stops after landing leaves what the next one has to notice
            build.build_all(con, RESOLVED)
    build.build_all(con, RESOLVED)
    fresh = settings.Paths(tmp_path / "fresh")
    shutil.copytree(paths.landing, fresh.landing)
    shutil.copytree(paths.inbox, fresh.inbox)
    build_all(fresh, RESOLVED)
    con.execute(f"attach '{fresh.work}' as fresh (read_only)")
    raw = [name for name in tables() if name.startswith("raw.")]
    for name in (*RESOLVED, *raw):
        assert compared_with(con, "fresh", name)[1:] == (0, 0), name
    assert compared_with(con, "fresh", "core.observation")[0] > 0
    con.execute("detach fresh")


def two_pages(con, folder, generation) -> None:
    for name in ("index.html", "quality.html"):
        (folder / name).write_text(name, encoding="utf-8")


def found(paths: settings.Paths) -> generations.Generation:
    return nothing_new.current(paths, lambda words: None)


@pytest.fixture(scope="module")
def reported(published, tmp_path_factory) -> settings.Paths:
    """As a run leaves a data folder, with a report of two pages, in which the next run finds nothing to do."""
    paths = copy_of(published, tmp_path_factory.mktemp("reported"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site, "build", two_pages)
        assert write.report(paths).is_new
    assert found(paths).generation_id == "000001"
    return paths


@pytest.fixture
def settled(paths, reported, monkeypatch):
    """A copy of it; `look()` is what the next run finds."""
    monkeypatch.setattr(site, "build", two_pages)
    copy_of(reported, paths.root)
    return paths, lambda: found(paths)


def test_nothing_new_publishes_and_writes_nothing(settled):
    paths, look = settled
    assert generations.publish_changes(paths) == (look(), False)
    assert not write.report(paths).is_new
    assert generations.kept(paths) == ["000001"]
    assert look().generation_id == "000001"


def test_a_table_with_other_rows_is_published(settled):
    paths, look = settled
    with connection.connect(paths.work) as con:
        writing.create(con, tables()["reference.unit"], "from reference.unit limit 3")
    with pytest.raises(nothing_new.SomethingNew, match="no run has checked"):
        look()
    made, is_new = generations.publish_changes(paths)
    assert (made.generation_id, is_new) == ("000002", True)
    assert (
        made.manifest["tables"]["reference.unit"]["data_version"]
        != (generations.generation(paths, "000001").manifest["tables"]["reference.unit"]["data_version"])
    )


def flipped(path) -> None:
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))


DAMAGES = {
    "the report is gone": (lambda p: shutil.rmtree(p.reports), "report"),
    "a page is gone": (lambda p: (p.reports / "000001" / "quality.html").unlink(), "report"),
    "the work database is gone": (lambda p: p.work.unlink(), "no work database"),
    "the work database has other bytes": (lambda p: flipped(p.work), "no work database"),
    "a Parquet file has other bytes": (
        lambda p: flipped(p.published / "000001/parquet/mart/mode_fit.parquet"), "no sound generation|other tables"
    ),
    "a Parquet file is gone": (
        lambda p: (p.published / "000001/parquet/mart/mode_fit.parquet").unlink(), "no sound generation|other tables"
    ),
    "the manifest is damaged": (lambda p: flipped(p.published / "000001/manifest.json"), "generation|manifest"),
    "the pointer is gone": (lambda p: (p.published / generations.POINTER).unlink(), "publishes the first"),
    "a file is new": (lambda p: offer(p, "part1_2024_import.csv", content(3, 1)), "part1"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_run_is_needed_when(settled, damage):
    paths, look = settled
    does, words = DAMAGES[damage]
    does(paths)
    with pytest.raises(nothing_new.SomethingNew, match=words):
        look()


def test_a_report_of_other_code_is_written_again(settled, monkeypatch):
    paths, look = settled
    monkeypatch.setattr(write, "version", lambda: "other")
    with pytest.raises(nothing_new.SomethingNew, match="report"):
        look()
    assert write.report(paths).is_new


@pytest.mark.parametrize("place", ["parquet/mart/mode_fit.parquet", "warehouse-000001.duckdb"])
def test_a_damaged_generation_without_another_is_replaced(settled, place):
    """Its sizes are right, so only its hashes tell."""
    paths, _ = settled
    flipped(paths.published / "000001" / place)
    made, is_new = generations.publish_changes(paths)
    assert is_new and generations.verify(made) == []


def test_a_work_database_that_cannot_be_removed_is_an_error(settled, monkeypatch):
    """Otherwise `--whole` would find nothing new, and the user would believe that everything was made anew."""
    paths, _ = settled

    def refused(path, ignore_errors=False):
        if not ignore_errors:
            raise PermissionError(f"{path}: not permitted")

    monkeypatch.setattr(shutil, "rmtree", refused)
    with pytest.raises(PermissionError):
        nothing_new.forget(paths, print)


def test_the_whole_is_made_anew_when_asked(settled):
    paths, look = settled
    nothing_new.forget(paths, print)
    with pytest.raises(nothing_new.SomethingNew):
        look()
    with connection.connect(paths.work) as con:
        assert versions.first_reason(con)


def test_versions_of_macros_are_those_of_their_select(house):
    before = {name: versions.code_version(macro) for name, macro in macros().items()}
    edit(house, "warehouse/mart/zone_indicator.sql", "", "\n-- other\n")
    after = {name: versions.code_version(macro) for name, macro in macros().items()}
    assert {name for name in before if before[name] != after[name]} == {"mart.zone_indicator_asof"}
