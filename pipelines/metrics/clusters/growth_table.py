"""mart.cluster_growth: shift-share of each zone and year."""

import numpy as np
import polars as pl

from pipelines.metrics.clusters.by_year import (
    Year,
    checked_input,
    compared_zones,
    finished,
    years_of,
    zone_reasons,
)
from pipelines.metrics.clusters.shift_share import shift_share

GROWTH = ["employment_change", "national_share", "industrial_mix", "regional_share"]
CLUSTER_GROWTH = (
    dict.fromkeys(["zone_code", "time_period"], pl.String)
    | dict.fromkeys(GROWTH, pl.Float64)
    | {"reason_code": pl.String}
)


def cluster_growth(frame: pl.DataFrame) -> pl.DataFrame:
    """Change of employment since the year before, by shift-share, of each zone and year; columns
    CLUSTER_GROWTH.

    Figures are in persons. The reference is the zones that are compared in both years. Both years must have
    the same industries. reason_code explains the nulls. ValueError as in cluster_industry.
    """
    rows = checked_input(frame)
    years = {year.time_period: year for year in years_of(rows)}
    parts = [
        pl.DataFrame(_growth_columns(year, years.get(str(int(period) - 1)))) for period, year in years.items()
    ]
    return finished(rows, parts, CLUSTER_GROWTH, ["zone_code", "time_period"])


def _growth_columns(year: Year, before: Year | None) -> dict:
    """Shift-share of the zones that are compared in both years."""
    reasons = zone_reasons(year)
    figures = np.full((len(GROWTH), len(year.zones)), np.nan)
    zones: np.ndarray | list[str] = (
        np.intersect1d(year.zones[compared_zones(year)], before.zones[compared_zones(before)])
        if before
        else []
    )
    same = before is not None and np.array_equal(year.industries, before.industries)
    both = np.isin(year.zones, zones) if same and len(zones) >= 2 else np.zeros(len(year.zones), dtype=bool)
    if before is not None and both.any():
        earlier = before.employment[np.isin(before.zones, zones)]
        figures[:, both] = shift_share(earlier, year.employment[both])
    reasons[np.equal(reasons, None) & ~both] = "previous_year_missing"
    return {
        "zone_code": year.zones,
        "time_period": [year.time_period] * len(year.zones),
        **dict(zip(GROWTH, figures, strict=True)),
        "reason_code": reasons.tolist(),
    }
