"""Specialisation indices against figures worked by hand, their properties and their degenerate cases."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipelines.metrics.clusters import specialisation

# Total 40; region totals 10, 10, 20 (weights .25 .25 .5); industry totals 20, 10, 10 (shares .5 .25 .25).
# Shares of the regions: (.8 .2 0), (.2 .4 .4), (.5 .2 .3).
E = np.array([[8.0, 2, 0], [2, 4, 4], [10, 4, 6]])


def _nobody_empty(counts):
    counts[0] += 1
    counts[:, 0] += 1
    return counts.astype(float)


shapes = st.tuples(st.integers(2, 7), st.integers(2, 7))
matrices = arrays(np.int64, shapes, elements=st.integers(0, 10**6)).map(_nobody_empty)
MEASURES_OF_REGIONS = [
    specialisation.herfindahl_regions,
    specialisation.krugman_specialisation,
    specialisation.hoover_specialisation,
]
MEASURES_OF_INDUSTRIES = [
    specialisation.herfindahl_industries,
    specialisation.krugman_concentration,
    specialisation.hoover_concentration,
    specialisation.locational_gini,
]


def test_location_quotient_by_hand():
    expected = [[1.6, 0.8, 0.0], [0.4, 1.6, 1.6], [1.0, 0.8, 1.2]]
    np.testing.assert_allclose(specialisation.location_quotient(E), expected, rtol=1e-14)


def test_herfindahl_by_hand():
    # .64 + .04, .04 + .16 + .16, .25 + .04 + .09; industries (.4 .1 .5), (.2 .4 .4), (0 .4 .6)
    np.testing.assert_allclose(specialisation.herfindahl_regions(E), [0.68, 0.36, 0.38], rtol=1e-14)
    np.testing.assert_allclose(specialisation.herfindahl_industries(E), [0.42, 0.36, 0.52], rtol=1e-14)


def test_krugman_by_hand():
    # all: .3 + .05 + .25, .3 + .15 + .15, 0 + .05 + .05
    np.testing.assert_allclose(specialisation.krugman_specialisation(E), [0.6, 0.6, 0.1], rtol=1e-14)
    # others: (12 8 10)/30, (18 6 6)/30, (10 6 4)/20
    np.testing.assert_allclose(
        specialisation.krugman_specialisation(E, "others"), [0.8, 0.8, 0.2], rtol=1e-14
    )
    # industries against (.25 .25 .5): .15 + .15 + 0, .05 + .15 + .1, .25 + .15 + .1
    np.testing.assert_allclose(specialisation.krugman_concentration(E), [0.3, 0.3, 0.5], rtol=1e-14)


def test_locational_gini_by_hand():
    # Industry 1, regions by LQ .4 1.0 1.6: widths .25 .5 .25, cumulated .1 .6 1.0;
    # area below (.25*.1 + .5*.7 + .25*1.6) / 2 = .3875. Industry 2: .425, industry 3: .35.
    np.testing.assert_allclose(specialisation.locational_gini(E), [0.1125, 0.075, 0.15], rtol=1e-13)


def test_locational_gini_of_ties_does_not_depend_on_their_order():
    # Industry 2 has the quotient .8 in regions 1 and 3.
    np.testing.assert_allclose(
        specialisation.locational_gini(E[[2, 1, 0]]), specialisation.locational_gini(E), rtol=1e-14
    )


def test_region_like_the_reference_is_not_specialised():
    e = np.array([[10.0, 20, 30], [20, 40, 60]])
    np.testing.assert_allclose(specialisation.krugman_specialisation(e), 0, atol=1e-15)
    np.testing.assert_allclose(specialisation.locational_gini(e), 0, atol=1e-15)


def test_region_without_employment_is_nan_and_leaves_the_others_as_they_are():
    with_empty = np.vstack([E, np.zeros(3)])
    for measure in (*MEASURES_OF_REGIONS, specialisation.location_quotient):
        assert np.isnan(measure(with_empty)[3]).all()
        np.testing.assert_array_equal(measure(with_empty)[:3], measure(E))
    for measure in MEASURES_OF_INDUSTRIES:
        np.testing.assert_allclose(measure(with_empty), measure(E), rtol=1e-14)


def test_industry_without_employment_is_nan_and_leaves_the_others_as_they_are():
    with_empty = np.hstack([E, np.zeros((3, 1))])
    assert np.isnan(specialisation.location_quotient(with_empty)[:, 3]).all()
    for measure in MEASURES_OF_INDUSTRIES:
        assert np.isnan(measure(with_empty)[3])
        np.testing.assert_array_equal(measure(with_empty)[:3], measure(E))
    np.testing.assert_array_equal(specialisation.zone_shares(with_empty)[:, 3], 0)
    np.testing.assert_allclose(
        specialisation.krugman_specialisation(with_empty), specialisation.krugman_specialisation(E)
    )


def test_nothing_employed_at_all_is_nan_everywhere():
    for measure in (*MEASURES_OF_REGIONS, *MEASURES_OF_INDUSTRIES, specialisation.location_quotient):
        assert np.isnan(measure(np.zeros((2, 3)))).all()


def test_the_only_region_has_no_others():
    assert np.isnan(specialisation.krugman_specialisation(E[:1], "others")).all()


def test_large_counts_do_not_overflow():
    # EconGeo's integers overflow at 60,000 employees.
    e = np.array([[3_000_000_000, 1_000_000_000], [1_000_000_000, 3_000_000_000]], dtype=np.int64)
    np.testing.assert_allclose(specialisation.herfindahl_regions(e), 0.625)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
def test_a_cell_that_is_no_count_is_refused_with_its_place(bad):
    e = E.copy()
    e[1, 2] = bad
    with pytest.raises(ValueError, match="row 1, column 2"):
        specialisation.location_quotient(e)


def test_a_vector_and_an_unknown_reference_are_refused():
    with pytest.raises(ValueError, match="expected 2"):
        specialisation.location_quotient(np.ones(3))
    with pytest.raises(ValueError, match="'rest'"):
        specialisation.krugman_specialisation(E, "rest")


@settings(deadline=None)
@given(matrices)
def test_bounds(e):
    for reference in ("all", "others"):
        krugman = specialisation.krugman_specialisation(e, reference)
        assert ((krugman >= 0) & (krugman <= 2)).all()
    assert (
        (specialisation.krugman_concentration(e) >= 0)
        & (specialisation.krugman_concentration(e) <= 2 + 1e-12)
    ).all()
    assert ((specialisation.locational_gini(e) >= 0) & (specialisation.locational_gini(e) < 0.5)).all()
    assert (specialisation.herfindahl_regions(e) >= 1 / e.shape[1] - 1e-12).all()
    assert (specialisation.herfindahl_regions(e) <= 1 + 1e-12).all()


@settings(deadline=None)
@given(matrices)
def test_hoover_is_half_of_krugman(e):
    np.testing.assert_array_equal(
        2 * specialisation.hoover_specialisation(e), specialisation.krugman_specialisation(e)
    )
    np.testing.assert_array_equal(
        2 * specialisation.hoover_concentration(e), specialisation.krugman_concentration(e)
    )


@settings(deadline=None)
@given(matrices)
def test_weighted_mean_of_quotients_is_one(e):
    quotient = specialisation.location_quotient(e)
    np.testing.assert_allclose(quotient @ specialisation.reference_shares(e), 1, rtol=1e-12)
    np.testing.assert_allclose(specialisation.region_weights(e) @ quotient, 1, rtol=1e-12)


@settings(deadline=None)
@given(matrices)
def test_locational_gini_is_half_the_weighted_mean_difference_of_quotients(e):
    # A second formula: with a weighted mean of 1, the area is sum_jk w_j w_k |LQ_j - LQ_k| / 4.
    quotient, weight = specialisation.location_quotient(e), specialisation.region_weights(e)
    difference = np.abs(quotient[:, None] - quotient[None])
    expected = np.einsum("j,k,jki->i", weight, weight, difference) / 4
    np.testing.assert_allclose(specialisation.locational_gini(e), expected, rtol=1e-9, atol=1e-12)


@settings(deadline=None)
@given(matrices, st.integers(1, 1000))
def test_scale_does_not_matter(e, factor):
    for measure in (*MEASURES_OF_REGIONS, *MEASURES_OF_INDUSTRIES, specialisation.location_quotient):
        np.testing.assert_allclose(measure(e * factor), measure(e), rtol=1e-9, atol=1e-12)


@settings(deadline=None)
@given(matrices, st.randoms(use_true_random=False))
def test_row_order_does_not_matter(e, random):
    order = random.sample(range(len(e)), len(e))
    for measure in (*MEASURES_OF_REGIONS, specialisation.location_quotient):
        np.testing.assert_allclose(measure(e[order]), measure(e)[order], rtol=1e-9, atol=1e-12)
    for measure in MEASURES_OF_INDUSTRIES:
        np.testing.assert_allclose(measure(e[order]), measure(e), rtol=1e-9, atol=1e-12)


def test_entropy_and_hachman_by_hand():
    # (.8 .2 0): - .8 log2 .8 - .2 log2 .2; an even region of 4 has 2 bits, one industry 0.
    expected = [-0.8 * np.log2(0.8) - 0.2 * np.log2(0.2)]
    np.testing.assert_allclose(specialisation.entropy(E)[:1], expected)
    np.testing.assert_allclose(specialisation.entropy(np.array([[1.0, 1, 1, 1], [3, 0, 0, 0]])), [2, 0])
    # Mean quotients .8*1.6 + .2*.8, .2*.4 + .4*1.6*2, .5*1 + .2*.8 + .3*1.2
    np.testing.assert_allclose(specialisation.hachman(E), 1 / np.array([1.44, 1.36, 1.02]))
    empty = np.array([[1.0, 2], [0, 0]])
    assert np.isnan([specialisation.entropy(empty)[1], specialisation.hachman(empty)[1]]).all()


@given(matrices)
def test_entropy_and_hachman_bounds(e):
    assert (specialisation.entropy(e) >= 0).all()
    assert (specialisation.entropy(e) <= np.log2(e.shape[1]) + 1e-12).all()
    assert ((specialisation.hachman(e) > 0) & (specialisation.hachman(e) <= 1 + 1e-12)).all()


@given(matrices)
def test_an_industry_split_in_like_parts_changes_no_specialisation(e):
    # Merging two industries of the same pattern (and its inverse): Krugman and Hachman are of shares only.
    halves = np.hstack([e / 2, e / 2])
    for figure in (specialisation.krugman_specialisation, specialisation.hachman):
        np.testing.assert_allclose(figure(halves), figure(e), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(specialisation.entropy(halves), specialisation.entropy(e) + 1, rtol=1e-9)
    np.testing.assert_allclose(
        specialisation.herfindahl_regions(halves), specialisation.herfindahl_regions(e) / 2, rtol=1e-9
    )
