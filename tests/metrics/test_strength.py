"""Standardised quotient, stars, strong clusters: by hand, invariances, degenerate cases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.metrics.clusters.specialisation import location_quotient
from pipelines.metrics.clusters.strength import standardised_quotient, stars, strong_cluster
from tests.helpers.effort import examples

STAR = {"top_share": 0.1, "quotient": 2, "least_persons": 1000}
STRONG = {"top_share": 0.25, "least_share_quantile": 0.25}


def _employment(seed, regions=12, industries=5):
    rng = np.random.default_rng(seed)
    return np.floor(rng.lognormal(7, 1.5, (regions, industries)))


def test_standardised_quotient_is_standard_over_the_regions():
    e = _employment(1)
    figures = standardised_quotient(e, draws=200, seed=4)
    np.testing.assert_allclose(figures.z.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(figures.z.std(axis=0, ddof=1), 1)
    log = np.log(location_quotient(e))
    np.testing.assert_allclose(figures.z, (log - log.mean(axis=0)) / log.std(axis=0, ddof=1))
    assert (figures.low < figures.high).all()
    assert ((figures.low <= figures.z) & (figures.z <= figures.high)).mean() > 0.95


def test_bootstrap_interval_is_that_of_resampled_regions():
    e = _employment(2, regions=30, industries=2)
    figures = standardised_quotient(e, draws=4000, seed=4)
    log, rng = np.log(location_quotient(e))[:, 0], np.random.default_rng(9)
    samples = log[rng.integers(0, 30, (4000, 30))]
    drawn = (log - samples.mean(axis=1)[:, None]) / samples.std(axis=1, ddof=1)[:, None]
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    np.testing.assert_allclose(figures.low[:, 0], low, atol=0.12)
    np.testing.assert_allclose(figures.high[:, 0], high, atol=0.12)


def test_what_cannot_be_standardised_has_a_reason():
    e = np.array([[0.0, 5, 0, 3], [4, 5, 0, 3], [6, 5, 0, 4], [0, 0, 0, 0]])
    figures = standardised_quotient(e, draws=50, seed=1)
    assert figures.reason[:, 0].tolist() == ["quotient_zero", None, None, "no_employment"]
    assert figures.reason[:, 2].tolist() == ["industry_empty"] * 3 + ["no_employment"]
    for values in figures[:3]:
        np.testing.assert_array_equal(np.isnan(values), figures.reason != np.array(None))
    alike = standardised_quotient(np.array([[1.0, 2], [2, 4], [3, 6]]), draws=50, seed=1)
    assert set(alike.reason.ravel()) == {"constant"}
    with pytest.raises(ValueError, match="draws: found 0"):
        standardised_quotient(e, draws=0, seed=1)


def test_stars_by_hand():
    # Ten regions alike but for the last, where industry 1 is large.
    e = np.full((10, 2), 2000.0)
    e[9] = [9000, 1000]
    size, specialisation, focus = stars(e, top_share=0.05, quotient=2, least_persons=1000)
    assert np.argwhere(size[:, 0]).tolist() == [[9]]
    assert size[:9, 1].all()  # nine tie at the threshold
    assert np.argwhere(focus).tolist() == [[9, 0]]
    assert not specialisation.any()  # .9 of (27/46)
    lower = stars(e, top_share=0.1, quotient=1.5, least_persons=1000).specialisation
    assert np.argwhere(lower).tolist() == [[9, 0]]
    assert not any(flag.any() for flag in stars(e, top_share=0.1, quotient=0.1, least_persons=10_000))


def test_strong_clusters_by_hand():
    e = np.array([[10.0, 90], [20, 80], [30, 70], [40, 60], [1, 0]])
    # Quotients of industry 1 rise to the tiny last region; its share (1 of 101) is in the lowest quarter.
    assert np.argwhere(strong_cluster(e, **STRONG)[:, 0]).tolist() == [[3]]
    assert not strong_cluster(np.full((4, 3), 7.0), **STRONG).any()  # nobody above 1


@examples(40)
@given(st.integers(0, 10**6), st.integers(2, 1000), st.randoms(use_true_random=False))
def test_unit_and_order_do_not_matter(seed, factor, random):
    e = _employment(seed)
    order = random.sample(range(len(e)), len(e))
    scaled = STAR | {"least_persons": STAR["least_persons"] * factor}
    for here, there in zip(stars(e, **STAR), stars((e * factor)[order], **scaled), strict=True):
        np.testing.assert_array_equal(there, here[order])
    strong = strong_cluster(e, **STRONG)
    np.testing.assert_array_equal(strong_cluster((e * factor)[order], **STRONG), strong[order])
    assert (location_quotient(e)[strong] > 1).all()
    z = standardised_quotient(e, draws=5, seed=1).z
    np.testing.assert_allclose(
        standardised_quotient((e * factor)[order], draws=5, seed=1).z, z[order], atol=1e-9
    )


def test_the_seed_decides_to_the_bit():
    e = _employment(3)
    first, again, other = (standardised_quotient(e, draws=99, seed=seed).low for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
