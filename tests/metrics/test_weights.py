"""Weights of indicators against figures worked by hand, and what must hold for any scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipelines.metrics.composite import weights
from tests.helpers.effort import examples

METHODS = [weights.entropy, weights.critic, weights.pca]
matrices = hnp.arrays(
    float,
    st.tuples(st.integers(4, 25), st.integers(1, 6)),
    elements=st.one_of(st.just(np.nan), st.floats(0, 1, allow_subnormal=False)),
)


def test_equal_weights():
    assert weights.equal(4).weights.tolist() == [0.25] * 4
    assert weights.equal(0).reason == "no_indicators"


def test_entropy_by_hand():
    # one unit has everything: entropy 0, divergence 1; two of four share: entropy ln 2 / ln 4 = 1/2
    found = weights.entropy(np.array([[1.0, 1], [0, 1], [0, 0], [0, 0]]))
    np.testing.assert_allclose(found.weights, [2 / 3, 1 / 3])


def test_critic_of_unrelated_and_of_twin_indicators():
    x = np.array([0.0, 0, 1, 1])
    y = np.array([0.0, 1, 0, 1])
    # the twins conflict with y only, y with both of them
    np.testing.assert_allclose(weights.critic(np.column_stack([x, x, y])).weights, [0.25, 0.25, 0.5])


def test_pca_gives_unrelated_pairs_the_same_weight():
    x, y = np.repeat([0.0, 1], 4), np.tile([0.0, 1], 4)
    found = weights.pca(np.column_stack([x, x, y, y]))
    np.testing.assert_allclose(found.weights, [0.25] * 4, atol=1e-9)


def test_varimax_keeps_what_is_explained():
    rng = np.random.default_rng(3)
    loadings = rng.normal(size=(7, 3))
    turned = weights.varimax(loadings)
    np.testing.assert_allclose((turned**2).sum(axis=1), (loadings**2).sum(axis=1))
    assert np.var(turned**2, axis=0).sum() >= np.var(loadings**2, axis=0).sum()


def test_consistent_judgements_give_their_own_weights():
    wanted = np.array([0.5, 0.3, 0.2])
    found = weights.ahp(wanted[:, None] / wanted)
    np.testing.assert_allclose(found.weights, wanted)
    assert found.consistency_ratio == pytest.approx(0, abs=1e-12)
    assert weights.ahp(np.array([[1.0, 2], [2, 1]])).reason == "not_reciprocal"


@pytest.mark.parametrize("method", METHODS)
def test_degenerate_scores_have_a_reason(method):
    assert method(np.full((5, 3), 0.4)).reason == "no_spread"
    assert method(np.full((5, 3), np.nan)).reason == "no_spread"
    assert method(np.empty((5, 0))).reason is not None
    flat = np.column_stack([np.linspace(0, 1, 5), np.full(5, 0.4), np.full(5, np.nan)])
    assert method(flat).weights.tolist() == [1, 0, 0]


def test_entropy_refuses_negative_scores_and_correlations_ask_for_three_units():
    assert weights.entropy(np.array([[-1.0], [2]])).reason == "negative_scores"
    apart = np.array([[0.0, np.nan], [1, np.nan], [np.nan, 0], [np.nan, 1]])
    twins = np.column_stack([np.linspace(0, 1, 5)] * 2)
    assert weights.critic(twins).reason == "no_conflict"
    assert weights.critic(apart).reason == weights.pca(apart).reason == "too_few_pairs"


@examples(60)
@given(matrices, st.randoms())
@pytest.mark.parametrize("method", METHODS)
def test_weights_sum_to_one_or_have_a_reason(method, scores, random):
    found = method(scores)
    if found.reason:
        assert found.reason in weights.REASONS and np.isnan(found.weights).all()
        return
    assert found.weights.sum() == pytest.approx(1) and (found.weights >= -1e-15).all()
    order = np.array(random.sample(range(len(scores)), len(scores)))
    with_blank = np.vstack([scores[order], np.full(scores.shape[1], np.nan)])
    if method is not weights.pca:  # a tie of two eigenvalues leaves the rotation's start open
        np.testing.assert_allclose(method(with_blank).weights, found.weights, atol=1e-7)
