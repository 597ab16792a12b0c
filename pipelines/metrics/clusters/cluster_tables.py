"""Cluster metrics of zones, as frames: mart.cluster_industry, cluster_zone, cluster_concentration, cluster_growth.

Here belong the rules that turn one long frame of employment into matrices, which zones may be compared, and
the reason codes. Not here: the formulas (specialisation.py, strength.py, inequality.py, complexity.py, spatial.py,
shift_share.py), reading and writing.

Input: one row per zone_code, time_period and industry_code with industry_name_en, industry_name_zh, province_code,
employment_persons (null when not observed), latitude and longitude (degrees, null when not known).
The reference of a year is all zones whose sectors are complete in that year: a zone with a sector missing is
neither measured nor part of the reference, because its shares would be of another whole. Sectors of a year
are those of any row of that year; a zone without a row for one of them counts as missing it.

Every row of the input, every zone and year, every year and industry comes out exactly once, sorted by key;
what cannot be said is null, with a code of REASONS. Rows may come in any order.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
import polars.selectors as cs
from scipy.sparse import csr_array

from pipelines.metrics.clusters.complexity import (
    diversity,
    eci_pci,
    relatedness_density,
    revealed_advantage,
    ubiquity,
)
from pipelines.metrics.clusters.inequality import gini, theil
from pipelines.metrics.clusters.shift_share import shift_share
from pipelines.metrics.clusters.spatial import (
    Global,
    gearys_c,
    getis_ord_g,
    knn_weights,
    local_getis_ord,
    local_moran,
    morans_i,
)
from pipelines.metrics.clusters.specialisation import (
    entropy,
    hachman,
    herfindahl_industries,
    herfindahl_regions,
    hoover_concentration,
    hoover_specialisation,
    krugman_concentration,
    krugman_specialisation,
    location_quotient,
    locational_gini,
    reference_shares,
    zone_shares,
)
from pipelines.metrics.clusters.strength import standardised_quotient, stars, strong_cluster

REASONS = {
    "not_observed": "No sector of this zone and year has a figure.",
    "sector_missing": "At least one sector of this zone and year has no figure; shares cannot be compared.",
    "no_employment": "All sectors of this zone and year are zero, so that there are no shares.",
    "reference_too_small": "Fewer than two zones have complete sectors in this year; there is no reference.",
    "industry_empty": "No zone of the reference has employment in this industry and year.",
    "coordinate_missing": "The zone has no latitude or longitude and is left out of the spatial measures.",
    "too_few_zones": "Not more than neighbours + 1 zones can be placed: all of them would be neighbours.",
    "constant": "The location quotient is the same in all zones that are compared or can be placed.",
    "island": "The zone has no neighbour in the spatial weights.",
    "quotient_zero": "The location quotient is zero and has no logarithm that could be standardised.",
    "zero_share": "At least one zone has no employment in this industry; Theil's L is infinite by its formula.",
    "previous_year_missing": "The zone, or the year, cannot be compared with the year before.",
    "zero_diversity": "The zone has no advantage in any industry and is set aside from the complexity index.",
    "zero_ubiquity": "No zone has an advantage in this industry; it is set aside from the complexity index.",
    "disconnected": "Zones and industries form groups without a shared advantage; the index is undefined.",
    "no_variation": "The advantages have no second dimension along which zones could be ordered.",
    "eigenvalue_tied": "Two orders of the zones explain the advantages equally well; there is no one index.",
    "sign_undetermined": "The complexity index does not correlate with diversity; its direction is unknown.",
}

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
CLUSTER_ZONE = (
    dict.fromkeys(["zone_code", "time_period"], pl.String)
    | {"employment_persons": pl.Float64, "industries_observed": pl.Int64}
    | dict.fromkeys(["hhi", "entropy_bits", "krugman_specialisation", "hoover_specialisation"], pl.Float64)
    | {"hachman": pl.Float64, "diversity": pl.Int64}
    | {"stars": pl.Int64, "strong_clusters": pl.Int64, "strong_cluster_share": pl.Float64, "eci": pl.Float64}
    | dict.fromkeys(["reason_code", "eci_reason_code"], pl.String)
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
GROWTH = ["employment_change", "national_share", "industrial_mix", "regional_share"]
CLUSTER_GROWTH = (
    dict.fromkeys(["zone_code", "time_period"], pl.String)
    | dict.fromkeys(GROWTH, pl.Float64)
    | {"reason_code": pl.String}
)


@dataclass(frozen=True)
class _Year:
    """One year as arrays: zones (z,) and industries (i,) sorted by code, employment (z, i).

    Not observed and not known are NaN in the numbers and None in the names.
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


