"""Coupling coordination: figures by hand, closed reasons, bounds and invariances."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipelines.metrics.composite.coupling import FORMS, REASONS, coupling_coordination, obstacle_degree

scores = st.integers(2, 5).flatmap(
    lambda n: arrays(np.float64, st.tuples(st.integers(1, 6), st.just(n)), elements=st.floats(0, 1))
)


def test_by_hand():
    figures = coupling_coordination([[0.2, 0.8], [0.5, 0.5], [1, 0]])
    np.testing.assert_allclose(figures.c, [0.8, 1, 0])  # 2 sqrt(0.16) / 1
    np.testing.assert_allclose(figures.t, [0.5, 0.5, 0.5])
    np.testing.assert_allclose(figures.d, [np.sqrt(0.4), np.sqrt(0.5), 0])
    assert figures.reason.tolist() == [None, None, None]
    np.testing.assert_allclose(coupling_coordination([[0.2, 0.8]], [3, 1]).t, [0.35])
    np.testing.assert_allclose(obstacle_degree([[0.2, 0.8]], [1, 2]).degree, [[2 / 3, 1 / 3]])


def test_a_degenerate_unit_has_a_reason_and_no_figure():
    figures = coupling_coordination([[0, 0], [np.nan, 1], [0.3, 0.6]])
    assert figures.reason.tolist() == ["all_subsystems_zero", "subsystem_missing", None]
    assert np.isnan(figures.c).tolist() == np.isnan(figures.d).tolist() == [True, True, False]
    assert figures.t[0] == 0
    assert np.isnan(figures.t[1])
    obstacle = obstacle_degree([[1, 1], [np.nan, 1], [0.3, 0.6]])
    assert obstacle.reason.tolist() == ["no_obstacle", "subsystem_missing", None]
    assert np.isnan(obstacle.degree).all(axis=1).tolist() == [True, True, False]
    assert {*figures.reason, *obstacle.reason} - {None} == set(REASONS)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: coupling_coordination([[0.1, -0.2]]), "row 0, column 1 holds -0.2, expected 0 to 1"),
        (lambda: obstacle_degree([[0.1, 1.5]]), "holds 1.5, expected 0 to 1"),
        (lambda: coupling_coordination([[0.1], [0.2]]), "found shape (2, 1)"),
        (lambda: coupling_coordination([[0.1, 0.2]], [1]), "expected 2 that are not negative"),
        (lambda: coupling_coordination([[0.1, 0.2]], [0, 0]), "not all zero"),
        (lambda: coupling_coordination([[0.1, 0.2]], form="liao"), "form is 'liao'"),
    ],
)
def test_input_that_breaks_the_contract_is_refused(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


@given(scores, st.sampled_from(FORMS))
def test_bounds_and_reasons(u, form):
    figures = coupling_coordination(u, form=form)
    for values in (figures.c, figures.t, figures.d):
        known = values[~np.isnan(values)]
        assert ((known >= 0) & (known <= 1)).all()
    assert (np.isnan(figures.c) == [reason is not None for reason in figures.reason]).all()
    assert (figures.c[(u == u[:, :1]).all(axis=1) & u.any(axis=1)] > 1 - 1e-12).all()


@given(scores, st.sampled_from(FORMS), st.randoms())
def test_order_of_units_and_subsystems_does_not_matter(u, form, random):
    rows, columns = list(range(u.shape[0])), list(range(u.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    np.testing.assert_allclose(
        coupling_coordination(u[rows][:, columns], form=form).d,
        coupling_coordination(u, form=form).d[rows],
        rtol=1e-9,
        atol=1e-12,
    )


@given(scores)
def test_standard_coupling_is_of_ratios_and_coordination_of_levels(u):
    whole, half = coupling_coordination(u), coupling_coordination(u / 2)
    normal = (u == 0) | (u > 1e-300)
    keep = normal.all(axis=1)
    np.testing.assert_allclose(half.c[keep], whole.c[keep], rtol=1e-9)
    np.testing.assert_allclose(half.t, whole.t / 2, rtol=1e-9, atol=1e-300)


@given(scores)
def test_obstacles_add_up(u):
    figures = obstacle_degree(u)
    known = [reason is None for reason in figures.reason]
    np.testing.assert_allclose(figures.degree[known].sum(axis=1), 1)
