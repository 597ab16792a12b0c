"""The fit and the comparative fit as array functions, for one set of weights or for many at once.

The arithmetic that `mode_fit` (published figures) and `mode_uncertainty` (replications) share belongs here. A
replication at the nominal choices therefore equals the published figure to the bit. Frames, reasons and
scores of criteria do not belong here. Sums run over one axis in one fixed order and never through BLAS. The
number of threads and the number of replications in a call therefore change no bit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipelines.metrics.composite import aggregation

Array = np.ndarray

TOLERANCE = 1e-12  # coverage of exactly the minimum counts, whatever the sum of weights rounded to


def coverage(scores: Array, weights: Array) -> Array:
    """Share of the weight that is observed: scores (zones, criteria) with NaN, weights (criteria,) ->
    (zones,).

    >>> coverage(np.array([[0.5, np.nan]]), np.array([0.75, 0.25])).tolist()
    [0.75]
    """
    there = np.isfinite(scores)
    observed, total = np.zeros(scores.shape[0]), 0.0
    for k, weight in enumerate(weights):
        observed += weight * there[:, k]
        total += weight
    return observed / total


def evidence(scores: Array, weights: Array, dimension: Array, across: str = "geometric") -> Array:
    """Weighted arithmetic mean within each dimension, then weighted mean across the dimensions.

    Args:
        scores: (zones, criteria) in [0, 1]; NaN is a missing score and is left out.
        weights: (..., criteria), not negative.
        dimension: (criteria,) integer codes.
        across: 'geometric' or 'arithmetic', the mean across dimensions.

    Returns:
        (..., zones) in [0, 1]; NaN where no weight is observed. The result is homogeneous of degree one in
        the scores, so that contributions add up (Euler).
    """
    values, shares = scores.T, np.moveaxis(weights, -1, 0)[..., None]
    members = [np.flatnonzero(dimension == code) for code in np.unique(dimension)]
    within = [aggregation.power_mean(values[m], shares[m], aggregation.POWERS["arithmetic"]) for m in members]
    means, masses = zip(*within, strict=True)
    return aggregation.power_mean(means, masses, aggregation.POWERS[across])[0]


class Comparative(NamedTuple):
    """residual: the fit without the effect of size.

    comparative: the residual, centred over the modes of the zone. Both are (modes, ..., zones); NaN where
    they cannot be computed.
    """

    residual: Array
    comparative: Array


def comparative(
    fits: Array,
    gate: Array,
    size: Array,
    *,
    minimum_gate: float,
    minimum_zones: int,
    population: str = "all",
    scale: str = "raw",
) -> Comparative:
    """Comparative fits of one period.

    Args:
        fits: (modes, ..., zones). If a zone's fit is NaN, it is NaN in all replications of the mode.
        gate: (modes, zones).
        size: (zones, columns), such as log GDP and log residents; NaN where unknown.
        minimum_gate, minimum_zones: thresholds of the population of the regression.
        population: 'all' takes every zone with a fit and a size; 'gate_passing' takes those whose gate
            reaches minimum_gate, and the other zones get no residual.
        scale: 'standardised' divides the residuals of a mode by their standard error, so that a mode with a
            wide spread of fits has no advantage.

    Returns:
        Within each mode, OLS with a constant regresses the fit on size. With fewer than minimum_zones zones
        there is no residual. A zone needs residuals of at least two modes to be centred.
    """
    residual = np.full(fits.shape, np.nan)
    sized = np.isfinite(size).all(axis=1)
    for mode, values in enumerate(fits):
        used = sized & np.isfinite(values.reshape(-1, values.shape[-1])).all(axis=0)
        if population == "gate_passing":
            used &= gate[mode] >= minimum_gate
        if used.sum() >= minimum_zones:
            residual[mode][..., used] = _size_residual(values, size, used, scale)
    known = np.isfinite(residual)
    count, total = np.zeros(fits.shape[1:]), np.zeros(fits.shape[1:])
    for mode in range(len(fits)):
        count += known[mode]
        total += np.where(known[mode], residual[mode], 0.0)
    mean = np.divide(total, count, out=np.full(total.shape, np.nan), where=count >= 2)
    return Comparative(residual, residual - mean)


def best(comparative_fits: Array, gate: Array, minimum_gate: float) -> Array:
    """Index of the best mode, (..., zones); -1 where no mode has a comparative fit and passes its gate.

    In a tie, the mode that comes first wins. This choice is arbitrary, but the same in every run.
    """
    passed = (gate >= minimum_gate).reshape(gate.shape[0], *[1] * (comparative_fits.ndim - 2), gate.shape[1])
    eligible = np.isfinite(comparative_fits) & passed
    leader = np.where(eligible, comparative_fits, -np.inf).argmax(axis=0)
    return np.where(eligible.any(axis=0), leader, -1)


def _size_residual(values: Array, size: Array, used: Array, scale: str) -> Array:
    """Residuals (..., used zones) of an OLS regression on a constant and the columns of size."""
    y = np.ascontiguousarray(np.compress(used, values, axis=-1))
    y -= y.mean(axis=-1, keepdims=True)
    basis = _orthonormal(size[used])
    for column in basis:
        y -= (y * column).sum(axis=-1, keepdims=True) * column
    if scale == "standardised":
        freedom = y.shape[-1] - 1 - len(basis)
        error = np.sqrt((y**2).sum(axis=-1, keepdims=True) / max(freedom, 1))
        y = np.divide(y, error, out=np.full(y.shape, np.nan), where=error > TOLERANCE)
    return y


def _orthonormal(columns: Array) -> list[Array]:
    """Make centred columns orthonormal (Gram-Schmidt, twice for accuracy).

    A column that follows from others is left out.
    """
    basis: list[Array] = []
    for column in columns.T:
        centred = column - column.mean()
        rest, length = centred, np.sqrt((centred**2).sum())
        for _ in range(2):
            for q in basis:
                rest = rest - (rest * q).sum() * q
        left = np.sqrt((rest**2).sum())
        if left > 1e-9 * length:
            basis.append(rest / left)
    return basis
