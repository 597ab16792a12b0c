"""Mode-fit on small worlds worked out by hand, and properties that must hold on any world."""

from __future__ import annotations

import json
import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.metrics import mode_fit

PARAMETERS = {
    "methodology_version": "t",
    "skewness_limit": 2.0,
    "kurtosis_limit": 3.5,
    "winsorise_points": 5,
    "score_floor": 0.0,
    "minimum_figures": 2,
}
GATE = {
    "role": "gate",
    "dimension": "gate",
    "direction": 1,
    "weight": 1.0,
    "scale": "value",
    "membership": json.dumps([[0, 0.5], [1, 1.0]]),
}


def evidence(dimension: str, weight: float, direction: int = 1) -> dict:
    return {
        "role": "evidence",
        "dimension": dimension,
        "direction": direction,
        "weight": weight,
        "scale": "value",
        "membership": None,
    }


def frame(
    criteria: dict[str, dict], values: dict[str, dict[str, float | None]], mode: str = "m"
) -> pl.DataFrame:
    """One row for each zone and criterion, all of year 2020."""
    rows = [
        {
            "zone_code": zone,
            "time_period": "2020",
            "mode_id": mode,
            "criterion_id": name,
            "indicator_id": name,
            "obs_value": known.get(name),
            "unit": "1",
            "observed_period": "2020" if known.get(name) is not None else None,
            "age_years": 0,
            "verification": "seen",
            "is_unverified": False,
            "has_unverified": False,
            **declared,
            **PARAMETERS,
        }
        for zone, known in values.items()
        for name, declared in criteria.items()
    ]
    return pl.DataFrame(
        rows, infer_schema_length=None, schema_overrides={"membership": pl.String, "obs_value": pl.Float64}
    )


def fits(scores: pl.DataFrame, size: float | None = 1e9, minimum: float = 0.6) -> pl.DataFrame:
    return mode_fit.fit(
        scores.with_columns(
            gdp=pl.lit(size, dtype=pl.Float64),
            population=pl.lit(size, dtype=pl.Float64),
            is_zone_active=pl.lit(True),
            minimum_coverage=pl.lit(minimum),
            minimum_gate=pl.lit(0.3),
            minimum_zones=pl.lit(5),
        )
    )


CRITERIA = {"hub": GATE, "a": evidence("x", 2.0), "b": evidence("x", 1.0), "c": evidence("y", 1.0, -1)}
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


def test_comparative_fit_is_centred_and_free_of_size():
    """Five zones, two modes: one fits exactly by size, so nothing of it may be left."""
    zones = [f"z{i}" for i in range(6)]
    sizes = [10.0 ** (i + 3) for i in range(6)]
    rows = []
    for mode, wanted in (("size", [i / 6 for i in range(6)]), ("other", [0.2, 0.9, 0.3, 0.7, 0.1, 0.5])):
        for zone, size, value in zip(zones, sizes, wanted, strict=True):
            rows.append(
                {
                    "zone_code": zone,
                    "time_period": "2020",
                    "mode_id": mode,
                    "fit": value,
                    "gate": 1.0,
                    "coverage": 1.0,
                    "gdp": size,
                    "population": size**0.5 * (1 + (zone in "z1z4")),
                    "reason_code": None,
                    "minimum_zones": 5,
                }
            )
    made = mode_fit._comparative(pl.DataFrame(rows, schema_overrides={"reason_code": pl.String}))
    totals = made.group_by("zone_code").agg(pl.col("comparative_fit").sum())
    assert totals["comparative_fit"].abs().max() < 1e-12
    size_only = made.filter(pl.col("mode_id") == "size")["residual"]
    assert size_only.abs().max() < 1e-9


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


@settings(max_examples=40, deadline=None)
@given(worlds)
def test_fits_lie_in_unit_interval_and_every_gap_has_a_reason(values):
    made = fits(mode_fit.criterion_score(frame(CRITERIA, values)))
    assert made.height == len(values)
    known = made.filter(pl.col("fit").is_not_null())["fit"]
    assert known.is_between(0, 1 + 1e-12).all()
    assert (made["fit"].is_null() == made["reason_code"].is_not_null()).all()
    assert not any(math.isnan(v) for column in ("fit", "coverage", "gate") for v in made[column].drop_nulls())


@settings(max_examples=25, deadline=None)
@given(worlds, st.randoms())
def test_row_order_and_an_all_missing_zone_change_nothing(values, random):
    rows = frame(CRITERIA, values)
    shuffled = rows.sample(fraction=1.0, shuffle=True, seed=random.randint(0, 10**6))
    plain = fits(mode_fit.criterion_score(rows))
    assert fits(mode_fit.criterion_score(shuffled)).equals(plain)
    more = fits(mode_fit.criterion_score(pl.concat([rows, frame(CRITERIA, {"zz": {}})])))
    assert more.filter(pl.col("zone_code") != "zz")["fit"].equals(plain["fit"])


@settings(max_examples=25, deadline=None)
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
