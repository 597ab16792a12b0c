"""Revisions and growth: what a source changed, and growth that never crosses a break."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from pipelines.database import build, connection, writing
from pipelines.declarations.tables import tables

BASE = {
    "area_code": "110000",
    "indicator_id": "gdp",
    "time_period": "2022",
    "freq": "A",
    "scope": "total",
    "obs_value": 100.0,
    "unit": "CNY",
    "obs_status": "A",
    "bound": "=",
    "verification": "seen",
    "vintage": dt.date(2023, 1, 1),
    "sequence": 1,
    "source_id": "book",
    "file_sha256": "a",
    "sheet": "",
    "row_no": 1,
    "column_no": 1,
    "printed_text": "100",
    "reference": None,
    "quote": None,
    "correction": None,
    "conversion": None,
}
TYPES = {"VARCHAR": pl.String, "DOUBLE": pl.Float64, "DATE": pl.Date, "INTEGER": pl.Int32}
LATER = {"vintage": dt.date(2023, 7, 1), "file_sha256": "b", "sequence": 2}


@pytest.fixture
def world(tmp_path):
    """A function from figures (what differs from BASE) to the rows of a mart table over them alone."""
    with connection.connect(tmp_path / "small.duckdb") as con:
        build.build(con, tables()["reference.indicator"])

        def rows(table: str, *figures: dict) -> list[dict]:
            observation = tables()["core.observation"]
            schema = {c.name: TYPES[c.type] for c in observation.columns}
            writing.create(con, observation, pl.DataFrame([BASE | f for f in figures], schema=schema))
            for name in ("core.observation_latest", table):
                build.build(con, tables()[name])
            return con.sql(f"from {table}").pl().to_dicts()

        yield rows


def test_a_revision_names_both_values_both_days_and_both_cells(world):
    (row,) = world("mart.revision", {}, {**LATER, "obs_value": 110.0, "printed_text": "110", "row_no": 7})
    assert row["relative_change"] == pytest.approx(0.1) and row["reason_code"] is None
    assert (row["old_value"], row["new_value"], row["days_between"]) == (100.0, 110.0, 181)
    assert (row["old_file_sha256"], row["old_row_no"], row["old_printed_text"]) == ("a", 1, "100")
    assert (row["new_file_sha256"], row["new_row_no"], row["new_printed_text"]) == ("b", 7, "110")


def test_each_vintage_is_compared_with_the_one_before(world):
    last = {"vintage": dt.date(2024, 7, 1), "file_sha256": "c", "sequence": 3, "obs_value": 99.0}
    rows = world("mart.revision", {}, {**LATER, "obs_value": 110.0}, last)
    assert sorted((r["old_value"], r["new_value"]) for r in rows) == [(100.0, 110.0), (110.0, 99.0)]


@pytest.mark.parametrize(
    "other",
    [
        {"obs_value": 100.0},
        {"obs_value": 100.00000000000001},
        {"obs_value": 110.0, "scope": "customs"},
        {"obs_value": 110.0, "source_id": "press"},
        {"obs_value": 110.0, "unit": "USD"},
        {"obs_value": 110.0, "obs_status": "P"},
        {"obs_value": 110.0, "vintage": BASE["vintage"]},
        {"obs_value": 110.0, "time_period": "2023"},
    ],
)
def test_what_is_no_revision(world, other):
    assert world("mart.revision", {}, LATER | other) == []


def test_a_file_that_contradicts_itself_tells_no_figure(world):
    assert (
        world("mart.revision", {}, {**LATER, "obs_value": 1.0}, {**LATER, "obs_value": 2.0, "row_no": 2})
        == []
    )


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ({"obs_value": 0.0}, {}, "old_value_not_positive"),
        ({"obs_value": -5.0}, {}, "old_value_not_positive"),
        ({"unit": "pct", "obs_value": 9.8}, {"unit": "pct", "obs_value": 7.1}, "in_percent"),
        ({"bound": ">"}, {"obs_value": 110.0}, "not_exact"),
        ({}, {"bound": ">"}, "not_exact"),
        ({}, {"obs_value": 110.0, "conversion": "USD to CNY at 7"}, "converted_otherwise"),
    ],
)
def test_a_revision_without_a_relative_change_says_why(world, old, new, reason):
    (row,) = world("mart.revision", old, LATER | new)
    assert row["relative_change"] is None and row["reason_code"] == reason


def growth_of_2022(world, *figures: dict) -> tuple:
    (row,) = (r for r in world("mart.observation_growth", *figures) if r["time_period"] == "2022")
    return row["growth"], row["reason_code"], row["previous_value"]


BEFORE = {"time_period": "2021", "obs_value": 80.0, "row_no": 2}


def test_growth_within_one_vintage(world):
    assert growth_of_2022(world, {}, BEFORE) == (pytest.approx(0.25), None, 80.0)


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        ({"scope": "customs"}, "scope_break"),
        ({"unit": "USD"}, "unit_break"),
        ({"conversion": "USD to CNY at 7"}, "unit_break"),
        ({"source_id": "press", "file_sha256": "b"}, "source_break"),
        ({"vintage": dt.date(2022, 1, 1), "file_sha256": "b"}, "vintage_break"),
        ({"obs_value": 0.0}, "previous_not_positive"),
        ({"obs_value": 1e-307}, "growth_not_finite"),
        ({"obs_status": "P"}, "no_previous_figure"),
        ({"bound": ">"}, "no_previous_figure"),
        ({"time_period": "2020"}, "no_previous_figure"),
        ({"freq": "P"}, "no_previous_figure"),
    ],
)
def test_growth_across_a_break_is_none_with_the_reason(world, before, reason):
    growth, why, _ = growth_of_2022(world, {}, BEFORE | before)
    assert growth is None and why == reason


def test_the_figure_before_is_that_of_the_same_vintage_where_there_is_one(world):
    """A revised 2021 beside the unrevised one: growth of the old file's 2022 stays on the old base."""
    revised = BEFORE | LATER | {"obs_value": 50.0}
    assert growth_of_2022(world, {}, BEFORE, revised) == (pytest.approx(0.25), None, 80.0)
    assert growth_of_2022(world, {}, revised) == (None, "vintage_break", 50.0)


