"""Composite indicators worked by hand, degenerate cases, and what must hold for any figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipelines.metrics.composite import aggregation
from tests.helpers.effort import examples

NAN = np.nan
positive = hnp.arrays(
    float, st.tuples(st.integers(2, 9), st.just(4)), elements=st.floats(0.01, 100).map(lambda v: round(v, 3))
)


def mean(values, weights, power):
    return aggregation.power_mean([np.array([v]) for v in values], [np.array([w]) for w in weights], power)[
        0
    ][0]


def test_means_by_hand():
    assert mean([1, 4], [3, 1], 1.0) == pytest.approx(7 / 4)
    assert mean([1, 4], [1, 1], 0.0) == pytest.approx(2)
    assert mean([1, 4], [1, 1], -1.0) == pytest.approx(8 / 5)
    assert mean([1, 7], [1, 1], 2.0) == pytest.approx(5)


def test_means_skip_gaps_and_say_what_weight_is_there():
    found, mass = aggregation.power_mean(
        [np.array([2.0, NAN]), np.array([NAN, NAN])], np.array([3.0, 1.0]), 0.0
    )
    assert found[0] == pytest.approx(2) and np.isnan(found[1])
    assert mass.tolist() == [3, 0]


def test_zero_ends_a_geometric_and_a_harmonic_mean_unless_it_has_no_weight():
    for power in (0.0, -1.0):
        assert mean([0, 4], [1, 1], power) == 0
        assert mean([0, 4], [0, 1], power) == pytest.approx(4)
        with pytest.raises(ValueError, match="zero and above"):
            mean([-1, 4], [1, 1], power)


def test_hierarchy_by_hand():
    scores = np.array([[1.0, 3, 10], [NAN, 3, 10]])
    parents = [np.array([0, 0, 1]), np.array([0, 0])]
    middle, top = aggregation.hierarchy(scores, [np.ones(3), np.array([3.0, 1])], parents, 1.0)
    assert middle.tolist() == [[2, 10], [3, 10]] and top.tolist() == [[4], [4.75]]


def test_imputation_within_groups():
    x = np.array([[1.0, NAN], [NAN, NAN], [4, 2], [NAN, 6]])
    assert aggregation.impute(x, "mean")[:, 0].tolist() == [1, 2.5, 4, 2.5]
    grouped = aggregation.impute(x, "median", np.array(["a", "a", "b", "b"]))
    assert grouped[:, 0].tolist() == [1, 1, 4, 4]
    assert np.isnan(grouped[:2, 1]).all() and grouped[2:, 1].tolist() == [2, 6]


def test_outranking_and_copeland_by_hand():
    # a beats b on half, ties on the rest; c loses everywhere
    matrix = aggregation.outranking(np.array([[2.0, 5], [1, 5], [0, 0]]), np.array([1.0, 1]))
    np.testing.assert_allclose(matrix, [[0, 0.75, 1], [0.25, 0, 1], [0, 0, 0]])
    assert aggregation.copeland(matrix).tolist() == [2, 0, -2]
    assert aggregation.copeland(aggregation.outranking(np.ones((3, 2)), np.ones(2))).tolist() == [0, 0, 0]


def test_topsis_ends_and_gaps():
    x = np.array([[1.0, 9], [5, 1], [3, 5], [NAN, 5]])
    for normalisation in ("minmax", "vector"):
        found = aggregation.topsis(x, np.ones(2), np.array([1, -1]), normalisation)
        assert found[:2].tolist() == [0, 1] and 0 < found[2] < 1 and np.isnan(found[3])
    assert np.isnan(aggregation.topsis(np.ones((3, 2)), np.ones(2), np.ones(2), "minmax")).all()
    assert np.isnan(aggregation.topsis(np.full((3, 2), NAN), np.ones(2), np.ones(2), "vector")).all()
    constant = np.column_stack([x[:3, 0], np.ones(3)])
    np.testing.assert_allclose(aggregation.topsis(constant, np.ones(2), np.ones(2), "minmax"), [0, 1, 0.5])


def test_cronbach_of_parallel_and_of_lone_indicators():
    x = np.arange(6.0)
    assert aggregation.cronbach(np.column_stack([x, x, x])) == pytest.approx(1)
    assert np.isnan(aggregation.cronbach(x[:, None])) and np.isnan(aggregation.cronbach(np.ones((4, 2))))


def test_ranks_tie_at_the_lowest_and_leave_gaps():
    assert aggregation.ranks(np.array([3.0, 5, 3, 1])).tolist() == [2, 1, 2, 4]
    np.testing.assert_array_equal(aggregation.ranks(np.array([NAN, 5, 7])), [NAN, 2, 1])
    assert aggregation.rank_shift(np.array([[1.0, 2], [2, 1]]), np.array([2.0, 1])).tolist() == [1, 0]


@examples(60)
@given(positive, st.randoms())
def test_row_order_units_and_a_unit_without_figures_change_nothing(x, random):
    weights, parent = np.array([0.4, 0.3, 0.2, 0.1]), np.array([0, 0, 1, 1])
    order = np.array(random.sample(range(len(x)), len(x)))
    for power in (1.0, 0.0, -1.0):
        plain = aggregation.aggregate(x, weights, parent, power)
        assert np.array_equal(aggregation.aggregate(x[order], weights, parent, power), plain[order])
        more = aggregation.aggregate(np.vstack([x, np.full(4, NAN)]), weights, parent, power)
        assert np.array_equal(more[:-1], plain) and np.isnan(more[-1]).all()
        np.testing.assert_allclose(aggregation.aggregate(x * 7, weights, parent, power), plain * 7)
    matrix = aggregation.outranking(x, weights)
    np.testing.assert_allclose(aggregation.outranking(x * 1000, weights), matrix)


@examples(60)
@given(positive)
def test_means_are_ordered_by_power_and_lie_among_their_values(x):
    weights, parent = np.array([0.4, 0.3, 0.2, 0.1]), np.zeros(4, dtype=int)
    found = [aggregation.aggregate(x, weights, parent, power)[:, 0] for power in (-1.0, 0.0, 1.0, 2.0)]
    bounded = [x.min(axis=1), *found, x.max(axis=1)]
    assert all((low <= high * (1 + 1e-9)).all() for low, high in zip(bounded, bounded[1:], strict=False))
