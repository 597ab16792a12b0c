"""Ellison-Glaeser, Maurel-Sedillot, coagglomeration: by hand, degenerate cases, invariances."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.metrics.clusters.plants import REASONS, coagglomeration, plant_concentration
from tests.helpers.effort import examples

# x = (.5, .5); industry a: plants 6 and 2 in A, 2 in B; s = (.8, .2), H = .36 + .04 + .04.
INDUSTRY, REGION, EMPLOYEES = ["a", "a", "a", "b", "b"], ["A", "A", "B", "A", "B"], [6, 2, 2, 2, 8]


def test_by_hand():
    figures = plant_concentration(INDUSTRY, REGION, EMPLOYEES)
    g, h, room = 2 * 0.3**2, 0.44, 0.5
    assert figures.industry.tolist() == ["a", "b"]
    assert figures.plants.tolist() == [3, 2]
    np.testing.assert_allclose(figures.raw_concentration[0], g)
    np.testing.assert_allclose(figures.herfindahl[0], h)
    np.testing.assert_allclose(figures.ellison_glaeser[0], (g - room * h) / (room * (1 - h)))
    np.testing.assert_allclose(figures.maurel_sedillot[0], ((0.68 - 0.5) / room - h) / (1 - h))
    assert figures.reason.tolist() == [None, None]
    # a lies in A, b in B: (.5 .5) together, so only their differences (.3 -.3) and (-.3 .3) remain.
    np.testing.assert_allclose(
        coagglomeration(INDUSTRY, REGION, EMPLOYEES, ["a", "b"]), (0 - 2 * 0.25 * 0.18) / 0.5 / (1 - 0.5)
    )


def test_degenerate_industries_have_a_reason():
    figures = plant_concentration(["a", "b", "b", "c", "c"], ["A", "A", "B", "A", "B"], [5, 0, 0, 3, 4])
    assert figures.reason.tolist() == ["one_plant", "no_employment", None]
    for values in (figures.ellison_glaeser, figures.maurel_sedillot, figures.z):
        assert np.isnan(values).tolist() == [True, True, False]
    alone = plant_concentration(["a", "a"], ["A", "A"], [1, 2])
    assert alone.reason.tolist() == ["one_region"]
    assert {*figures.reason, *alone.reason} - {None} == set(REASONS)
    assert np.isnan(coagglomeration(["a", "b"], ["A", "A"], [1, 2], ["a", "b"]))
    assert np.isnan(coagglomeration(INDUSTRY, REGION, EMPLOYEES, ["a"]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plant_concentration(["a"], ["A", "B"], [1, 2]), "different lengths"),
        (lambda: plant_concentration([], [], []), "empty"),
        (lambda: plant_concentration(["a"], ["A"], [-1]), "employees are missing, infinite or negative"),
        (lambda: plant_concentration(["a"], ["A"], [1], {"B": 2}), r"no figure for \['A'\]"),
        (lambda: plant_concentration(["a"], ["A"], [1], {"A": 0}), "not all zero"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def _register(seed):
    rng = np.random.default_rng(seed)
    n = 40
    return rng.integers(0, 4, n), rng.integers(0, 5, n), rng.integers(1, 500, n)


@examples(40)
@given(st.integers(0, 10**6), st.integers(2, 1000))
def test_row_order_unit_and_names_do_not_matter(seed, factor):
    industry, region, employees = _register(seed)
    order = np.random.default_rng(seed + 1).permutation(len(industry))
    here = plant_concentration(industry, region, employees)
    there = plant_concentration(industry[order], 9 - region[order], employees[order] * factor)
    for name in ("ellison_glaeser", "maurel_sedillot", "z", "herfindahl"):
        np.testing.assert_allclose(getattr(there, name), getattr(here, name), rtol=1e-9, atol=1e-12)
    together = coagglomeration(industry, region, employees, [0, 1, 2])
    assert together <= 1 + 1e-12
    np.testing.assert_allclose(
        coagglomeration(industry[order], region[order], employees[order], [2, 0, 1]), together, rtol=1e-9
    )


def test_plants_thrown_at_random_are_not_concentrated():
    rng = np.random.default_rng(3)
    region = rng.choice(20, 20_000, p=np.arange(1, 21) / 210)
    figures = plant_concentration(np.zeros(20_000), region, rng.lognormal(3, 1, 20_000))
    assert abs(figures.ellison_glaeser[0]) < 0.001
    assert abs(figures.maurel_sedillot[0]) < 0.002
