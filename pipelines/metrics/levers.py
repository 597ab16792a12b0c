"""What would move a zone most: the gain in fit if one indicator reached the better quartile of the zone's peers.

Belongs here: the fit with one score changed. Does not belong here: the fit itself (`mode_fit`), who the peers are
(`peers`, mart.peer_group). A gain says what the fit's arithmetic gives; it is no forecast and no proof of cause.
"""

from __future__ import annotations

import polars as pl

from pipelines.metrics import mode_fit, peers

REASONS = {
    "no_fit": "the mode has no fit that could rise",
    "not_movable": "a fact of geography or of a closed list: nothing that a zone does moves it",
    "already_above": "the zone is at or beyond the better quartile of its peers",
    "too_few_peers": "too few peers have the figure",
}
ROW = [*mode_fit.KEY, "criterion_id"]


def gains(frame: pl.DataFrame) -> pl.DataFrame:
    """Gain in fit of each zone, period, mode and criterion from reaching the better quartile of its peers.

    frame: one row for each zone, period, criterion and basis of peers: the criterion's observation and declaration
    (as of `mode_fit.criterion_score`), its score, `effective_weight` and `score_reason`, the mode's `fit` and
    `is_timeless`. Goalposts stay fixed, all other scores too; gates move like evidence. NULL with a reason where the
    mode has no fit, the criterion no score, the fact cannot move, peers are too few or the zone is already there.
    """
    targets = peers.against_peers(frame, ["methodology_version", "mode_id", "criterion_id"])
    rows = peers.one_each(frame).join(targets, on=ROW, how="left").sort(ROW)
    pool = pl.when(pl.col("goalposts") == "per_year").then(pl.col("time_period"))
    rows = rows.with_columns(pool=pool)
    parts = rows.group_by(["methodology_version", "mode_id", "criterion_id", "pool"], maintain_order=True)
    rows = pl.concat([_score_at_target(part) for _, part in parts])
    return _with_reasons(rows.with_columns(raised_fit=_raised_fit())).sort(ROW)


def _score_at_target(part: pl.DataFrame) -> pl.DataFrame:
    target = part["peer_upper_quartile"].cast(pl.Float64).to_numpy()
    raised = mode_fit.score_at(part, target)
    return part.with_columns(raised_score=pl.Series(raised, dtype=pl.Float64).fill_nan(None))


def _raised_fit() -> pl.Expr:
    """Fit with the row's own score raised, from sums over the mode's rows; zeros are counted, not logged."""
    scored = pl.col("score").is_not_null()
    is_evidence = scored & (pl.col("role") == "evidence")
    weight = pl.col("effective_weight").filter(is_evidence).sum().over([*mode_fit.KEY, "dimension"])
    total = (pl.col("effective_weight") * pl.col("score")).filter(is_evidence).sum()
    mean = total.over([*mode_fit.KEY, "dimension"]) / weight
    raised = mean + pl.col("effective_weight") * (pl.col("raised_score") - pl.col("score")) / weight
    # each row carries its share of its dimension's term, so that a plain sum over the mode is the sum over dimensions
    share = pl.col("effective_weight")
    logs = (
        pl.when(mean > 0).then(share * mean.log()).otherwise(0.0).filter(is_evidence).sum().over(mode_fit.KEY)
    )
    zeros = pl.when(mean > 0).then(0.0).otherwise(share).filter(is_evidence).sum().over(mode_fit.KEY)
    others = logs - pl.when(mean > 0).then(weight * mean.log()).otherwise(0.0)
    other_zeros = zeros - pl.when(mean > 0).then(0.0).otherwise(weight)
    evidence_then = (
        pl.when((other_zeros > 1e-12) | (raised <= 0))
        .then(0.0)
        .otherwise((others + weight * raised.log()).exp())
    )
    # a gate: product over the other gates times its own membership then
    is_gate = scored & (pl.col("role") == "gate")
    factor = pl.when(pl.col("score") > 0).then(pl.col("score")).otherwise(1.0)
    product = factor.filter(is_gate).product().over(mode_fit.KEY) / factor
    nil = (pl.col("score") == 0).filter(is_gate).sum().over(mode_fit.KEY) - (pl.col("score") == 0).cast(
        pl.Int32
    )
    gate_then = pl.when(nil > 0).then(0.0).otherwise(product * pl.col("raised_score"))
    return (
        pl.when(pl.col("role") == "gate")
        .then(gate_then * pl.col("evidence"))
        .otherwise(pl.col("gate") * evidence_then)
    )


def _with_reasons(rows: pl.DataFrame) -> pl.DataFrame:
    ahead = (pl.col("obs_value") - pl.col("peer_upper_quartile")) * pl.col("direction") >= 0
    why = (
        pl.when(pl.col("fit").is_null())
        .then(pl.lit("no_fit"))
        .when(pl.col("score_reason").is_not_null())
        .then(pl.col("score_reason"))
        .when(pl.col("is_timeless"))
        .then(pl.lit("not_movable"))
        .when(pl.col("peer_count").is_null())
        .then(pl.lit("too_few_peers"))
        .when(ahead)
        .then(pl.lit("already_above"))
    )
    rows = rows.with_columns(reason_code=why)
    gain = pl.when(pl.col("reason_code").is_null()).then(pl.col("raised_fit") - pl.col("fit"))
    return rows.with_columns(gain=gain).select(
        *ROW,
        "role",
        "indicator_id",
        "direction",
        "obs_value",
        "unit",
        "observed_period",
        "peer_basis",
        "peer_group",
        "peer_count",
        "peer_upper_quartile",
        "score",
        "raised_score",
        "fit",
        "gain",
        "reason_code",
    )
