"""Mode-fit on small worlds worked out by hand, and properties that must hold on any world."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.metrics.composite import weights
from pipelines.metrics.fit import mode_fit
from tests.helpers.effort import examples
from tests.helpers.fits import CRITERIA, fits, frame

VALUES = {
    "z1": {"hub": 1, "a": 0.0, "b": 10.0, "c": 1.0},
    "z2": {"hub": 1, "a": 5.0, "b": 20.0, "c": 3.0},
    "z3": {"hub": 0, "a": 10.0, "b": 30.0, "c": 2.0},
}


def test_fit_by_hand():
    scores = mode_fit.criterion_score(frame(CRITERIA, VALUES))
    # z3: a = 1, b = 1, c (low is fit) = 0.5; weights 1/2, 1/4, 1/4; gate 0.5
    row = fits(scores).filter(pl.col("zone_code") == "z3").row(0, named=True)
    assert row["gate"] == 0.5
    assert row["evidence"] == pytest.approx(1.0**0.75 * 0.5**0.25)
    assert row["fit"] == pytest.approx(0.5 * 0.5**0.25)
    # z2: c = 0, a whole dimension at the bottom: the geometric mean is zero, and that is a figure, not a gap
    assert fits(scores).filter(pl.col("zone_code") == "z2")["fit"].to_list() == [0.0]
    # z1: a = 0, b = 0: dimension x is zero
    assert fits(scores).filter(pl.col("zone_code") == "z1")["fit"].to_list() == [0.0]


def test_missing_evidence_is_reweighted_and_lowers_coverage():
    values = {**VALUES, "z3": {"hub": 1, "a": 10.0, "b": None, "c": 2.0}}
    scores = mode_fit.criterion_score(frame(CRITERIA, values))
    weights = scores.filter((pl.col("zone_code") == "z3") & (pl.col("role") == "evidence")).sort(
        "criterion_id"
    )
    assert weights["effective_weight"].to_list() == [pytest.approx(2 / 3), None, pytest.approx(1 / 3)]
    row = fits(scores).filter(pl.col("zone_code") == "z3").row(0, named=True)
    assert row["coverage"] == pytest.approx(0.75)
    assert row["evidence"] == pytest.approx(0.5 ** (1 / 3))


def test_below_coverage_there_is_no_number_but_a_reason():
    values = {**VALUES, "poor": {"hub": 1, "b": 15.0}}
    row = (
        fits(mode_fit.criterion_score(frame(CRITERIA, values)))
        .filter(pl.col("zone_code") == "poor")
        .row(0, named=True)
    )
    assert (row["fit"], row["comparative_fit"], row["fit_rank"]) == (None, None, None)
    assert row["reason_code"] == row["comparative_reason_code"] == "coverage_below_minimum"
    assert row["reason"] == mode_fit.REASONS["coverage_below_minimum"]


def test_a_gate_that_cannot_be_judged_gives_no_fit():
    values = {**VALUES, "z3": {"a": 10.0, "b": 30.0, "c": 2.0}}
    row = (
        fits(mode_fit.criterion_score(frame(CRITERIA, values)))
        .filter(pl.col("zone_code") == "z3")
        .row(0, named=True)
    )
    assert row["fit"] is None and row["reason_code"] == "gate_not_observed"


def test_constant_criterion_has_a_reason_and_no_score():
    values = {zone: {**known, "c": 7.0} for zone, known in VALUES.items()}
    scores = mode_fit.criterion_score(frame(CRITERIA, values)).filter(pl.col("criterion_id") == "c")
    assert scores["score"].null_count() == 3 and set(scores["reason_code"]) == {"constant"}


def test_unverified_figures_do_not_score_unless_admitted():
    held = frame(CRITERIA, VALUES).with_columns(
        obs_value=pl.when(pl.col("criterion_id") == "a").then(None).otherwise(pl.col("obs_value")),
        has_unverified=pl.col("criterion_id") == "a",
    )
    scores = mode_fit.criterion_score(held).filter(pl.col("criterion_id") == "a")
    assert set(scores["reason_code"]) == {"only_unverified"} and scores["score"].null_count() == 3


def test_goalposts_are_fixed_over_the_years():
    one = frame(CRITERIA, VALUES)
    other = one.with_columns(
        time_period=pl.lit("2021"), observed_period=pl.lit("2021"), obs_value=pl.col("obs_value") * 2
    )
    both = mode_fit.criterion_score(pl.concat([one, other]))
    score = both.filter((pl.col("criterion_id") == "a") & (pl.col("zone_code") == "z3")).sort("time_period")[
        "score"
    ]
    assert score.to_list() == [0.5, 1.0]


SIZES = {f"z{i}": 10.0 ** (i + 3) for i in range(7)}
BY_SIZE = {f"z{i}": i / 7 for i in range(7)}
OTHER = dict(zip(SIZES, [0.2, 0.9, 0.3, 0.7, 0.1, 0.5, 0.4], strict=True))


def compared(
    wanted: dict[str, dict[str, float]], gates: dict[str, float] | None = None, **parameters
) -> pl.DataFrame:
    """Fits of modes with one criterion each, whose score is the wanted fit and whose gate is given by zone."""
    rows = [
        {
            "methodology_version": "t",
            "zone_code": zone,
            "time_period": "2020",
            "mode_id": mode,
            "criterion_id": role,
            "role": role,
            "dimension": role,
            "score": score,
            "nominal_weight": 1.0 if role == "evidence" else None,
            "effective_weight": 1.0 if role == "evidence" else None,
            "gdp": SIZES[zone],
            "population": SIZES[zone] ** 0.5 * (1 + (zone in ("z1", "z4"))),
            "is_zone_active": True,
            "minimum_coverage": 0.6,
            "minimum_gate": 0.3,
            "minimum_zones": 5,
            "comparative_population": "all",
            "comparative_scale": "raw",
            **parameters,
        }
        for mode, fits_of_mode in wanted.items()
        for zone, fit in fits_of_mode.items()
        for role, score in (("gate", (gates or {}).get(zone, 1.0)), ("evidence", fit))
    ]
    return mode_fit.fit(pl.DataFrame(rows))


def test_comparative_fit_is_centred_and_free_of_size():
    """Two modes: one fits exactly by size, so nothing of it may be left; the other's residuals are halved by centring."""
    made = compared({"size": BY_SIZE, "other": OTHER})
    totals = made.group_by("zone_code").agg(pl.col("comparative_fit").sum())
    assert totals["comparative_fit"].abs().max() < 1e-12
    assert made.filter(pl.col("mode_id") == "other")["comparative_fit"].abs().max() > 0.1


