"""Spatial weights and autocorrelation, global and local: Moran (of one or two variables), Geary, Getis-Ord.

Functions of values and places belong here. The meaning of the values and column names do not belong here.

Weights are (n, n), a scipy sparse array or a dense array, with a zero diagonal. Each row sums to 1, or to 0
for an island.

Every function takes the codes of the places. The places are sorted by code before any random draw, so that
the same data in another order give the same figures to the bit. Results come back in the order of the input.
"""

from functools import lru_cache
from typing import Any, NamedTuple, cast

import numpy as np
from scipy.sparse import csr_array

EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG
MILLIMETRE_KM = 1e-6  # distances that differ by less than this are tied: rounding must not rank them
ROUNDING = 1e-12


class Global(NamedTuple):
    """One figure over all places, its pseudo-p, and the reason code when both are NaN."""

    value: float
    p: float
    reason: str | None


class LocalMoran(NamedTuple):
    """Arrays (n,): I_i, pseudo-p, quadrant ('HH', 'LL', 'HL', 'LH' or None), reason code or None."""

    i: np.ndarray
    p: np.ndarray
    quadrant: np.ndarray
    reason: np.ndarray


class LocalGetisOrd(NamedTuple):
    """Arrays (n,): z of G_i or G_i*, pseudo-p, reason code or None."""

    z: np.ndarray
    p: np.ndarray
    reason: np.ndarray


def great_circle_km(latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
    """Distances in km between places in degrees; shape (n, n). Haversine formula on the mean sphere.

    >>> great_circle_km(np.array([0.0, 0.0]), np.array([0.0, 1.0])).round(1).tolist()
    [[0.0, 111.2], [111.2, 0.0]]
    """
    phi, theta = np.radians(latitude), np.radians(longitude)
    half_phi = np.sin((phi[:, None] - phi) / 2)
    half_theta = np.sin((theta[:, None] - theta) / 2)
    chord = half_phi**2 + np.cos(phi[:, None]) * np.cos(phi) * half_theta**2
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(chord, 0, 1)))


def knn_weights(codes: list[str], latitude: np.ndarray, longitude: np.ndarray, neighbours: int) -> csr_array:
    """Sparse weights (n, n) in the order of `codes`: 1/neighbours for the nearest neighbours, 0 elsewhere.

    Latitude and longitude are in degrees; distance is along the great circle. Of two equal distances, the
    lower code is the nearer one.

    Raises:
        ValueError: A code occurs twice, a coordinate is missing or off the globe, or there are fewer than
            neighbours + 1 places.
    """
    order = _code_order(codes)
    latitude = np.asarray(latitude, dtype=np.float64)
    longitude = np.asarray(longitude, dtype=np.float64)
    for name, degrees, limit in (("latitude", latitude, 90), ("longitude", longitude, 180)):
        outside = np.flatnonzero(~(np.abs(degrees) <= limit))
        if len(outside):
            raise ValueError(
                f"{name} of {codes[outside[0]]}: found {degrees[outside[0]]}, expected -{limit} to {limit}"
            )
    if not 1 <= neighbours < len(order):
        raise ValueError(f"neighbours: found {neighbours} for {len(order)} places, expected 1 to places - 1")
    distance = np.round(great_circle_km(latitude[order], longitude[order]) / MILLIMETRE_KM)
    np.fill_diagonal(distance, np.inf)
    nearest = np.argsort(distance, axis=1, kind="stable")[:, :neighbours]  # stable: ties keep code order
    links = (np.repeat(order, neighbours), order[nearest].ravel())
    return csr_array((np.full(nearest.size, 1 / neighbours), links), shape=distance.shape)


def _code_order(codes: list[str]) -> np.ndarray:
    texts = np.asarray(codes, dtype=str)
    if len(np.unique(texts)) != len(texts):
        raise ValueError("codes of places: found a code twice, expected each once")
    return np.argsort(texts, kind="stable")


