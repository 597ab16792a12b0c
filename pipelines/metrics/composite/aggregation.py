"""Composite indicators: imputation, means over a hierarchy, outranking, TOPSIS, and checks of a framework.

Functions on a matrix of units by indicators belong here: they make one figure a unit from raw figures.
Functions on one vector belong to `treatment`, weights to `weights`, replications to `uncertainty`, modes to
`fit_kernel`. Formulas: OECD/JRC, Handbook on Constructing Composite Indicators (2008), steps 3, 6 and 7; W.
Becker et al., COINr (Journal of Open Source Software 7(78), 2022). Sums run in one fixed order and never
through BLAS. The number of threads therefore changes no bit of a figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray

TYPICAL: dict[str, Callable[[Array], Any]] = {"mean": np.mean, "median": np.median}
POWERS = {"arithmetic": 1.0, "geometric": 0.0, "harmonic": -1.0}


def impute(values: Array, how: str, groups: Array | None = None) -> Array:
    """Fill the gaps of an indicator with the mean or the median of its known values.

    Args:
        values: (units, indicators); NaN is a gap.
        how: 'mean' or 'median'.
        groups: (units,) labels. A gap takes the value of its own group. Without labels, all units are one
            group.

    Returns:
        (units, indicators). A gap stays NaN where the group has no value of the indicator.

    >>> impute(np.array([[1.0], [3.0], [np.nan]]), "mean").tolist()
    [[1.0], [3.0], [2.0]]
    """
    groups = np.zeros(len(values), dtype=int) if groups is None else groups
    filled = values.astype(float).copy()
    typical = TYPICAL[how]
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        for k in range(values.shape[1]):
            column = filled[rows, k]
            known = np.isfinite(column)
            if known.any():
                filled[rows, k] = np.where(known, column, typical(column[known]))
    return filled


def power_mean(values: Iterable[Array], weights: Iterable[Array], power: float) -> tuple[Array, Array]:
    """Weighted generalised mean (sum w x^p / sum w)^(1/p) of the values that are not missing.

    Args:
        values: one array for each indicator; NaN is a missing value.
        weights: one array for each indicator; it must broadcast against the values.
        power: 1 is the arithmetic mean, 0 the geometric mean (the limit), -1 the harmonic mean.

    Returns:
        The mean, and the sum of the weights that it uses. The mean is NaN where this sum is 0. At power 0 and
        below, one value of zero makes the mean zero (its limit).

    Raises:
        ValueError: A value is negative and the power is 0 or below.
    """
    total: Array = np.zeros(())
    mass: Array = np.zeros(())
    with np.errstate(divide="ignore", invalid="ignore"):
        for value, weight in zip(values, weights, strict=True):
            there = np.isfinite(value)
            part = _raised(np.where(there, value, 1.0), power)
            present = weight * there
            term = present * part
            total = total + (term if np.isfinite(part).all() else np.where(present > 0, term, 0.0))
            mass = mass + present
        return _lowered(total / mass, power), mass


def aggregate(scores: Array, weights: Array, parent: Array, power: float) -> Array:
    """Mean of the indicators under each parent: (..., units, k), (..., k), (k,) -> (..., units, parents)."""
    values, shares = np.moveaxis(scores, -1, 0), np.moveaxis(weights, -1, 0)[..., None]
    members = [np.flatnonzero(parent == p) for p in range(int(parent.max()) + 1)]
    return np.stack([power_mean(values[m], shares[m], power)[0] for m in members], axis=-1)


def hierarchy(scores: Array, weights: Sequence[Array], parents: Sequence[Array], power: float) -> list[Array]:
    """Compute every level of an index above its indicators, the lowest level first.

    Args:
        scores: (units, k), the indicators.
        weights: for each level, the weights (..., nodes).
        parents: for each level, the position of each node's parent (nodes,).

    Returns:
        One array (..., units, nodes) for each level.
    """
    levels, current = [], scores
    for weight, parent in zip(weights, parents, strict=True):
        current = aggregate(current, weight, parent, power)
        levels.append(current)
    return levels


def outranking(scores: Array, weights: Array) -> Array:
    """Matrix (units, units): the weight of the indicators in which the row's unit beats the column's unit.

    A tie counts half of the indicator's weight.
    """
    n = len(scores)
    matrix = np.zeros((n, n))
    for column, weight in zip(scores.T, weights / weights.sum(), strict=True):
        difference = column[:, None] - column[None, :]
        matrix += weight * ((difference > 0) + 0.5 * (difference == 0))
    np.fill_diagonal(matrix, 0)
    return matrix


def copeland(matrix: Array) -> Array:
    """Copeland score of each unit: the number of units that it outranks minus the number that outrank it.

    A unit outranks another one when it wins more than half of the weight.
    """
    lead = matrix - matrix.T
    return (lead > 1e-12).sum(axis=1) - (lead < -1e-12).sum(axis=1).astype(float)


def topsis(values: Array, weights: Array, direction: Array, normalisation: str) -> Array:
    """Closeness of each unit to the ideal, d- / (d- + d+) in [0, 1], (units, k) -> (units,).

    normalisation: 'minmax' (turned by direction) or 'vector' (divided by the length of the column; the ideal
    of direction -1 is the lowest value). Other packages have different defaults, so the caller must name it.
    A unit with a gap gets NaN. All units get NaN when no indicator varies.
    Source: Hwang and Yoon, Multiple Attribute Decision Making (1981).
    """
    complete = np.isfinite(values).all(axis=1)
    x = values[complete]
    closeness = np.full(len(values), np.nan)
    span = np.ptp(x, axis=0) if len(x) else np.zeros(x.shape[1])
    if not (span > 0).any():
        return closeness
    x, weights, direction = x[:, span > 0], weights[span > 0], direction[span > 0]
    if normalisation == "minmax":
        x = (x - x.min(axis=0)) / np.ptp(x, axis=0)
    else:
        x = x / np.sqrt((x**2).sum(axis=0))
    x = x * weights * direction
    to_ideal = np.sqrt(((x - x.max(axis=0)) ** 2).sum(axis=1))
    to_worst = np.sqrt(((x - x.min(axis=0)) ** 2).sum(axis=1))
    closeness[complete] = to_worst / (to_worst + to_ideal)
    return closeness


def cronbach(scores: Array) -> float:
    """Cronbach's alpha of scores (units, k); NaN for fewer than two indicators.

    Each covariance is taken over the units that have both indicators.
    """
    k = scores.shape[1]
    if k < 2:
        return np.nan
    covariance = np.array([[_covariance(a, b) for a in scores.T] for b in scores.T])
    total = covariance.sum()
    return float(k / (k - 1) * (1 - np.trace(covariance) / total)) if total > 0 else np.nan


def ranks(scores: Array) -> Array:
    """Descending ranks over the last axis, from 1. Tied scores share the best rank. NaN stays NaN.

    >>> ranks(np.array([0.5, 0.9, 0.5, np.nan])).tolist()
    [2.0, 1.0, 2.0, nan]
    """
    order = np.argsort(-scores, axis=-1)  # NaN last
    ordered = np.take_along_axis(scores, order, axis=-1)
    place = np.arange(scores.shape[-1])
    starts = np.ones(scores.shape, dtype=bool)
    starts[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    level = np.maximum.accumulate(np.where(starts, place, 0), axis=-1) + 1.0
    result = np.empty(scores.shape)
    np.put_along_axis(result, order, level, axis=-1)
    return np.where(np.isfinite(scores), result, np.nan)


def rank_shift(scores: Array, nominal: Array) -> Array:
    """Mean absolute difference between the ranks of `scores` and of `nominal`: (..., units), (units,) ->
    (...).
    """
    return np.nanmean(np.abs(ranks(scores) - ranks(nominal)), axis=-1)


def _raised(value: Array, power: float) -> Array:
    if power <= 0 and (value < 0).any():
        raise ValueError("a geometric or harmonic mean needs scores of zero and above")
    return np.log(value) if power == 0 else value if power == 1 else value**power


def _lowered(mean: Array, power: float) -> Array:
    return np.exp(mean) if power == 0 else mean if power == 1 else mean ** (1 / power)


def _covariance(a: Array, b: Array) -> float:
    both = np.isfinite(a) & np.isfinite(b)
    a, b = a[both], b[both]
    return float(((a - a.mean()) * (b - b.mean())).sum() / (a.size - 1)) if a.size > 1 else np.nan
