"""How well each development mode fits each zone: scores of criteria, fit, comparative fit.

Steps 2 to 6 and 10 of the method belong here, as functions from frame to frame. warehouse/modes declares the
criteria of a mode. The SELECTs of warehouse/mart decide which observation feeds a criterion.

Reason codes (REASONS) are a closed list. A case without a number has one of these codes; it is never 0, NaN
or dropped.
"""

from __future__ import annotations

import json
from typing import NamedTuple

import numpy as np
import polars as pl

from pipelines.metrics.composite import treatment, weights
from pipelines.metrics.fit import fit_kernel

REASONS = {
    "not_observed": "no published figure within the criterion's maximum age",
    "only_unverified": "figures exist, but none is from a seen source and the criterion admits no others",
    "too_few_figures": "too few zones publish the figure to place one among them",
    "constant": "the figure is the same for all zones, so it tells nothing",
    "gate_not_observed": "a prerequisite of the mode could not be judged",
    "coverage_below_minimum": "too little of the evidence's weight is observed",
    "size_not_observed": "GDP or population is missing, so the effect of size cannot be taken out",
    "fewer_than_two_modes": "fewer than two modes of the zone can be compared",
    "too_few_zones": "too few zones have a fit to tell the effect of size",
    "gate_not_passed": "the zone does not meet the mode's prerequisites",
    "no_spread": "the fits follow size exactly, so nothing is left to compare",
    "weights_not_determined": "the criteria's scores do not determine weights by the declared weighting",
}
KEY = ["methodology_version", "zone_code", "time_period", "mode_id"]
WEIGHTINGS = {
    "equal": lambda scores: weights.equal(scores.shape[1]),
    "entropy": weights.entropy,
    "critic": weights.critic,
    "pca": weights.pca,
}


def criterion_score(frame: pl.DataFrame) -> pl.DataFrame:
    """Score every criterion of every version, zone and period on [0, 1], or give a reason for no score.

    `frame` has one row for each version, zone, period and criterion: its observation as of that period (NULL
    when there is none), the criterion's declaration and the version's parameters.
    Evidence is treated (unchanged, winsorised or logged) and min-max normalised over the pool of its
    goalposts. The pool is all zones and all observed periods ("fixed") or the observations of one scored
    period ("per_year"). The score is lifted to [floor, 1], because one criterion at zero would make the whole
    geometric mean zero. A gate gives a membership by linear interpolation of the declared points, over the
    value itself or its percentile rank. The weights are the declared ones, or follow from the scores of the
    same pool (`WEIGHTINGS`).
    """
    pool = pl.when(pl.col("goalposts") == "per_year").then(pl.col("time_period"))
    frame = frame.with_columns(pool=pool).sort(*KEY, "criterion_id")
    parts = frame.group_by(["methodology_version", "mode_id", "criterion_id", "pool"], maintain_order=True)
    scored = pl.concat([_score_one(part) for _, part in parts])
    modes = scored.group_by(["methodology_version", "mode_id", "pool"], maintain_order=True)
    scored = pl.concat([_weigh(part) for _, part in modes])
    is_evidence = pl.col("role") == "evidence"
    present = pl.col("score").is_not_null() & is_evidence
    total = pl.col("weight").filter(present).sum().over(KEY)
    return scored.with_columns(
        nominal_weight=pl.when(is_evidence).then(
            pl.col("weight") / pl.col("weight").filter(is_evidence).sum().over(KEY)
        ),
        effective_weight=pl.when(present & (total > 0)).then(pl.col("weight") / total),
    ).select(
        *KEY,
        "criterion_id",
        "role",
        "dimension",
        "indicator_id",
        "obs_value",
        "unit",
        "observed_period",
        "age_years",
        "treatment",
        "treated_value",
        "score",
        "nominal_weight",
        "effective_weight",
        "verification",
        "is_unverified",
        "reason_code",
    )


def fit(frame: pl.DataFrame) -> pl.DataFrame:
    """Fit and comparative fit of every version, zone, period and mode.

    `frame` is criterion scores joined with the zone's GDP and population (size) and the version's parameters.
    fit = gate * evidence. gate = product of memberships. evidence = weighted arithmetic mean within a
    dimension, then weighted geometric mean across dimensions, over the evidence that is present.
    comparative fit = residual of the fit on log GDP and log population, centred over the modes of the zone
    that have one. The regression is OLS over the zones of a mode and period that have a fit, or over those of
    them that pass the gate (`comparative_population`). The residual is divided by the standard error of the
    regression or not (`comparative_scale`). Arithmetic: `fit_kernel`.
    """
    periods = frame.sort("methodology_version", "time_period").group_by(
        "methodology_version", "time_period", maintain_order=True
    )
    return _rank(pl.concat([_period_fit(part) for _, part in periods]))


