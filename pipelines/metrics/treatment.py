"""Treatment and normalisation of indicators, as the OECD/JRC Handbook and COINr's defaults do it.

Belongs here: one vector in, one vector out. Does not belong here: which indicator, which mode, missing-data rules.
Formulas: OECD/JRC, Handbook on Constructing Composite Indicators (2008), steps 4 and 5; W. Becker et al., COINr
(Journal of Open Source Software 7(78), 2022), default treatment `Treat`.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray


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
    """Deviations from the mean in units of the largest: shape is free of scale, and tiny ones do not underflow."""
    d = x - x.mean()
    return d / np.abs(d).max()


def passes(x: Array, skewness_limit: float, kurtosis_limit: float) -> bool:
    """True when |skewness| or kurtosis lies below its limit, or when neither can be told (too few values)."""
    s, k = skewness(x), kurtosis(x)
    return bool((np.isnan(s) and np.isnan(k)) or abs(s) < skewness_limit or k < kurtosis_limit)


def winsorise(x: Array, skewness_limit: float, kurtosis_limit: float, points: int) -> Array:
    """Pull in at most `points` outermost values, one at a time, until the vector passes.

    Each pulled value takes the value of its next neighbour inwards, on the side of the skew (COINr `winsorise`).
    The vector is returned as far as it got; the caller tests `passes` again.
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


def log_transform(x: Array) -> Array:
    """log(x - min + 0.01 * range), towards symmetry for right-skewed vectors (COINr `log_CT`); mirrored for left."""
    x = x.astype(float)
    low, high = np.nanmin(x), np.nanmax(x)
    shift = 0.01 * (high - low)
    return np.log(x - low + shift) if skewness(x) >= 0 else -np.log(high - x + shift)


def treat(x: Array, skewness_limit: float, kurtosis_limit: float, points: int) -> tuple[Array, str]:
    """Treated vector and what was done: 'none', 'winsorised' or 'logged' (pass; else winsorise; else log)."""
    if passes(x, skewness_limit, kurtosis_limit):
        return x.astype(float), "none"
    pulled = winsorise(x, skewness_limit, kurtosis_limit, points)
    if passes(pulled, skewness_limit, kurtosis_limit):
        return pulled, "winsorised"
    return log_transform(x), "logged"


def minmax(x: Array, direction: int = 1) -> Array:
    """Scores in [0, 1] between the vector's own extremes; all NaN when they coincide. `direction` -1 turns it."""
    low, high = np.nanmin(x), np.nanmax(x)
    if not high > low:
        return np.full(x.shape, np.nan)
    score = (x - low) / (high - low)
    return score if direction > 0 else 1 - score


def percentile_rank(x: Array) -> Array:
    """Share of the other finite values that lie below, ties counted half: 0 for the lowest, 1 for the highest."""
    finite = np.isfinite(x)
    values = np.sort(x[finite])
    if values.size < 2:
        return np.full(x.shape, np.nan)
    below = np.searchsorted(values, x, side="left")
    upto = np.searchsorted(values, x, side="right")
    return np.where(finite, (below + (upto - below - 1) / 2) / (values.size - 1), np.nan)
