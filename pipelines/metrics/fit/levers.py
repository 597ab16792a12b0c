"""What would move a zone most: the gain in fit if one indicator reached the better quartile of the zone's
peers.

The fit with one changed score belongs here. The fit itself belongs to `mode_fit`, the choice of peers to
`peers` and mart.peer_group. A gain is a result of the fit's arithmetic. It is no forecast and no proof of
cause.
"""

from __future__ import annotations

import polars as pl

from pipelines.metrics.fit import fit_kernel, mode_fit, peers

REASONS = {
    "no_fit": "the mode has no fit that could rise",
    "not_movable": "a fact taken for all years, such as geography, a closed list or a bonded zone: no lever",
    "not_sought": "less is fitter: the criterion describes whom the mode suits, and to shrink is no advice",
    "already_above": "the zone is at or beyond the better quartile of its peers",
    "too_few_peers": "too few peers have the figure",
}
ROW = [*mode_fit.KEY, "criterion_id"]


def gains(frame: pl.DataFrame) -> pl.DataFrame:
    """Gain in fit by zone, period, mode and criterion if the indicator reached the peers' better quartile.

    `frame` has one row for each zone, period, criterion and basis of peers: the criterion's observation and
    declaration (as for `mode_fit.criterion_score`), its score, `effective_weight` and `score_reason`, the
    mode's `fit` and `is_timeless`. Goalposts and all other indicators stay fixed. Gates move like evidence.
    If one indicator is behind two criteria of a mode (a gate and evidence, both in the same direction), both
    move, and both rows have the same gain. The gain is NULL with a reason where the mode has no fit, the
    criterion has no score, the fact cannot move, less would be fitter, peers are too few, or the zone already
    reaches the quartile.
    """
    targets = peers.against_peers(frame, ["methodology_version", "mode_id", "criterion_id"])
    rows = peers.one_each(frame).join(targets, on=ROW, how="left").sort(ROW)
    pool = pl.when(pl.col("goalposts") == "per_year").then(pl.col("time_period"))
    rows = rows.with_columns(pool=pool)
    parts = rows.group_by(["methodology_version", "mode_id", "criterion_id", "pool"], maintain_order=True)
    rows = _with_reasons(pl.concat([_score_at_target(part) for _, part in parts]).sort(ROW))
    return _with_gains(rows)


def _score_at_target(part: pl.DataFrame) -> pl.DataFrame:
    target = part["peer_upper_quartile"].cast(pl.Float64).to_numpy()
    raised = mode_fit.score_at(part, target)
    return part.with_columns(raised_score=pl.Series(raised, dtype=pl.Float64).fill_nan(None))


def _with_reasons(rows: pl.DataFrame) -> pl.DataFrame:
    ahead = (pl.col("obs_value") - pl.col("peer_upper_quartile")) * pl.col("direction") >= 0
    why = (
        pl.when(pl.col("fit").is_null())
        .then(pl.lit("no_fit"))
        .when(pl.col("score_reason").is_not_null())
        .then(pl.col("score_reason"))
        .when(pl.col("is_timeless"))
        .then(pl.lit("not_movable"))
        .when(pl.col("direction") < 0)
        .then(pl.lit("not_sought"))
        .when(pl.col("peer_count").is_null())
        .then(pl.lit("too_few_peers"))
        .when(ahead)
        .then(pl.lit("already_above"))
    )
    return rows.with_columns(reason_code=why)


def _with_gains(rows: pl.DataFrame) -> pl.DataFrame:
    raised = _raised_fits(rows)
    made = rows.join(
        raised, on=[*mode_fit.KEY, "indicator_id"], how="left", maintain_order="left"
    ).with_columns(change=pl.col("raised_fit") - pl.col("fit"))
    # a difference that comes from rounding alone is no gain
    gain = pl.when(pl.col("change").abs() > fit_kernel.TOLERANCE).then("change").otherwise(0.0)
    return made.with_columns(gain=pl.when(pl.col("reason_code").is_null()).then(gain)).select(
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


def _raised_fits(rows: pl.DataFrame) -> pl.DataFrame:
    """Fit of each mode, computed again for each indicator that can be raised, with all criteria of the
    indicator at once.
    """
    of_mode, of_move = mode_fit.KEY, [*mode_fit.KEY, "moved"]
    moves = rows.filter(pl.col("reason_code").is_null()).select(*of_mode, moved="indicator_id").unique()
    is_moved = (pl.col("indicator_id") == pl.col("moved")) & pl.col("reason_code").is_null()
    scored = (
        rows.filter(pl.col("score").is_not_null())
        .join(moves, on=of_mode)
        .with_columns(then=pl.when(is_moved).then("raised_score").otherwise("score"))
        .sort(*of_move, "criterion_id")
    )
    weight, mean = pl.col("effective_weight"), pl.col("mean")
    evidence = (
        scored.filter(pl.col("role") == "evidence")
        .group_by([*of_move, "dimension"], maintain_order=True)
        .agg(mass=weight.sum(), mean=(weight * pl.col("then")).sum() / weight.sum())
        .group_by(of_move, maintain_order=True)
        .agg(
            evidence=pl.when((mean <= 0).any()).then(0.0).otherwise((pl.col("mass") * mean.log()).sum().exp())
        )
    )
    gates = (
        scored.filter(pl.col("role") == "gate")
        .group_by(of_move, maintain_order=True)
        .agg(gate=pl.col("then").product())
    )
    raised = pl.col("evidence") * pl.col("gate").fill_null(1.0)
    return evidence.join(gates, on=of_move, how="left").select(
        *of_mode, indicator_id="moved", raised_fit=raised
    )
