"""Concentration of industries beyond that of plants: Ellison-Glaeser, Maurel-Sedillot, coagglomeration.

Indices that need the size of every plant belong here. No source of the warehouse publishes plant sizes, so no
table has these columns (docs/method says so). The functions serve a user who has a register of enterprises.
Indices of a regions x industries matrix belong to specialisation.py.

Every function takes three arrays (plants,): industry codes, region codes, employees (finite, not negative).
`region_employment` gives the employment of every region; concentration is measured against it. Without it,
the sum over all given plants is used. Anything else raises ValueError. Rows may come in any order.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

REASONS = {
    "no_employment": "No plant of the industry has employees, so that there are no shares.",
    "one_plant": "One plant has all employees of the industry; its place says nothing about concentration.",
    "one_region": "All employment lies in one region; there is nothing to compare.",
}


class PlantConcentration(NamedTuple):
    """Arrays (industries,) in the order of `industry`: indices, and the reason code where they are NaN.

    plants: number of plants. herfindahl: H of plant sizes. raw_concentration: G. z: Ellison and Glaeser's
    test of G against chance; NaN where G has no variance.
    """

    industry: np.ndarray
    plants: np.ndarray
    herfindahl: np.ndarray
    raw_concentration: np.ndarray
    ellison_glaeser: np.ndarray
    z: np.ndarray
    maurel_sedillot: np.ndarray
    reason: np.ndarray


def plant_concentration(
    industry: np.ndarray, region: np.ndarray, employees: np.ndarray, region_employment: dict | None = None
) -> PlantConcentration:
    """Both indices of every industry.

    Above 0, an industry is more concentrated than randomly placed plants; below 0, less. gamma_EG = [G - (1 -
    sum x^2) H] / [(1 - sum x^2)(1 - H)], G = sum (s - x)^2. gamma_MS = {[sum s^2 - sum x^2] / (1 - sum x^2) -
    H} / (1 - H). s: shares of the regions in the industry, x: in all employment, H: sum of squared plant
    shares. Source: Ellison and Glaeser (1997), with the variance of G of its appendix; Maurel and Sedillot
    (1999).
    """
    s, x, codes, of_industry = _shares(industry, region, employees, region_employment)
    z_share = _plant_shares(of_industry, employees, len(codes))
    h = _by_industry(of_industry, z_share**2, len(codes))
    room = 1 - x @ x
    g = np.square(s - x).sum(axis=1)
    reason = np.select(
        [np.isnan(h), h >= 1 - 1e-12, np.full(len(codes), room < 1e-12)],
        ["no_employment", "one_plant", "one_region"],
        default="",
    ).astype(object)
    some = reason == ""
    reason[some] = None
    with np.errstate(divide="ignore", invalid="ignore"):  # the cases with a reason are blanked below
        eg = (g - room * h) / (room * (1 - h))
        ms = ((np.square(s).sum(axis=1) - x @ x) / room - h) / (1 - h)
        z = (g - room * h) / np.sqrt(_variance_of_g(x, h, _by_industry(of_industry, z_share**4, len(codes))))
    plants = np.bincount(of_industry, minlength=len(codes))
    eg, z, ms = (np.where(some, figures, np.nan) for figures in (eg, z, ms))
    return PlantConcentration(codes, plants, h, g, eg, z, ms, reason)


def coagglomeration(
    industry: np.ndarray,
    region: np.ndarray,
    employees: np.ndarray,
    group: list,
    region_employment: dict | None = None,
) -> float:
    """Ellison and Glaeser's gamma^c of the industries in `group`: together beyond each one's own pattern?

    [G/(1 - sum x^2) - H - sum g_j w_j^2 (1 - H_j)] / (1 - sum w_j^2), with G and H of the group as one
    industry, H = sum w_j^2 H_j, w_j the shares of the industries in the group, and g_j their gamma. At most
    1. NaN where the group has fewer than two industries with employees, or where all employees are in one
    region. Source: Ellison and Glaeser (1997), eq. 7.
    """
    s, x, codes, of_industry = _shares(industry, region, employees, region_employment)
    inside = np.isin(codes, group)
    totals = np.where(inside, _by_industry(of_industry, np.asarray(employees, float), len(codes)), 0)
    room = 1 - x @ x
    if (totals > 0).sum() < 2 or room < 1e-12:
        return float("nan")
    w = totals / totals.sum()
    # With g_j as defined, the terms of each industry cancel and its plants' H with them: cross products remain.
    together = np.square(w[w > 0] @ s[w > 0] - x).sum()
    alone = (w[w > 0] ** 2 * np.square(s[w > 0] - x).sum(axis=1)).sum()
    return float((together - alone) / room / (1 - w @ w))


def _shares(
    industry: ArrayLike,
    region: ArrayLike,
    employees: ArrayLike,
    region_employment: Mapping[str, float] | None,
) -> tuple:
    """Return s (industries, regions), x (regions,), the industry codes, and the number of each plant's
    industry.
    """
    persons = np.asarray(employees, dtype=np.float64)
    codes, of_industry = np.unique(np.asarray(industry), return_inverse=True)
    regions, of_region = np.unique(np.asarray(region), return_inverse=True)
    if not len(persons) or not len(of_industry) == len(of_region) == len(persons):
        raise ValueError("plants: found arrays that are empty or of different lengths, expected one length")
    if not (np.isfinite(persons) & (persons >= 0)).all():
        raise ValueError("plants: employees are missing, infinite or negative, expected finite, not negative")
    counts = np.zeros((len(codes), len(regions)))
    np.add.at(counts, (of_industry, of_region), persons)
    if region_employment is not None:
        if absent := set(regions.tolist()) - set(region_employment):
            raise ValueError(f"region_employment: no figure for {sorted(absent)}")
        others = [code for code in region_employment if code not in set(regions.tolist())]
        counts = np.hstack([counts, np.zeros((len(codes), len(others)))])
        compared = np.array(
            [region_employment[code] for code in [*regions.tolist(), *others]], dtype=np.float64
        )
    else:
        compared = counts.sum(axis=0)
    if not (np.isfinite(compared) & (compared >= 0)).all() or not compared.any():
        raise ValueError("region employment: expected finite figures, not negative and not all zero")
    total = counts.sum(axis=1, keepdims=True)
    s = np.divide(counts, total, out=np.full(counts.shape, np.nan), where=total > 0)
    return s, compared / compared.sum(), codes, of_industry


def _by_industry(of_industry: np.ndarray, values: np.ndarray, industries: int) -> np.ndarray:
    return np.bincount(of_industry, weights=values, minlength=industries)


def _plant_shares(of_industry: np.ndarray, employees: np.ndarray, industries: int) -> np.ndarray:
    """Share of each plant in its industry; NaN in an industry without employees."""
    employees = np.asarray(employees, dtype=np.float64)
    total = _by_industry(of_industry, employees, industries)[of_industry]
    return np.divide(employees, total, out=np.full(len(employees), np.nan), where=total > 0)


def _variance_of_g(x: np.ndarray, h: np.ndarray, fourth: np.ndarray) -> np.ndarray:
    """Variance of G when plants are placed at random.

    `fourth`: sum of the plants' shares to the fourth power.
    """
    squares, cubes = x @ x, (x**3).sum()
    return 2 * (h**2 * (squares - 2 * cubes + squares**2) - fourth * (squares - 4 * cubes + 3 * squares**2))
