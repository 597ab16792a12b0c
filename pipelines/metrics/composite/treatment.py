"""Treatment and normalisation of indicators, in the manner of the OECD/JRC Handbook and of COINr's defaults.

Functions from one vector to one vector belong here. Which indicator, which mode and what to do with missing
data do not belong here.
Formulas: OECD/JRC, Handbook on Constructing Composite Indicators (2008), steps 4 and 5; W. Becker et al.,
COINr (Journal of Open Source Software 7(78), 2022), default treatment `Treat`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import ndtr

Array = np.ndarray
ROUNDING = 1e-12


def skewness(x: Array) -> float:
    """Adjusted Fisher-Pearson skewness G1 of the finite values; NaN for fewer than 3 values or no spread."""
    x = x[np.isfinite(x)]
    n = x.size
    if n < 3 or np.ptp(x) == 0:
        return np.nan
    d = _scaled_deviations(x)
    g1 = np.mean(d**3) / np.mean(d**2) ** 1.5
    return float(g1 * np.sqrt(n * (n - 1)) / (n - 2))


def kurtosis(x: Array) -> float:
    """Sample excess kurtosis G2 of the finite values; NaN for fewer than 4 values or no spread."""
    x = x[np.isfinite(x)]
    n = x.size
    if n < 4 or np.ptp(x) == 0:
        return np.nan
    d = _scaled_deviations(x)
    g2 = np.mean(d**4) / np.mean(d**2) ** 2 - 3
    return float((n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * g2 + 6))


def _scaled_deviations(x: Array) -> Array:
    """Deviations from the mean, divided by the largest deviation.

    The shape does not depend on the scale, and very small deviations do not underflow.
    """
    d = x - x.mean()
    return d / np.abs(d).max()


def passes(x: Array, skewness_limit: float, kurtosis_limit: float) -> bool:
    """True when |skewness| or kurtosis lies below its limit, or when neither can be computed (too few
    values).

    A shape that reaches the limit except for rounding does not pass (one outlier among four values has a
    skewness of exactly 2). Otherwise the unit of measurement would decide.
    """
    s, k = skewness(x), kurtosis(x)
    below = abs(s) < skewness_limit - ROUNDING or k < kurtosis_limit - ROUNDING
    return bool((np.isnan(s) and np.isnan(k)) or below)


def winsorise(x: Array, skewness_limit: float, kurtosis_limit: float, points: int) -> Array:
    """Pull in the outermost values, one at a time and at most `points` of them, until the vector passes.

    Each pulled value takes the value of its next neighbour inwards, on the side of the skew (COINr
    `winsorise`). If the vector does not pass after `points` values, it is returned as it then is; the caller
    tests `passes` again.
    """
    x = x.astype(float).copy()
    order = np.argsort(np.where(np.isfinite(x), x, np.inf), kind="stable")[: np.isfinite(x).sum()]
    high, low = order.size, 0
    for _ in range(points):
        if passes(x, skewness_limit, kurtosis_limit) or high - low < 3:
            break
        if skewness(x) >= 0:
            high -= 1
            x[order[high:]] = x[order[high - 1]]
        else:
            low += 1
            x[order[:low]] = x[order[low]]
    return x


def log_transform(x: Array, like: Array | None = None) -> Array:
    """log(x - min + 0.01 * range): makes a right-skewed vector more symmetric (COINr `log_CT`).

    A left-skewed vector is mirrored first. Minimum, range and skew are those of `like`; without `like`, those
    of x.
    """
    x = x.astype(float)
    like = x if like is None else like
    low, high = np.nanmin(like), np.nanmax(like)
    shift = 0.01 * (high - low)
    return np.log(x - low + shift) if skewness(like) >= 0 else -np.log(high - x + shift)


def treat(x: Array, skewness_limit: float, kurtosis_limit: float, points: int) -> tuple[Array, str]:
    """Return the treated vector and the treatment: 'none', 'winsorised' or 'logged'.

    A vector that passes stays as it is. Otherwise it is winsorised; if it still does not pass, its logarithm
    is taken.
    """
    if passes(x, skewness_limit, kurtosis_limit):
        return x.astype(float), "none"
    pulled = winsorise(x, skewness_limit, kurtosis_limit, points)
    if passes(pulled, skewness_limit, kurtosis_limit):
        return pulled, "winsorised"
    return log_transform(x), "logged"


def treat_like(x: Array, observed: Array, treated: Array, how: str) -> Array:
    """Treat x in the same way as `treat` treated `observed`.

    `treated` and `how` are the result of `treat(observed)`. A value of x beyond the range of `observed` is
    treated like the end of that range.
    """
    if how == "logged":
        return log_transform(np.clip(x, np.nanmin(observed), np.nanmax(observed)), observed)
    return np.clip(x, np.nanmin(treated), np.nanmax(treated))


def goalposts(x: Array, low: float, high: float) -> Array:
    """Position of x between two fixed points: 0 at low, 1 at high; all NaN unless low < high.

    With the vector's own extremes this is min-max (and the distance to the maximum). With the figure of a
    reference unit as `high` it is the distance to a reference. With declared points it is COINr's `n_scaled`.

    >>> goalposts(np.array([10.0, 15.0]), 10, 20).tolist()
    [0.0, 0.5]
    """
    return (x - low) / (high - low) if high > low else np.full(x.shape, np.nan)


def minmax(x: Array, direction: int = 1) -> Array:
    """Scores in [0, 1] between the vector's own extremes; all NaN when they are equal.

    A `direction` of -1 turns the scores: the lowest value gets 1.

    >>> minmax(np.array([1.0, 2.0, 3.0]), -1).tolist()
    [1.0, 0.5, 0.0]
    """
    score = goalposts(x, np.nanmin(x), np.nanmax(x))
    return score if direction > 0 else 1 - score


def zscore(x: Array) -> Array:
    """Deviation from the mean in sample standard deviations of the finite values; all NaN when they are
    all equal.
    """
    n = np.isfinite(x).sum()
    if n < 2 or not np.nanmax(x) > np.nanmin(x):
        return np.full(x.shape, np.nan)
    # divided by the largest deviation first, so that very small spreads do not underflow
    centred = x - np.nanmean(x)
    centred = centred / np.nanmax(np.abs(centred))
    return centred / np.sqrt(np.nansum(centred**2) / (n - 1))


def normal_score(x: Array) -> Array:
    """z-scores mapped to (0, 1) by the standard normal distribution function.

    The order of the values stays, and outliers come closer to the others.
    """
    return ndtr(zscore(x))


def fraction_of_max(x: Array) -> Array:
    """x / max x, for figures of zero and above; all NaN unless the maximum is positive."""
    high = np.nanmax(x)
    return x / high if high > 0 else np.full(x.shape, np.nan)


def rank(x: Array, ties: str = "min") -> Array:
    """Ascending rank of the finite values, from 1.

    Tied values share their lowest ('min') or mean ('average') rank.
    """
    finite = np.isfinite(x)
    values = np.sort(x[finite])
    below = np.searchsorted(values, x, side="left")
    level = (np.searchsorted(values, x, side="right") - below - 1) / 2 if ties == "average" else 0
    return np.where(finite, below + level + 1, np.nan)


def borda(x: Array) -> Array:
    """Borda points: the number of finite values that lie below. Tied values do not count for each other."""
    return rank(x) - 1


def percentile_rank(x: Array, ties: str = "average") -> Array:
    """Share of the other finite values that lie below: 0 for the lowest, 1 for the highest.

    'average' counts a tie half, so that direction does not matter. 'min' does not count a tie (COINr's
    `n_prank`). All NaN for fewer than two finite values.
    """
    n = np.isfinite(x).sum()
    return (rank(x, ties) - 1) / (n - 1) if n > 1 else np.full(x.shape, np.nan)


NORMALISATIONS: dict[str, Callable[[Array], Array]] = {
    "minmax": minmax,
    "rank": percentile_rank,
    "zscore": normal_score,
}


def evidence_score(x: Array, direction: int, floor: float, normalisation: str = "minmax") -> Array:
    """Scores of evidence in [floor, 1].

    The normalisation (NORMALISATIONS) places x on [0, 1]: min-max by distance, percentile rank by order,
    z-score through the normal distribution function. `lift` then turns the scores by direction and lifts them
    to the floor.
    """
    return lift(NORMALISATIONS[normalisation](x), direction, floor)


def lift(score: Array, direction: int, floor: float) -> Array:
    """Turn scores of [0, 1] for direction -1 and bring them to [floor, 1]."""
    return floor + (1 - floor) * (score if direction > 0 else 1 - score)
