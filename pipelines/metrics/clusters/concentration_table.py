"""mart.cluster_concentration: each industry and year over all compared zones."""

import numpy as np
import polars as pl

from pipelines.metrics.clusters.by_year import (
    NAMES,
    Year,
    by_year_table,
    compared_zones,
    industry_reasons,
    placed_zones,
)
from pipelines.metrics.clusters.complexity import (
    eci_pci,
    revealed_advantage,
    ubiquity,
)
from pipelines.metrics.clusters.inequality import gini, theil
from pipelines.metrics.clusters.spatial import (
    Global,
    gearys_c,
    getis_ord_g,
    morans_i,
)
from pipelines.metrics.clusters.specialisation import (
    herfindahl_industries,
    hoover_concentration,
    krugman_concentration,
    location_quotient,
    locational_gini,
)

THEIL = ["theil_t", "theil_t_between", "theil_t_within", "theil_l", "theil_l_between", "theil_l_within"]
CLUSTER_CONCENTRATION = (
    dict.fromkeys(["time_period", "industry_code"], pl.String)
    | NAMES
    | dict.fromkeys(["employment_persons", "hhi", "krugman_concentration"], pl.Float64)
    | dict.fromkeys(["hoover_concentration", "locational_gini", "quotient_gini", *THEIL], pl.Float64)
    | {"ubiquity": pl.Int64}
    | dict.fromkeys(["pci", "moran_i", "moran_p", "geary_c", "geary_p"], pl.Float64)
    | dict.fromkeys(["getis_ord_g", "getis_ord_p"], pl.Float64)
    | dict.fromkeys(["reason_code", "theil_l_reason_code"], pl.String)
)


def cluster_concentration(
    frame: pl.DataFrame, *, neighbours: int, permutations: int, seed: int
) -> pl.DataFrame:
    """Concentration, complexity and autocorrelation of each year and industry; columns CLUSTER_CONCENTRATION.

    All figures, also employment_persons, are over the compared zones. Theil's indices compare the employment
    of the industry with all employment, between and within provinces. Moran, Geary and Getis-Ord use the
    location quotient, as in cluster_industry. reason_code is the first reason that applies: to the whole
    industry, to pci, to a spatial figure. theil_l_reason_code explains theil_l and its parts. ValueError as
    in cluster_industry.
    """
    return by_year_table(
        frame,
        lambda year: _concentration_columns(year, neighbours, permutations, seed),
        CLUSTER_CONCENTRATION,
        ["time_period", "industry_code"],
    )


def _concentration_columns(year: Year, neighbours: int, permutations: int, seed: int) -> dict:
    size, compared, reasons = len(year.industries), compared_zones(year), industry_reasons(year)
    columns = {
        "time_period": [year.time_period] * size,
        "industry_code": year.industries,
        "industry_name_en": year.names_en.tolist(),
        "industry_name_zh": year.names_zh.tolist(),
        "reason_code": reasons.tolist(),
        "theil_l_reason_code": reasons.tolist(),
    }
    if not len(compared):
        return columns | {name: [None] * size for name in CLUSTER_CONCENTRATION if name not in columns}
    e = year.employment[compared]
    m = revealed_advantage(e)
    _, pci, _, pci_reasons = eci_pci(m)
    spatial = _global_figures(year, e, (neighbours, permutations, seed))
    return columns | {
        "employment_persons": e.sum(axis=0),
        "hhi": herfindahl_industries(e),
        "krugman_concentration": krugman_concentration(e),
        "hoover_concentration": hoover_concentration(e),
        "locational_gini": locational_gini(e),
        "quotient_gini": gini(np.nan_to_num(location_quotient(e))),
        **_theil_columns(e, year.province[compared], reasons),
        "ubiquity": np.where(e.any(axis=0), ubiquity(m), np.nan),
        "pci": pci,
        **{
            name: [getattr(figures[of], field) for figures in spatial]
            for name, (of, field) in GLOBAL_COLUMNS.items()
        },
        "reason_code": [
            whole or of_pci or next((figure.reason for figure in figures if figure.reason), None)
            for whole, of_pci, figures in zip(reasons, pci_reasons, spatial, strict=True)
        ],
    }


def _theil_columns(e: np.ndarray, province: np.ndarray, reasons: np.ndarray) -> dict:
    """Theil's indices of each industry against all employment, and the reason where L is missing."""
    figures = theil(e, population=e.sum(axis=1), groups=province.astype(str))
    why = np.where(np.equal(reasons, None) & np.isnan(figures.l), "zero_share", reasons)
    l_between = np.where(np.isnan(figures.l), np.nan, figures.l_between)
    values = [*figures[:4], l_between, figures.l_within]
    return dict(zip(THEIL, values, strict=True)) | {"theil_l_reason_code": why.tolist()}


# Column -> position in the figures of an industry and the field.
GLOBAL_COLUMNS = {
    name + suffix: (position, field)
    for position, (name, value) in enumerate([("moran", "_i"), ("geary", "_c"), ("getis_ord", "_g")])
    for suffix, field in ((value, "value"), ("_p", "p"))
}


def _global_figures(year: Year, e: np.ndarray, settings: tuple[int, int, int]) -> list[list[Global]]:
    """Moran, Geary and Getis-Ord of each industry of `e` (compared zones, industries), over the zones
    with coordinates.
    """
    neighbours, permutations, seed = settings
    placed, weights = placed_zones(year, neighbours)
    quotient = location_quotient(e)[np.isin(compared_zones(year), placed)]
    figures = [[Global(np.nan, np.nan, "too_few_zones")] * 3] * e.shape[1]
    for column in np.flatnonzero(e.any(axis=0)):
        if weights is None:
            break
        codes, values = list(year.zones[placed]), quotient[:, column]
        figures[column] = [
            statistic(codes, values, weights, permutations=permutations, seed=seed)
            for statistic in (morans_i, gearys_c, getis_ord_g)
        ]
    return figures
