"""Cluster metrics of zones, as frames: the tables mart.cluster_industry, cluster_zone, cluster_concentration.

Here belong the rules that turn one long frame of employment into matrices, which zones may be compared, and
the reason codes. Not here: the formulas (specialisation.py, complexity.py, spatial.py), reading and writing.

Input: one row per zone_code, time_period and industry_code with industry_name_en, industry_name_zh,
employment_persons (null when not observed), latitude and longitude (degrees, null when not known).
The reference of a year is all zones whose sectors are complete in that year: a zone with a sector missing is
neither measured nor part of the reference, because its shares would be of another whole. Sectors of a year
are those of any row of that year; a zone without a row for one of them counts as missing it.

Every row of the input, every zone and year, every year and industry comes out exactly once, sorted by key;
what cannot be said is null, with a code of REASON_CODES. Rows may come in any order.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
import polars.selectors as cs

from pipelines.metrics.complexity import (
    diversity,
    eci_pci,
    relatedness_density,
    revealed_advantage,
    ubiquity,
)
from pipelines.metrics.spatial import GlobalMoran, knn_weights, local_moran, morans_i
from pipelines.metrics.specialisation import (
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

REASON_CODES = {
    "not_observed": "No sector of this zone and year has a figure.",
    "sector_missing": "At least one sector of this zone and year has no figure; shares cannot be compared.",
    "no_employment": "All sectors of this zone and year are zero, so that there are no shares.",
    "reference_too_small": "Fewer than two zones have complete sectors in this year; there is no reference.",
    "industry_empty": "No zone of the reference has employment in this industry and year.",
    "coordinate_missing": "The zone has no latitude or longitude and is left out of the spatial measures.",
    "too_few_zones": "Not more than neighbours + 1 zones can be placed: all of them would be neighbours.",
    "constant": "The location quotient is the same in all zones that can be placed.",
    "island": "The zone has no neighbour in the spatial weights.",
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
    "employment_persons": pl.Float64,
    "latitude": pl.Float64,
    "longitude": pl.Float64,
}
# Columns that must hold one value for each of their keys.
DESCRIBES = {
    "industry_name_en": ["time_period", "industry_code"],
    "industry_name_zh": ["time_period", "industry_code"],
    "latitude": ["time_period", "zone_code"],
    "longitude": ["time_period", "zone_code"],
}
NAMES = dict.fromkeys(["industry_name_en", "industry_name_zh"], pl.String)
CLUSTER_INDUSTRY = (
    KEY
    | NAMES
    | dict.fromkeys(["employment_persons", "zone_share", "reference_share", "location_quotient"], pl.Float64)
    | {"has_advantage": pl.Boolean}
    | dict.fromkeys(["relatedness_density", "local_moran_i", "local_moran_p"], pl.Float64)
    | dict.fromkeys(["local_moran_quadrant", "reason_code", "moran_reason_code"], pl.String)
)
CLUSTER_ZONE = (
    dict.fromkeys(["zone_code", "time_period"], pl.String)
    | {"employment_persons": pl.Float64, "industries_observed": pl.Int64}
    | dict.fromkeys(["hhi", "krugman_specialisation", "hoover_specialisation"], pl.Float64)
    | {"diversity": pl.Int64, "eci": pl.Float64}
    | dict.fromkeys(["reason_code", "eci_reason_code"], pl.String)
)
CLUSTER_CONCENTRATION = (
    dict.fromkeys(["time_period", "industry_code"], pl.String)
    | NAMES
    | dict.fromkeys(["employment_persons", "hhi", "krugman_concentration"], pl.Float64)
    | dict.fromkeys(["hoover_concentration", "locational_gini"], pl.Float64)
    | {"ubiquity": pl.Int64}
    | dict.fromkeys(["pci", "moran_i", "moran_p"], pl.Float64)
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
    latitude: np.ndarray
    longitude: np.ndarray


def cluster_industry(frame: pl.DataFrame, *, neighbours: int, permutations: int, seed: int) -> pl.DataFrame:
    """Quotient, relatedness density and local Moran of each zone, year, industry; columns CLUSTER_INDUSTRY.

    Shares and quotient as in specialisation.py, density as in complexity.py (0 to 1), local Moran of the
    quotient over the compared zones that have coordinates, with `neighbours` nearest neighbours and
    `permutations` draws from `seed` (the same draws for every industry and year, so that a figure does not
    depend on what else is in the frame). reason_code explains the nulls, except those of the local Moran,
    which moran_reason_code explains. ValueError for input that breaks the contract above.
    """
    return _table(
        frame,
        lambda year: _industry_columns(year, neighbours, permutations, seed),
        CLUSTER_INDUSTRY,
        ["zone_code", "time_period", "industry_code"],
    )


def cluster_zone(frame: pl.DataFrame, *, neighbours: int, permutations: int, seed: int) -> pl.DataFrame:
    """Specialisation and complexity of each zone and year; columns CLUSTER_ZONE.

    Krugman and Hoover against all compared zones, the zone itself included; hhi needs no reference and is
    given without one. employment_persons is null when a sector is missing: a part is not the sum.
    reason_code explains the nulls, except that of eci, which eci_reason_code explains. The keywords are those
    of the other two tables; nothing here is spatial or drawn. ValueError as in cluster_industry.
    """
    return _table(frame, _zone_columns, CLUSTER_ZONE, ["zone_code", "time_period"])


def cluster_concentration(
    frame: pl.DataFrame, *, neighbours: int, permutations: int, seed: int
) -> pl.DataFrame:
    """Concentration, complexity and Moran's I of each year and industry; columns CLUSTER_CONCENTRATION.

    All over the compared zones, employment_persons too. Moran's I is of the location quotient, as in
    cluster_industry. reason_code is the first that applies: to the industry as a whole, to pci, to Moran's I.
    ValueError as in cluster_industry.
    """
    return _table(
        frame,
        lambda year: _concentration_columns(year, neighbours, permutations, seed),
        CLUSTER_CONCENTRATION,
        ["time_period", "industry_code"],
    )


def _table(
    frame: pl.DataFrame, columns_of_year: Callable[[_Year], dict], schema: dict, key: list[str]
) -> pl.DataFrame:
    """The columns of every year, one row per `key` that the input has, NaN as null, sorted by `key`."""
    rows = _checked(frame)
    parts = [
        pl.DataFrame(columns_of_year(year))
        .with_columns(cs.float().fill_nan(None))
        .select(schema.keys())
        .cast(schema)
        for year in _years(rows)
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


def _placed(year: _Year, neighbours: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Indices of the compared zones with coordinates, and their weights; None when they are too few."""
    compared = _compared(year)
    placed = compared[np.isfinite(year.latitude[compared]) & np.isfinite(year.longitude[compared])]
    if len(placed) <= neighbours + 1:
        return placed, None
    latitude, longitude = year.latitude[placed], year.longitude[placed]
    return placed, knn_weights(list(year.zones[placed]), latitude, longitude, neighbours)


