"""How strong a cluster is: standardised location quotient, stars, strong-cluster flag.

Rules that rank the cells of a regions x industries matrix belong here. The quotient itself belongs to
specialisation.py; column names and reasons of zones belong to the tables. The caller gives the thresholds.

In every function, `e` is as in specialisation.py. The regions must come in an order that does not depend on
the input's order (by code), because the random draws follow it. A figure that cannot be computed is NaN or
False. An industry or a region without employment has no cluster.
"""

from typing import NamedTuple

import numpy as np

from pipelines.metrics.clusters.specialisation import (
    checked_matrix,
    industry_shares,
    location_quotient,
    zone_shares,
)

INTERVAL = (0.025, 0.975)
ROUNDING = 1e-12


class StandardisedQuotient(NamedTuple):
    """Arrays in the shape of `e`: z of the logarithm of LQ, its interval, and the reason code where they
    are NaN.
    """

    z: np.ndarray
    low: np.ndarray
    high: np.ndarray
    reason: np.ndarray


class Stars(NamedTuple):
    """Boolean arrays in the shape of `e`, one for each of the three stars."""

    size: np.ndarray
    specialisation: np.ndarray
    focus: np.ndarray


def standardised_quotient(e: np.ndarray, *, draws: int, seed: int) -> StandardisedQuotient:
    """(ln LQ - mean) / standard deviation over the regions of the same industry, with a 95 per cent interval.

    A figure above 1.96 is a cluster at the 5 per cent level where ln LQ is about normal. The interval shows
    how much the figure depends on which regions are the reference. It is the percentiles over `draws`
    bootstrap samples of the regions; mean and sample standard deviation are computed again for each sample. A
    sample in which all quotients are equal is left out. Source: O'Donoghue and Gleave (2004), Regional
    Studies 38(4); bootstrap: Tian (2013), J. Regional Analysis and Policy 43(2).

    NaN has the reason 'quotient_zero' (no logarithm), 'constant' (fewer than two different quotients above 0
    in the industry), 'industry_empty' or 'no_employment'. ValueError for fewer than one draw.
    """
    if draws < 1:
        raise ValueError(f"draws: found {draws}, expected at least 1")
    quotient = location_quotient(e)
    log = np.log(quotient, out=np.full(quotient.shape, np.nan), where=np.nan_to_num(quotient) > 0)
    mean, deviation = (figures[0] for figures in _moments(log, np.ones((1, len(log)))))
    z = (log - mean) / deviation
    low, high = _interval(
        z, np.random.default_rng(seed).multinomial(len(z), np.full(len(z), 1 / len(z)), draws)
    )
    return StandardisedQuotient(z, low, high, _reasons(checked_matrix(e), z))


def _moments(log: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and sample standard deviation of the columns of `log` without NaN, for each row of `times`.

    times (samples, regions): how often a region is in the sample. Both results are (samples, industries). The
    deviation is NaN where a sample has fewer than two figures or only equal figures.
    """
    known = ~np.isnan(log)
    number = times @ known.astype(np.float64)
    centre = np.nanmean(
        np.where(known.any(axis=0), log, 0), axis=0
    )  # subtracted first, so that squares do not cancel
    x = np.where(known, log - centre, 0)
    with np.errstate(divide="ignore", invalid="ignore"):  # samples without a figure are NaN
        mean = times @ x / number
        variance = (times @ x**2 - number * mean**2) / (number - 1)
    deviation = np.sqrt(np.where((number > 1) & (variance > ROUNDING), variance, np.nan))
    return mean + centre, deviation


def _interval(z: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Percentiles of each z over the samples, one industry at a time, because all industries at once need
    too much memory.
    """
    low, high = np.full(z.shape, np.nan), np.full(z.shape, np.nan)
    means, deviations = _moments(z, times)
    for column in np.flatnonzero(~np.isnan(z).all(axis=0)):
        usable = ~np.isnan(deviations[:, column])
        if usable.any():
            drawn = (z[:, column] - means[usable, column, None]) / deviations[usable, column, None]
            low[:, column], high[:, column] = np.quantile(drawn, INTERVAL, axis=0)
    return low, high


def _reasons(e: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Why z is NaN (None where it is not): the first reason that applies, of region, industry, cell,
    spread.
    """
    empty_region, empty_industry = ~e.any(axis=1, keepdims=True), ~e.any(axis=0, keepdims=True)
    reason = np.select(
        [
            empty_region | np.zeros(e.shape, bool),
            empty_industry | np.zeros(e.shape, bool),
            e == 0,
            np.isnan(z),
        ],
        ["no_employment", "industry_empty", "quotient_zero", "constant"],
        default="",
    ).astype(object)
    reason[reason == ""] = None
    return reason


def stars(e: np.ndarray, *, top_share: float, quotient: float, least_persons: float) -> Stars:
    """The three stars of the European Cluster Observatory, for cells with at least `least_persons` employees.

    size: the cell is among the `top_share` of the regions in the same industry by employment. specialisation:
    LQ is at least `quotient`. focus: the cell is among the `top_share` of all cells by share in their
    region's employment. A tie at the threshold gets the star. Source: Solvell, Ketels, Lindqvist (2009), The
    European Cluster Observatory EU Cluster Mapping and Strengthening Clusters in Europe: top 10 per cent, LQ
    of 2, at least 1,000 employees.
    """
    e = checked_matrix(e)
    large = (e >= least_persons) & (e > 0)
    share = np.nan_to_num(zone_shares(e))
    size = e >= np.quantile(e, 1 - top_share, axis=0, method="higher")
    cells = share[
        np.ix_(e.any(axis=1), e.any(axis=0))
    ]  # empty industries and regions must not lower the threshold
    focus = share >= (np.quantile(cells, 1 - top_share, method="higher") if cells.size else 0)
    specialised = np.nan_to_num(location_quotient(e)) >= quotient * (1 - ROUNDING)
    return Stars(size & large, specialised & large, focus & large)


def strong_cluster(e: np.ndarray, *, top_share: float, least_share_quantile: float) -> np.ndarray:
    """Strong clusters of the US Cluster Mapping Project; boolean, shape of `e`.

    A strong cluster has an LQ above 1 that is among the `top_share` of the regions in the industry. Its share
    in the industry's employment is at least the `least_share_quantile` of those shares, so that a tiny region
    does not qualify. The project's third condition, a number of establishments, is not published for zones.
    Source: Delgado, Porter, Stern (2014), Research Policy 43(10): a quarter of the regions, first quartile of
    shares.
    """
    quotient, share = np.nan_to_num(location_quotient(e)), np.nan_to_num(industry_shares(e))
    high = quotient >= np.quantile(quotient, 1 - top_share, axis=0, method="higher") * (1 - ROUNDING)
    enough = share >= np.quantile(share, least_share_quantile, axis=0)
    return high & enough & (quotient > 1 + ROUNDING) & (share > 0)
