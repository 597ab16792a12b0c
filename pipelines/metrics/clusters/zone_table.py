"""mart.cluster_zone: each zone and year."""

import numpy as np
import polars as pl

from pipelines.metrics.clusters.by_year import Year, by_year_table, compared_zones, zone_reasons
from pipelines.metrics.clusters.complexity import (
    diversity,
    eci_pci,
    revealed_advantage,
)
from pipelines.metrics.clusters.specialisation import (
    entropy,
    hachman,
    herfindahl_regions,
    hoover_specialisation,
    krugman_specialisation,
    zone_shares,
)
from pipelines.metrics.clusters.strength import stars, strong_cluster

CLUSTER_ZONE = (
    dict.fromkeys(["zone_code", "time_period"], pl.String)
    | {"employment_persons": pl.Float64, "industries_observed": pl.Int64}
    | dict.fromkeys(["hhi", "entropy_bits", "krugman_specialisation", "hoover_specialisation"], pl.Float64)
    | {"hachman": pl.Float64, "diversity": pl.Int64}
    | {"stars": pl.Int64, "strong_clusters": pl.Int64, "strong_cluster_share": pl.Float64, "eci": pl.Float64}
    | dict.fromkeys(["reason_code", "eci_reason_code"], pl.String)
)


def cluster_zone(frame: pl.DataFrame, *, star: dict, strong: dict) -> pl.DataFrame:
    """Specialisation, strength and complexity of each zone and year; columns CLUSTER_ZONE.

    Krugman, Hoover and Hachman compare a zone with all compared zones, itself included. hhi and entropy need
    no reference and are also given without one. employment_persons is null when a sector is missing, because
    a part is not the sum. stars and strong_clusters count those of cluster_industry. reason_code explains all
    nulls except those of eci, which eci_reason_code explains. ValueError as in cluster_industry.
    """
    return by_year_table(
        frame, lambda year: _zone_columns(year, star, strong), CLUSTER_ZONE, ["zone_code", "time_period"]
    )


def _zone_columns(year: Year, star: dict, strong: dict) -> dict:
    size, compared, reasons = len(year.zones), compared_zones(year), zone_reasons(year)
    names = ["hhi", "entropy_bits", "krugman_specialisation", "hoover_specialisation", "hachman", "diversity"]
    figures = {
        name: np.full(size, np.nan)
        for name in [*names, "stars", "strong_clusters", "strong_cluster_share", "eci"]
    }
    eci_reasons = reasons.copy()
    observed = ~np.isnan(year.employment)
    whole = observed.all(axis=1)
    if whole.any():
        figures["hhi"][whole] = herfindahl_regions(year.employment[whole])
        figures["entropy_bits"][whole] = entropy(year.employment[whole])
    if len(compared):
        e = year.employment[compared]
        m, strongest = revealed_advantage(e), strong_cluster(e, **strong)
        figures["krugman_specialisation"][compared] = krugman_specialisation(e)
        figures["hoover_specialisation"][compared] = hoover_specialisation(e)
        figures["hachman"][compared] = hachman(e)
        figures["diversity"][compared] = diversity(m)
        figures["stars"][compared] = sum(flag.sum(axis=1) for flag in stars(e, **star))
        figures["strong_clusters"][compared] = strongest.sum(axis=1)
        figures["strong_cluster_share"][compared] = (zone_shares(e) * strongest).sum(axis=1)
        figures["eci"][compared], _, eci_reasons[compared], _ = eci_pci(m)
    return figures | {
        "zone_code": year.zones,
        "time_period": [year.time_period] * size,
        "employment_persons": year.employment.sum(axis=1),
        "industries_observed": observed.sum(axis=1),
        "reason_code": reasons.tolist(),
        "eci_reason_code": eci_reasons.tolist(),
    }