def cluster_industry(
    frame: pl.DataFrame, *, neighbours: int, permutations: int, seed: int, star: dict, strong: dict
) -> pl.DataFrame:
    """Quotient, strength, relatedness and hot spots of each zone, year, industry; columns CLUSTER_INDUSTRY.

    Shares and quotient as in specialisation.py, stars and strong clusters as in strength.py with the thresholds
    `star` and `strong`, density as in complexity.py (0 to 1), local Moran and Gi* of the quotient over the compared
    zones that have coordinates, with `neighbours` nearest neighbours. `permutations` draws from `seed`, also as
    bootstrap samples of the standardised quotient: the same draws for every industry and year, so that a figure does
    not depend on what else is in the frame. reason_code explains the nulls, except those of the standardised
    quotient (standardised_reason_code) and of the local statistics (moran_reason_code).
    ValueError for input that breaks the contract above.
    """
    spatial = (neighbours, permutations, seed)
    return _table(
        frame,
        lambda year: _industry_columns(year, spatial, star, strong),
        CLUSTER_INDUSTRY,
        ["zone_code", "time_period", "industry_code"],
    )


def cluster_zone(frame: pl.DataFrame, *, star: dict, strong: dict) -> pl.DataFrame:
    """Specialisation, strength and complexity of each zone and year; columns CLUSTER_ZONE.

    Krugman, Hoover and Hachman against all compared zones, the zone itself included; hhi and entropy need no
    reference and are given without one. employment_persons is null when a sector is missing: a part is not the sum.
    stars and strong_clusters count those of cluster_industry. reason_code explains the nulls, except that of eci,
    which eci_reason_code explains. ValueError as in cluster_industry.
    """
    return _table(
        frame, lambda year: _zone_columns(year, star, strong), CLUSTER_ZONE, ["zone_code", "time_period"]
    )


def cluster_concentration(
    frame: pl.DataFrame, *, neighbours: int, permutations: int, seed: int
) -> pl.DataFrame:
    """Concentration, complexity and autocorrelation of each year and industry; columns CLUSTER_CONCENTRATION.

    All over the compared zones, employment_persons too. Theil's indices are of the industry's employment against all
    employment, between and within provinces. Moran, Geary and Getis-Ord are of the location quotient, as in
    cluster_industry. reason_code is the first that applies: to the industry as a whole, to pci, to a spatial figure;
    theil_l_reason_code explains theil_l and its parts. ValueError as in cluster_industry.
    """
    return _table(
        frame,
        lambda year: _concentration_columns(year, neighbours, permutations, seed),
        CLUSTER_CONCENTRATION,
        ["time_period", "industry_code"],
    )


def cluster_growth(frame: pl.DataFrame) -> pl.DataFrame:
    """Change of employment since the year before, by shift-share, of each zone and year; columns CLUSTER_GROWTH.

    In persons; the reference is the zones that are compared in both years, and both years must have the same
    industries. reason_code explains the nulls. ValueError as in cluster_industry.
    """
    rows = _checked(frame)
    years = {year.time_period: year for year in _years(rows)}
    parts = [
        pl.DataFrame(_growth_columns(year, years.get(str(int(period) - 1)))) for period, year in years.items()
    ]
    return _finished(rows, parts, CLUSTER_GROWTH, ["zone_code", "time_period"])


def _table(
    frame: pl.DataFrame, columns_of_year: Callable[[_Year], dict], schema: dict, key: list[str]
) -> pl.DataFrame:
    """The columns of every year, one row per `key` that the input has, NaN as null, sorted by `key`."""
    rows = _checked(frame)
    parts = [pl.DataFrame(columns_of_year(year)) for year in _years(rows)]
    return _finished(rows, parts, schema, key)