def test_a_mode_that_follows_size_exactly_has_no_spread_to_measure_by():
    made = compared({"size": BY_SIZE, "other": OTHER}, comparative_scale="standardised")
    reasons = dict(made.select("mode_id", "comparative_reason_code").unique().iter_rows())
    assert reasons == {"size": "no_spread", "other": "fewer_than_two_modes"}


def test_zones_that_fail_the_gate_are_neither_compared_nor_compared_with():
    third = {zone: value**2 for zone, value in OTHER.items()}
    both = {"other": OTHER, "third": third}
    gated = {"comparative_population": "gate_passing", "comparative_scale": "standardised"}
    made = compared(both, {"z6": 0.1}, **gated)
    without = compared(
        {mode: {z: v for z, v in of.items() if z != "z6"} for mode, of in both.items()}, **gated
    )
    failing = made.filter(pl.col("zone_code") == "z6")
    assert set(failing["comparative_reason_code"]) == {"gate_not_passed"} and failing["fit"].null_count() == 0
    passing = made.filter(pl.col("zone_code") != "z6")
    assert passing["comparative_fit"].equals(without["comparative_fit"])
    assert set(made["zones_compared"]) == {6} and set(made["zones_ranked"]) == {7}


def test_standardised_residuals_do_not_depend_on_how_far_a_mode_s_fits_spread():
    """A mode whose fits are squeezed to a tenth of their spread says the same; raw residuals would shrink."""
    squeezed = {"other": OTHER, "third": {z: v**2 / 10 for z, v in OTHER.items()}}
    wide = {"other": OTHER, "third": {z: v**2 for z, v in OTHER.items()}}
    one, other = (compared(w, comparative_scale="standardised")["comparative_fit"] for w in (squeezed, wide))
    assert np.allclose(one, other, atol=1e-9)
    raw = [compared(w)["comparative_fit"] for w in (squeezed, wide)]
    assert not np.allclose(*raw, atol=1e-3)


@pytest.mark.parametrize("weighting", ["equal", "entropy", "critic", "pca"])
def test_weights_can_come_from_the_scores(weighting):
    values = {f"z{i}": {"hub": 1, "a": i, "b": (i * 7) % 5, "c": (i * 3) % 4} for i in range(9)}
    made = mode_fit.criterion_score(frame(CRITERIA, values).with_columns(weighting=pl.lit(weighting)))
    scores = made.filter(pl.col("role") == "evidence").pivot(
        "criterion_id", index="zone_code", values="score"
    )
    matrix = scores.sort("zone_code").select("a", "b", "c").to_numpy()
    expected = weights.equal(3) if weighting == "equal" else getattr(weights, weighting)(matrix)
    of_zone = made.filter((pl.col("zone_code") == "z1") & (pl.col("role") == "evidence")).sort("criterion_id")
    assert of_zone["nominal_weight"].to_list() == pytest.approx(expected.weights.tolist())
    assert of_zone["effective_weight"].sum() == pytest.approx(1)