def _sorted_input(
    codes: list[str], columns: list[np.ndarray], weights: np.ndarray | csr_array, permutations: int
) -> tuple[np.ndarray, list[np.ndarray], csr_array]:
    """Check the input; return the order by code, and the columns and the weights in this order."""
    columns = [np.asarray(values, dtype=np.float64) for values in columns]
    w: csr_array = csr_array(cast(Any, weights), dtype=np.float64)
    n = len(columns[0])
    if n == 0 or len(codes) != n or w.shape != (n, n) or any(values.shape != (n,) for values in columns):
        raise ValueError(
            f"found {len(codes)} codes, {[values.shape for values in columns]} values, weights {w.shape}: "
            "expected one size, not empty"
        )
    if not all(np.isfinite(values).all() for values in columns):
        raise ValueError("values: found missing or infinite ones, expected places without a value left out")
    if permutations < 1:
        raise ValueError(f"permutations: found {permutations}, expected at least 1")
    rows = w.sum(axis=1)
    if w.diagonal().any() or (w.data < 0).any() or not (np.isclose(rows, 1) | (rows == 0)).all():
        raise ValueError("weights: expected a zero diagonal and rows that sum to 1, or to 0 for an island")
    order = _code_order(codes)
    w = w[order][:, order]
    w.sort_indices()  # so that sums run in one order, whatever the order of the input
    w.eliminate_zeros()
    return order, [values[order] for values in columns], w


def _deviations(values: np.ndarray) -> np.ndarray:
    """Deviations from the mean; all 0 when the values differ by rounding only."""
    if np.ptp(values) <= ROUNDING * np.abs(values).max():
        return np.zeros(len(values))
    return values - values.mean()


def _pseudo_p(larger: np.ndarray | int, permutations: int) -> np.ndarray:
    """(min(larger, P - larger) + 1) / (P + 1), as in esda: the pseudo-p of the tail in which the figure lies.

    `larger` is the number of draws with at least the observed value.
    """
    return (np.minimum(larger, permutations - larger) + 1) / (permutations + 1)


def _global(observed: float, simulated: np.ndarray) -> Global:
    """Figure and pseudo-p. A draw that is the same sum in another order ties with the observed figure."""
    larger = int((simulated >= observed - ROUNDING * max(1, abs(observed))).sum())
    return Global(float(observed), float(_pseudo_p(larger, len(simulated))), None)


def _why_none(w: csr_array, *deviations: np.ndarray) -> str | None:
    """Reason for no figure at all: 'constant', 'island' when no place has a neighbour, or None."""
    if not all(z.any() for z in deviations):
        return "constant"
    return None if w.nnz else "island"


def _shuffles(values: np.ndarray, permutations: int, seed: int) -> np.ndarray:
    """The values in random orders, shape (n, permutations)."""
    return values[_orders(len(values), permutations, seed)]


@lru_cache(maxsize=2)
def _orders(size: int, permutations: int, seed: int) -> np.ndarray:
    """Random orders of 0 to size - 1, one a column.

    They are cached, as each statistic of each industry uses the same ones.
    """
    rows = np.tile(np.arange(size), (permutations, 1))
    orders = np.ascontiguousarray(np.random.default_rng(seed).permuted(rows, axis=1).T)
    orders.setflags(write=False)
    return orders


def morans_i(
    codes: list[str],
    values: np.ndarray,
    weights: np.ndarray | csr_array,
    *,
    permutations: int,
    seed: int,
    other: np.ndarray | None = None,
) -> Global:
    """Global Moran's I = (n / S0) z'Wy / sqrt(z'z y'y), z and y deviations from the mean, S0 the sum of the weights.

    Args:
        codes, weights: places and weights, as the module describes them.
        values: (n,), the variable z.
        permutations, seed: number and seed of the shuffles of y that give the pseudo-p.
        other: (n,), the variable y. The figure then says whether high values lie near high values of the
            other variable. Without it y = z, and the figure is Moran's I.

    Returns:
        NaN has the reason 'constant', or 'island' when no place has a neighbour.

    Raises:
        ValueError: Sizes differ, values are missing or the weights are of another kind.

    Source: Moran (1950), Cliff and Ord (1981); of two variables: Anselin, Syabri, Smirnov (2002).
    """
    _, (z, y), w = _sorted_input(codes, [values, values if other is None else other], weights, permutations)
    z, y = _deviations(z), _deviations(y)
    if reason := _why_none(w, z, y):
        return Global(np.nan, np.nan, reason)
    scale = len(z) / w.sum() / np.sqrt((z @ z) * (y @ y))
    shuffled = _shuffles(y, permutations, seed)
    still = shuffled if other is None else z[:, None]
    return _global(scale * (z @ (w @ y)), scale * (still * (w @ shuffled)).sum(axis=0))