class ModeScores(NamedTuple):
    """Scores of one mode in one period: evidence (zones, criteria) with weights and dimension
    (criteria,), gates
    (zones, gates). A score that does not exist is NaN.
    """

    mode_id: str
    criteria: list[str]
    evidence: np.ndarray
    weights: np.ndarray
    dimension: np.ndarray
    gate_criteria: list[str]
    memberships: np.ndarray

    def without(self, criterion_id: str) -> ModeScores:
        """Return the same mode without one criterion."""
        kept = [k for k, name in enumerate(self.criteria) if name != criterion_id]
        gates = [k for k, name in enumerate(self.gate_criteria) if name != criterion_id]
        return ModeScores(
            self.mode_id,
            [self.criteria[k] for k in kept],
            self.evidence[:, kept],
            self.weights[kept],
            self.dimension[kept],
            [self.gate_criteria[k] for k in gates],
            self.memberships[:, gates],
        )


class Period(NamedTuple):
    """One version and period as arrays: zones, their modes in the order of their names, log size (zones, 2)."""

    zones: list[str]
    modes: list[ModeScores]
    log_size: np.ndarray
    parameters: dict


class Figures(NamedTuple):
    """Figures of one version and period, each (modes, zones); NaN where there is no figure."""

    gate: np.ndarray
    coverage: np.ndarray
    evidence: np.ndarray
    fit: np.ndarray
    comparative: np.ndarray
    residual: np.ndarray


def period_scores(part: pl.DataFrame) -> Period:
    """The frame of one version and period as arrays; every zone has every criterion (with or without a score)."""
    part = part.sort("mode_id", "criterion_id", "zone_code")
    zones = part["zone_code"].unique().sort().to_list()
    modes = [
        _mode_scores(of_mode, len(zones)) for _, of_mode in part.group_by("mode_id", maintain_order=True)
    ]
    sizes = part.unique("zone_code").sort("zone_code").select("gdp", "population").cast(pl.Float64).to_numpy()
    return Period(zones, modes, np.log(sizes), part.row(0, named=True))


def level_figures(mode: ModeScores, minimum_coverage: float) -> np.ndarray:
    """Gate, coverage, evidence and fit of one mode in one period, (4, zones)."""
    gate = mode.memberships.prod(axis=1)
    coverage = fit_kernel.coverage(mode.evidence, mode.weights)
    evidence = fit_kernel.evidence(mode.evidence, mode.weights, mode.dimension)
    is_covered = coverage >= minimum_coverage - fit_kernel.TOLERANCE
    return np.stack([gate, coverage, evidence, np.where(is_covered, gate * evidence, np.nan)])


def period_figures(period: Period, levels: list[np.ndarray] | None = None) -> Figures:
    """All figures of one period.

    `levels` has the `level_figures` of its modes where they are already computed.
    """
    limits = period.parameters
    if levels is None:
        levels = [level_figures(mode, limits["minimum_coverage"]) for mode in period.modes]
    gate, coverage, evidence, fits = np.stack(levels, axis=1)
    found = fit_kernel.comparative(
        fits,
        gate,
        period.log_size,
        minimum_gate=limits["minimum_gate"],
        minimum_zones=limits["minimum_zones"],
        population=limits["comparative_population"],
        scale=limits["comparative_scale"],
    )
    return Figures(gate, coverage, evidence, fits, found.comparative, found.residual)


def score_at(part: pl.DataFrame, values: np.ndarray) -> np.ndarray:
    """Scores of other values of one criterion at its goalposts; NaN where the criterion has no score.

    `part` is as for `criterion_score`, the rows of one version, criterion and pool. The goalposts stay where
    the observed figures put them. A value beyond a goalpost has the score of that goalpost.
    """
    first, pool = part.row(0, named=True), _pool(part)
    observed = pool["obs_value"].to_numpy()
    if first["role"] == "gate":
        points = np.array(sorted(json.loads(first["membership"])))
        if first["scale"] == "percentile":
            values = np.interp(values, np.sort(observed), np.sort(treatment.percentile_rank(observed)))
        return np.interp(values, points[:, 0], points[:, 1])
    if not _is_scored(pool, first):
        return np.full(values.shape, np.nan)
    treated, how = treatment.treat(observed, *_limits(first))
    alike = treatment.treat_like(values, observed, treated, how)
    placed = treatment.goalposts(alike, treated.min(), treated.max())
    return treatment.lift(placed, first["direction"], first["score_floor"])


