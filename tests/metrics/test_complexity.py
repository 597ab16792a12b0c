"""Relatedness and complexity against figures worked by hand, their properties and their degenerate cases."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipelines.metrics.clusters import complexity

# Employment as in test_specialisation.py; region 3 has a quotient of exactly 1 in industry 1.
E = np.array([[8.0, 2, 0], [2, 4, 4], [10, 4, 6]])
M = np.array([[1, 0, 0], [0, 1, 1], [1, 0, 1]])  # diversity 1 2 2, ubiquity 2 1 2

# D^-1 M U^-1 M' = [.5 0 .5; 0 .75 .25; .25 .25 .5], eigenvalues 1, (3 + root 5)/8, (3 - root 5)/8; the second
# eigenvector, signed with diversity, is (-1, .809017, -.309017); mean -1/6, standard deviation 5**.5 / 3.
ROOT5 = 5**0.5
ECI = [-ROOT5 / 2, (3 + ROOT5) / 4, -(3 - ROOT5) / 4]
# U^-1 M' ECI / eigenvalue on the same scale; region 1 has industry 1 only, so their figures are the same.
PCI = [-ROOT5 / 2, 1.8819660112501053, 0.7360679774997898]

advantages = arrays(np.int8, st.tuples(st.integers(3, 8), st.integers(3, 8)), elements=st.integers(0, 1))


def test_revealed_advantage_by_hand():
    np.testing.assert_array_equal(complexity.revealed_advantage(E), M.astype(bool))


def test_a_region_like_the_reference_has_every_advantage_whatever_the_rounding():
    for factor in (1, 3, 7, 0.1, 1 / 3):
        e = factor * np.outer([1.0, 3, 7, 11], [0.1, 0.7, 1.3, 2.9, 3.1])
        assert complexity.revealed_advantage(e).all()


def test_empty_regions_and_industries_have_no_advantage():
    m = complexity.revealed_advantage(np.array([[1.0, 0, 2], [0, 0, 0], [2, 0, 1]]))
    assert not m[1].any()
    assert not m[:, 1].any()


def test_proximity_by_hand():
    # Both in one region: industries 1 and 3, 2 and 3; over the larger ubiquity, 2.
    np.testing.assert_allclose(complexity.relatedness(M), [[1, 0, 0.5], [0, 1, 0.5], [0.5, 0.5, 1]])


def test_relatedness_density_by_hand():
    # Sums of proximity 1.5, 1.5, 2.
    expected = [[1 / 1.5, 0, 0.5 / 2], [0.5 / 1.5, 1, 1.5 / 2], [1, 0.5 / 1.5, 1.5 / 2]]
    np.testing.assert_allclose(complexity.relatedness_density(M), expected)


def test_eci_and_pci_by_hand():
    figures = complexity.eci_pci(M)
    np.testing.assert_allclose(figures.eci, ECI, rtol=1e-12)
    np.testing.assert_allclose(figures.pci, PCI, rtol=1e-12)
    assert list(figures.eci_reason) == list(figures.pci_reason) == [None] * 3


def test_both_sides_give_the_same_figures():
    # Twice the same industries changes the side that is solved, not the regions' order or distances.
    wide = np.hstack([M, M[:, :2]])
    tall = np.vstack([wide, wide, wide])
    np.testing.assert_allclose(complexity.eci_pci(tall).eci[:3], complexity.eci_pci(wide).eci, rtol=1e-12)
    np.testing.assert_allclose(complexity.eci_pci(tall).pci, complexity.eci_pci(wide).pci, rtol=1e-12)


def test_empty_rows_and_columns_are_set_aside():
    # One region of diversity 0 makes the whole year NaN in ecomplexity.
    padded = np.zeros((4, 4), dtype=int)
    padded[np.ix_([0, 1, 3], [0, 2, 3])] = M
    figures = complexity.eci_pci(padded)
    np.testing.assert_allclose(figures.eci, [*ECI[:2], np.nan, ECI[2]], rtol=1e-12)
    np.testing.assert_allclose(figures.pci, [PCI[0], np.nan, *PCI[1:]], rtol=1e-12)
    assert list(figures.eci_reason) == [None, None, "zero_diversity", None]
    assert list(figures.pci_reason) == [None, "zero_ubiquity", None, None]
    density = complexity.relatedness_density(padded)
    assert np.isnan(density[2]).all()
    assert np.isnan(density[:, 1]).all()
    np.testing.assert_allclose(density[np.ix_([0, 1, 3], [0, 2, 3])], complexity.relatedness_density(M))
    assert np.isnan(complexity.relatedness(padded)[1]).all()
    assert np.isnan(complexity.relatedness(padded)[:, 1]).all()


CYCLE = np.eye(4, dtype=int) + np.roll(np.eye(4, dtype=int), 1, axis=1)
DEGENERATE = {
    "disconnected": np.array([[1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 1], [0, 0, 0, 1]]),
    "no_variation": np.ones((3, 4), dtype=int),
    "eigenvalue_tied": CYCLE,
    # Two regions of the same diversity: they differ, but nothing says which one is the more complex.
    "sign_undetermined": np.array([[1, 1, 0], [0, 1, 1]]),
}


@pytest.mark.parametrize("reason", DEGENERATE)
def test_degenerate_matrices_have_no_index_but_a_reason(reason):
    for m in (DEGENERATE[reason], np.vstack([DEGENERATE[reason], 0 * DEGENERATE[reason][:1]])):
        figures = complexity.eci_pci(m)
        assert np.isnan(figures.eci).all()
        assert np.isnan(figures.pci).all()
        assert set(figures.eci_reason) - {"zero_diversity"} == {reason}
        assert set(figures.pci_reason) == {reason}


def test_one_region_and_an_all_zero_matrix():
    assert list(complexity.eci_pci(np.ones((1, 3))).eci_reason) == ["no_variation"]
    assert list(complexity.eci_pci(np.zeros((2, 3))).eci_reason) == ["zero_diversity"] * 2
    assert np.isnan(complexity.relatedness_density(np.zeros((2, 3)))).all()


def test_what_is_not_an_advantage_matrix_is_refused():
    for bad in (np.array([[0.5, 1], [1, 0]]), np.ones(3), np.array([[np.nan, 1.0]])):
        with pytest.raises(ValueError, match="expected 2 dimensions of only 0 and 1"):
            complexity.eci_pci(bad)


@settings(deadline=None)
@given(advantages)
def test_bounds_and_symmetry(m):
    phi, density = complexity.relatedness(m), complexity.relatedness_density(m)
    np.testing.assert_array_equal(phi, phi.T)
    assert ((phi >= 0) & (phi <= 1) | np.isnan(phi)).all()
    assert ((density >= 0) & (density <= 1) | np.isnan(density)).all()


@settings(deadline=None)
@given(advantages)
def test_eci_is_standardised_and_the_mean_pci_of_the_advantages(m):
    figures = complexity.eci_pci(m)
    known = ~np.isnan(figures.eci)
    assume(known.any())
    eci, diversity = figures.eci[known], complexity.diversity(m)[known]
    np.testing.assert_allclose([eci.mean(), eci.std()], [0, 1], atol=1e-9)
    assert np.corrcoef(eci, diversity)[0, 1] > 0
    mean_pci = np.nan_to_num(figures.pci) @ m[known].T / diversity
    np.testing.assert_allclose(mean_pci, eci, atol=1e-7)


@settings(deadline=None)
@given(advantages, st.randoms(use_true_random=False))
def test_row_order_does_not_matter(m, random):
    order = random.sample(range(len(m)), len(m))
    here, there = complexity.eci_pci(m), complexity.eci_pci(m[order])
    assert list(there.eci_reason) == list(here.eci_reason[order])
    np.testing.assert_allclose(there.eci, here.eci[order], atol=1e-5)
    np.testing.assert_allclose(
        complexity.relatedness_density(m[order]), complexity.relatedness_density(m)[order]
    )


@settings(deadline=None)
@given(arrays(np.int8, st.tuples(st.integers(2, 5), st.integers(6, 14)), elements=st.integers(0, 1)))
def test_density_without_the_square_matrix_is_the_density_with_it(m):
    np.testing.assert_allclose(
        complexity.relatedness_density(m),
        complexity.relatedness_density(m, complexity.relatedness(m)),
        rtol=1e-12,
        atol=1e-15,
    )


def test_measures_of_relatedness_by_hand():
    # Pairs (1, 3) and (2, 3) once each; sums of co-occurrences 1, 1, 2, of all 4.
    pair = {"cosine": 1 / 2**0.5, "jaccard": 1 / 2, "association": 1 * 4 / 2}
    pair["probability"] = 1 / (1 * 2 * (1 / 3 + 1 / 2) / 2)
    for measure, figure in pair.items():
        expected = [[0, 0, figure], [0, 0, figure], [figure, figure, 0]]
        np.testing.assert_allclose(complexity.relatedness(M, measure), expected)
    with pytest.raises(ValueError, match="measure is 'cosinus'"):
        complexity.relatedness(M, "cosinus")


@settings(deadline=None)
@given(advantages, st.sampled_from(complexity.MEASURES))
def test_every_measure_is_symmetric_not_negative_and_nan_for_what_nobody_has(m, measure):
    phi = complexity.relatedness(m, measure)
    np.testing.assert_array_equal(phi, phi.T)
    nobody = complexity.ubiquity(m) == 0
    np.testing.assert_array_equal(np.isnan(phi), nobody[:, None] | nobody)
    assert (phi[~np.isnan(phi)] >= 0).all()


def test_reflections_by_hand_and_towards_the_eigenvector():
    regions, industries = complexity.reflections(M, 1)
    np.testing.assert_allclose(regions, [2, 1.5, 2])  # mean ubiquity of the advantages
    np.testing.assert_allclose(industries, [1.5, 2, 2])  # mean diversity of the regions
    np.testing.assert_allclose(complexity.reflections(M, 2)[0], [1.5, 2, 1.75])
    far = complexity.reflections(M, 24)[0]
    np.testing.assert_allclose((far - far.mean()) / far.std(), ECI, rtol=1e-4)
    empty = np.vstack([M, 0 * M[:1]])
    assert np.isnan(complexity.reflections(empty, 3)[0]).tolist() == [False, False, False, True]
    with pytest.raises(ValueError, match="found 0 steps"):
        complexity.reflections(M, 0)