def test_a_year_before_that_a_file_prints_twice_differently_gives_no_growth(world):
    twice = BEFORE | {"obs_value": 81.0, "row_no": 3}
    assert growth_of_2022(world, {}, BEFORE, twice)[:2] == (None, "previous_conflicts")


@pytest.mark.parametrize(
    ("this", "reason"), [({"obs_status": "P"}, "not_actual"), ({"bound": ">"}, "not_exact")]
)
def test_a_plan_or_a_bound_has_no_growth(world, this, reason):
    assert growth_of_2022(world, this, BEFORE)[1] == reason


@pytest.mark.parametrize(
    ("period", "before"),
    [("2022-05", "2021-05"), ("2022-Q1", "2021-Q1"), ("2022-01/P4M", "2021-01/P4M"), ("2022-S1", "2021-S1")],
)
def test_parts_of_years_are_compared_with_the_same_part(world, period, before):
    rows = world(
        "mart.observation_growth",
        {"time_period": period, "freq": "C"},
        {**BEFORE, "time_period": before, "freq": "C"},
    )
    assert [r["growth"] for r in rows if r["time_period"] == period] == [pytest.approx(0.25)]


def test_reasons_of_growth_are_a_closed_list_and_all_kinds_occur(warehouse):
    column = next(c for c in tables()["mart.observation_growth"].columns if c.name == "reason_code")
    found = {
        r for (r,) in warehouse.execute("select distinct reason_code from mart.observation_growth").fetchall()
    }
    assert found - {None} <= set(column.values) and {"vintage_break", "scope_break", None} <= found