def _pool(part: pl.DataFrame) -> pl.DataFrame:
    """The observations that set the goalposts of one criterion, each observation once."""
    admitted = part.filter(pl.col("obs_value").is_not_null())
    return admitted.unique(["zone_code", "observed_period"]).sort("zone_code", "observed_period")


def _is_scored(pool: pl.DataFrame, first: dict) -> bool:
    return pool.height > 1 and pool["zone_code"].n_unique() >= first["minimum_figures"]


def _limits(first: dict) -> tuple[float, float, int]:
    return first["skewness_limit"], first["kurtosis_limit"], first["winsorise_points"]


def _score_one(part: pl.DataFrame) -> pl.DataFrame:
    first = part.row(0, named=True)
    pool = _pool(part)
    zones = pool["zone_code"].n_unique()
    scores = _membership(pool, first) if first["role"] == "gate" else _evidence_scores(pool, first)
    part = part.join(scores, on=["zone_code", "observed_period"], how="left", nulls_equal=True)
    missing = (
        pl.when(pl.col("has_unverified")).then(pl.lit("only_unverified")).otherwise(pl.lit("not_observed"))
    )
    reason = (
        pl.when(pl.col("obs_value").is_null())
        .then(missing)
        .when(pl.col("score").is_null() & (pl.lit(zones) < first["minimum_figures"]))
        .then(pl.lit("too_few_figures"))
        .when(pl.col("score").is_null())
        .then(pl.lit("constant"))
    )
    return part.with_columns(reason_code=reason)


def _weigh(part: pl.DataFrame) -> pl.DataFrame:
    """Weights of the mode of one version, from the declaration or from the scores; NULL where these give
    no weight.
    """
    how = part["weighting"][0]
    if how == "nominal":
        return part
    evidence = part.filter(pl.col("role") == "evidence")
    scores = evidence.pivot("criterion_id", index=["zone_code", "time_period"], values="score")
    criteria = sorted(evidence["criterion_id"].unique())
    found = WEIGHTINGS[how](
        scores.sort("zone_code", "time_period").select(criteria).cast(pl.Float64).to_numpy()
    )
    known = pl.DataFrame({"criterion_id": criteria, "found": found.weights}).with_columns(
        pl.col("found").fill_nan(None)
    )
    weight = pl.when(pl.col("role") == "evidence").then("found").otherwise("weight")
    return (
        part.join(known, on="criterion_id", how="left", maintain_order="left")
        .with_columns(weight=weight)
        .drop("found")
    )


def _evidence_scores(pool: pl.DataFrame, first: dict) -> pl.DataFrame:
    values = pool["obs_value"].to_numpy()
    if not _is_scored(pool, first):
        treated, how, score = values, "none", np.full(values.shape, np.nan)
    else:
        treated, how = treatment.treat(values, *_limits(first))
        score = treatment.evidence_score(treated, first["direction"], first["score_floor"])
    return _scores(pool, treated, score, how)


def _membership(pool: pl.DataFrame, first: dict) -> pl.DataFrame:
    points = np.array(sorted(json.loads(first["membership"])))
    values = pool["obs_value"].to_numpy()
    placed = treatment.percentile_rank(values) if first["scale"] == "percentile" else values
    return _scores(pool, placed, np.interp(placed, points[:, 0], points[:, 1]), "membership")


def _scores(pool: pl.DataFrame, treated: np.ndarray, score: np.ndarray, how: str) -> pl.DataFrame:
    return pool.select("zone_code", "observed_period").with_columns(
        treated_value=pl.Series(treated, dtype=pl.Float64).fill_nan(None),
        score=pl.Series(score, dtype=pl.Float64).fill_nan(None),
        treatment=pl.lit(how),
    )


def _mode_scores(part: pl.DataFrame, zones: int) -> ModeScores:
    """Scores of one mode; the rows of `part` are sorted by criterion and zone."""
    evidence, gates = (part.filter(pl.col("role") == role) for role in ("evidence", "gate"))
    declared = evidence.unique("criterion_id", keep="first", maintain_order=True)
    return ModeScores(
        part["mode_id"][0],
        declared["criterion_id"].to_list(),
        _matrix(evidence, zones),
        declared["nominal_weight"].cast(pl.Float64).to_numpy(),
        declared["dimension"].rank("dense").to_numpy(),
        gates["criterion_id"].unique(maintain_order=True).to_list(),
        _matrix(gates, zones),
    )


