"""Intervals and sensitivity of the modes' fits: the published figure is one replication, and seeds hold to the bit."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from polars.testing import assert_frame_equal

from benchmarks.metrics import frame, with_published
from pipelines.metrics.fit import mode_fit, mode_uncertainty
from tests.helpers.effort import examples

SETTINGS = {"concentration": 100, "seed": 7}


@pytest.fixture(scope="module")
def world() -> pl.DataFrame:
    return frame(30, 6, 2, 3)


@pytest.fixture(scope="module")
def found(world) -> pl.DataFrame:
    return mode_uncertainty.intervals(world, 200, **SETTINGS)


@pytest.fixture(scope="module")
def indices(world) -> pl.DataFrame:
    return mode_uncertainty.sensitivity(world, 64, 100, **SETTINGS)


def test_a_replication_at_the_published_choices_is_the_published_figure(warehouse):
    """For every version, year, zone and mode of the embedded data, to the bit."""
    given_frame = warehouse.sql("select * from work.mode_fit_uncertainty_input").pl()
    published = warehouse.sql("select * from mart.mode_fit order by mode_id, zone_code").pl()
    compared = 0
    for one in mode_uncertainty.worlds(given_frame):
        key = {name: one.period.parameters[name] for name in ("methodology_version", "time_period")}
        rows = published.filter(**key)
        made = mode_uncertainty.replicate(one, mode_uncertainty.published(one.period))
        shape = (len(one.period.modes), len(one.period.zones))
        for name, figure in (("fit", made.fits), ("comparative_fit", made.comparative)):
            theirs = rows[name].fill_null(np.nan).to_numpy().reshape(shape)
            assert np.array_equal(figure[:, 0], theirs, equal_nan=True)
            compared += np.isfinite(theirs).sum()
        is_best = rows["is_best_mode"].to_numpy().reshape(shape)
        assert np.array_equal(made.best[0], np.where(is_best.any(axis=0), is_best.argmax(axis=0), -1))
    assert compared > 1000


def test_figures_and_intervals_go_together(world, found):
    published = mode_fit.fit(world.drop("reason_code", "comparative_reason_code"))
    both = found.join(published, on=mode_fit.KEY, suffix="_published")
    assert both.height == published.height == found.height
    assert (both["fit"].is_null() == both["fit_p50"].is_null()).all()
    assert (both["comparative_fit"].is_null() == both["comparative_fit_p50"].is_null()).all()
    assert (both["fit_p50"].is_null() == both["reason_code"].is_not_null()).all()
    assert (both["probability_best_mode"].is_null() == both["comparative_reason_code"].is_not_null()).all()
    assert both["fit"].null_count() > 0 and both["fit"].count() > 0
    assert both["fit_p05"].drop_nulls().is_between(0, 1).all()
    assert both["fit_p95"].drop_nulls().is_between(0, 1).all()


def test_probabilities_of_a_zones_modes_sum_to_one(found):
    totals = found.group_by("zone_code", "time_period").agg(
        pl.col("probability_best_mode").sum(), pl.col("probability_best_mode").count().alias("modes")
    )
    known = totals.filter(pl.col("modes") > 0)["probability_best_mode"]
    assert known.len() > 0 and (known - 1).abs().max() < 1e-12


def test_the_same_seed_gives_the_same_bits_whatever_the_row_order(world, found):
    shuffled = world.sample(fraction=1.0, shuffle=True, seed=5)
    assert_frame_equal(mode_uncertainty.intervals(shuffled, 200, **SETTINGS), found, check_exact=True)
    other = mode_uncertainty.intervals(world, 200, concentration=100, seed=8)
    assert not other["fit_p50"].equals(found["fit_p50"])


def test_sensitivity_is_the_same_whatever_the_row_order(world, indices):
    shuffled = world.sample(fraction=1.0, shuffle=True, seed=5)
    assert_frame_equal(mode_uncertainty.sensitivity(shuffled, 64, 100, **SETTINGS), indices, check_exact=True)


def test_one_thread_and_two_give_the_same_bits():
    script = (
        "import sys; sys.path.insert(0, '.')\n"
        "from benchmarks.metrics import frame\nfrom pipelines.metrics.fit import mode_uncertainty as m\n"
        "import hashlib\n"
        "f = frame(25, 4, 1, 2)\n"
        "print(hashlib.sha256(m.intervals(f, 50, 100, 1).write_csv(float_precision=17).encode()).hexdigest())"
    )
    prints = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"OPENBLAS_NUM_THREADS": n, "OMP_NUM_THREADS": n, "POLARS_MAX_THREADS": n, "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for n in ("1", "2")
    }
    assert len(prints) == 1 and "" not in prints


def test_a_zone_without_figures_changes_no_other(world, found):
    blank = world.filter(pl.col("zone_code") == "z0000").with_columns(
        zone_code=pl.lit("zz"),
        obs_value=None,
        observed_period=None,
        score=None,
        gdp=None,
        population=None,
        reason_code=pl.lit("coverage_below_minimum"),
        comparative_reason_code=pl.lit("coverage_below_minimum"),
    )
    more = mode_uncertainty.intervals(pl.concat([world, blank], how="vertical_relaxed"), 200, **SETTINGS)
    assert_frame_equal(more.filter(pl.col("zone_code") != "zz"), found, check_exact=True)
    assert more.filter(pl.col("zone_code") == "zz")["fit_p50"].null_count() == 6


def test_another_mode_changes_no_fit_of_the_first(world, found):
    columns = ["zone_code", "time_period", "mode_id", "fit_p05", "fit_p50", "fit_p95", "rank_p50"]
    fewer = mode_uncertainty.intervals(world.filter(pl.col("mode_id") != "m1"), 200, **SETTINGS)
    kept = found.filter(pl.col("mode_id") != "m1")
    assert_frame_equal(fewer.select(columns), kept.select(columns), check_exact=True)


def test_units_of_measurement_do_not_matter(world, found):
    scaled = world.with_columns(
        obs_value=pl.when(pl.col("role") == "evidence").then(pl.col("obs_value") * 1e4).otherwise("obs_value")
    )
    other = mode_uncertainty.intervals(scaled, 200, **SETTINGS)
    assert_frame_equal(other, found, abs_tol=1e-9, rel_tol=1e-9)


def test_a_choice_that_cannot_matter_has_no_share():
    """One dimension: how dimensions are averaged does not matter; no gaps: nor does what stands for them."""
    plain = frame(30, 6, 1, 2, missing=0.0).with_columns(dimension=pl.lit("all"))
    made = mode_uncertainty.sensitivity(plain, 64, 100, **SETTINGS)
    idle = made.filter(pl.col("choice").is_in(["aggregation", "imputation"]))
    assert idle["total"].abs().max() < 1e-20 and idle["first_order"].abs().max() < 1e-9
    busy = made.filter(pl.col("choice") == "weights", pl.col("target") == "fit")
    assert busy["total"].min() > 0.05


def test_indices_or_a_reason(world, indices):
    assert indices.height == 2 * 3 * len(mode_uncertainty.TARGETS) * len(mode_uncertainty.FACTORS)
    assert (indices["total"].is_null() == indices["reason_code"].is_not_null()).all()
    assert indices["evaluations"].unique().to_list() == [64 * 7]
    none = mode_uncertainty.sensitivity(
        world.with_columns(minimum_coverage=pl.lit(1.1)), 8, 10, concentration=100, seed=1
    )
    assert set(none["reason_code"]) == {"no_fit"}


def test_nothing_varies_when_all_evidence_is_one_criterion_of_two_values():
    """Two values stay two values under every normalisation brought to one level and spread."""
    one = frame(30, 1, 1, 2, missing=0.0).with_columns(
        obs_value=pl.when(pl.col("role") == "gate")
        .then("obs_value")
        .otherwise((pl.col("zone_code") > "z0014").cast(pl.Float64))
    )
    observed = one.drop("score", "nominal_weight", "reason_code", "comparative_reason_code")
    made = mode_uncertainty.sensitivity(with_published(observed), 16, 10, **SETTINGS)
    assert set(made["reason_code"]) == {"nothing_varies"}


@examples(50)
@given(hnp.arrays(float, 20, elements=st.floats(0.01, 1), unique=True))
def test_variants_keep_the_published_level_and_order(scores):
    published = np.linspace(0.3, 0.6, 20)
    moved = mode_uncertainty._on_scale(scores, published, 0.01)
    assert moved.min() >= 0.01 and moved.max() <= 1
    assert (np.diff(moved[np.argsort(scores)]) >= 0).all()
    if moved.min() > 0.01 and moved.max() < 1:
        assert moved.mean() == pytest.approx(published.mean())
        assert moved.std() == pytest.approx(published.std())
