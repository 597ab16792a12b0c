"""The array kernel of fit and comparative fit, by hand and against plain least squares."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipelines.metrics.fit import fit_kernel
from tests.helpers.effort import examples

DIMENSION = np.array([0, 0, 1])
LIMITS = {"minimum_gate": 0.3, "minimum_zones": 20}
WEIGHTS = np.array([0.5, 0.25, 0.25])


def test_evidence_by_hand():
    scores = np.array([[0.8, 0.2, 0.9], [0.8, np.nan, 0.9], [0.0, 0.0, 1.0], [np.nan] * 3])
    geometric = fit_kernel.evidence(scores, WEIGHTS, DIMENSION)
    np.testing.assert_allclose(geometric[:3], [0.6**0.75 * 0.9**0.25, 0.8 ** (2 / 3) * 0.9 ** (1 / 3), 0])
    arithmetic = fit_kernel.evidence(scores, WEIGHTS, DIMENSION, across="arithmetic")
    np.testing.assert_allclose(arithmetic[:3], [0.675, (0.4 + 0.225) / 0.75, 0.25])
    assert np.isnan(geometric[3]) and np.isnan(arithmetic[3])
    np.testing.assert_allclose(fit_kernel.coverage(scores, WEIGHTS), [1, 0.75, 1, 0])


def test_one_replication_is_the_same_bits_as_many():
    rng = np.random.default_rng(1)
    scores = np.where(rng.random((57, 9)) < 0.2, np.nan, rng.random((57, 9)))
    dimension, weights = np.arange(9) % 4, rng.dirichlet(np.ones(9), 40)
    many = fit_kernel.evidence(scores, weights, dimension)
    size, gate = rng.normal(size=(57, 2)), np.ones((2, 57))
    fits = np.stack([many, many[::-1]])
    residuals = fit_kernel.comparative(fits, gate, size, **LIMITS).comparative
    for r in (0, 17, 39):
        assert np.array_equal(many[r], fit_kernel.evidence(scores, weights[r], dimension), equal_nan=True)
        one = fit_kernel.comparative(fits[:, r], gate, size, **LIMITS).comparative
        assert np.array_equal(residuals[:, r], one, equal_nan=True)


@pytest.mark.parametrize("population", ["all", "gate_passing"])
def test_residuals_are_those_of_least_squares(population):
    rng = np.random.default_rng(2)
    fits, size, gate = rng.random((3, 40)), rng.normal(25, 2, (40, 2)), rng.random((3, 40))
    fits[0, :4] = size[5, 1] = np.nan
    found = fit_kernel.comparative(
        fits, gate, size, minimum_gate=0.3, minimum_zones=10, population=population
    )
    for mode in range(3):
        used = np.isfinite(fits[mode]) & np.isfinite(size).all(axis=1)
        if population == "gate_passing":
            used &= gate[mode] >= 0.3
        design = np.column_stack([np.ones(used.sum()), size[used]])
        beta, *_ = np.linalg.lstsq(design, fits[mode, used], rcond=None)
        np.testing.assert_allclose(found.residual[mode, used], fits[mode, used] - design @ beta, atol=1e-12)
        assert np.isnan(found.residual[mode, ~used]).all()
    several = np.isfinite(found.residual).sum(axis=0) >= 2
    np.testing.assert_allclose(np.nansum(found.comparative[:, several], axis=0), 0, atol=1e-12)
    assert np.isnan(found.comparative[:, ~several]).all()


def test_standardised_residuals_do_not_depend_on_the_spread_of_a_mode():
    rng = np.random.default_rng(4)
    fits, size, gate = rng.random((2, 30)), rng.normal(size=(30, 2)), np.ones((2, 30))
    wide = fits * np.array([[1.0], [0.01]])
    one, other = (fit_kernel.comparative(f, gate, size, **LIMITS, scale="standardised") for f in (fits, wide))
    np.testing.assert_allclose(one.comparative, other.comparative, atol=1e-9)


def test_collinear_size_and_too_few_zones():
    rng = np.random.default_rng(5)
    fits, column, gate = rng.random((2, 30)), rng.normal(size=(30, 1)), np.ones((2, 30))
    double = fit_kernel.comparative(fits, gate, np.hstack([column, 3 * column]), **LIMITS)
    single = fit_kernel.comparative(fits, gate, column, **LIMITS)
    np.testing.assert_allclose(double.residual, single.residual, atol=1e-12)
    assert np.isnan(
        fit_kernel.comparative(fits, gate, column, minimum_gate=0.3, minimum_zones=31).residual
    ).all()


def test_best_mode_needs_its_gate_and_ties_go_to_the_first():
    comparative = np.array([[0.3, 0.1, np.nan, 0.1], [0.1, 0.1, np.nan, -0.1]])
    gate = np.array([[0.1, 1, 1, 0.1], [1, 1, 1, 0.1]])
    assert fit_kernel.best(comparative, gate, 0.3).tolist() == [1, 0, -1, -1]


@examples(60)
@given(
    hnp.arrays(float, (5, 4), elements=st.floats(0, 1)),
    hnp.arrays(float, 4, elements=st.floats(0.01, 1)),
    st.tuples(st.integers(0, 4), st.integers(0, 3), st.floats(0, 1)),
)
@pytest.mark.parametrize("across", ["geometric", "arithmetic"])
def test_evidence_lies_among_its_scores_and_never_falls_when_one_rises(across, scores, weights, change):
    dimension, (zone, k, raised) = np.array([0, 1, 1, 2]), change
    before = fit_kernel.evidence(scores, weights, dimension, across)
    assert (before >= scores.min(axis=1) - 1e-12).all() and (before <= scores.max(axis=1) + 1e-12).all()
    scores[zone, k] = max(scores[zone, k], raised)
    after = fit_kernel.evidence(scores, weights, dimension, across)
    assert (after >= before - 1e-12).all()
