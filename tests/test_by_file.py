"""A table that is made file by file equals, row by row, the one made whole, whatever happened to the files before."""

from __future__ import annotations

import datetime as dt
import itertools
import shutil

import polars as pl
import pytest

from pipelines.database import build, connection, versions, writing
from pipelines.declarations.tables import Table, tables
from pipelines.landing import land as landing
from tests.helpers.worlds import copy_of

TRADE = "core.trade"
HEADER = '"数据年月","贸易伙伴编码","贸易伙伴名称","{}",\n'


def content(number: int, unit: str = "人民币", bad: int = 0) -> str:
    """A file of three records of its month and of `bad` ones that are held."""
    good = "".join(f'"2024{number:02d}","{110 + n}","某地","{100 * number + n}",\n' for n in range(3))
    return HEADER.format(unit) + good + f'"202413","110","某地","{number}",\n' * bad


def offer(paths, number: int, **said) -> None:
    (paths.inbox / f"part{number}_2024_import.csv").write_text(content(number, **said), encoding="gb18030")


def make(con, name: str = TRADE) -> None:
    build.build_all(con, [name])


def rows(con, name: str = TRADE) -> list[tuple]:
    return con.execute(f"from {name} order by all").fetchall()


def made_whole(con, name: str = TRADE) -> list[tuple]:
    """What the SELECT gives now, from all files."""
    return con.execute(f"from ({tables()[name].sql}) order by all").fetchall()


@pytest.fixture(scope="module")
def three(resolved, tmp_path_factory):
    """Three files beside the embedded ones, landed and made; one has a record that is held."""
    paths = copy_of(resolved, tmp_path_factory.mktemp("three"))
    for number in (1, 2, 3):
        offer(paths, number, bad=number == 2)
    with connection.connect(paths.work) as con:
        landing.land_all(con, paths)
        make(con, "mart.file_accounting")
    return paths


@pytest.fixture
def world(paths, three):
    """A copy of it to change."""
    shutil.copytree(three.root, paths.root, dirs_exist_ok=True)
    with connection.connect(paths.work) as con:
        yield con, paths


def land(con, paths, name: str) -> str:
    (landed,) = landing.land(con, paths.inbox / name, "inbox", paths)
    return landed.file_sha256


def new_file(con, paths, patch):
    offer(paths, 4)
    land(con, paths, "part4_2024_import.csv")


def sidecar(con, paths, patch):
    name = "part2_2024_import.csv"
    (paths.inbox / f"{name}.yml").write_text("vintage: 2025-02-03\n", encoding="utf-8")
    land(con, paths, name)


def withdrawn(con, paths, patch):
    sha = landing.land(con, paths.inbox / "part1_2024_import.csv", "inbox", paths)[0].file_sha256
    landing.withdraw(con, sha, "wrong", dt.date(2025, 1, 1), paths)


def gone(con, paths, patch):
    for name in ("raw.trade", "raw.trade_file", "raw.file"):
        con.execute(f"delete from {name} where file_sha256 = (select min(file_sha256) from core.trade)")


def other_unit(con, paths, patch):
    """What was printed as yuan counts as dollars now."""
    declared = build.reference_rows.rows
    dollars = pl.col("unit").replace("CNY", "USD")
    patch.setattr(build.reference_rows, "rows", lambda table: changed(declared(table), unit=dollars))
    patch.setattr(versions, "_named", lambda path: (str(path), b"dollars"))


def changed(frame: pl.DataFrame, **columns: pl.Expr) -> pl.DataFrame:
    return frame.with_columns(**columns) if set(columns) <= set(frame.columns) else frame


CHANGES = [new_file, sidecar, withdrawn, gone, other_unit]


def names(order) -> str:
    return "-".join(change.__name__ for change in order)


@pytest.mark.parametrize(
    "order", [*itertools.combinations(CHANGES, 1), *itertools.permutations(CHANGES, 2)], ids=names
)
def test_it_equals_the_table_made_whole(world, monkeypatch, order):
    con, paths = world
    for change in order:
        before = rows(con)
        change(con, paths, monkeypatch)
        make(con)
        assert rows(con) == made_whole(con) != before


def test_only_files_that_changed_are_made(world, monkeypatch):
    """What stands of other files is not looked at: a mark in their rows stays, one in the changed file's goes."""
    con, paths = world
    con.execute("update core.trade set partner_name_zh = 'mark'")
    make(con)
    assert {row[3] for row in rows(con)} == {"mark"}
    marked = len(rows(con))
    new_file(con, paths, monkeypatch)
    make(con)
    assert con.execute("select count(*) from core.trade where partner_name_zh = 'mark'").fetchall() == [
        (marked,)
    ]
    assert con.execute("select count(*) from core.trade where partner_name_zh = '某地'").fetchall() == [(3,)]


