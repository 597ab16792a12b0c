"""Employment of zones by industry as one matrix a year, and which zones can be compared in it.

The check of the input, the matrices, and the reasons why a zone or an industry has no figure belong here.
Formulas belong to specialisation.py, complexity.py, spatial.py and others; tables belong to industry_table.py
and others.

Input: one row per zone_code, time_period and industry_code with industry_name_en, industry_name_zh,
province_code, employment_persons (null when not observed), latitude and longitude (degrees, null when not
known). The reference of a year is all zones whose sectors are complete in that year. A zone that misses a
sector has other shares, because its total is not complete. It is therefore not measured and not part of the
reference. The sectors of a year are all sectors that occur in any row of that year. A zone without a row for
one of them misses that sector.

Every row of the input, every zone and year, and every year and industry comes out exactly once, sorted by
key. A figure that cannot be computed is null, with a code of the package's REASONS. Rows may come in any
order.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
import polars.selectors as cs
from scipy.sparse import csr_array

from pipelines.metrics.clusters.spatial import (
    knn_weights,
)

KEY = {"zone_code": pl.String, "time_period": pl.String, "industry_code": pl.String}
INPUT = KEY | {
    "industry_name_en": pl.String,
    "industry_name_zh": pl.String,
    "province_code": pl.String,
    "employment_persons": pl.Float64,
    "latitude": pl.Float64,
    "longitude": pl.Float64,
}
# Columns that must hold one value for each of their keys.
DESCRIBES = {
    "industry_name_en": ["time_period", "industry_code"],
    "industry_name_zh": ["time_period", "industry_code"],
    "province_code": ["time_period", "zone_code"],
    "latitude": ["time_period", "zone_code"],
    "longitude": ["time_period", "zone_code"],
}
NAMES = dict.fromkeys(["industry_name_en", "industry_name_zh"], pl.String)


@dataclass(frozen=True)
class Year:
    """One year as arrays: zones (z,) and industries (i,) sorted by code, employment (z, i).

    A value that is not observed or not known is NaN in a number and None in a name.
    """

    time_period: str
    zones: np.ndarray
    industries: np.ndarray
    names_en: np.ndarray
    names_zh: np.ndarray
    employment: np.ndarray
    province: np.ndarray
    latitude: np.ndarray
    longitude: np.ndarray


def by_year_table(
    frame: pl.DataFrame, columns_of_year: Callable[[Year], dict], schema: dict, key: list[str]
) -> pl.DataFrame:
    """Compute the columns of every year: one row per `key` of the input, NaN as null, sorted by `key`."""
    rows = checked_input(frame)
    parts = [pl.DataFrame(columns_of_year(year)) for year in years_of(rows)]
    return finished(rows, parts, schema, key)


def finished(rows: pl.DataFrame, parts: list[pl.DataFrame], schema: dict, key: list[str]) -> pl.DataFrame:
    parts = [
        part.with_columns(cs.float().fill_nan(None)).select(schema.keys()).cast(schema) for part in parts
    ]
    figures = pl.concat([pl.DataFrame(schema=schema), *parts])
    return figures.join(rows, on=key, how="semi").sort(key)


def checked_input(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the input columns, sorted by key.

    Raises:
        ValueError: A row breaks the rules above; the message names the first such row.
    """
    if absent := [name for name in INPUT if name not in frame.columns]:
        raise ValueError(f"cluster input: columns {absent} are missing, found {frame.columns}")
    if not_text := [name for name in KEY if frame.schema[name] != pl.String]:
        raise ValueError(f"cluster input: {not_text} must be text, as codes lose leading zeros in numbers")
    rows = frame.select(INPUT.keys()).cast(pl.Schema(INPUT)).sort(list(KEY))
    persons = pl.col("employment_persons")
    _refuse(rows.filter(pl.any_horizontal(pl.col(list(KEY)).is_null())), "a key that is null")
    _refuse(rows.filter(pl.struct(list(KEY)).is_duplicated()), "a key that occurs twice")
    _refuse(rows.filter(~(persons.is_finite() & (persons >= 0))), "employment that is not finite or negative")
    for name, key in DESCRIBES.items():
        _refuse(rows.filter(pl.col(name).n_unique().over(key) > 1), f"more than one {name} per {key}")
    return rows


def _refuse(bad: pl.DataFrame, what: str) -> None:
    if len(bad):
        first = bad.row(0, named=True)
        raise ValueError(f"cluster input: {len(bad)} row(s) with {what}, expected none; first: {first}")


def years_of(rows: pl.DataFrame) -> Iterator[Year]:
    """Yield the matrices of each year, in order of time.

    A row that is absent is a cell that is not observed.
    """
    for (time_period,), part in rows.sort("time_period").group_by("time_period", maintain_order=True):
        zones = part.unique("zone_code").sort("zone_code")
        industries = part.unique("industry_code").sort("industry_code")
        employment = np.full((len(zones), len(industries)), np.nan)
        row = zones["zone_code"].search_sorted(part["zone_code"]).to_numpy()
        column = industries["industry_code"].search_sorted(part["industry_code"]).to_numpy()
        employment[row, column] = part["employment_persons"].to_numpy()
        yield Year(
            time_period,
            zones["zone_code"].to_numpy(),
            industries["industry_code"].to_numpy(),
            industries["industry_name_en"].to_numpy(),
            industries["industry_name_zh"].to_numpy(),
            employment,
            zones["province_code"].to_numpy(),
            zones["latitude"].to_numpy(),
            zones["longitude"].to_numpy(),
        )


def zone_reasons(year: Year) -> np.ndarray:
    """Reason why each zone is not compared (z,); None for the zones of the reference."""
    missing = np.isnan(year.employment)
    reasons = np.select(
        [missing.all(axis=1), missing.any(axis=1), year.employment.sum(axis=1) == 0],
        ["not_observed", "sector_missing", "no_employment"],
        default="",
    ).astype(object)
    complete = reasons == ""
    reasons[complete] = None if complete.sum() >= 2 else "reference_too_small"
    return reasons


def compared_zones(year: Year) -> np.ndarray:
    """Indices of the zones of the reference: none, or at least two."""
    return np.flatnonzero([reason is None for reason in zone_reasons(year)])


def industry_reasons(year: Year) -> np.ndarray:
    """Reason why each industry has no figures in the year (i,); None where it has figures."""
    compared = compared_zones(year)
    if not len(compared):
        return np.full(len(year.industries), "reference_too_small", dtype=object)
    return np.where(year.employment[compared].any(axis=0), None, "industry_empty")


def placed_zones(year: Year, neighbours: int) -> tuple[np.ndarray, csr_array | None]:
    """Indices of the compared zones that have coordinates, and their weights.

    Too few zones give None as weights.
    """
    compared = compared_zones(year)
    placed = compared[np.isfinite(year.latitude[compared]) & np.isfinite(year.longitude[compared])]
    if len(placed) <= neighbours + 1:
        return placed, None
    latitude, longitude = year.latitude[placed], year.longitude[placed]
    return placed, knn_weights(list(year.zones[placed]), latitude, longitude, neighbours)
