"""How well each development mode fits each zone: scores of criteria, fit, comparative fit.

Belongs here: steps 2 to 6 and 10 of the method, as functions from frame to frame. Does not belong here: which
criteria a mode has (warehouse/modes), which observation feeds a criterion (the SELECTs of warehouse/mart).

Reason codes (REASONS) are a closed list; a case without a number has one of them, never 0, NaN or a silent drop.
"""

from __future__ import annotations

import json

import numpy as np
import polars as pl

from pipelines.metrics import treatment

REASONS = {
    "not_observed": "no published figure within the criterion's maximum age",
    "only_unverified": "figures exist, but none is from a seen source and the criterion admits no others",
    "too_few_figures": "too few zones publish the figure to place one among them",
    "constant": "the figure is the same for all zones, so it tells nothing",
    "gate_not_observed": "a prerequisite of the mode could not be judged",
    "coverage_below_minimum": "too little of the evidence's weight is observed",
    "size_not_observed": "GDP or population is missing, so the effect of size cannot be taken out",
    "fewer_than_two_modes": "fewer than two modes have a fit, so there is nothing to compare",
    "too_few_zones": "too few zones have a fit to tell the effect of size",
}
KEY = ["zone_code", "time_period", "mode_id"]
SIZE_AND_PARAMETERS = (
    "gdp",
    "population",
    "is_zone_active",
    "methodology_version",
    "minimum_coverage",
    "minimum_gate",
    "minimum_zones",
)


