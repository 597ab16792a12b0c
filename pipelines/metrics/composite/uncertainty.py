"""How the choices behind an index change it: replications over drawn choices, intervals, Sobol indices.

Drawing choices and weights, replicating an index, percentiles and the decomposition of variance belong here,
for any index. The fit of the modes belongs to `mode_uncertainty`; one index belongs to `aggregation`.
Method: M. Saisana, A. Saltelli and S. Tarantola, Journal of the Royal Statistical Society A 168(2), 2005;
OECD/JRC Handbook (2008), step 7. Draws come from numpy's Generator with a declared seed. Sums never run
through BLAS, so the same seed gives the same bits with any number of threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import qmc

from pipelines.metrics.composite import aggregation

Array = np.ndarray


def dirichlet(rng: np.random.Generator, nominal: Array, concentration: float, n: int) -> Array:
    """n weight vectors (n, k) around the nominal weights (k,).

    They are drawn from the Dirichlet distribution of concentration * nominal. The mean is the nominal weight;
    the variance of a weight w is w (1 - w) / (concentration + 1). A nominal weight of 0 stays 0.
    """
    gamma = rng.standard_gamma(concentration * nominal, size=(n, nominal.size))
    return gamma / gamma.sum(axis=1, keepdims=True)


def option(uniform: Array, options: int) -> Array:
    """The option, from 0 to options - 1 and all equally likely, for each uniform draw in [0, 1)."""
    return np.minimum((uniform * options).astype(int), options - 1)


def alike(*codes: Array) -> Iterator[tuple[tuple[int, ...], Array]]:
    """Group the replications that took the same combination of discrete choices.

    Each argument is one choice (replications,). Yields each distinct combination with its replications.
    """
    combinations, inverse = np.unique(np.column_stack(codes), axis=0, return_inverse=True)
    for place, combination in enumerate(combinations):
        yield tuple(int(code) for code in combination), np.flatnonzero(inverse.ravel() == place)


def replicate(
    variants: Array, variant: Array, power: Array, weights: Sequence[Array], parents: Sequence[Array]
) -> Array:
    """Replications (replications, units) of a hierarchical index.

    Args:
        variants: (variants, units, k), the normalised indicators under each combination of discrete choices.
        variant: (replications,), the variant of each replication.
        power: (replications,), the generalised mean of each replication.
        weights: for each level, (replications, nodes).
        parents: for each level, (nodes,), as in `aggregation.hierarchy`.
    """
    powers, power_code = np.unique(power, return_inverse=True)
    result = np.empty((variant.size, variants.shape[1]))
    for (scores, mean), members in alike(variant, power_code):
        drawn = [weight[members] for weight in weights]
        top = aggregation.hierarchy(variants[scores], drawn, parents, float(powers[mean]))[-1]
        result[members] = top[..., 0]
    return result


def percentiles(replications: Array, probabilities: Sequence[float]) -> Array:
    """Percentiles over the first axis, linear between order statistics (R's type 7): (probabilities, ...).

    NaN where any replication is NaN: a figure has an interval only if every replication gives the figure.
    """
    ordered = np.sort(np.ascontiguousarray(np.moveaxis(replications, 0, -1)), axis=-1)
    place = np.asarray(probabilities) * (ordered.shape[-1] - 1)
    low = np.floor(place).astype(int)
    high = np.minimum(low + 1, ordered.shape[-1] - 1)
    step = place - low
    found = ordered[..., low] + step * (ordered[..., high] - ordered[..., low])
    # NaN sorts last
    found = np.where(np.isnan(ordered[..., -1:]), np.nan, found)
    return np.moveaxis(found, -1, 0)


def saltelli(base: int, factors: int, seed: int) -> Array:
    """Saltelli's design (factors + 2, base, factors) in [0, 1): A, B, and A with one column of B for each
    factor.

    A and B are two halves of one scrambled Sobol sequence, which covers the choices more evenly than
    independent draws do. base is a power of two. Source: A. Saltelli et al., Computer Physics Communications
    181(2), 2010.
    """
    points = qmc.Sobol(2 * factors, rng=np.random.default_rng(seed)).random(base)
    a, b = points[:, :factors], points[:, factors:]
    mixed = np.repeat(a[None], factors, axis=0)
    for factor in range(factors):
        mixed[factor, :, factor] = b[:, factor]
    return np.concatenate([a[None], b[None], mixed])


class Sobol(NamedTuple):
    """first, total: (factors,), NaN where nothing varies.

    variance: that of the output, summed over its parts.
    """

    first: Array
    total: Array
    variance: float


def sobol(outputs: Array) -> Sobol:
    """First-order and total Sobol indices of outputs (factors + 2, base[, parts]) over a `saltelli` design.

    first = mean(y_B (y_ABi - y_A)) / V (Saltelli et al. 2010, table 2b), total = mean((y_A - y_ABi)^2) / 2 V
    (Jansen 1999), V from A and B together. y_B is centred first. The expectation of the estimate stays the
    same. Without centring, the mean of y times the difference of two means is added as noise, and a
    first-order index can exceed the total index by far (as in COINr). Outputs of several parts (zones) give
    the indices of their summed variance: Lamboni, Monod and Makowski, Reliability Engineering and System
    Safety 96(4), 2011.
    """
    outputs = outputs.reshape(*outputs.shape[:2], -1)
    return _indices(*_terms(outputs))


def sobol_error(outputs: Array, resamples: int, seed: int) -> tuple[Array, Array]:
    """Bootstrap standard errors of the first-order and total indices, from rows of the design drawn again.

    The bootstrap treats the rows as independent. The rows of a Sobol sequence are spread more evenly, so the
    true errors are smaller.
    """
    outputs = outputs.reshape(*outputs.shape[:2], -1)
    rng = np.random.default_rng(seed)
    base = outputs.shape[1]
    shared, first_terms, total_terms = _terms(outputs)
    found = []
    for _ in range(resamples):
        rows = rng.integers(base, size=base)
        drawn = _indices(shared[rows], first_terms[:, rows], total_terms[:, rows])
        found.append((drawn.first, drawn.total))
    first, total = np.std(np.array(found), axis=0, ddof=1)
    return first, total


def _terms(outputs: Array) -> tuple[Array, Array, Array]:
    """Contribution of each row of the design to the variance (base,) and to the indices (factors, base)."""
    a, b, mixed = outputs[0], outputs[1], outputs[2:]
    mean = (a.mean(axis=0) + b.mean(axis=0)) / 2
    shared = ((a - mean) ** 2 + (b - mean) ** 2).sum(axis=-1)
    first = ((b - mean) * (mixed - a)).sum(axis=-1)
    total = ((a - mixed) ** 2).sum(axis=-1) / 2
    return shared, first, total


def _indices(shared: Array, first: Array, total: Array) -> Sobol:
    variance = shared.sum() / (2 * shared.size - 1)
    if not variance > 1e-24:
        return Sobol(np.full(len(first), np.nan), np.full(len(total), np.nan), float(variance))
    return Sobol(first.mean(axis=1) / variance, total.mean(axis=1) / variance, float(variance))
