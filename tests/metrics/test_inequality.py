"""Gini and Theil: figures by hand, decomposition, invariances, degenerate cases."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipelines.metrics.clusters.inequality import gini, theil

amounts = arrays(np.int64, st.tuples(st.integers(2, 8), st.integers(1, 4)), elements=st.integers(1, 10**6))


def test_gini_by_hand():
    # Mean absolute difference of (1, 3) over all pairs 1, mean 2: 1 / (2 * 2). One of four has all: 3/4.
    np.testing.assert_allclose(gini([[1.0, 0], [3, 0], [1, 0], [3, 4]]), [0.25, 0.75])
    np.testing.assert_allclose(gini([[1.0], [3]], [2, 2]), gini([[1.0], [3], [1], [3]]))
    assert np.isnan(gini([[0.0], [0]])[0])


def test_theil_by_hand():
    figures = theil([[1.0], [3]])
    np.testing.assert_allclose(figures.t, 0.25 * np.log(0.5) + 0.75 * np.log(1.5))
    np.testing.assert_allclose(figures.l, 0.5 * np.log(2) + 0.5 * np.log(2 / 3))
    # Shares that are those of the population are equal.
    np.testing.assert_allclose(theil([[1.0], [3]], [10, 30]).t, 0, atol=1e-15)


def test_a_zero_is_harmless_in_t_and_infinite_in_l():
    figures = theil([[0.0, 0], [2, 0]])
    np.testing.assert_allclose(figures.t[0], np.log(2))
    assert np.isnan(figures.l[0])
    assert np.isnan([figures.t[1], figures.l[1]]).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gini([[1.0], [-1]]), "amounts are missing, infinite or negative"),
        (lambda: theil([[1.0], [np.nan]]), "amounts are missing"),
        (lambda: theil([[1.0], [1]], [1, -1]), "weights are missing, infinite or negative"),
        (lambda: gini([[1.0], [1]], [0, 0]), "all zero"),
        (lambda: gini([1.0, 2]), "found amounts"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@settings(deadline=None)
@given(amounts, st.integers(0, 10**6))
def test_theil_is_between_plus_the_weighted_mean_of_within(y, seed):
    rng = np.random.default_rng(seed)
    population, groups = rng.uniform(1, 9, len(y)), rng.integers(0, 3, len(y))
    whole = theil(y, population, groups)
    s, x = y / y.sum(axis=0), population / population.sum()
    t_within, l_within = np.zeros(y.shape[1]), np.zeros(y.shape[1])
    for group in np.unique(groups):
        inside = groups == group
        own = theil(y[inside], population[inside])
        t_within += s[inside].sum(axis=0) * own.t
        l_within += x[inside].sum() * own.l
    np.testing.assert_allclose(whole.t_within, t_within, atol=1e-9)
    np.testing.assert_allclose(whole.l_within, l_within, atol=1e-9)
    np.testing.assert_allclose(whole.t_between + whole.t_within, whole.t, atol=1e-9)
    np.testing.assert_allclose(whole.l_between + whole.l_within, whole.l, atol=1e-9)


@settings(deadline=None)
@given(amounts, st.floats(0.01, 100), st.randoms(use_true_random=False))
def test_order_unit_and_duplication_do_not_matter(y, factor, random):
    order = random.sample(range(len(y)), len(y))
    twice = np.vstack([y, y])
    for figure in (gini, lambda y: theil(y).t, lambda y: theil(y).l):
        here = figure(y)
        assert (here >= 0).all()
        np.testing.assert_allclose(figure(y[order]), here, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(figure(y * factor), here, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(figure(twice), here, rtol=1e-9, atol=1e-12)


@settings(deadline=None)
@given(amounts)
def test_bounds(y):
    assert (gini(y) <= 1 - 1 / len(y) + 1e-12).all()
    assert (theil(y).t <= np.log(len(y)) + 1e-12).all()