def test_a_file_that_states_records_again_changes_what_counts_of_others(world):
    con, paths = world
    con.execute("update core.trade set partner_name_zh = 'mark'")
    (paths.inbox / "again_2025_import.csv").write_text(content(1).replace("某地", "别处"), encoding="gb18030")
    (paths.inbox / "again_2025_import.csv.yml").write_text("vintage: 2025-06-01\n", encoding="utf-8")
    land(con, paths, "again_2025_import.csv")
    make(con)
    latest = (
        "select f.file_name, count(*) filter (t.is_latest), count(*) from core.trade as t join raw.file as f "
    )
    latest += "using (file_sha256) where f.file_name like 'part%' group by all order by all"
    assert con.execute(latest).fetchall() == [
        ("part1_2024_import.csv", 0, 3),
        ("part2_2024_import.csv", 3, 3),
        ("part3_2024_import.csv", 3, 3),
    ]
    untouched = "select distinct f.file_name from core.trade as t join raw.file as f using (file_sha256) "
    untouched += "where t.partner_name_zh = 'mark' and f.origin = 'inbox' order by all"
    assert con.execute(untouched).fetchall() == [("part2_2024_import.csv",), ("part3_2024_import.csv",)]
    con.execute("delete from internal.slice")
    make(con)
    assert rows(con) == made_whole(con)


@pytest.mark.parametrize(
    "damage",
    [
        "alter table core.trade drop column vintage",
        "delete from internal.slice",
        "drop table core.trade",
    ],
)
def test_without_what_it_stands_on_it_is_made_whole(world, damage):
    con, _ = world
    con.execute("update core.trade set partner_name_zh = 'mark'")
    con.execute(damage)
    make(con)
    assert rows(con) == made_whole(con)


def test_another_contract_or_select_makes_it_whole(world):
    con, _ = world
    con.execute("update core.trade set partner_name_zh = 'mark'")
    build.build(con, tables()[TRADE].model_copy(update={"description": "The same records in other words"}))
    assert rows(con) == made_whole(con)


def test_what_fails_in_the_middle_changes_nothing(world, monkeypatch):
    con, paths = world
    before = rows(con), con.execute("from internal.slice order by all").fetchall()
    withdrawn(con, paths, monkeypatch)
    new_file(con, paths, monkeypatch)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(writing, "_delete_slices", interrupted(writing._delete_slices))
        make(con)
    assert (rows(con), con.execute("from internal.slice order by all").fetchall()) == before
    make(con)
    assert rows(con) == made_whole(con) != before[0]


def interrupted(work):
    def done(*arguments):
        work(*arguments)
        raise KeyboardInterrupt

    return done


def test_a_table_made_anew_in_another_way_is_not_taken_for_made(world):
    con, _ = world
    writing.create(con, tables()[TRADE], "from core.trade limit 0")
    make(con)
    assert rows(con) == made_whole(con) != []


def test_a_record_that_is_lost_or_comes_twice_is_unaccounted(world):
    con, _ = world
    unaccounted = "select sum(unaccounted) from mart.file_accounting"
    place = "(file_sha256, row_no) = (select (min(file_sha256), 2) from core.trade)"
    assert con.execute(unaccounted).fetchall() == [(0,)]
    for fault in (f"delete from core.trade where {place}", "insert into core.trade from core.trade limit 1"):
        with connection.transaction(con):
            con.execute("create or replace temp table kept as from core.trade")
        con.execute(fault)
        build.build(con, tables()["mart.file_accounting"])
        assert con.execute(unaccounted).fetchall()[0][0] > 0, fault
        con.execute("delete from core.trade")
        con.execute("insert into core.trade from kept")
    build.build(con, tables()["mart.file_accounting"])
    assert con.execute(unaccounted).fetchall() == [(0,)]


def test_what_is_held_is_what_core_does_not_have(world):
    con, _ = world
    held = "select file_name, row_no from core.quarantine where reason_code = 'invalid_trade_record'"
    assert con.execute(held).fetchall() == [("part2_2024_import.csv", 5)]


@pytest.mark.parametrize("wrong", [{"grain": ["row_no"]}, {"metric": {"function": "a.b.c"}}])
def test_a_table_by_file_states_its_file(wrong):
    with pytest.raises(ValueError, match="file_sha256 in its grain"):
        Table(**{**tables()[TRADE].model_dump(by_alias=True), **wrong})