def _industry_columns(year: _Year, neighbours: int, permutations: int, seed: int) -> dict:
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
    moran = _local_moran_columns(year, quotient, reasons, (neighbours, permutations, seed))
    return {
        "zone_code": np.repeat(year.zones, shape[1]),
        "time_period": [year.time_period] * year.employment.size,
        "industry_code": np.tile(year.industries, shape[0]),
        "industry_name_en": np.tile(year.names_en, shape[0]).tolist(),
        "industry_name_zh": np.tile(year.names_zh, shape[0]).tolist(),
        "employment_persons": year.employment.ravel(),
        "zone_share": share.ravel(),
        "reference_share": reference.ravel(),
        "location_quotient": quotient.ravel(),
        "has_advantage": advantage.ravel().tolist(),
        "relatedness_density": density.ravel(),
        **moran,
        "reason_code": reasons.ravel().tolist(),
    }


def _local_moran_columns(
    year: _Year, quotient: np.ndarray, reasons: np.ndarray, settings: tuple[int, int, int]
) -> dict:
    neighbours, permutations, seed = settings
    placed, weights = _placed(year, neighbours)
    i, p = np.full(quotient.shape, np.nan), np.full(quotient.shape, np.nan)
    quadrant, moran_reasons = np.full(quotient.shape, None, dtype=object), reasons.copy()
    unplaced = np.setdiff1d(_compared(year), placed)
    for column in np.flatnonzero([reason is None for reason in _industry_reasons(year)]):
        moran_reasons[unplaced, column] = "coordinate_missing"
        if weights is None:
            moran_reasons[placed, column] = "too_few_zones"
            continue
        figures = local_moran(
            list(year.zones[placed]), quotient[placed, column], weights, permutations=permutations, seed=seed
        )
        i[placed, column], p[placed, column] = figures.i, figures.p
        quadrant[placed, column], moran_reasons[placed, column] = figures.quadrant, figures.reason
    return {
        "local_moran_i": i.ravel(),
        "local_moran_p": p.ravel(),
        "local_moran_quadrant": quadrant.ravel().tolist(),
        "moran_reason_code": moran_reasons.ravel().tolist(),
    }


