"""Spatial weights and autocorrelation: Moran's I, global and local.

Here belong functions of values and places. Not here: what the values mean, column names (clusters.py).

Every function takes the codes of the places. They are sorted by code before anything is drawn, so that the
same data in another order give the same figures to the bit; results come back in the order of the input.
"""

from typing import NamedTuple

import numpy as np

EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG
MILLIMETRE_KM = 1e-6  # distances nearer to each other than this are tied: rounding must not rank them
ROUNDING = 1e-12


class GlobalMoran(NamedTuple):
    """Moran's I, its pseudo-p and the reason code when both are NaN."""

    i: float
    p: float
    reason: str | None


class LocalMoran(NamedTuple):
    """Arrays (n,): I_i, pseudo-p, quadrant ('HH', 'LL', 'HL', 'LH' or None), reason code or None."""

    i: np.ndarray
    p: np.ndarray
    quadrant: np.ndarray
    reason: np.ndarray


def great_circle_km(latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
    """Distances in km between places given in degrees; shape (n, n). Haversine formula on the mean sphere."""
    phi, theta = np.radians(latitude), np.radians(longitude)
    half_phi = np.sin((phi[:, None] - phi) / 2)
    half_theta = np.sin((theta[:, None] - theta) / 2)
    chord = half_phi**2 + np.cos(phi[:, None]) * np.cos(phi) * half_theta**2
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(chord, 0, 1)))


def knn_weights(codes: list[str], latitude: np.ndarray, longitude: np.ndarray, neighbours: int) -> np.ndarray:
    """Weights (n, n) in the order of `codes`: 1/neighbours for the nearest neighbours, 0 elsewhere.

    Nearest by great circle; equal distances go to the lower code. Latitude and longitude in degrees.
    ValueError for repeated codes, coordinates that are missing or off the globe, or fewer than
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
    weights = np.zeros(distance.shape)
    weights[order[:, None], order[nearest]] = 1 / neighbours
    return weights


def _code_order(codes: list[str]) -> np.ndarray:
    codes = np.asarray(codes, dtype=str)
    if len(np.unique(codes)) != len(codes):
        raise ValueError("codes of places: found a code twice, expected each once")
    return np.argsort(codes, kind="stable")


def _sorted_input(
    codes: list[str], values: np.ndarray, weights: np.ndarray, permutations: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Order by code, deviations from the mean (all 0 when constant) and weights in that order, checked."""
    values, weights = np.asarray(values, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    n = len(values)
    if n == 0 or len(codes) != n or weights.shape != (n, n):
        raise ValueError(
            f"found {len(codes)} codes, {n} values, weights {weights.shape}: expected one size, not empty"
        )
    if not np.isfinite(values).all():
        raise ValueError("values: found missing or infinite ones, expected places without a value left out")
    if permutations < 1:
        raise ValueError(f"permutations: found {permutations}, expected at least 1")
    rows = weights.sum(axis=1)
    if np.diagonal(weights).any() or (weights < 0).any() or not (np.isclose(rows, 1) | (rows == 0)).all():
        raise ValueError("weights: expected a zero diagonal and rows that sum to 1, or to 0 for an island")
    order = _code_order(codes)
    deviations = values[order] - values[order].mean()
    if np.ptp(values) <= ROUNDING * np.abs(values).max():
        deviations = np.zeros(n)
    return order, deviations, weights[np.ix_(order, order)]


def _pseudo_p(simulated: np.ndarray, observed: np.ndarray | float) -> np.ndarray:
    """(min(larger, P - larger) + 1) / (P + 1) over the first axis, as esda: the tail the figure lies in.

    `larger` counts draws of at least the observed value; draws that are the same sum in another order tie.
    """
    permutations = simulated.shape[0]
    slack = ROUNDING * np.maximum(1, np.abs(observed))
    larger = (simulated >= observed - slack).sum(axis=0)
    return (np.minimum(larger, permutations - larger) + 1) / (permutations + 1)


def morans_i(
    codes: list[str], values: np.ndarray, weights: np.ndarray, *, permutations: int, seed: int
) -> GlobalMoran:
    """Global Moran's I = (n / S0) (z'Wz / z'z), z the deviations from the mean, S0 the sum of the weights.

    values (n,), weights (n, n) row-standardised with zero rows for islands. Pseudo-p from `permutations`
    seeded shuffles of the values. NaN with reason 'constant', or 'island' when no place has a neighbour.
    ValueError for sizes that differ, missing values or weights of another kind.
    Source: Moran (1950), Cliff and Ord (1981).
    """
    _, z, w = _sorted_input(codes, values, weights, permutations)
    if not z.any():
        return GlobalMoran(np.nan, np.nan, "constant")
    if not w.any():
        return GlobalMoran(np.nan, np.nan, "island")
    scale = len(z) / w.sum() / (z @ z)
    observed = float(scale * (z @ w @ z))
    shuffled = np.random.default_rng(seed).permuted(np.tile(z, (permutations, 1)), axis=1)
    simulated = scale * ((shuffled @ w.T) * shuffled).sum(axis=1)
    return GlobalMoran(observed, float(_pseudo_p(simulated, observed)), None)


def local_moran(
    codes: list[str], values: np.ndarray, weights: np.ndarray, *, permutations: int, seed: int
) -> LocalMoran:
    """Local Moran's I_i = (n - 1) z_i (Wz)_i / sum z^2 with conditional permutations (z_i stays in place).

    values (n,), weights (n, n) row-standardised. The quadrant names the place first, then its neighbours:
    'H' above the mean, 'L' not above it. NaN with reason 'constant' (all places) or 'island' (zero row).
    ValueError as in morans_i. Source: Anselin (1995), with the scaling and pseudo-p of esda.
    """
    order, z, w = _sorted_input(codes, values, weights, permutations)
    n = len(z)
    figures = LocalMoran(
        np.full(n, np.nan), np.full(n, np.nan), np.full(n, None, dtype=object), np.full(n, None, dtype=object)
    )
    if not z.any():
        figures.reason[:] = "constant"
        return figures
    lag, scale = w @ z, (n - 1) / (z @ z)
    observed = scale * z * lag
    p = _pseudo_p(scale * z * _conditional_lags(z, w, permutations, seed), observed)
    island = ~w.any(axis=1)
    quadrant = np.char.add(np.where(z > 0, "H", "L"), np.where(lag > 0, "H", "L")).astype(object)
    figures.i[order] = np.where(island, np.nan, observed)
    figures.p[order] = np.where(island, np.nan, p)
    figures.quadrant[order] = np.where(island, None, quadrant)
    figures.reason[order] = np.where(island, "island", None)
    return figures


def _conditional_lags(z: np.ndarray, w: np.ndarray, permutations: int, seed: int) -> np.ndarray:
    """Spatial lags (permutations, n) with neighbours drawn at random from all other places.

    One draw of positions among the n - 1 others serves every place (as in esda): position j stands for
    place j, or j + 1 from the place itself on.
    """
    n = len(z)
    most = int((w > 0).sum(axis=1).max())
    own_weights = -np.sort(-w, axis=1)[:, :most]  # padded with zeros where a place has fewer neighbours
    others = np.tile(np.arange(n - 1), (permutations, 1))
    drawn = np.random.default_rng(seed).permuted(others, axis=1)[:, None, :most]
    places = drawn + (drawn >= np.arange(n)[:, None])
    return np.einsum("pnk,nk->pn", z[places], own_weights)