def criterion_score(frame: pl.DataFrame) -> pl.DataFrame:
    """Score every criterion of every zone and period on [0, 1], or give the reason why there is none.

    frame: one row for each zone, period and criterion, with its observation as of that period (NULL when there is
    none), the criterion's declaration and the methodology's parameters.
    Evidence is treated (pass, winsorise, log) and min-max normalised over all zones and all observed periods, so
    that goalposts are fixed over time, and lifted to [floor, 1]: at zero one criterion would end a geometric mean. Gates give a membership by linear interpolation of the declared points,
    over the value itself or its percentile rank.
    """
    parts = [
        _score_one(part)
        for _, part in frame.sort("mode_id", "criterion_id").group_by(
            ["mode_id", "criterion_id"], maintain_order=True
        )
    ]
    scored = pl.concat(parts)
    present = pl.col("score").is_not_null() & (pl.col("role") == "evidence")
    total = pl.col("weight").filter(present).sum().over(KEY)
    return scored.with_columns(
        nominal_weight=pl.when(pl.col("role") == "evidence").then(
            pl.col("weight") / pl.col("weight").filter(pl.col("role") == "evidence").sum().over(KEY)
        ),
        effective_weight=pl.when(present).then(pl.col("weight") / total),
    ).select(
        "methodology_version",
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
    """Fit and comparative fit of every zone, period and mode.

    frame: criterion scores joined with the zone's GDP and population (size) and the methodology's parameters.
    fit = gate * evidence; gate = product of memberships; evidence = weighted arithmetic mean within a dimension,
    weighted geometric mean across dimensions, over the evidence that is present.
    comparative fit = residual of the fit on log GDP and log population (OLS over the zones of a mode and period),
    centred over the modes of the zone.
    """
    fits = _aggregate(frame).join(_gates(frame), on=KEY, how="full", coalesce=True)
    size = frame.group_by(KEY).agg(pl.col(*SIZE_AND_PARAMETERS).first())
    fits = _decide(fits.join(size, on=KEY, how="left").sort(KEY))
    fits = pl.concat([_comparative(part) for _, part in fits.group_by("time_period", maintain_order=True)])
    return _rank(fits)


def _score_one(part: pl.DataFrame) -> pl.DataFrame:
    first = part.row(0, named=True)
    admitted = part.filter(pl.col("obs_value").is_not_null())
    pool = admitted.unique(["zone_code", "observed_period"]).sort("zone_code", "observed_period")
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


def _evidence_scores(pool: pl.DataFrame, first: dict) -> pl.DataFrame:
    values = pool["obs_value"].to_numpy()
    limits = (first["skewness_limit"], first["kurtosis_limit"], first["winsorise_points"])
    if values.size < 2 or pool["zone_code"].n_unique() < first["minimum_figures"]:
        treated, how, score = values, "none", np.full(values.shape, np.nan)
    else:
        treated, how = treatment.treat(values, *limits)
        floor = first["score_floor"]
        score = floor + (1 - floor) * treatment.minmax(treated, first["direction"])
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


def _aggregate(frame: pl.DataFrame) -> pl.DataFrame:
    """Evidence and coverage for each zone, period and mode."""
    evidence = frame.filter(pl.col("role") == "evidence")
    coverage = evidence.group_by(KEY).agg(
        coverage=pl.col("nominal_weight").filter(pl.col("score").is_not_null()).sum()
    )
    dimensions = (
        evidence.filter(pl.col("score").is_not_null())
        .group_by([*KEY, "dimension"])
        .agg(
            mean=(pl.col("score") * pl.col("effective_weight")).sum() / pl.col("effective_weight").sum(),
            weight=pl.col("effective_weight").sum(),
        )
        .sort([*KEY, "dimension"])
    )
    means = dimensions.group_by(KEY, maintain_order=True).agg(
        evidence=pl.when((pl.col("mean") <= 0).any())
        .then(0.0)
        .otherwise((pl.col("mean").log() * pl.col("weight")).sum().exp())
    )
    return coverage.join(means, on=KEY, how="left")


def _gates(frame: pl.DataFrame) -> pl.DataFrame:
    gates = frame.filter(pl.col("role") == "gate")
    judged = pl.col("score").is_not_null().all()
    return gates.group_by(KEY).agg(gate=pl.when(judged).then(pl.col("score").product()))


def _decide(fits: pl.DataFrame) -> pl.DataFrame:
    reason = (
        pl.when(pl.col("coverage") < pl.col("minimum_coverage") - 1e-12)
        .then(pl.lit("coverage_below_minimum"))
        .when(pl.col("gate").is_null())
        .then(pl.lit("gate_not_observed"))
    )
    return fits.with_columns(reason_code=reason).with_columns(
        fit=pl.when(pl.col("reason_code").is_null()).then(pl.col("gate") * pl.col("evidence"))
    )


def _comparative(period: pl.DataFrame) -> pl.DataFrame:
    """Residual fits of one period, size taken out within each mode, centred over the modes of each zone."""
    sized = pl.col("gdp").is_not_null() & pl.col("population").is_not_null()
    parts = [_size_residual(part) for _, part in period.group_by("mode_id", maintain_order=True)]
    residuals = pl.concat(parts)
    known = pl.col("residual").is_not_null().sum().over("zone_code")
    centred = pl.col("residual") - pl.col("residual").mean().over("zone_code")
    why = (
        pl.when(pl.col("fit").is_null())
        .then(pl.col("reason_code"))
        .when(~sized)
        .then(pl.lit("size_not_observed"))
        .when(pl.col("residual").is_null())
        .then(pl.lit("too_few_zones"))
        .when(known < 2)
        .then(pl.lit("fewer_than_two_modes"))
    )
    return residuals.with_columns(
        comparative_fit=pl.when(known >= 2).then(centred), comparative_reason_code=why
    )


def _size_residual(part: pl.DataFrame) -> pl.DataFrame:
    """Residual of the fit on log GDP and log population over the zones of one mode; NULL below the minimum number."""
    size = np.log(part.select("gdp", "population").cast(pl.Float64).to_numpy())
    y = part["fit"].cast(pl.Float64).to_numpy()
    used = np.isfinite(y) & np.isfinite(size).all(axis=1)
    residual = np.full(y.shape, np.nan)
    if used.sum() >= part["minimum_zones"][0]:
        design = np.column_stack([np.ones(used.sum()), size[used]])
        coefficients, *_ = np.linalg.lstsq(design, y[used], rcond=None)
        residual[used] = y[used] - design @ coefficients
    return part.with_columns(residual=pl.Series(residual).fill_nan(None))


def _rank(fits: pl.DataFrame) -> pl.DataFrame:
    group = ["time_period", "mode_id"]
    eligible = pl.col("comparative_fit").is_not_null() & (pl.col("gate") >= pl.col("minimum_gate"))
    # a tie goes to the mode that comes first by name: arbitrary, but the same on every run
    order = (
        pl.struct(-pl.col("comparative_fit"), "mode_id")
        .rank("ordinal")
        .over("zone_code", "time_period", eligible)
    )
    words = pl.col("reason_code").replace_strict(REASONS, default=None)
    comparative_words = pl.col("comparative_reason_code").replace_strict(REASONS, default=None)
    return fits.with_columns(
        fit_rank=pl.col("fit").rank("min", descending=True).over(group).cast(pl.Int32),
        comparative_rank=pl.col("comparative_fit").rank("min", descending=True).over(group).cast(pl.Int32),
        zones_ranked=pl.col("fit").count().over(group).cast(pl.Int32),
        is_best_mode=(eligible & (order == 1)).fill_null(False),
        gate_passed=pl.col("gate") >= pl.col("minimum_gate"),
        reason=words,
        comparative_reason=comparative_words,
    ).select(
        "methodology_version",
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
        "is_best_mode",
        "is_zone_active",
        "reason_code",
        "reason",
        "comparative_reason_code",
        "comparative_reason",
    )
