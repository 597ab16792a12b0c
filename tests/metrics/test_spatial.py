"""Weights and Moran's I against figures worked by hand, their properties and their degenerate cases."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.metrics.clusters import spatial
from tests.helpers.effort import examples

# Four places on the equator, one degree apart. With one neighbour each: B and C each lie between two equally
# near places and take the lower code, A and B; A takes B, D takes C.
CODES = ["A", "B", "C", "D"]
LATITUDE, LONGITUDE = np.zeros(4), np.arange(4.0)
WEIGHTS = np.array([[0.0, 1, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]])
# z = -1.5 -.5 .5 1.5, lags -.5 -1.5 -.5 .5, sum z^2 = 5, z'Wz = .75 + .75 - .25 + .75 = 2.
VALUES = np.array([1.0, 2, 3, 4])
DRAWS = {"permutations": 99, "seed": 7}


def _knn(*places):
    return spatial.knn_weights(*places).toarray()


def _random_places(seed: int, n: int = 30):
    rng = np.random.default_rng(seed)
    codes = [f"{number:06d}" for number in rng.permutation(n)]
    return codes, rng.uniform(18, 53, n), rng.uniform(74, 135, n), rng.normal(size=n)


def test_great_circle_by_hand():
    # A degree on a great circle is 2 pi r / 360 km; from pole to pole it is pi r.
    distance = spatial.great_circle_km(np.array([0.0, 0, 90, -90]), np.array([0.0, 1, 0, 120]))
    radius = spatial.EARTH_RADIUS_KM
    assert distance[0, 1] == pytest.approx(2 * np.pi * radius / 360, rel=1e-12)
    assert distance[0, 2] == pytest.approx(np.pi * radius / 2, rel=1e-12)
    assert distance[2, 3] == pytest.approx(np.pi * radius, rel=1e-12)
    # Across the date line 2 degrees, not 358.
    across = spatial.great_circle_km(np.array([0.0, 0]), np.array([179.0, -179]))
    assert across[0, 1] == pytest.approx(2 * distance[0, 1], rel=1e-9)


def test_neighbours_by_hand_with_ties_to_the_lower_code():
    np.testing.assert_array_equal(_knn(CODES, LATITUDE, LONGITUDE, 1), WEIGHTS)
    two = _knn(CODES, LATITUDE, LONGITUDE, 2)
    np.testing.assert_array_equal(two[0], [0, 0.5, 0.5, 0])
    np.testing.assert_array_equal(two.sum(axis=1), 1)


def test_ties_follow_the_code_not_the_row():
    order = [3, 1, 0, 2]
    weights = _knn([CODES[row] for row in order], LATITUDE[order], LONGITUDE[order], 1)
    np.testing.assert_array_equal(weights, WEIGHTS[np.ix_(order, order)])


@settings(deadline=None)
@given(st.floats(-60, 60), st.floats(-170, 170), st.floats(0.01, 5))
def test_rounding_does_not_break_a_tie(latitude, longitude, step):
    # West, middle, east: the middle one lies as far from both, but for the last bits of the distances.
    places = np.array([longitude - step, longitude, longitude + step])
    for codes, nearest in ((["1", "2", "3"], [1, 0, 0]), (["3", "2", "1"], [0, 0, 1])):
        weights = _knn(codes, np.full(3, latitude), places, 1)
        np.testing.assert_array_equal(weights[1] * [1, 0, 1], nearest)


def test_two_codes_in_one_place_are_neighbours_not_themselves():
    weights = _knn(["A", "B", "C"], np.zeros(3), np.array([5.0, 5, 6]), 1)
    np.testing.assert_array_equal(weights, [[0, 1, 0], [1, 0, 0], [1, 0, 0]])


@pytest.mark.parametrize(
    ("codes", "latitude", "neighbours", "message"),
    [
        (["A", "B", "B", "D"], LATITUDE, 1, "twice"),
        (CODES, np.array([0, np.nan, 0, 0]), 1, "latitude of B"),
        (CODES, np.array([0, 0, 0, 91.0]), 1, "latitude of D"),
        (CODES, LATITUDE, 4, "found 4 for 4 places"),
        (CODES, LATITUDE, 0, "found 0"),
    ],
)
def test_weights_refuse_bad_input(codes, latitude, neighbours, message):
    with pytest.raises(ValueError, match=message):
        spatial.knn_weights(codes, latitude, LONGITUDE, neighbours)


def test_global_moran_by_hand():
    # (4 / 4) * 2 / 5
    assert spatial.morans_i(CODES, VALUES, WEIGHTS, **DRAWS).value == pytest.approx(0.4, rel=1e-14)


def test_local_moran_by_hand():
    # 3 * (.75 .75 -.25 .75) / 5
    figures = spatial.local_moran(CODES, VALUES, WEIGHTS, **DRAWS)
    np.testing.assert_allclose(figures.i, [0.45, 0.45, -0.15, 0.45], rtol=1e-14)
    assert list(figures.quadrant) == ["LL", "LL", "HL", "HH"]
    assert list(figures.reason) == [None] * 4


def test_local_pseudo_p_by_hand():
    # Place A (z -1.5) draws one of -.5, .5, 1.5 with 1/3 each; -.5 gives the observed figure, the largest:
    # larger is about a third of the draws and never more than half.
    draws = 3000
    p = spatial.local_moran(CODES, VALUES, WEIGHTS, permutations=draws, seed=3).p
    assert p[0] == pytest.approx(1 / 3, abs=0.05)
    assert (p >= 1 / (draws + 1)).all()
    assert (p <= 0.5 + 1 / (draws + 1)).all()


def test_no_place_draws_itself_as_its_neighbour():
    # With one neighbour the lag is the drawn value: of the other three, a draw is at least / at most the observed
    # one with the frequency of such values. A place that drew itself would shift these.
    draws = 20_000
    y = np.array([0.0, 1, 2, 3])
    at_least, at_most = spatial._conditional_tails(y, spatial.csr_array(WEIGHTS), draws, 5)
    lags = WEIGHTS @ y
    for place in range(4):
        others = np.delete(y, place)
        assert at_least[place] / draws == pytest.approx((others >= lags[place]).mean(), abs=0.015)
        assert at_most[place] / draws == pytest.approx((others <= lags[place]).mean(), abs=0.015)


@examples(25)
@given(st.integers(0, 10**6), st.booleans())
def test_tails_are_those_of_drawing_for_each_place_alone(seed, equal_weights):
    rng = np.random.default_rng(seed)
    n, most = 9, 3
    w = np.zeros((n, n))
    for place in range(n - 1):  # the last one is an island
        near = rng.choice(np.delete(np.arange(n), place), rng.integers(1, most + 1), replace=False)
        w[place, near] = 1 if equal_weights else rng.uniform(0.1, 1, len(near))
    w /= np.maximum(w.sum(axis=1, keepdims=True), 1e-300)
    y = rng.integers(0, 4, n).astype(float)  # with ties
    at_least, at_most = spatial._conditional_tails(y, spatial.csr_array(w), 50, seed)
    drawn = spatial._draws(n - 1, int((w > 0).sum(axis=1).max()), 50, seed)
    for place in range(n - 1):
        others = np.where(drawn == place, n - 1, drawn)
        assert (others != place).all()
        own = np.sort(w[place][w[place] > 0])[::-1]
        lags = y[others[:, : len(own)]] @ own
        assert at_least[place] == (lags >= w[place] @ y - 1e-9).sum()
        assert at_most[place] == (lags <= w[place] @ y + 1e-9).sum()


def test_draws_are_different_places_and_all_alike_likely():
    drawn = spatial._draws(5, 3, 20_000, 1)
    assert all(len(set(row)) == 3 for row in drawn[:200].tolist())
    for slot in range(3):
        np.testing.assert_allclose(np.bincount(drawn[:, slot]) / 20_000, 0.2, atol=0.015)


def test_pseudo_p_counts_the_smaller_tail():
    # at least the observed: 2 of 4; 3 of 4, so the other tail with 1
    np.testing.assert_allclose(spatial._pseudo_p(np.array([2, 3]), 4), [3 / 5, 2 / 5])


def test_a_place_at_the_mean_is_never_significant():
    figures = spatial.local_moran(CODES[:3], np.array([1.0, 2, 3]), WEIGHTS[:3, :3], **DRAWS)
    assert figures.i[1] == 0
    assert figures.p[1] == 1


def test_geary_and_getis_ord_by_hand():
    # Values 1 2 3 4 at A to D; links A-B, B-A, C-B, D-C: squared differences 1 each, sum z^2 = 5.
    assert spatial.gearys_c(CODES, VALUES, WEIGHTS, **DRAWS).value == pytest.approx(3 * 4 / (2 * 4 * 5))
    # Products of links 2 + 2 + 6 + 12; of all pairs 10^2 - 30.
    assert spatial.getis_ord_g(CODES, VALUES, WEIGHTS, **DRAWS).value == pytest.approx(22 / 70)
    # G_i* of A: sum 1 + 2 of 2 places, expected 5, variance 1.25, factor 2 * 2 / 3.
    star = spatial.local_getis_ord(CODES, VALUES, WEIGHTS, **DRAWS)
    assert star.z[0] == pytest.approx((3 - 5) / np.sqrt(1.25 * 4 / 3))
    # G_i of A: neighbour 2, the others 2 3 4 with mean 3 and variance 2/3, factor 1 * 2 / 2.
    assert spatial.local_getis_ord(CODES, VALUES, WEIGHTS, **DRAWS, star=False).z[0] == pytest.approx(
        -1 / np.sqrt(2 / 3)
    )


def test_moran_of_two_variables_by_hand():
    # z = -1.5 -.5 .5 1.5; y the same turned round: lags of y .5 1.5 .5 -.5, both sums of squares 5.
    both = {"other": VALUES[::-1]} | DRAWS
    assert spatial.morans_i(CODES, VALUES, WEIGHTS, **both).value == pytest.approx(-2 / 5)
    local = spatial.local_moran(CODES, VALUES, WEIGHTS, **both)
    np.testing.assert_allclose(local.i, [-0.45, -0.45, 0.15, -0.45])
    assert list(local.quadrant) == ["LH", "LH", "HH", "HL"]


def test_the_other_statistics_have_the_same_reasons():
    constant, nothing = np.full(4, 3.0), np.zeros((4, 4))
    for figure in (spatial.gearys_c, spatial.getis_ord_g):
        assert figure(CODES, constant, WEIGHTS, **DRAWS).reason == "constant"
        assert figure(CODES, VALUES, nothing, **DRAWS).reason == "island"
    assert spatial.getis_ord_g(CODES, [0, 0, 0, 1], WEIGHTS, **DRAWS).reason == "constant"
    with pytest.raises(ValueError, match="negative"):
        spatial.getis_ord_g(CODES, -VALUES, WEIGHTS, **DRAWS)
    hot = spatial.local_getis_ord(CODES, constant, WEIGHTS, **DRAWS)
    assert list(hot.reason) == ["constant"] * 4
    weights = WEIGHTS.copy()
    weights[3] = 0
    hot = spatial.local_getis_ord(CODES, VALUES, weights, **DRAWS)
    assert list(hot.reason) == [None, None, None, "island"]
    assert np.isnan([hot.z[3], hot.p[3]]).all()
    # Without the place itself the other values may not differ, and there is nothing to compare with.
    alone = spatial.local_getis_ord(CODES, [0, 0, 0, 1], WEIGHTS, **DRAWS, star=False)
    assert alone.reason[3] == "constant"


def test_strong_clustering_is_significant_and_a_chessboard_negative():
    side = 8
    rows, columns = np.divmod(np.arange(side**2), side)
    near = (np.abs(rows[:, None] - rows) + np.abs(columns[:, None] - columns)) == 1
    weights = near / near.sum(axis=1, keepdims=True)
    codes = [f"{place:03d}" for place in range(side**2)]
    halves = spatial.morans_i(codes, (columns >= side / 2) * 1.0, weights, permutations=999, seed=1)
    assert halves.value > 0.7
    assert halves.p == 0.001
    board = spatial.morans_i(codes, (rows + columns) % 2 * 1.0, weights, permutations=999, seed=1)
    assert board.value == pytest.approx(-1)
    assert board.p == 0.001


def test_constant_values_have_no_autocorrelation():
    for constant in (0.0, 0.1, 1e9):
        values = np.full(4, constant) * (1 + np.array([0, 1e-16, 0, 0]))
        assert spatial.morans_i(CODES, values, WEIGHTS, **DRAWS).reason == "constant"
        figures = spatial.local_moran(CODES, values, WEIGHTS, **DRAWS)
        assert list(figures.reason) == ["constant"] * 4
        assert np.isnan(figures.i).all()
        assert np.isnan(figures.p).all()
        assert list(figures.quadrant) == [None] * 4


def test_an_island_has_no_figure_and_no_significance():
    # esda calls an island significant at 99 permutations.
    weights = WEIGHTS.copy()
    weights[3] = 0
    figures = spatial.local_moran(CODES, VALUES, weights, **DRAWS)
    assert np.isnan(figures.i[3])
    assert np.isnan(figures.p[3])
    assert figures.quadrant[3] is None
    assert list(figures.reason) == [None, None, None, "island"]
    np.testing.assert_allclose(figures.i[:3], [0.45, 0.45, -0.15], rtol=1e-14)
    # n / S0 = 4/3, z'Wz = 1.25
    assert spatial.morans_i(CODES, VALUES, weights, **DRAWS).value == pytest.approx(4 / 3 * 1.25 / 5)


def test_only_islands():
    nothing = np.zeros((4, 4))
    assert spatial.morans_i(CODES, VALUES, nothing, **DRAWS).reason == "island"
    assert list(spatial.local_moran(CODES, VALUES, nothing, **DRAWS).reason) == ["island"] * 4


@pytest.mark.parametrize(
    ("values", "weights", "message"),
    [
        (VALUES[:3], WEIGHTS, "expected one size"),
        (np.array([1, 2, np.nan, 4]), WEIGHTS, "missing or infinite"),
        (VALUES, WEIGHTS * 2, "rows that sum to 1"),
        (VALUES, np.eye(4), "zero diagonal"),
    ],
)
def test_moran_refuses_bad_input(values, weights, message):
    for moran in (spatial.morans_i, spatial.local_moran):
        with pytest.raises(ValueError, match=message):
            moran(CODES, values, weights, **DRAWS)


def test_moran_refuses_no_permutations_and_no_places():
    with pytest.raises(ValueError, match="permutations: found 0"):
        spatial.morans_i(CODES, VALUES, WEIGHTS, permutations=0, seed=1)
    with pytest.raises(ValueError, match="not empty"):
        spatial.morans_i([], np.zeros(0), np.zeros((0, 0)), **DRAWS)


@examples(30)
@given(st.integers(0, 10**6), st.randoms(use_true_random=False))
def test_row_order_does_not_change_a_bit(seed, random):
    codes, latitude, longitude, values = _random_places(seed)
    order = random.sample(range(len(codes)), len(codes))
    shuffled = [codes[row] for row in order]
    here = _knn(codes, latitude, longitude, 4)
    there = _knn(shuffled, latitude[order], longitude[order], 4)
    np.testing.assert_array_equal(there, here[np.ix_(order, order)])
    assert spatial.morans_i(shuffled, values[order], there, **DRAWS) == spatial.morans_i(
        codes, values, here, **DRAWS
    )
    local = spatial.local_moran(codes, values, here, **DRAWS)
    local_shuffled = spatial.local_moran(shuffled, values[order], there, **DRAWS)
    for first, second in zip(local, local_shuffled, strict=True):
        np.testing.assert_array_equal(second, first[order])


@examples(30)
@given(st.integers(0, 10**6), st.floats(0.01, 1000), st.floats(-100, 100))
def test_scale_and_shift_of_the_values_do_not_matter(seed, factor, shift):
    codes, latitude, longitude, values = _random_places(seed)
    weights = _knn(codes, latitude, longitude, 4)
    here = spatial.local_moran(codes, values, weights, **DRAWS)
    there = spatial.local_moran(codes, values * factor + shift, weights, **DRAWS)
    np.testing.assert_allclose(there.i, here.i, rtol=1e-5, atol=1e-6)


def test_the_seed_decides_to_the_bit_and_another_seed_draws_others():
    codes, latitude, longitude, values = _random_places(1)
    weights = _knn(codes, latitude, longitude, 4)
    first, again, other = (
        spatial.local_moran(codes, values, weights, permutations=99, seed=seed).p for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_local_figures_add_up_to_the_global_one():
    # Row-standardised without islands: I = sum I_i / (n - 1).
    codes, latitude, longitude, values = _random_places(2)
    weights = _knn(codes, latitude, longitude, 4)
    local = spatial.local_moran(codes, values, weights, **DRAWS)
    assert spatial.morans_i(codes, values, weights, **DRAWS).value == pytest.approx(
        local.i.sum() / 29, rel=1e-12
    )
