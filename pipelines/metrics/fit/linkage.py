"""Industrial linkage of a zone: how evenly and how far its subsystems are developed.

The tables from indicators to subsystem scores and to coupling coordination belong here. The formula belongs
to `coupling`, treatment and normalisation to `mode_fit.criterion_score`.
warehouse/reference/coupling_indicator.csv decides which indicators make a subsystem.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.metrics.composite import coupling
from pipelines.metrics.fit import fit_kernel, mode_fit

KEY = ["methodology_version", "zone_code", "time_period"]


def subsystem_score(frame: pl.DataFrame) -> pl.DataFrame:
    """Score of each subsystem (`dimension`) of each zone and period: weighted mean of its scored indicators.

    `frame` is as for `mode_fit.criterion_score`; its criteria are the indicators. It also has the names of
    the subsystems and `minimum_coverage`. A score is NULL with a reason where no weight, or too little
    weight, of the subsystem is scored.
    """
    scores = mode_fit.criterion_score(frame).with_columns(
        there=pl.when(pl.col("score").is_not_null()).then(pl.col("nominal_weight")).otherwise(0.0)
    )
    names = frame.unique("dimension").select(
        "dimension", "subsystem_name_en", "subsystem_name_zh", "minimum_coverage"
    )
    made = (
        scores.sort(*KEY, "criterion_id")
        .group_by(*KEY, "dimension", maintain_order=True)
        .agg(
            coverage=pl.col("there").sum() / pl.col("nominal_weight").sum(),
            mean=(pl.col("there") * pl.col("score")).sum() / pl.col("there").sum(),
        )
        .join(names, on="dimension", how="left")
    )
    why = (
        pl.when(pl.col("coverage") == 0)
        .then(pl.lit("not_observed"))
        .when(pl.col("coverage") < pl.col("minimum_coverage") - fit_kernel.TOLERANCE)
        .then(pl.lit("coverage_below_minimum"))
    )
    return made.with_columns(reason_code=why).select(
        *KEY,
        "subsystem_name_en",
        "subsystem_name_zh",
        "coverage",
        "reason_code",
        subsystem_id="dimension",
        score=pl.when(pl.col("reason_code").is_null()).then("mean"),
    )


def coordination(frame: pl.DataFrame, classes: list[dict]) -> pl.DataFrame:
    """Coupling, development and coordination of each zone and period over all subsystems, with equal weights.

    `frame` has one row for each zone, period and subsystem, with `score`. `classes` has `below`, `name_en`
    and `name_zh` in ascending order.
    """
    wide = frame.pivot("subsystem_id", index=KEY, values="score").sort(KEY)
    subsystems = sorted(frame["subsystem_id"].unique())
    u = wide.select(pl.col(subsystems).cast(pl.Float64)).to_numpy()
    found, obstacle = coupling.coupling_coordination(u), coupling.obstacle_degree(u)
    known = np.isfinite(found.d)
    grade = np.searchsorted([c["below"] for c in classes], np.where(known, found.d, 0), side="right")
    weakest = np.where(np.isfinite(obstacle.degree), obstacle.degree, -1).argmax(axis=1)
    held_back = known & np.isfinite(obstacle.degree).all(axis=1)
    return wide.select(KEY).with_columns(
        subsystems_scored=pl.Series(np.isfinite(u).sum(axis=1), dtype=pl.Int32),
        coupling=pl.Series(found.c).fill_nan(None),
        development=pl.Series(np.where(known, found.t, np.nan)).fill_nan(None),
        coordination=pl.Series(found.d).fill_nan(None),
        **{
            f"class_{language}": pl.Series(
                [classes[g][f"name_{language}"] if k else None for g, k in zip(grade, known, strict=True)],
                dtype=pl.String,
            )
            for language in ("en", "zh")
        },
        weakest_subsystem=pl.Series(
            [subsystems[w] if k else None for w, k in zip(weakest, held_back, strict=True)], dtype=pl.String
        ),
        reason_code=pl.Series(found.reason.tolist(), dtype=pl.String),
    )