def gearys_c(
    codes: list[str], values: np.ndarray, weights: np.ndarray | csr_array, *, permutations: int, seed: int
) -> Global:
    """Geary's C = (n - 1) sum w_ij (x_i - x_j)^2 / (2 S0 sum z^2): below 1 where near places are similar.

    Pseudo-p, reasons and errors are as in morans_i. Source: Geary (1954).
    """
    _, (values,), w = _sorted_input(codes, [values], weights, permutations)
    z = _deviations(values)
    if reason := _why_none(w, z):
        return Global(np.nan, np.nan, reason)
    scale = (len(z) - 1) / (2 * w.sum() * (z @ z))
    rows, columns = w.sum(axis=1), w.sum(axis=0)

    def differences(x: np.ndarray) -> np.ndarray:
        return (rows + columns) @ x**2 - 2 * (x * (w @ x)).sum(axis=0)

    return _global(scale * differences(z), scale * differences(_shuffles(z, permutations, seed)))


def getis_ord_g(
    codes: list[str], values: np.ndarray, weights: np.ndarray | csr_array, *, permutations: int, seed: int
) -> Global:
    """Getis and Ord's G = sum w_ij x_i x_j / sum over i != j of x_i x_j, weights 1 for each neighbour.

    values (n,) must not be negative. G is large where high values lie together; Moran's I also reacts to low
    values that lie together. Pseudo-p, reasons and errors are as in morans_i. Fewer than two values above 0
    count as 'constant'. Source: Getis and Ord (1992).
    """
    _, (x,), w = _sorted_input(codes, [values], weights, permutations)
    if (x < 0).any():
        raise ValueError("values: found negative ones, expected none, as the products would cancel")
    if reason := _why_none(w, _deviations(x)):
        return Global(np.nan, np.nan, reason)
    near, pairs = _binary(w), x.sum() ** 2 - x @ x
    if (x > 0).sum() < 2:
        return Global(np.nan, np.nan, "constant")
    shuffled = _shuffles(x, permutations, seed)
    return _global(x @ (near @ x) / pairs, (shuffled * (near @ shuffled)).sum(axis=0) / pairs)


def _binary(w: csr_array) -> csr_array:
    return csr_array((np.ones(w.nnz), w.indices, w.indptr), shape=w.shape)


def local_moran(
    codes: list[str],
    values: np.ndarray,
    weights: np.ndarray | csr_array,
    *,
    permutations: int,
    seed: int,
    other: np.ndarray | None = None,
) -> LocalMoran:
    """Local Moran's I_i = (n - 1) z_i (Wy)_i / sqrt(z'z y'y) with conditional permutations (y_i stays in
    place).

    values is (n,); y is as in morans_i. The quadrant names the place first, then its neighbours: 'H' is above
    the mean, 'L' is not above it. A place exactly at the mean has I_i = 0 in every draw and p = 1. NaN has
    the reason 'constant' (all places) or 'island' (zero row). ValueError as in morans_i.
    Source: Anselin (1995), with the scaling and pseudo-p of esda.
    """
    order, (z, y), w = _sorted_input(
        codes, [values, values if other is None else other], weights, permutations
    )
    z, y = _deviations(z), _deviations(y)
    n = len(z)
    none = (
        np.full(n, np.nan),
        np.full(n, np.nan),
        np.full(n, None, dtype=object),
        np.full(n, None, dtype=object),
    )
    figures = LocalMoran(*none)
    if not (z.any() and y.any()):
        figures.reason[:] = "constant"
        return figures
    lag, island = w @ y, np.diff(w.indptr) == 0
    at_least, at_most = _conditional_tails(y, w, permutations, seed)
    p = np.where(z == 0, 1.0, _pseudo_p(np.where(z > 0, at_least, at_most), permutations))
    quadrant = np.char.add(np.where(z > 0, "H", "L"), np.where(lag > 0, "H", "L")).astype(object)
    figures.i[order] = np.where(island, np.nan, (n - 1) * z * lag / np.sqrt((z @ z) * (y @ y)))
    figures.p[order] = np.where(island, np.nan, p)
    figures.quadrant[order] = np.where(island, None, quadrant)
    figures.reason[order] = np.where(island, "island", None)
    return figures