def _zone_columns(year: _Year) -> dict:
    size, compared, reasons = len(year.zones), _compared(year), _zone_reasons(year)
    hhi, krugman, hoover, advantages, eci = (np.full(size, np.nan) for _ in range(5))
    eci_reasons = reasons.copy()
    observed = ~np.isnan(year.employment)
    whole = observed.all(axis=1)
    if whole.any():
        hhi[whole] = herfindahl_regions(year.employment[whole])
    if len(compared):
        e = year.employment[compared]
        m = revealed_advantage(e)
        krugman[compared], hoover[compared] = krugman_specialisation(e), hoover_specialisation(e)
        advantages[compared] = diversity(m)
        eci[compared], _, eci_reasons[compared], _ = eci_pci(m)
    return {
        "zone_code": year.zones,
        "time_period": [year.time_period] * size,
        "employment_persons": year.employment.sum(axis=1),
        "industries_observed": observed.sum(axis=1),
        "hhi": hhi,
        "krugman_specialisation": krugman,
        "hoover_specialisation": hoover,
        "diversity": advantages,
        "eci": eci,
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
    }
    if not len(compared):
        return columns | {name: [None] * size for name in CLUSTER_CONCENTRATION if name not in columns}
    e = year.employment[compared]
    m = revealed_advantage(e)
    _, pci, _, pci_reasons = eci_pci(m)
    morans = _global_morans(year, e, (neighbours, permutations, seed))
    return columns | {
        "employment_persons": e.sum(axis=0),
        "hhi": herfindahl_industries(e),
        "krugman_concentration": krugman_concentration(e),
        "hoover_concentration": hoover_concentration(e),
        "locational_gini": locational_gini(e),
        "ubiquity": np.where(e.any(axis=0), ubiquity(m), np.nan),
        "pci": pci,
        "moran_i": [moran.i for moran in morans],
        "moran_p": [moran.p for moran in morans],
        "reason_code": [
            whole or of_pci or moran.reason
            for whole, of_pci, moran in zip(reasons, pci_reasons, morans, strict=True)
        ],
    }


def _global_morans(year: _Year, e: np.ndarray, settings: tuple[int, int, int]) -> list[GlobalMoran]:
    """Moran's I of each industry of `e` (compared zones, industries), over the zones that can be placed."""
    neighbours, permutations, seed = settings
    placed, weights = _placed(year, neighbours)
    quotient = location_quotient(e)[np.isin(_compared(year), placed)]
    morans = [GlobalMoran(np.nan, np.nan, "too_few_zones")] * e.shape[1]
    for column in np.flatnonzero(e.any(axis=0)) if weights is not None else ():
        codes, values = list(year.zones[placed]), quotient[:, column]
        morans[column] = morans_i(codes, values, weights, permutations=permutations, seed=seed)
    return morans