def test_scores_that_determine_no_weights_give_a_reason_and_no_fit():
    values = {f"z{i}": {"hub": 1, "a": i, "b": i, "c": 9 - i} for i in range(9)}
    made = fits(mode_fit.criterion_score(frame(CRITERIA, values).with_columns(weighting=pl.lit("critic"))))
    assert set(made["reason_code"]) == {"weights_not_determined"} and made["fit"].null_count() == 9


def test_goalposts_can_be_set_anew_every_year():
    one = frame(CRITERIA, VALUES)
    other = one.with_columns(
        time_period=pl.lit("2021"), observed_period=pl.lit("2021"), obs_value=pl.col("obs_value") * 2
    )
    both = mode_fit.criterion_score(pl.concat([one, other]).with_columns(goalposts=pl.lit("per_year")))
    scores = [both.filter(pl.col("time_period") == year)["score"] for year in ("2020", "2021")]
    hub = both.filter(pl.col("time_period") == "2020")["role"] == "gate"
    assert scores[0].filter(~hub).equals(scores[1].filter(~hub))


worlds = st.dictionaries(
    st.sampled_from([f"z{i}" for i in range(12)]),
    st.fixed_dictionaries(
        {
            "hub": st.sampled_from([0.0, 1.0]),
            **{name: st.one_of(st.none(), st.floats(0, 1e6, allow_nan=False)) for name in "abc"},
        }
    ),
    min_size=4,
)


@examples(40)
@given(worlds)
def test_fits_lie_in_unit_interval_and_every_gap_has_a_reason(values):
    made = fits(mode_fit.criterion_score(frame(CRITERIA, values)))
    assert made.height == len(values)
    known = made.filter(pl.col("fit").is_not_null())["fit"]
    assert known.is_between(0, 1 + 1e-12).all()
    assert (made["fit"].is_null() == made["reason_code"].is_not_null()).all()
    assert not any(math.isnan(v) for column in ("fit", "coverage", "gate") for v in made[column].drop_nulls())


@examples(25)
@given(worlds, st.randoms())
def test_row_order_and_an_all_missing_zone_change_nothing(values, random):
    rows = frame(CRITERIA, values)
    shuffled = rows.sample(fraction=1.0, shuffle=True, seed=random.randint(0, 10**6))
    plain = fits(mode_fit.criterion_score(rows))
    assert fits(mode_fit.criterion_score(shuffled)).equals(plain)
    more = fits(mode_fit.criterion_score(pl.concat([rows, frame(CRITERIA, {"zz": {}})])))
    assert more.filter(pl.col("zone_code") != "zz")["fit"].equals(plain["fit"])


@examples(25)
@given(worlds, st.sampled_from([1e-3, 7.0, 1e6]))
def test_units_of_measurement_do_not_matter(values, factor):
    scaled = {
        zone: {k: v if k == "hub" or v is None else v * factor for k, v in known.items()}
        for zone, known in values.items()
    }
    one, other = (fits(mode_fit.criterion_score(frame(CRITERIA, v)))["fit"] for v in (values, scaled))
    for a, b in zip(one, other, strict=True):
        assert (a is None) == (b is None)
        assert a is None or a == pytest.approx(b, abs=1e-6)


def test_raising_positive_evidence_never_lowers_the_fit():
    values = {**VALUES, "z9": {"hub": 1, "a": 2.0, "b": 12.0, "c": 1.5}}
    found = []
    for a in (0.0, 2.0, 4.0, 6.0, 8.0, 10.0):
        values["z9"]["a"] = a
        made = fits(mode_fit.criterion_score(frame(CRITERIA, values)))
        found.append(made.filter(pl.col("zone_code") == "z9")["fit"][0])
    assert found == sorted(found) and found[-1] > found[0]


def test_ties_are_ranked_min():
    values = {
        z: {
            "hub": 1,
            "a": 1.0 if z == "z0" else 5.0,
            "b": 1.0 if z == "z0" else 5.0,
            "c": 5.0 if z == "z0" else 1.0,
        }
        for z in ("z0", "z1", "z2")
    }
    made = fits(mode_fit.criterion_score(frame(CRITERIA, values))).sort("zone_code")
    assert made["fit_rank"].to_list() == [3, 1, 1]
    assert set(made["zones_ranked"]) == {3}
