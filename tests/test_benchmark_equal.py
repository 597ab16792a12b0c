"""The comparison of two warehouse files finds what differs, and only that."""

from __future__ import annotations

import duckdb
import pytest

from benchmarks import equal

TABLES = """
create schema reference; create schema mart;
create table reference.methodology as from (values ('1.0', false), ('2.0', true)) as t(methodology_version, is_default);
create table mart.fit as from (values ('1.0', 'a', 0.5::double), ('2.0', 'a', 0.1::double), ('2.0', 'b', null))
    as t(methodology_version, zone_code, fit);
create table mart.zone as from (values ('a', 1), ('a', 1), ('b', 2)) as t(zone_code, batch)
"""


@pytest.fixture
def files(tmp_path):
    """Two files with the same rows."""
    made = tmp_path / "before.duckdb", tmp_path / "after.duckdb"
    for path in made:
        with duckdb.connect(str(path)) as con:
            con.execute(TABLES)
    return made


@pytest.mark.parametrize(
    ("change", "table", "only"),
    [
        ("update mart.fit set fit = fit + 1e-17 where zone_code = 'a'", "mart.fit", (1, 1)),
        ("delete from mart.zone where rowid = 0", "mart.zone", (1, 0)),
        ("insert into mart.zone values ('b', 2)", "mart.zone", (0, 1)),
        ("update mart.fit set fit = 0 where fit is null", "mart.fit", (1, 1)),
    ],
)
def test_one_changed_row_is_found(files, change, table, only):
    with duckdb.connect(str(files[1])) as con:
        con.execute(change)
    compared, *_ = equal.compare(*files)
    assert {t.name: t.only for t in compared if not t.is_equal} == {table: only}


def test_order_of_rows_and_columns_does_not_count(files):
    with duckdb.connect(str(files[1])) as con:
        con.execute(
            "create or replace table mart.zone as select batch, zone_code from mart.zone order by all desc"
        )
    compared, *_ = equal.compare(*files)
    assert all(table.is_equal for table in compared)


def test_other_versions_of_the_method_count_only_where_asked_for(files):
    with duckdb.connect(str(files[1])) as con:
        con.execute("delete from mart.fit where methodology_version = '1.0'")
    whole, default = (equal.compare(*files, where_default=only)[0] for only in (False, True))
    assert [t.name for t in whole if not t.is_equal] == ["mart.fit"]
    assert all(table.is_equal for table in default)
    assert {t.name: t.rows for t in default}["reference.methodology"] == (2, 2)


def test_what_stands_on_one_side_only_is_listed(files):
    with duckdb.connect(str(files[1])) as con:
        con.execute(
            "alter table mart.zone add column tier varchar; alter table mart.zone alter batch type bigint"
        )
        con.execute("drop table mart.fit; create table mart.new as select 1 as n")
    compared, before, after = equal.compare(*files)
    zone = {table.name: table for table in compared}["mart.zone"]
    assert (zone.columns_only, zone.other_type) == (((), ("tier",)), ("batch: INTEGER, BIGINT",))
    assert (zone.is_equal, before, after) == (True, ["mart.fit"], ["mart.new"])
    assert equal.compare(*files, without=["mart.fit"])[1] == []
