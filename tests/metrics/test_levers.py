"""Levers: every gain is the fit made anew with one score changed, minus the fit."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.metrics.fit import levers, mode_fit
from tests.helpers.effort import examples
from tests.helpers.fits import CRITERIA, GATE, fits, frame

ZONES = [f"z{i}" for i in range(7)]
worlds = st.fixed_dictionaries(
    {
        zone: st.fixed_dictionaries(
            {
                "hub": st.sampled_from([0.0, 1.0]),
                **{name: st.one_of(st.none(), st.integers(0, 40).map(float)) for name in "abc"},
            }
        )
        for zone in ZONES
    }
)


def lever_frame(observations: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Frame of `levers.gains` for a world whose zones are all each other's peers, and its scores."""
    scores = mode_fit.criterion_score(observations)
    made = fits(scores).select(*mode_fit.KEY, "gate", "evidence", "fit")
    joined = observations.join(
        scores.select(*levers.ROW, "score", "effective_weight", score_reason="reason_code"), on=levers.ROW
    ).join(made, on=mode_fit.KEY)
    basis = {
        "peer_basis": "all",
        "peer_group": "all zones",
        "place": 1,
        "peer_minimum": 2,
        "is_timeless": False,
    }
    return joined.with_columns(**{name: pl.lit(value) for name, value in basis.items()}), scores


# a gate and evidence that look at one indicator
BASE = {**GATE, "indicator_id": "a", "membership": json.dumps([[0, 0.2], [30, 1.0]])}


def fit_with(scores: pl.DataFrame, made: pl.DataFrame, row: dict) -> float:
    """The fit made anew with every criterion of the row's indicator at the quartile."""
    moved = made.filter(
        (pl.col("zone_code") == row["zone_code"]) & (pl.col("indicator_id") == row["indicator_id"])
    )
    raised = dict(moved.select("criterion_id", "raised_score").iter_rows())
    one = (pl.col("zone_code") == row["zone_code"]) & pl.col("criterion_id").is_in(list(raised))
    score = pl.col("criterion_id").replace_strict(raised, default=None, return_dtype=pl.Float64)
    changed = scores.with_columns(score=pl.when(one).then(score).otherwise("score"))
    return fits(changed).filter(pl.col("zone_code") == row["zone_code"])["fit"].item()


@examples(15)
@given(worlds, st.sampled_from([0.0, 0.01]))
def test_gains_are_those_of_fits_made_anew(values, floor):
    values = {zone: {**known, "base": known["a"]} for zone, known in values.items()}
    observations = frame({**CRITERIA, "base": BASE}, values).with_columns(score_floor=pl.lit(floor))
    given_frame, scores = lever_frame(observations)
    made = levers.gains(given_frame)
    for row in made.iter_rows(named=True):
        assert (row["gain"] is None) == (row["reason_code"] is not None)
        if row["gain"] is not None:
            assert fit_with(scores, made, row) - row["fit"] == pytest.approx(row["gain"], abs=1e-12)
            assert row["gain"] >= 0 and 0 <= row["raised_score"] <= 1
    both = made.filter(pl.col("indicator_id") == "a").group_by("zone_code").agg(pl.col("gain").n_unique())
    assert (both["gain"] == 1).all(), "an indicator behind a gate and behind evidence has one gain"


@pytest.mark.parametrize("shape", ["even", "one outlier", "skewed"])
@pytest.mark.parametrize("direction", [1, -1])
def test_the_score_at_an_observed_value_is_the_score_of_that_value(shape, direction):
    """Whatever the treatment (none, winsorised, logged): the goalposts are those of the published scores."""
    observed = {
        "even": [float(i) for i in range(12)],
        "one outlier": [*[float(i) for i in range(11)], 500.0],
        "skewed": [2.0 ** (3 * i) for i in range(12)],
    }[shape]
    values = {f"y{i}": {"hub": 1.0, "a": v, "b": v, "c": v} for i, v in enumerate(observed)}
    criteria = {**CRITERIA, "a": {**CRITERIA["a"], "direction": direction}}
    part = frame(criteria, values).filter(pl.col("criterion_id") == "a")
    made = mode_fit.criterion_score(part).sort("zone_code")
    again = mode_fit.score_at(part, made["obs_value"].to_numpy())
    assert again.tolist() == pytest.approx(made["score"].to_list(), abs=1e-12)
    between = mode_fit.score_at(
        part, (part["obs_value"].sort().to_numpy()[:-1] + part["obs_value"].sort().to_numpy()[1:]) / 2
    )
    assert sorted(between, reverse=direction < 0) == between.tolist()


def test_every_case_without_a_gain_has_its_reason():
    values = {zone: {"hub": 1.0, "a": float(k), "b": 5.0 + k, "c": 9.0 - k} for k, zone in enumerate(ZONES)}
    values["z0"] |= {"b": None}
    values["z1"] = {"hub": 1.0, "b": 3.0}
    given_frame, _ = lever_frame(frame(CRITERIA, values))
    given_frame = given_frame.with_columns(is_timeless=pl.col("criterion_id") == "hub")
    made = {
        (r["zone_code"], r["criterion_id"]): r["reason_code"]
        for r in levers.gains(given_frame).iter_rows(named=True)
    }
    assert made["z6", "a"] == "already_above" and made["z2", "a"] is None
    assert made["z0", "b"] == "not_observed" and made["z2", "hub"] == "not_movable"
    assert {made["z1", name] for name in CRITERIA} == {"no_fit"}
    assert made["z2", "c"] == "not_sought", "to shrink is no advice"
    alone = levers.gains(given_frame.with_columns(peer_minimum=pl.lit(99)))
    assert set(alone.filter(pl.col("criterion_id") == "a")["reason_code"]) == {"too_few_peers", "no_fit"}


@pytest.mark.parametrize("zone", ["410100", "340100", "231100"])
def test_levers_of_the_warehouse_by_making_the_fit_anew(warehouse, zone):
    inputs = warehouse.sql(
        "select * from work.mode_fit_input where methodology_version = '2.0' and time_period = '2024' "
        f"and zone_code = '{zone}'"
    ).pl()
    rows = warehouse.sql(
        "select * from mart.mode_fit_lever where methodology_version = '2.0' and time_period = '2024' "
        f"and zone_code = '{zone}' and gain is not null"
    ).pl()
    for row in rows.iter_rows(named=True):
        moved = rows.filter(
            (pl.col("mode_id") == row["mode_id"]) & (pl.col("indicator_id") == row["indicator_id"])
        ).select("mode_id", "criterion_id", "raised_score")
        raised = inputs.join(moved, on=["mode_id", "criterion_id"], how="left").with_columns(
            score=pl.coalesce("raised_score", "score")
        )
        found = mode_fit.fit(raised).filter(pl.col("mode_id") == row["mode_id"])["fit"].item()
        assert found - row["fit"] == pytest.approx(row["gain"], abs=1e-12)
        assert row["raised_score"] >= row["score"] - 1e-12