def _matrix(part: pl.DataFrame, zones: int) -> np.ndarray:
    """Scores (zones, criteria) from rows that are sorted by criterion and zone."""
    return part["score"].cast(pl.Float64).to_numpy().reshape(-1, zones).T


def _period_fit(part: pl.DataFrame) -> pl.DataFrame:
    period = period_scores(part)
    figures = period_figures(period)
    long = {name: figures._asdict()[name].ravel() for name in Figures._fields}
    frame = pl.DataFrame(
        {
            "mode_id": np.repeat([mode.mode_id for mode in period.modes], len(period.zones)),
            "zone_code": period.zones * len(period.modes),
            "is_sized": np.tile(np.isfinite(period.log_size).all(axis=1), len(period.modes)),
            **long,
        }
    ).with_columns(pl.col(Figures._fields).fill_nan(None))
    active = part.select("zone_code", "is_zone_active").unique()
    parameters = ("methodology_version", "time_period", "minimum_coverage", "minimum_gate", "minimum_zones")
    return _reasons(
        frame.rename({"comparative": "comparative_fit"})
        .with_columns(**{name: pl.lit(period.parameters[name]) for name in parameters})
        .with_columns(is_gated=pl.lit(period.parameters["comparative_population"] == "gate_passing"))
        .join(active, on="zone_code", how="left", maintain_order="left")
    )


def _reasons(fits: pl.DataFrame) -> pl.DataFrame:
    """Reason for each missing fit and comparative fit, one version and period at a time."""
    why = (
        pl.when(pl.col("coverage").is_null())
        .then(pl.lit("weights_not_determined"))
        .when(pl.col("coverage") < pl.col("minimum_coverage") - fit_kernel.TOLERANCE)
        .then(pl.lit("coverage_below_minimum"))
        .when(pl.col("gate").is_null())
        .then(pl.lit("gate_not_observed"))
    )
    passes = ~pl.col("is_gated") | (pl.col("gate") >= pl.col("minimum_gate"))
    is_compared = pl.col("fit").is_not_null() & passes & pl.col("is_sized")
    known = pl.col("residual").is_not_null().sum().over("zone_code")
    comparative_why = (
        pl.when(pl.col("fit").is_null())
        .then(why)
        .when(~passes)
        .then(pl.lit("gate_not_passed"))
        .when(~pl.col("is_sized"))
        .then(pl.lit("size_not_observed"))
        .when(is_compared.sum().over("mode_id") < pl.col("minimum_zones"))
        .then(pl.lit("too_few_zones"))
        .when(pl.col("residual").is_null())
        .then(pl.lit("no_spread"))
        .when(known < 2)
        .then(pl.lit("fewer_than_two_modes"))
    )
    return fits.with_columns(
        reason_code=why, comparative_reason_code=comparative_why, modes_compared=known.cast(pl.Int32)
    )


def _rank(fits: pl.DataFrame) -> pl.DataFrame:
    group = ["methodology_version", "time_period", "mode_id"]
    eligible = pl.col("comparative_fit").is_not_null() & (pl.col("gate") >= pl.col("minimum_gate"))
    # in a tie, the mode that comes first by name wins: arbitrary, but the same in every run
    order = (
        pl.struct(-pl.col("comparative_fit"), "mode_id")
        .rank("ordinal")
        .over("methodology_version", "zone_code", "time_period", eligible)
    )
    reason = pl.col("reason_code").replace_strict(REASONS, default=None)
    comparative_words = pl.col("comparative_reason_code").replace_strict(REASONS, default=None)
    return (
        fits.sort(KEY)
        .with_columns(
            fit_rank=pl.col("fit").rank("min", descending=True).over(group).cast(pl.Int32),
            comparative_rank=pl.col("comparative_fit")
            .rank("min", descending=True)
            .over(group)
            .cast(pl.Int32),
            zones_ranked=pl.col("fit").count().over(group).cast(pl.Int32),
            zones_compared=pl.col("comparative_fit").count().over(group).cast(pl.Int32),
            is_best_mode=(eligible & (order == 1)).fill_null(False),
            gate_passed=pl.col("gate") >= pl.col("minimum_gate"),
            reason=reason,
            comparative_reason=comparative_words,
        )
        .select(
            *KEY,
            "gate",
            "gate_passed",
            "evidence",
            "fit",
            "comparative_fit",
            "coverage",
            "fit_rank",
            "comparative_rank",
            "zones_ranked",
            "zones_compared",
            "modes_compared",
            "is_best_mode",
            "is_zone_active",
            "reason_code",
            "reason",
            "comparative_reason_code",
            "comparative_reason",
        )
    )
