"""Weights of indicators: equal, from the data (entropy, CRITIC, principal components), or judgements (AHP).

Functions from a matrix of scores to one weight for each indicator belong here. The declaration of a mode says
which weights it takes. The weighted means belong to `aggregation` and `fit_kernel`.

A missing score is NaN. A spread is taken over the units that have the indicator; a correlation is taken over
the units that have both indicators. An indicator with fewer than two observed units, or with the same score
for all units, has weight 0. Where no weight can be computed at all, all weights are NaN with a reason of
REASONS.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

Array = np.ndarray

REASONS = {
    "no_indicators": "there is nothing to weigh",
    "no_spread": "no indicator tells any two units apart",
    "negative_scores": "entropy shares are defined for scores of zero and above only",
    "no_conflict": "all indicators order the units alike, so none has more information than another",
    "too_few_pairs": "two indicators share fewer than three units that differ, so their correlation cannot be told",
    "not_reciprocal": "the judgements are not positive with a_ij = 1 / a_ji",
}
# Saaty's mean consistency index of random reciprocal matrices (1980), by their order
RANDOM_CONSISTENCY = (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49)


class Weights(NamedTuple):
    """weights: (indicators,), not negative, sum 1, or all NaN.

    reason: a key of REASONS where they are NaN, else None.
    """

    weights: Array
    reason: str | None = None


def equal(n: int) -> Weights:
    """The same weight for each of n indicators.

    >>> equal(4).weights.tolist()
    [0.25, 0.25, 0.25, 0.25]
    """
    return Weights(np.full(n, 1 / n)) if n else Weights(np.empty(0), "no_indicators")


def entropy(scores: Array) -> Weights:
    """Entropy weights of non-negative scores (units, indicators).

    p = x / sum x, e = -sum p ln p / ln n with 0 ln 0 = 0, weight = (1 - e) / sum (1 - e); n counts the observed
    units of the indicator (Shannon 1948; Zeleny, Multiple Criteria Decision Making, 1982, ch. 7).
    """
    scores = np.asarray(scores, dtype=float)
    if np.nanmin(scores, initial=0.0) < 0:
        return _none(scores, "negative_scores")
    usable = _varied(scores)
    n = np.isfinite(scores).sum(axis=0)
    total = np.nansum(scores, axis=0)
    shares = scores / np.where(total > 0, total, 1)
    surprise = np.where(shares > 0, shares * np.log(np.where(shares > 0, shares, 1)), 0.0)
    disorder = -surprise.sum(axis=0) / np.log(np.maximum(n, 2))
    return _shares(scores, np.where(usable, np.maximum(1 - disorder, 0), 0.0))


def critic(scores: Array) -> Weights:
    """CRITIC weights of scores (units, indicators): spread times conflict with the other indicators.

    Scores are placed between their extremes. C_j = sd_j * sum_k (1 - r_jk) with Pearson's r. Source:
    Diakoulaki, Mavrotas and Papayannakis, Computers & Operations Research 22(7), 1995.
    """
    scores = np.asarray(scores, dtype=float)
    usable = _varied(scores)
    placed = scores[:, usable]
    if not usable.any():
        return _none(scores, "no_spread")
    low, high = np.nanmin(placed, axis=0), np.nanmax(placed, axis=0)
    placed = (placed - low) / (high - low)
    r = correlations(placed)
    if np.isnan(r).any():
        return _none(scores, "too_few_pairs")
    information = np.zeros(scores.shape[1])
    information[usable] = np.nanstd(placed, axis=0) * (1 - r).sum(axis=1)
    # a single indicator has no other one to conflict with, so it takes all the weight
    return _shares(scores, information if usable.sum() > 1 else usable.astype(float), "no_conflict")


def pca(scores: Array) -> Weights:
    """Weights from rotated principal components of scores (units, indicators).

    Varimax rotates the components of the correlation matrix that have an eigenvalue above 1 (at least the
    largest one). The weight of an indicator is its largest share in a component's squared loadings times the
    component's share of the explained variance, scaled to sum 1. Source: OECD/JRC Handbook on Constructing
    Composite Indicators, 2008, step 6, "Weights based on principal components analysis or factor analysis",
    after Nicoletti et al. 2000. The loadings of the first component alone, which COINr offers, are not used,
    because they can be negative.
    """
    scores = np.asarray(scores, dtype=float)
    usable = _varied(scores)
    if not usable.any():
        return _none(scores, "no_spread")
    components = principal_components(scores[:, usable])
    if np.isnan(components.loadings).any():
        return _none(scores, "too_few_pairs")
    kept = np.maximum(1, int((components.variances > 1 + 1e-12).sum()))
    factors = varimax(components.loadings[:, :kept] * np.sqrt(components.variances[:kept]))
    explained = (factors**2).sum(axis=0)
    part = (factors**2 / explained) * (explained / explained.sum())
    importance = np.zeros(scores.shape[1])
    importance[usable] = part.max(axis=1)
    return _shares(scores, importance)


class Components(NamedTuple):
    """loadings: (indicators, components), unit columns; variances: (components,), descending."""

    loadings: Array
    variances: Array


def principal_components(scores: Array) -> Components:
    """Eigenvectors and eigenvalues of the correlation matrix.

    The largest loading of each column is positive.
    """
    r = correlations(scores)
    if np.isnan(r).any():
        return Components(np.full(r.shape, np.nan), np.full(r.shape[0], np.nan))
    values, vectors = np.linalg.eigh(r)
    vectors = vectors[:, ::-1]
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=0)[None, :], axis=0)
    return Components(vectors * np.sign(largest), values[::-1])


def varimax(loadings: Array, rounds: int = 500, tolerance: float = 1e-12) -> Array:
    """Rotate loadings (indicators, factors) orthogonally so that their squares vary most (Kaiser 1958)."""
    n, factors = loadings.shape
    rotation, before = np.eye(factors), 0.0
    if factors < 2:
        return loadings
    for _ in range(rounds):
        turned = loadings @ rotation
        slope = loadings.T @ (turned**3 - turned * (turned**2).sum(axis=0) / n)
        left, singular, right = np.linalg.svd(slope)
        rotation, now = left @ right, singular.sum()
        if now <= before * (1 + tolerance):
            break
        before = now
    return loadings @ rotation


def correlations(scores: Array) -> Array:
    """Pearson correlations (indicators, indicators), over the units that have both; NaN below three."""
    scores = np.asarray(scores, dtype=float)
    there = np.isfinite(scores)
    k = scores.shape[1]
    r = np.eye(k)
    for i in range(k):
        for j in range(i):
            both = there[:, i] & there[:, j]
            r[i, j] = r[j, i] = _pearson(scores[both, i], scores[both, j])
    return r


class Judged(NamedTuple):
    """weights with their reason.

    consistency_ratio: Saaty's, by convention below 0.1; NaN where it is not defined.
    """

    weights: Array
    reason: str | None
    consistency_ratio: float


def ahp(comparisons: Array) -> Judged:
    """Weights from pairwise judgements (n, n): the principal eigenvector.

    a_ij is the importance of indicator i over indicator j. Consistency ratio =
    ((largest eigenvalue - n) / (n - 1)) / random index; NaN for fewer than three or more than ten indicators.
    Source: Saaty, The Analytic Hierarchy Process (1980).
    """
    a = np.asarray(comparisons, dtype=float)
    if not (a > 0).all() or not np.allclose(a * a.T, 1):
        return Judged(*_none(a, "not_reciprocal"), np.nan)
    n = a.shape[0]
    values, vectors = np.linalg.eig(a)
    first = values.real.argmax()
    weights = np.abs(vectors[:, first].real)
    ratio = np.nan
    if 3 <= n <= len(RANDOM_CONSISTENCY):
        ratio = float((values[first].real - n) / (n - 1) / RANDOM_CONSISTENCY[n - 1])
    return Judged(weights / weights.sum(), None, ratio)


def _pearson(x: Array, y: Array) -> float:
    if x.size < 3:
        return np.nan
    x, y = x - x.mean(), y - y.mean()
    scale = np.sqrt((x**2).sum()) * np.sqrt((y**2).sum())
    return float(np.clip((x * y).sum() / scale, -1, 1)) if scale > 0 else np.nan


def _varied(scores: Array) -> Array:
    """True for each indicator that has at least two different scores."""
    low = np.nanmin(np.where(np.isfinite(scores), scores, np.inf), axis=0, initial=np.inf)
    high = np.nanmax(np.where(np.isfinite(scores), scores, -np.inf), axis=0, initial=-np.inf)
    return high > low


def _shares(scores: Array, information: Array, otherwise: str = "no_spread") -> Weights:
    total = information.sum()
    return Weights(information / total) if total > 1e-12 else _none(scores, otherwise)


def _none(scores: Array, reason: str) -> Weights:
    k = scores.shape[1]
    return Weights(np.full(k, np.nan), reason if k else "no_indicators")