def _finished(rows: pl.DataFrame, parts: list[pl.DataFrame], schema: dict, key: list[str]) -> pl.DataFrame:
    parts = [
        part.with_columns(cs.float().fill_nan(None)).select(schema.keys()).cast(schema) for part in parts
    ]
    figures = pl.concat([pl.DataFrame(schema=schema), *parts])
    return figures.join(rows, on=key, how="semi").sort(key)


def _checked(frame: pl.DataFrame) -> pl.DataFrame:
    """The input columns, sorted by key; ValueError that names the first row that breaks the contract."""
    if absent := [name for name in INPUT if name not in frame.columns]:
        raise ValueError(f"cluster input: columns {absent} are missing, found {frame.columns}")
    if not_text := [name for name in KEY if frame.schema[name] != pl.String]:
        raise ValueError(f"cluster input: {not_text} must be text, as codes lose leading zeros in numbers")
    rows = frame.select(INPUT.keys()).cast(INPUT).sort(list(KEY))
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


def _years(rows: pl.DataFrame) -> Iterator[_Year]:
    """The matrices of each year, in order of time; a row that is absent is a cell not observed."""
    for (time_period,), part in rows.sort("time_period").group_by("time_period", maintain_order=True):
        zones = part.unique("zone_code").sort("zone_code")
        industries = part.unique("industry_code").sort("industry_code")
        employment = np.full((len(zones), len(industries)), np.nan)
        row = zones["zone_code"].search_sorted(part["zone_code"]).to_numpy()
        column = industries["industry_code"].search_sorted(part["industry_code"]).to_numpy()
        employment[row, column] = part["employment_persons"].to_numpy()
        yield _Year(
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


def _zone_reasons(year: _Year) -> np.ndarray:
    """Why a zone is not compared (z,), None for the zones that are the reference of the year."""
    missing = np.isnan(year.employment)
    reasons = np.select(
        [missing.all(axis=1), missing.any(axis=1), year.employment.sum(axis=1) == 0],
        ["not_observed", "sector_missing", "no_employment"],
        default="",
    ).astype(object)
    complete = reasons == ""
    reasons[complete] = None if complete.sum() >= 2 else "reference_too_small"
    return reasons


def _compared(year: _Year) -> np.ndarray:
    """Indices of the zones that are the reference of the year: none, or at least two."""
    return np.flatnonzero([reason is None for reason in _zone_reasons(year)])


def _industry_reasons(year: _Year) -> np.ndarray:
    """Why an industry has no figures in the year (i,), None where it has."""
    compared = _compared(year)
    if not len(compared):
        return np.full(len(year.industries), "reference_too_small", dtype=object)
    return np.where(year.employment[compared].any(axis=0), None, "industry_empty")


def _placed(year: _Year, neighbours: int) -> tuple[np.ndarray, csr_array | None]:
    """Indices of the compared zones with coordinates, and their weights; None when they are too few."""
    compared = _compared(year)
    placed = compared[np.isfinite(year.latitude[compared]) & np.isfinite(year.longitude[compared])]
    if len(placed) <= neighbours + 1:
        return placed, None
    latitude, longitude = year.latitude[placed], year.longitude[placed]
    return placed, knn_weights(list(year.zones[placed]), latitude, longitude, neighbours)


def _industry_columns(year: _Year, spatial: tuple[int, int, int], star: dict, strong: dict) -> dict:
    shape, compared = year.employment.shape, _compared(year)
    share, reference, quotient, density = (np.full(shape, np.nan) for _ in range(4))
    advantage = np.full(shape, None, dtype=object)
    if len(compared):
        e = year.employment[compared]
        m = revealed_advantage(e)
        share[compared], reference[compared] = zone_shares(e), reference_shares(e)
        quotient[compared], density[compared] = location_quotient(e), relatedness_density(m)
        advantage[compared] = np.where(e.any(axis=0), m, None)
    reasons = np.broadcast_to(_zone_reasons(year)[:, None], shape).copy()
    reasons[compared] = _industry_reasons(year)
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


def _strength_columns(year: _Year, star: dict, strong: dict) -> dict:
    """Stars and strong clusters as objects, None where a cell is not compared or the industry is empty."""
    columns = {
        name: np.full(year.employment.shape, None, dtype=object) for name in [*STARS, "is_strong_cluster"]
    }
    compared = _compared(year)
    if len(compared):
        e = year.employment[compared]
        flags = [*stars(e, **star), strong_cluster(e, **strong)]
        for cells, flag in zip(columns.values(), flags, strict=True):
            cells[compared] = np.where(e.any(axis=0), flag, None)
    return columns


def _standardised_columns(year: _Year, reasons: np.ndarray, spatial: tuple[int, int, int]) -> dict:
    _, draws, seed = spatial
    z, low, high = (np.full(reasons.shape, np.nan) for _ in range(3))
    why, compared = reasons.copy(), _compared(year)
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
    year: _Year, quotient: np.ndarray, reasons: np.ndarray, spatial: tuple[int, int, int]
) -> dict:
    neighbours, permutations, seed = spatial
    draws = {"permutations": permutations, "seed": seed}
    placed, weights = _placed(year, neighbours)
    i, p, z, z_p = (np.full(quotient.shape, np.nan) for _ in range(4))
    quadrant, why = np.full(quotient.shape, None, dtype=object), reasons.copy()
    unplaced = np.setdiff1d(_compared(year), placed)
    for column in np.flatnonzero([reason is None for reason in _industry_reasons(year)]):
        why[unplaced, column] = "coordinate_missing"
        if weights is None:
            why[placed, column] = "too_few_zones"
            continue
        codes, values = list(year.zones[placed]), quotient[placed, column]
        moran = local_moran(codes, values, weights, **draws)
        i[placed, column], p[placed, column] = moran.i, moran.p
        quadrant[placed, column], why[placed, column] = moran.quadrant, moran.reason
        z[placed, column], z_p[placed, column], _ = local_getis_ord(codes, values, weights, **draws)
    return {
        "local_moran_i": i,
        "local_moran_p": p,
        "local_moran_quadrant": quadrant,
        "getis_ord_z": z,
        "getis_ord_p": z_p,
        "moran_reason_code": why,
    }


