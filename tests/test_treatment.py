"""Treatment and normalisation against hand-worked figures, properties, and COINr's published steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.metrics import treatment

COINR = Path(__file__).parents[2] / "shared" / "cases" / "coinr"
LIMITS = (2.0, 3.5, 5)
vectors = st.lists(st.floats(-1e6, 1e6, allow_nan=False), min_size=6, max_size=60).map(np.array)


def test_skewness_and_kurtosis_by_hand():
    x = np.array([1.0, 2.0, 3.0, 4.0, 10.0])
    # mean 4, deviations -3 -2 -1 0 6: m2 = 50/5, m3 = 180/5, m4 = 1394/5
    assert treatment.skewness(x) == pytest.approx((36 / 10**1.5) * np.sqrt(20) / 3)
    assert treatment.kurtosis(x) == pytest.approx(4 / 6 * (6 * (278.8 / 100 - 3) + 6))


def test_constant_and_tiny_vectors_have_no_shape():
    assert np.isnan(treatment.skewness(np.array([3.0, 3.0, 3.0])))
    assert np.isnan(treatment.minmax(np.array([3.0, 3.0]))).all()
    assert np.isnan(treatment.percentile_rank(np.array([3.0]))).all()


def test_one_outlier_is_winsorised_to_its_neighbour():
    x = np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 1000])
    treated, how = treatment.treat(x, *LIMITS)
    assert how == "winsorised"
    assert treated.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 9]


def test_at_the_limit_the_unit_of_measurement_does_not_decide():
    x = np.array([0.0, 0, 0, 5])  # skewness 2, kurtosis 4
    assert {treatment.passes(x * factor, 2.0, 3.5) for factor in (1, 1e-3, 7, 1e6, 1 / 3)} == {False}


def test_heavy_tail_is_logged():
    x = np.exp(np.linspace(0, 30, 60))
    assert treatment.treat(x, *LIMITS)[1] == "logged"


@given(vectors)
def test_treatment_keeps_order(x):
    treated, _ = treatment.treat(x, *LIMITS)
    order = np.argsort(x, kind="stable")
    assert (np.diff(treated[order]) >= -1e-9 * max(1, np.abs(treated).max())).all()


@given(vectors, st.sampled_from([1, -1]))
def test_minmax_lies_in_unit_interval_and_turns(x, direction):
    score = treatment.minmax(x, direction)
    if np.ptp(x) == 0:
        assert np.isnan(score).all()
    else:
        assert score.min() == 0 and score.max() == 1
        assert score[np.argmax(x)] == (1 if direction > 0 else 0)


@given(vectors)
def test_percentile_rank_is_symmetric(x):
    np.testing.assert_allclose(treatment.percentile_rank(x) + treatment.percentile_rank(-x), 1)


def test_coinr_default_treatment_and_normalisation():
    """Every one of COINr's 49 ASEM indicators: treated and min-max normalised figures to 1e-9."""
    if not COINR.exists():
        pytest.skip("peer cases are not beside this checkout")
    screened, treated, normalised = (
        pl.read_csv(COINR / f"{name}.csv", null_values=["NA"], infer_schema_length=None)
        for name in ("step_4_Screened", "step_5_Treated", "step_6_Normalised")
    )
    meta = pl.read_csv(COINR / "in_iMeta.csv", null_values=["NA"], infer_schema_length=None)
    direction = dict(meta.filter(pl.col("Type") == "Indicator").select("iCode", "Direction").iter_rows())
    assert len(direction) == 49
    for code, sign in direction.items():
        ours, _ = treatment.treat(screened[code].cast(pl.Float64).to_numpy(), *LIMITS)
        np.testing.assert_allclose(ours, treated[code].cast(pl.Float64).to_numpy(), rtol=1e-9, err_msg=code)
        scores = treatment.minmax(ours, int(sign)) * 100
        np.testing.assert_allclose(scores, normalised[code].cast(pl.Float64).to_numpy(), rtol=1e-9, atol=1e-9)
