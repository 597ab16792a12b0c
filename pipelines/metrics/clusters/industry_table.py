"""mart.cluster_industry: each zone, year and industry."""

import numpy as np
import polars as pl

from pipelines.metrics.clusters.by_year import (
    KEY,
    NAMES,
    Year,
    by_year_table,
    compared_zones,
    industry_reasons,
    placed_zones,
    zone_reasons,
)
from pipelines.metrics.clusters.complexity import (
    relatedness_density,
    revealed_advantage,
)
from pipelines.metrics.clusters.spatial import (
    local_getis_ord,
    local_moran,
)
from pipelines.metrics.clusters.specialisation import (
    location_quotient,
    reference_shares,
    zone_shares,
)
from pipelines.metrics.clusters.strength import standardised_quotient, stars, strong_cluster

STARS = ["star_size", "star_specialisation", "star_focus"]
CLUSTER_INDUSTRY = (
    KEY
    | NAMES
    | dict.fromkeys(["employment_persons", "zone_share", "reference_share", "location_quotient"], pl.Float64)
    | dict.fromkeys(["standardised_quotient", "standardised_low", "standardised_high"], pl.Float64)
    | dict.fromkeys(["has_advantage", *STARS, "is_strong_cluster"], pl.Boolean)
    | dict.fromkeys(["relatedness_density", "local_moran_i", "local_moran_p"], pl.Float64)
    | {"local_moran_quadrant": pl.String}
    | dict.fromkeys(["getis_ord_z", "getis_ord_p"], pl.Float64)
    | dict.fromkeys(["reason_code", "standardised_reason_code", "moran_reason_code"], pl.String)
)


def cluster_industry(
    frame: pl.DataFrame, *, neighbours: int, permutations: int, seed: int, star: dict, strong: dict
) -> pl.DataFrame:
    """Quotient, strength, relatedness and hot spots of each zone, year, industry; columns CLUSTER_INDUSTRY.

    Args:
        frame: the input that by_year.py describes.
        neighbours: number of nearest neighbours, for local Moran and Gi* of the quotient over the compared
            zones that have coordinates.
        permutations: number of random draws for the pseudo-p values, and of bootstrap samples for the
            standardised quotient. The draws are the same for every industry and year, so that a figure does
            not depend on the rest of the frame.
        seed: seed of the draws.
        star, strong: thresholds of the stars and the strong clusters (strength.py).

    Returns:
        Shares and quotient as in specialisation.py, density as in complexity.py (0 to 1). reason_code
        explains the nulls, except those of the standardised quotient (standardised_reason_code) and of the
        local statistics (moran_reason_code).

    Raises:
        ValueError: The input breaks the rules of by_year.py.
    """
    spatial = (neighbours, permutations, seed)
    return by_year_table(
        frame,
        lambda year: _industry_columns(year, spatial, star, strong),
        CLUSTER_INDUSTRY,
        ["zone_code", "time_period", "industry_code"],
    )


def _industry_columns(year: Year, spatial: tuple[int, int, int], star: dict, strong: dict) -> dict:
    shape, compared = year.employment.shape, compared_zones(year)
    share, reference, quotient, density = (np.full(shape, np.nan) for _ in range(4))
    advantage = np.full(shape, None, dtype=object)
    if len(compared):
        e = year.employment[compared]
        m = revealed_advantage(e)
        share[compared], reference[compared] = zone_shares(e), reference_shares(e)
        quotient[compared], density[compared] = location_quotient(e), relatedness_density(m)
        advantage[compared] = np.where(e.any(axis=0), m, None)
    reasons = np.broadcast_to(zone_reasons(year)[:, None], shape).copy()
    reasons[compared] = industry_reasons(year)
    columns = {
        "employment_persons": year.employment,
        "zone_share": share,
        "reference_share": reference,
        "location_quotient": quotient,
        "has_advantage": advantage,
        "relatedness_density": density,
        "reason_code": reasons,
        **_strength_columns(year, star, strong),
        **_standardised_columns(year, reasons, spatial),
        **_local_columns(year, quotient, reasons, spatial),
    }
    return {
        "zone_code": np.repeat(year.zones, shape[1]),
        "time_period": [year.time_period] * year.employment.size,
        "industry_code": np.tile(year.industries, shape[0]),
        "industry_name_en": np.tile(year.names_en, shape[0]).tolist(),
        "industry_name_zh": np.tile(year.names_zh, shape[0]).tolist(),
        # An array of objects goes in as a list: polars would keep it as an opaque column.
        **{
            name: cells.ravel().tolist() if cells.dtype == object else cells.ravel()
            for name, cells in columns.items()
        },
    }


def _strength_columns(year: Year, star: dict, strong: dict) -> dict:
    """Stars and strong clusters as objects; None where a cell is not compared or the industry is empty."""
    columns = {
        name: np.full(year.employment.shape, None, dtype=object) for name in [*STARS, "is_strong_cluster"]
    }
    compared = compared_zones(year)
    if len(compared):
        e = year.employment[compared]
        flags = [*stars(e, **star), strong_cluster(e, **strong)]
        for cells, flag in zip(columns.values(), flags, strict=True):
            cells[compared] = np.where(e.any(axis=0), flag, None)
    return columns


def _standardised_columns(year: Year, reasons: np.ndarray, spatial: tuple[int, int, int]) -> dict:
    _, draws, seed = spatial
    z, low, high = (np.full(reasons.shape, np.nan) for _ in range(3))
    why, compared = reasons.copy(), compared_zones(year)
    if len(compared):
        figures = standardised_quotient(year.employment[compared], draws=draws, seed=seed)
        z[compared], low[compared], high[compared], why[compared] = figures
    return {
        "standardised_quotient": z,
        "standardised_low": low,
        "standardised_high": high,
        "standardised_reason_code": why,
    }


def _local_columns(
    year: Year, quotient: np.ndarray, reasons: np.ndarray, spatial: tuple[int, int, int]
) -> dict:
    neighbours, permutations, seed = spatial
    placed, weights = placed_zones(year, neighbours)
    i, p, z, z_p = (np.full(quotient.shape, np.nan) for _ in range(4))
    quadrant, why = np.full(quotient.shape, None, dtype=object), reasons.copy()
    unplaced = np.setdiff1d(compared_zones(year), placed)
    for column in np.flatnonzero([reason is None for reason in industry_reasons(year)]):
        why[unplaced, column] = "coordinate_missing"
        if weights is None:
            why[placed, column] = "too_few_zones"
            continue
        codes, values = list(year.zones[placed]), quotient[placed, column]
        moran = local_moran(codes, values, weights, permutations=permutations, seed=seed)
        i[placed, column], p[placed, column] = moran.i, moran.p
        quadrant[placed, column], why[placed, column] = moran.quadrant, moran.reason
        hot = local_getis_ord(codes, values, weights, permutations=permutations, seed=seed)
        z[placed, column], z_p[placed, column], _ = hot
    return {
        "local_moran_i": i,
        "local_moran_p": p,
        "local_moran_quadrant": quadrant,
        "getis_ord_z": z,
        "getis_ord_p": z_p,
        "moran_reason_code": why,
    }