def _zone_columns(year: _Year, star: dict, strong: dict) -> dict:
    size, compared, reasons = len(year.zones), _compared(year), _zone_reasons(year)
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


def _concentration_columns(year: _Year, neighbours: int, permutations: int, seed: int) -> dict:
    size, compared, reasons = len(year.industries), _compared(year), _industry_reasons(year)
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
    """Theil's indices of each industry against all employment, and why L has none."""
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


def _global_figures(year: _Year, e: np.ndarray, settings: tuple[int, int, int]) -> list[list[Global]]:
    """Moran, Geary and Getis-Ord of each industry of `e` (compared zones, industries), over the placed zones."""
    neighbours, permutations, seed = settings
    placed, weights = _placed(year, neighbours)
    quotient = location_quotient(e)[np.isin(_compared(year), placed)]
    figures = [[Global(np.nan, np.nan, "too_few_zones")] * 3] * e.shape[1]
    for column in np.flatnonzero(e.any(axis=0)) if weights is not None else ():
        codes, values = list(year.zones[placed]), quotient[:, column]
        figures[column] = [
            statistic(codes, values, weights, permutations=permutations, seed=seed)
            for statistic in (morans_i, gearys_c, getis_ord_g)
        ]
    return figures


def _growth_columns(year: _Year, before: _Year | None) -> dict:
    """Shift-share of the zones that are compared in both years."""
    reasons = _zone_reasons(year)
    figures = np.full((len(GROWTH), len(year.zones)), np.nan)
    zones = np.intersect1d(year.zones[_compared(year)], before.zones[_compared(before)]) if before else []
    same = before is not None and np.array_equal(year.industries, before.industries)
    both = np.isin(year.zones, zones) if same and len(zones) >= 2 else np.zeros(len(year.zones), dtype=bool)
    if both.any():
        earlier = before.employment[np.isin(before.zones, zones)]
        figures[:, both] = shift_share(earlier, year.employment[both])
    reasons[np.equal(reasons, None) & ~both] = "previous_year_missing"
    return {
        "zone_code": year.zones,
        "time_period": [year.time_period] * len(year.zones),
        **dict(zip(GROWTH, figures, strict=True)),
        "reason_code": reasons.tolist(),
    }
