"""How sure the fits of the modes are: the published fit replicated over the choices behind it.

Step 7 of the method belongs here, as functions from frame to frame. Draws and indices in general belong to
`uncertainty`, the arithmetic of one fit to `fit_kernel`, the published figures to `mode_fit`.

These choices vary: how evidence is normalised, whether it is treated, what replaces missing evidence, how
dimensions are averaged (CHOICES; the first option is the published one), and the weights. One draw of the
first four choices serves all modes, zones and years of a replication. The weights are Dirichlet around the
published ones, with one draw for all zones and years of a mode. Gates do not vary, because their points are
part of the meaning of a mode. The set of fits does not vary either: coverage is judged at the published
weights, so that exactly the published figures have an interval.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import polars as pl

from pipelines.metrics.composite import aggregation, treatment, uncertainty
from pipelines.metrics.fit import fit_kernel, mode_fit

Array = np.ndarray

REASONS = {
    "no_fit": "no zone has the figure in this mode and year, so there is nothing to vary",
    "nothing_varies": "no choice moves the figure",
}
CHOICES = {
    "normalisation": ("minmax", "rank", "zscore"),
    "treatment": ("treated", "untreated"),
    "imputation": ("reweighted", "median"),
    "aggregation": ("geometric", "arithmetic"),
}
FACTORS = ("weights", *CHOICES)
VARIANTS = [f"{norm}_{how}" for norm in CHOICES["normalisation"] for how in CHOICES["treatment"]]
MEDIANS = [f"median_{name}" for name in VARIANTS]
PERCENTILES = {"p05": 0.05, "p50": 0.5, "p95": 0.95}
TARGETS = ("fit", "comparative_fit", "rank_shift")
RESAMPLES = 100


class Draws(NamedTuple):
    """One replication a row: codes (replications, choices), the options of CHOICES; weights by mode (..,
    k).
    """

    codes: Array
    weights: list[Array]


class Replicated(NamedTuple):
    """fits, comparative: (modes, replications, zones).

    best: (replications, zones), the position of the mode or -1.
    """

    fits: Array
    comparative: Array
    best: Array


class World(NamedTuple):
    """One version and period: its published arrays and, by mode, scores (variants, zones, k), medians
    (variants, k).
    """

    period: mode_fit.Period
    gate: Array
    variants: list[Array]
    medians: list[Array]


def intervals(frame: pl.DataFrame, replications: int, concentration: float, seed: int) -> pl.DataFrame:
    """Percentiles of fit, comparative fit and rank, and the probability that a mode is the best mode of
    the zone.

    `frame` has the observations of every version, zone, period, mode and criterion with the published score,
    nominal weight, size, parameters and reasons. probability_best_mode is the share of replications in which
    the mode has the highest comparative fit among the modes whose gate passes.
    """
    parts = []
    for world in worlds(frame):
        sets = weight_sets(world.period, replications, concentration, seed)
        uniform = np.random.default_rng(seed).random((replications, len(FACTORS)))
        uniform[:, 0] = (np.arange(replications) + 0.5) / replications  # each replication has its own weights
        parts.append(_summary(world, replicate(world, draws(uniform, sets))))
    reasons = frame.select(*mode_fit.KEY, "reason_code", "comparative_reason_code").unique(mode_fit.KEY)
    made = pl.concat(parts).join(reasons, on=mode_fit.KEY, how="left").sort(mode_fit.KEY)
    lost = pl.col("comparative_fit_p50").is_null() & pl.col("comparative_reason_code").is_null()
    return made.with_columns(
        replications=pl.lit(replications, dtype=pl.Int32),
        comparative_reason_code=pl.when(lost)
        .then(pl.lit("no_spread"))
        .otherwise(pl.col("comparative_reason_code")),
    )


def sensitivity(
    frame: pl.DataFrame, base: int, weight_vectors: int, concentration: float, seed: int
) -> pl.DataFrame:
    """First-order and total Sobol indices of every choice for every version, period and mode.

    `base` is the number of rows of Saltelli's design (a power of two); each of its len(FACTORS) + 2 parts is
    replicated. There are three targets: the fits of all zones, the comparative fits of all zones (both with
    the indices of their summed variance), and the mean absolute shift of ranks from the published ranks. The
    third is COINr's target. It shows how far a ranking moves. It is folded at the published ranking, so its
    variance mixes "how far" with "which way".
    """
    design = uncertainty.saltelli(base, len(FACTORS), seed)
    parts = []
    for world in worlds(frame):
        sets = weight_sets(world.period, weight_vectors, concentration, seed)
        found = replicate(world, draws(design.reshape(-1, len(FACTORS)), sets))
        nominal = replicate(world, published(world.period))
        rows = [_indices(world, mode, found, nominal, seed) for mode in range(len(world.period.modes))]
        parts.append(pl.DataFrame([row for of_mode in rows for row in of_mode], schema=SENSITIVITY))
    order = ["methodology_version", "time_period", "mode_id", "target", "choice"]
    return pl.concat(parts).with_columns(evaluations=pl.lit(design[..., 0].size, dtype=pl.Int32)).sort(order)


SENSITIVITY = {
    "methodology_version": pl.String,
    "time_period": pl.String,
    "mode_id": pl.String,
    "target": pl.String,
    "choice": pl.String,
    "first_order": pl.Float64,
    "first_order_error": pl.Float64,
    "total": pl.Float64,
    "total_error": pl.Float64,
    "zones": pl.Int32,
    "reason_code": pl.String,
}


def worlds(frame: pl.DataFrame) -> Iterator[World]:
    """Yield every version and period of the frame, with the scores of evidence under every variant."""
    pool = pl.when(pl.col("goalposts") == "per_year").then(pl.col("time_period"))
    frame = frame.with_columns(pool=pool).sort("methodology_version", "mode_id", "criterion_id")
    criteria = frame.group_by(["methodology_version", "mode_id", "criterion_id", "pool"], maintain_order=True)
    scored = pl.concat([_with_variants(part) for _, part in criteria])
    for _, part in scored.sort("methodology_version", "time_period").group_by(
        "methodology_version", "time_period", maintain_order=True
    ):
        period = mode_fit.period_scores(part)
        evidence = part.filter(pl.col("role") == "evidence").sort("mode_id", "criterion_id", "zone_code")
        modes = [rows for _, rows in evidence.group_by("mode_id", maintain_order=True)]
        yield World(
            period,
            np.stack([mode.memberships.prod(axis=1) for mode in period.modes]),
            [_matrices(rows, VARIANTS, len(period.zones)) for rows in modes],
            [_matrices(rows, MEDIANS, len(period.zones))[:, 0] for rows in modes],
        )


def weight_sets(period: mode_fit.Period, n: int, concentration: float, seed: int) -> list[Array]:
    """n weight vectors for each mode.

    Each mode has its own random stream, so that adding a mode changes no other mode.
    """
    return [
        uncertainty.dirichlet(
            np.random.default_rng([seed, zlib.crc32(mode.mode_id.encode())]), mode.weights, concentration, n
        )
        if np.isfinite(mode.weights).all()
        else np.full((n, mode.weights.size), np.nan)
        for mode in period.modes
    ]


def draws(uniform: Array, sets: list[Array]) -> Draws:
    """Turn uniform numbers (replications, FACTORS) into choices: the first picks a weight vector, the
    others an option.
    """
    codes = [
        uncertainty.option(column, len(options))
        for column, options in zip(uniform.T[1:], CHOICES.values(), strict=True)
    ]
    return Draws(
        np.column_stack(codes), [vectors[uncertainty.option(uniform[:, 0], len(vectors))] for vectors in sets]
    )


def published(period: mode_fit.Period) -> Draws:
    """One replication that takes the published choices."""
    return Draws(np.zeros((1, len(CHOICES)), dtype=int), [mode.weights[None, :] for mode in period.modes])


def replicate(world: World, drawn: Draws) -> Replicated:
    """Fit, comparative fit and best mode of every zone in every replication."""
    period, limits = world.period, world.period.parameters
    fits = np.full((len(period.modes), len(drawn.codes), len(period.zones)), np.nan)
    for place, mode in enumerate(period.modes):
        coverage = fit_kernel.coverage(mode.evidence, mode.weights)
        is_covered = coverage >= limits["minimum_coverage"] - fit_kernel.TOLERANCE
        zones = np.flatnonzero(is_covered & np.isfinite(world.gate[place]))
        if zones.size:
            fits[place][:, zones] = _mode_fits(world, place, zones, drawn)
    compared = fit_kernel.comparative(
        fits,
        world.gate,
        period.log_size,
        minimum_gate=limits["minimum_gate"],
        minimum_zones=limits["minimum_zones"],
        population=limits["comparative_population"],
        scale=limits["comparative_scale"],
    ).comparative
    return Replicated(fits, compared, fit_kernel.best(compared, world.gate, limits["minimum_gate"]))


def _with_variants(part: pl.DataFrame) -> pl.DataFrame:
    """Rows of one criterion of a version with the score under every variant, and the median of each
    variant in the pool.
    """
    first = part.row(0, named=True)
    pool = (
        part.filter(pl.col("obs_value").is_not_null())
        .unique(["zone_code", "observed_period"])
        .sort("zone_code", "observed_period")
    )
    scores = np.full((len(VARIANTS), pool.height), np.nan)
    few = pool.height < 2 or pool["zone_code"].n_unique() < first["minimum_figures"]
    if first["role"] == "evidence" and not few:
        scores = _variants(pool["obs_value"].to_numpy(), first)
    known = pool.select("zone_code", "observed_period").with_columns(
        **{name: pl.Series(row) for name, row in zip(VARIANTS, scores, strict=True)}
    )
    middle = {name: pl.lit(_median(row)) for name, row in zip(MEDIANS, scores, strict=True)}
    return part.join(known, on=["zone_code", "observed_period"], how="left", nulls_equal=True).with_columns(
        **middle
    )


def _variants(values: Array, first: dict) -> Array:
    """Scores (variants, observations) in the order of VARIANTS, on the scale of the first variant (the
    published one).
    """
    limits = (first["skewness_limit"], first["kurtosis_limit"], first["winsorise_points"])
    floor = first["score_floor"]
    treated = {"treated": treatment.treat(values, *limits)[0], "untreated": values.astype(float)}
    scores = [
        treatment.evidence_score(treated[how], first["direction"], floor, norm)
        for norm in CHOICES["normalisation"]
        for how in CHOICES["treatment"]
    ]
    return np.stack([scores[0], *(_on_scale(other, scores[0], floor) for other in scores[1:])])


def _on_scale(scores: Array, published: Array, floor: float) -> Array:
    """Bring scores to the mean and the spread of the published scores, and cut them off at floor and 1.

    Each normalisation has its own convention of where zero and one lie: ranks put the middle zone at a half,
    min-max puts it lower when the tail is longer. This convention would shift all fits together and hide how
    the choice moves one zone against another. So level and spread stay those of the published scores, and
    only the shape varies. (For the same reason, z-scores go through the normal distribution function: a
    linear map would make them min-max again.)
    """
    spread = scores.std()
    if not spread > 0:
        return np.full(scores.shape, np.nan)
    moved = published.mean() + (scores - scores.mean()) * (published.std() / spread)
    return np.clip(moved, floor, 1)


def _median(scores: Array) -> float:
    finite = scores[np.isfinite(scores)]
    return float(np.median(finite)) if finite.size else np.nan


def _matrices(rows: pl.DataFrame, columns: list[str], zones: int) -> Array:
    """Turn rows that are sorted by criterion and zone into (columns, zones, criteria)."""
    values = rows.select(pl.col(columns).cast(pl.Float64)).to_numpy()
    return values.reshape(-1, zones, len(columns)).transpose(2, 1, 0)


def _mode_fits(world: World, place: int, zones: Array, drawn: Draws) -> Array:
    """Fits (replications, zones) of one mode.

    Replications with the same discrete choices share their scores.
    """
    mode, weights = world.period.modes[place], drawn.weights[place]
    scores = world.variants[place][:, zones]
    filled = np.where(np.isnan(scores), world.medians[place][:, None, :], scores)
    made = np.empty((len(drawn.codes), zones.size))
    for (norm, how, gaps, across), members in uncertainty.alike(*drawn.codes.T):
        variant = norm * len(CHOICES["treatment"]) + how
        evidence = fit_kernel.evidence(
            (scores, filled)[gaps][variant],
            weights[members],
            mode.dimension,
            CHOICES["aggregation"][across],
        )
        made[members] = world.gate[place][zones] * evidence
    return made


def _summary(world: World, found: Replicated) -> pl.DataFrame:
    """Percentiles and probabilities of one version and period, one row for each mode and zone."""
    period = world.period
    columns = {}
    for place, mode in enumerate(period.modes):
        fits, compared = found.fits[place], found.comparative[place]
        figures = {"fit": fits, "comparative_fit": compared, "rank": aggregation.ranks(fits)}
        of_mode = {
            f"{name}_{label}": values
            for name, figure in figures.items()
            for label, values in zip(
                PERCENTILES, uncertainty.percentiles(figure, [*PERCENTILES.values()]), strict=True
            )
        }
        share = (found.best == place).mean(axis=0)
        of_mode["probability_best_mode"] = np.where(np.isfinite(compared).all(axis=0), share, np.nan)
        columns[mode.mode_id] = of_mode
    first = period.parameters
    return pl.concat(
        pl.DataFrame({"zone_code": period.zones, **of_mode}).with_columns(
            methodology_version=pl.lit(first["methodology_version"]),
            time_period=pl.lit(first["time_period"]),
            mode_id=pl.lit(mode_id),
        )
        for mode_id, of_mode in columns.items()
    ).with_columns(pl.col(pl.Float64).fill_nan(None))


def _indices(world: World, place: int, found: Replicated, nominal: Replicated, seed: int) -> list[dict]:
    """Rows of one mode, for every target and choice."""
    fits, compared = found.fits[place], found.comparative[place]
    ranked, sized = (np.isfinite(figure).all(axis=0) for figure in (fits, compared))
    shift = aggregation.rank_shift(fits[:, ranked], nominal.fits[place][0, ranked]) if ranked.any() else None
    outputs = {
        "fit": (fits[:, ranked], ranked.sum()),
        "comparative_fit": (compared[:, sized], sized.sum()),
        "rank_shift": (shift, ranked.sum()),
    }
    key = {name: world.period.parameters[name] for name in ("methodology_version", "time_period")}
    key["mode_id"] = world.period.modes[place].mode_id
    return [
        {**key, "target": target, "zones": int(zones), **row}
        for target, (values, zones) in outputs.items()
        for row in _choices(values, zones, seed)
    ]


def _choices(values: Array | None, zones: int, seed: int) -> list[dict]:
    if values is None or not zones:
        return [{"choice": name, "reason_code": "no_fit"} for name in FACTORS]
    outputs = values.reshape(len(FACTORS) + 2, -1, *values.shape[1:])
    found = uncertainty.sobol(outputs)
    if np.isnan(found.first).any():
        return [{"choice": name, "reason_code": "nothing_varies"} for name in FACTORS]
    first_error, total_error = uncertainty.sobol_error(outputs, RESAMPLES, seed)
    return [
        {
            "choice": name,
            "first_order": found.first[k],
            "first_order_error": first_error[k],
            "total": found.total[k],
            "total_error": total_error[k],
            "reason_code": None,
        }
        for k, name in enumerate(FACTORS)
    ]
