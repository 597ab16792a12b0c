"""Small worlds of criteria and figures, and the fit computed on them."""

from __future__ import annotations

import json

import polars as pl

from pipelines.metrics.fit import mode_fit

PARAMETERS = {
    "methodology_version": "t",
    "skewness_limit": 2.0,
    "kurtosis_limit": 3.5,
    "winsorise_points": 5,
    "score_floor": 0.0,
    "minimum_figures": 2,
    "weighting": "nominal",
    "goalposts": "fixed",
}
GATE = {
    "role": "gate",
    "dimension": "gate",
    "direction": 1,
    "weight": 1.0,
    "scale": "value",
    "membership": json.dumps([[0, 0.5], [1, 1.0]]),
}


def evidence(dimension: str, weight: float, direction: int = 1) -> dict:
    return {
        "role": "evidence",
        "dimension": dimension,
        "direction": direction,
        "weight": weight,
        "scale": "value",
        "membership": None,
    }


def frame(
    criteria: dict[str, dict], values: dict[str, dict[str, float | None]], mode: str = "m"
) -> pl.DataFrame:
    """One row for each zone and criterion, all of year 2020."""
    rows = [
        {
            "zone_code": zone,
            "time_period": "2020",
            "mode_id": mode,
            "criterion_id": name,
            "indicator_id": name,
            "obs_value": known.get(name),
            "unit": "1",
            "observed_period": "2020" if known.get(name) is not None else None,
            "age_years": 0,
            "verification": "seen",
            "is_unverified": False,
            "has_unverified": False,
            **declared,
            **PARAMETERS,
        }
        for zone, known in values.items()
        for name, declared in criteria.items()
    ]
    return pl.DataFrame(
        rows, infer_schema_length=None, schema_overrides={"membership": pl.String, "obs_value": pl.Float64}
    )


def fits(scores: pl.DataFrame, size: float | None = 1e9, minimum: float = 0.6) -> pl.DataFrame:
    return mode_fit.fit(
        scores.with_columns(
            gdp=pl.lit(size, dtype=pl.Float64),
            population=pl.lit(size, dtype=pl.Float64),
            is_zone_active=pl.lit(True),
            minimum_coverage=pl.lit(minimum),
            minimum_gate=pl.lit(0.3),
            minimum_zones=pl.lit(5),
            comparative_population=pl.lit("all"),
            comparative_scale=pl.lit("raw"),
        )
    )


CRITERIA = {"hub": GATE, "a": evidence("x", 2.0), "b": evidence("x", 1.0), "c": evidence("y", 1.0, -1)}