def local_getis_ord(
    codes: list[str],
    values: np.ndarray,
    weights: np.ndarray | csr_array,
    *,
    permutations: int,
    seed: int,
    star: bool = True,
) -> LocalGetisOrd:
    """z of G_i* (with the place itself) or of G_i (star=False): hot spots above 0, cold spots below 0.

    (sum of x over the neighbours - its expectation) / its standard deviation, with weight 1 for each
    neighbour. For G_i, expectation and deviation are over the other places only. Pseudo-p and reasons are as
    in local_moran. Source: Ord and Getis (1995).
    """
    order, (x,), w = _sorted_input(codes, [values], weights, permutations)
    n, deviations = len(x), _deviations(x)
    figures = LocalGetisOrd(np.full(n, np.nan), np.full(n, np.nan), np.full(n, None, dtype=object))
    if not deviations.any():
        figures.reason[:] = "constant"
        return figures
    counts = np.diff(w.indptr)
    island = counts == 0
    among, mean, variance, near = n, x.mean(), np.square(deviations).mean(), _binary(w) @ x
    if star:
        near, counts = near + x, counts + 1
    else:
        among = n - 1
        mean = (x.sum() - x) / among
        variance = np.maximum((x @ x - x**2) / among - mean**2, 0)
    spread = np.sqrt(variance * counts * (among - counts) / (among - 1))
    z = np.divide(
        near - counts * mean, spread, out=np.full(n, np.nan), where=spread > ROUNDING * np.abs(x).max()
    )
    at_least, _ = _conditional_tails(x, w, permutations, seed)
    reason = np.where(island, "island", np.where(np.isnan(z), "constant", None))
    known = np.equal(reason, None)
    figures.z[order] = np.where(known, z, np.nan)
    figures.p[order] = np.where(known, _pseudo_p(at_least, permutations), np.nan)
    figures.reason[order] = reason
    return figures


def _conditional_tails(
    y: np.ndarray, w: csr_array, permutations: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Number of draws in which each place's lag is at least, and at most, the observed lag; both (n,).

    Neighbours are drawn at random from all other places. One draw serves every place (as in esda). The draw
    takes places 0 to n - 2; the last place replaces a place that would be its own neighbour. So all places
    with the same weights have the same lags, except in the few draws in which they occur themselves: these
    are counted once, then corrected.
    """
    weights, pattern = _weight_patterns(w)
    drawn = _draws(len(y) - 1, weights.shape[1], permutations, seed)
    observed, slack = w @ y, ROUNDING * np.abs(y).max()
    at_least, at_most = np.zeros(len(y), dtype=np.int64), np.zeros(len(y), dtype=np.int64)
    for number, own in enumerate(weights):
        places = np.flatnonzero(pattern == number)
        lags = y[drawn] @ own
        ranked = np.sort(lags)
        at_least[places] = permutations - np.searchsorted(ranked, observed[places] - slack, side="left")
        at_most[places] = np.searchsorted(ranked, observed[places] + slack, side="right")
        draw, slot = np.nonzero((pattern[drawn] == number) & (own > 0))
        place = drawn[draw, slot]
        corrected = lags[draw] + own[slot] * (y[-1] - y[place])
        for counts, inside in (
            (at_least, lambda lag, place: lag >= observed[place] - slack),
            (at_most, lambda lag, place: lag <= observed[place] + slack),
        ):
            change = inside(corrected, place).astype(np.int64) - inside(lags[draw], place)
            np.add.at(counts, place, change)
    return at_least, at_most


def _weight_patterns(w: csr_array) -> tuple[np.ndarray, np.ndarray]:
    """The different rows of weights, sorted from largest and padded with zeros, and the number of each
    place's row.
    """
    counts = np.diff(w.indptr)
    padded = np.zeros((w.shape[0], max(int(counts.max()), 1)))
    slot = np.arange(w.nnz) - np.repeat(w.indptr[:-1], counts)
    padded[np.repeat(np.arange(len(counts)), counts), slot] = w.data
    return np.unique(-np.sort(-padded, axis=1), axis=0, return_inverse=True)


@lru_cache(maxsize=2)
def _draws(places: int, size: int, permutations: int, seed: int) -> np.ndarray:
    """`size` different places out of `places`, `permutations` times: the first steps of a shuffle.

    They are cached.
    """
    rng = np.random.default_rng(seed)
    order, draw = np.tile(np.arange(places), (permutations, 1)), np.arange(permutations)
    for slot in range(min(size, places)):
        chosen = rng.integers(slot, places, permutations)
        order[draw, slot], order[draw, chosen] = order[draw, chosen], order[draw, slot]
    drawn = order[:, :size].copy()
    drawn.setflags(write=False)
    return drawn
