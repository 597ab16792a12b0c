"""The back-test: means against SQL and brute force, baselines against enumeration, intervals against their definition."""

from __future__ import annotations

import itertools
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.declarations.tables import tables
from pipelines.metrics.fit import backtest, mode_fit

orders = st.lists(
    st.integers(1, 5).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n))), min_size=1, max_size=5
)


@given(orders)
def test_random_p_value_counts_all_orders(found):
    rank, of = (np.array(values) for values in zip(*found, strict=True))
    every = itertools.product(*(range(1, n + 1) for n in of))
    sums = np.array([sum(1 / place for place in places) for places in every])
    assert backtest.random_p_value(rank, of) == pytest.approx(np.mean(sums >= (1 / rank).sum() - 1e-12))


@given(st.integers(1, 6))
def test_random_baseline_is_the_mean_over_all_orders(n):
    ranks = [order.index(0) + 1 for order in itertools.permutations(range(n))]
    assert backtest._expected(n) == pytest.approx(np.mean([1 / rank for rank in ranks]))


@given(st.floats(0, 1), st.integers(1, 12), st.integers(1, 12))
def test_the_interval_of_superiority_solves_its_equation_and_is_symmetric(theta, first, second):
    lower, upper = backtest.superiority_interval(theta, first, second)
    assert 0 <= lower <= theta + 1e-12 and theta - 1e-12 <= upper <= 1
    mirrored = backtest.superiority_interval(1 - theta, second, first)
    assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((lower, upper), abs=1e-9)
    weight = (first + second) / 2 - 1
    for t in (lower, upper):
        if 1e-9 < t < 1 - 1e-9:
            spread = t * (1 - t) * (1 + weight * (1 - t) / (2 - t) + weight * t / (1 + t)) / (first * second)
            assert abs(theta - t) == pytest.approx(1.959963984540054 * math.sqrt(spread), abs=1e-6)


def test_figures_that_do_not_overlap_still_leave_a_wide_interval():
    lower, upper = backtest.superiority_interval(1.0, 3, 3)
    assert lower < 0.6 and upper == pytest.approx(1)
    widths = [1 - backtest.superiority_interval(1.0, n, n)[0] for n in (2, 4, 8, 16)]
    assert widths == sorted(widths, reverse=True)


@given(st.floats(0, 1), st.integers(1, 30), st.integers(1, 30))
def test_the_certain_interval_holds_for_any_numbers(theta, first, second):
    n = min(first, second)
    lower, upper = backtest.certain_interval(theta, first, second)
    assert 0 <= lower <= theta + 1e-12 and theta - 1e-12 <= upper <= 1
    mirrored = backtest.certain_interval(1 - theta, second, first)
    assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((lower, upper), abs=1e-9)
    newcombe = backtest.superiority_interval(theta, first, second)
    assert n > 2 or (lower <= newcombe[0] + 1e-9 and newcombe[1] <= upper + 1e-9)
    # all figures of one side above the other's: the n disjoint pairs among them have the chance t^n at most
    assert backtest.certain_interval(1.0, first, second)[0] ** n == pytest.approx(0.025)


def test_association_counts_ties_half_and_names_what_is_missing():
    rows = [
        {"zone_code": str(k), "figure": figure, "tier": tier, "time_period": year}
        for year, tiers in (
            ("2021", (1, 1, 1, 2, 2, 2)),
            ("2022", (1, 1, 1, 1, 1, 2)),
            ("2023", (1, 1, 1, 1, 1, 1)),
        )
        for k, (figure, tier) in enumerate(zip((5.0, 4.0, 3.0, 3.0, 2.0, 6.0), tiers, strict=True))
    ]
    key = {"methodology_version": "t", "mode_id": "m", "basis": "fit", "peer_minimum": 3}
    made = backtest.association(
        pl.DataFrame(rows).with_columns(**{name: pl.lit(v) for name, v in key.items()})
    )
    enough, few, none = made.iter_rows(named=True)
    assert enough["probability_of_superiority"] == pytest.approx((2 + 2 + 1.5) / 9)
    assert enough["interval_lower"] < 5.5 / 9 < enough["interval_upper"] and enough["reason_code"] is None
    assert few["probability_of_superiority"] is None and few["reason_code"] == "too_few_evaluated_zones"
    assert few["interval_lower"] == pytest.approx(0, abs=1e-9) and few["interval_upper"] == pytest.approx(
        0.975
    )
    assert none["interval_lower"] is None and none["reason_code"] == "no_pair_of_evaluated_zones"


def test_the_summary_s_means_are_those_of_the_cities(warehouse):
    """mart.mode_backtest ranks in SQL, the summary in arrays."""
    by_city = warehouse.sql(
        "select methodology_version, time_period, basis, cast(count(mode_rank_of_zone) as integer) as zones_ranked, "
        "cast(count(*) filter (where verdict = 'first') as integer) as first, "
        "avg(1.0 / mode_rank_of_zone) as mean_reciprocal_rank, avg(1.0 / zone_rank_in_mode) as mean_zone_reciprocal_rank, "
        "avg(1.0 / gdp_rank) as gdp_zone_reciprocal_rank "
        "from mart.mode_backtest group by all order by 1, 2, 3"
    ).pl()
    made = (
        warehouse.sql("select * from mart.mode_backtest_summary order by 1, 2, 3")
        .pl()
        .select(by_city.columns)
    )
    versions, periods = made["methodology_version"].n_unique(), made["time_period"].n_unique()
    assert by_city.height == made.height == versions * periods * len(backtest.BASES)
    for column in by_city.columns:
        if by_city[column].dtype == pl.Float64:
            assert np.allclose(by_city[column], made[column], atol=1e-12), column
        else:
            assert by_city[column].to_list() == made[column].to_list(), column


@pytest.fixture(scope="module")
def year(built):
    """The frame of the default version's latest year."""
    import duckdb  # noqa: PLC0415 - only this fixture opens the file itself

    with duckdb.connect(str(built.work), read_only=True) as con:
        frame = con.sql(tables()["mart.mode_backtest_summary"].sql).pl()
    return frame.filter((pl.col("methodology_version") == "2.0") & (pl.col("time_period") == "2024"))


@pytest.mark.parametrize(
    ("mode", "criterion"),
    [("b2c_import", "bonded_pilot"), ("trade_upgrade", "open_coast"), ("silk_road", "trains")],
)
def test_leaving_a_criterion_out_is_making_the_fit_without_its_rows(year, mode, criterion):
    left = year.filter((pl.col("mode_id") != mode) | (pl.col("criterion_id") != criterion))
    total = pl.col("nominal_weight").sum().over("zone_code", "mode_id")
    fits = mode_fit.fit(left.with_columns(nominal_weight=pl.col("nominal_weight") / total))
    stated = year.filter("is_stated").select("zone_code", "mode_id").unique()
    made = backtest.leave_one_out(year).filter(
        (pl.col("mode_id") == mode) & (pl.col("criterion_id") == criterion)
    )
    for basis in backtest.BASES:
        known = fits.filter(pl.col(basis).is_not_null())
        ranked = known.with_columns(rank=pl.col(basis).rank("min", descending=True).over("zone_code"))
        expected = (1 / ranked.join(stated, on=["zone_code", "mode_id"])["rank"]).mean()
        assert made.filter(pl.col("basis") == basis)["mean_reciprocal_rank"].item() == pytest.approx(expected)


def test_row_order_does_not_matter(year):
    shuffled = year.sample(fraction=1.0, shuffle=True, seed=3)
    assert backtest.summary(shuffled).equals(backtest.summary(year))
