"""Inequality of an amount over units: Gini and Theil, with the decomposition of Theil by groups of units.

Measures of any amount over any units belong here. The tables say what the amount is; the specialisation of
regions belongs to specialisation.py.

In every function, `y` has shape (units, series): amounts, finite and not negative. Anything else raises
ValueError. A series that is all zero has no shares, so its figures are NaN.
"""

from typing import NamedTuple

import numpy as np


class Theil(NamedTuple):
    """Theil's T and L of each series (series,).

    Each is the sum of its part between groups and its part within groups.
    """

    t: np.ndarray
    t_between: np.ndarray
    t_within: np.ndarray
    l: np.ndarray  # noqa: E741  (the name of the measure)
    l_between: np.ndarray
    l_within: np.ndarray


def gini(y: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Gini coefficient of each series: half the mean absolute difference over the mean; shape (series,),
    0 to 1.

    weights (units,), such as population, say how often each unit counts; without weights each unit counts
    once. The figure is not corrected for small numbers of units: it is at most 1 - 1/units. Rows may come in
    any order. Source: Gini (1912).

    >>> gini(np.array([[1.0, 0.0], [1.0, 4.0]])).tolist()
    [0.0, 0.5]
    """
    y, w = _checked(y, weights)
    order = np.argsort(y, axis=0, kind="stable")
    sorted_y, sorted_w = np.take_along_axis(y, order, axis=0), w[order]
    amount = _shares(sorted_y * sorted_w)
    # Twice the area over the Lorenz curve: trapezoids of population share and cumulated amount.
    cumulated = np.cumsum(amount, axis=0)
    return np.maximum(1 - (sorted_w * (2 * cumulated - amount)).sum(axis=0), 0)


def theil(y: np.ndarray, population: np.ndarray | None = None, groups: np.ndarray | None = None) -> Theil:
    """Theil's T = sum s ln(s/x) and L = sum x ln(x/s), with s the shares in `y` and x the shares in
    `population`.

    Args:
        y: (units, series), the amounts.
        population: (units,), not negative, such as all employment: the amounts are compared with it. Without
            it all units count the same, and T and L are those of the amounts themselves.
        groups: (units,) labels. The part between groups is the same formula over the groups' sums. The part
            within groups is the mean of the groups' own indices, weighted by s for T and by x for L. Both
            parts add up to the whole. Without groups, the whole is the part within.

    Returns:
        A unit without population is left out (NaN where it has an amount). A share of 0 adds nothing to T; L
        is then infinite by its formula and NaN here. Source: Theil (1967); Shorrocks (1980) for the
        decomposition; Brulhart and Traeger (2005) for concentration of employment.
    """
    y, x = _checked(y, population)
    s = _shares(y)
    labels = np.zeros(len(y), dtype=int) if groups is None else np.unique(groups, return_inverse=True)[1]
    member = (labels == np.arange(labels.max(initial=0) + 1)[:, None]).astype(np.float64)
    s_group, x_group = member @ s, member @ x
    t, l = _entropy(s, x[:, None]), _entropy(x[:, None], s)  # noqa: E741
    t_between, l_between = _entropy(s_group, x_group[:, None]), _entropy(x_group[:, None], s_group)
    t_within, l_within = np.maximum(t - t_between, 0), np.maximum(l - l_between, 0)  # no rounding below 0
    return Theil(t, t_between, t_within, l, l_between, l_within)


def _checked(y: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the amounts as float64, and weights that sum to 1."""
    y = np.asarray(y, dtype=np.float64)
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=np.float64)
    if y.ndim != 2 or w.shape != y.shape[:1]:
        raise ValueError(
            f"inequality: found amounts {y.shape} and weights {w.shape}, expected (units, series), (units,)"
        )
    for name, values in (("amounts", y), ("weights", w)):
        if not (np.isfinite(values) & (values >= 0)).all():
            raise ValueError(
                f"inequality: {name} are missing, infinite or negative, expected finite, not negative"
            )
    if not w.any():
        raise ValueError("inequality: weights are all zero, expected at least one above zero")
    return y, w / w.sum()


def _shares(y: np.ndarray) -> np.ndarray:
    """Shares of each column, NaN in a column that sums to 0."""
    total = y.sum(axis=0)
    return np.divide(y, total, out=np.full(y.shape, np.nan), where=total > 0)


def _entropy(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Sum over units of p ln(p/q), never below 0. 0 ln 0 counts as 0; p > 0 with q = 0 gives NaN."""
    p, q = np.broadcast_arrays(p, q)
    undefined = np.isnan(p) | np.isnan(q) | ((p > 0) & (q == 0))
    ratio = np.divide(p, q, out=np.ones(p.shape), where=(p > 0) & (q > 0))
    total = np.maximum((p * np.log(ratio)).sum(axis=0), 0)
    return np.where(undefined.any(axis=0), np.nan, total)
