"""Treatment and normalisation against hand-worked figures, and properties; COINr's steps are in tests/parity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.metrics.composite import treatment

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


def test_normalisations_by_hand():
    x = np.array([2.0, 4, 4, 10, np.nan])
    np.testing.assert_allclose(treatment.goalposts(x, 2, 6)[:4], [0, 0.5, 0.5, 2])
    np.testing.assert_allclose(treatment.zscore(x)[:4] * np.std(x[:4], ddof=1), x[:4] - 5)
    np.testing.assert_allclose(treatment.fraction_of_max(x)[:4], [0.2, 0.4, 0.4, 1])
    assert treatment.rank(x)[:4].tolist() == [1, 2, 2, 4]
    assert treatment.rank(x, ties="average")[:4].tolist() == [1, 2.5, 2.5, 4]
    assert treatment.borda(x)[:4].tolist() == [0, 1, 1, 3]
    assert np.isnan(treatment.rank(x)[4]) and np.isnan(treatment.normal_score(x)[4])


def test_what_cannot_be_placed_is_nan():
    flat = np.array([0.0, 0, 0])
    for function in (treatment.zscore, treatment.normal_score, treatment.minmax, treatment.fraction_of_max):
        assert np.isnan(function(flat)).all()
    assert np.isnan(treatment.goalposts(flat, 1, 1)).all()


@given(
    vectors.filter(lambda x: np.ptp(x) > 0),
    st.sampled_from([1, -1]),
    st.sampled_from(["minmax", "rank", "zscore"]),
)
def test_evidence_scores_lie_between_floor_and_one_in_order(x, direction, normalisation):
    score = treatment.evidence_score(x, direction, 0.01, normalisation)
    assert score.min() >= 0.01 and score.max() <= 1
    assert (np.diff(score[np.argsort(direction * x)]) >= 0).all()
