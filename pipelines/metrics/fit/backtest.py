"""How well the fits agree with what is known about a few zones: the back-test and the ministry's tiers.

Ranks of stated modes, their baselines, the same ranks without each criterion, and the association with tiers
belong here. The fit itself belongs to `mode_fit`. The SELECTs decide which zones are stated or evaluated.

These figures never change a fit: nobody chooses a weight, a gate or a rule by them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from pipelines.metrics.fit import mode_fit

BASES = ("fit", "comparative_fit")
REASONS = {
    "no_stated_zone_ranked": "none of the stated zones has the figure for its stated mode",
    "no_pair_of_evaluated_zones": "no zone of tier 1 and zone of tier 2 have the figure in the same year",
    "too_few_evaluated_zones": "too few evaluated zones have the figure for an estimate; its interval is given",
}


class Ranks(NamedTuple):
    """Ranks of the stated zones that have the figure, each array (zones,).

    They are the rank of the stated mode among the zone's modes and the rank of the zone among the mode's
    zones (tied fits share the best rank), each with the number of the ranked.
    """

    mode_rank: np.ndarray
    modes: np.ndarray
    zone_rank: np.ndarray
    zones: np.ndarray


def summary(frame: pl.DataFrame) -> pl.DataFrame:
    """Mean reciprocal ranks of the stated modes, by version, period and basis, with two baselines.

    `frame` is the frame of `mode_fit.fit` with `is_stated` (the zone is stated for the mode).
    Random baseline: the expected reciprocal rank in a random order of n is H(n) / n, where H is the harmonic
    number. `random_p_value` is the exact probability that random orders of the same lengths do at least as
    well. Baseline of GDP alone, for modes: log GDP alone predicts each fit (OLS within mode and period), and
    the prediction replaces the fit. A mode then comes first only because of the size of the zone. (If the
    zone's rank by GDP replaced the fit, all modes would tie, which is the random baseline again.) For zones:
    the rank of the zone by GDP among the zones that have the figure.
    """
    rows = []
    for key, period, stated, gdp in _periods(frame):
        figures = mode_fit.period_figures(period)
        predicted = _predicted_by_gdp(figures.fit, gdp)
        for basis, figure in _by_basis(figures):
            found, by_gdp = ranks(figure, stated), np.where(np.isfinite(figure), predicted, np.nan)
            size = np.where(np.isfinite(figure), gdp, np.nan)
            rows.append(
                {
                    **key,
                    "basis": basis,
                    "zones_stated": int(stated.sum()),
                    **_means(found),
                    "random_reciprocal_rank": _mean([_expected(n) for n in found.modes]),
                    "random_p_value": random_p_value(found.mode_rank, found.modes),
                    "gdp_reciprocal_rank": _mean(1 / ranks(by_gdp, stated).mode_rank),
                    "random_zone_reciprocal_rank": _mean([_expected(n) for n in found.zones]),
                    "gdp_zone_reciprocal_rank": _mean(1 / ranks(size, stated).zone_rank),
                    "reason_code": None if found.mode_rank.size else "no_stated_zone_ranked",
                }
            )
    return pl.DataFrame(rows, schema_overrides={"reason_code": pl.String}, infer_schema_length=None)


def leave_one_out(frame: pl.DataFrame) -> pl.DataFrame:
    """The same means, computed again without each criterion in turn.

    `frame` is as for `summary`. The whole fit and comparative fit are computed without the criterion.
    `change` compares only the stated zones that have a rank with and without the criterion. A zone that gains
    or loses its figure therefore does not look like a better or worse order.
    """
    rows = []
    for key, period, stated, _ in _periods(frame):
        minimum = period.parameters["minimum_coverage"]
        levels = [mode_fit.level_figures(mode, minimum) for mode in period.modes]
        whole = dict(_by_basis(mode_fit.period_figures(period, levels)))
        for place, mode in enumerate(period.modes):
            for criterion in [*mode.gate_criteria, *mode.criteria]:
                without = mode_fit.level_figures(mode.without(criterion), minimum)
                figures = mode_fit.period_figures(period, [*levels[:place], without, *levels[place + 1 :]])
                names = {"mode_id": mode.mode_id, "criterion_id": criterion}
                for basis, figure in _by_basis(figures):
                    rows.append({**key, **names, "basis": basis, **_compared(figure, whole[basis], stated)})
    return pl.DataFrame(rows, schema_overrides={"reason_code": pl.String}, infer_schema_length=None)


def association(frame: pl.DataFrame, level: float = 0.95) -> pl.DataFrame:
    """Probability that a zone of tier 1 has a higher figure than one of tier 2, by version, mode, basis
    and year.

    `frame` has one row for each evaluated zone, year, mode and basis, with `figure` (NULL where the zone has
    none), `tier` and the version's `peer_minimum`. A tie counts half (Mann-Whitney). If either tier has fewer
    zones than the minimum, the estimate is NULL with a reason. The interval, which is valid for any number of
    zones, is given from one pair on: it shows how little the rows exclude.
    """
    key = ["methodology_version", "mode_id", "basis", "time_period"]
    rows = []
    for values, part in frame.sort(*key, "zone_code").group_by(key, maintain_order=True):
        known = part.filter(pl.col("figure").is_not_null())
        first, second = (known.filter(pl.col("tier") == tier)["figure"].to_numpy() for tier in (1, 2))
        rows.append(
            dict(zip(key, values, strict=True)) | _superiority(first, second, part["peer_minimum"][0], level)
        )
    floats = ("probability_of_superiority", "interval_lower", "interval_upper")
    overrides = dict.fromkeys(floats, pl.Float64) | {"reason_code": pl.String}
    return pl.DataFrame(rows, schema_overrides=overrides, infer_schema_length=None)


def ranks(figure: np.ndarray, stated: np.ndarray) -> Ranks:
    """Ranks of the stated pairs that have a figure.

    figure: (modes, zones), NaN where there is none. stated: (modes, zones), True where the zone is stated for
    the mode.
    """
    mode, zone = np.nonzero(stated & np.isfinite(figure))
    own = figure[mode, zone]
    higher = figure[:, zone] > own, figure[mode, :] > own[:, None]
    there = np.isfinite(figure)
    return Ranks(
        1 + higher[0].sum(axis=0),
        there[:, zone].sum(axis=0),
        1 + higher[1].sum(axis=1),
        there[mode, :].sum(axis=1),
    )


def random_p_value(rank: np.ndarray, of: np.ndarray) -> float | None:
    """Exact probability that random orders of lengths `of` give a sum of reciprocal ranks at least as high."""
    if not rank.size:
        return None
    unit = math.lcm(*range(1, int(of.max()) + 1))
    sums = Counter({0: 1.0})
    for n in of.tolist():
        added: Counter = Counter()
        for total, chance in sums.items():
            for place in range(1, n + 1):
                added[total + unit // place] += chance / n
        sums = added
    observed = sum(unit // r for r in rank.tolist())
    return min(1.0, math.fsum(chance for total, chance in sums.items() if total >= observed))


def superiority_interval(theta: float, first: int, second: int, level: float = 0.95) -> tuple[float, float]:
    """Confidence interval of a probability of superiority from `first` and `second` independent figures.

    Method 5 of Newcombe (Statistics in Medicine 25, 2006, 559-573): the values t with |theta - t| <= z
    sqrt(V(t)), V(t) = t (1 - t) [1 + N (1 - t) / (2 - t) + N t / (1 + t)] / (first second), N = (first +
    second) / 2 - 1. The variance is taken at t and not at the estimate. The interval therefore stays wide
    where the few figures do not overlap; there, the interval of Hanley and McNeil (1982) and a bootstrap of
    so few figures would be one point. With fewer than three figures on a side the interval covers too little:
    use `certain_interval`.
    """
    z = NormalDist().inv_cdf(0.5 + level / 2)
    weight = (first + second) / 2 - 1

    def half_width(t: float) -> float:
        spread = 1 + weight * (1 - t) / (2 - t) + weight * t / (1 + t)
        return z * math.sqrt(max(t * (1 - t) * spread, 0.0) / (first * second))

    lower = _crossing(lambda t: theta - t - half_width(t), 0.0, theta)
    upper = _crossing(lambda t: half_width(t) + theta - t, theta, 1.0)
    return lower, upper


def certain_interval(theta: float, first: int, second: int, level: float = 0.95) -> tuple[float, float]:
    """Confidence interval of a probability of superiority that is valid for any numbers and any
    distributions.

    The values t with n KL(theta, t) <= ln(2 / (1 - level)), n = min(first, second) and KL the
    Kullback-Leibler divergence of two probabilities. Reason: a U-statistic is a mean of means over n disjoint
    pairs, and Hoeffding (Journal of the American Statistical Association 58, 1963, sections 2 and 5a) bounds
    their tails. The interval is wide. It is exact where all figures of one side lie above those of the other:
    the chance of that is at most t^n.
    """
    n, limit = min(first, second), -math.log((1 - level) / 2)

    def room(t: float) -> float:
        return limit - n * (_relative_entropy(theta, t) + _relative_entropy(1 - theta, 1 - t))

    lower = _crossing(lambda t: -room(t), 0.0, theta)
    upper = _crossing(room, theta, 1.0)
    return lower, upper


def _relative_entropy(p: float, q: float) -> float:
    if p == 0:
        return 0.0
    return p * math.log(p / q) if q > 0 else math.inf


def _crossing(positive_before: Callable[[float], float], low: float, high: float) -> float:
    """Find by bisection where a function turns from positive to not positive between low and high."""
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if positive_before(middle) > 0 else (low, middle)
    return (low + high) / 2


def _superiority(first: np.ndarray, second: np.ndarray, minimum: int, level: float) -> dict:
    pairs = first.size * second.size
    row = {"tier_1_zones": first.size, "tier_2_zones": second.size, "probability_of_superiority": None}
    if not pairs:
        return row | {
            "interval_lower": None,
            "interval_upper": None,
            "reason_code": "no_pair_of_evaluated_zones",
        }
    above = (first[:, None] > second).sum() + (first[:, None] == second).sum() / 2
    few = min(first.size, second.size) < minimum
    interval = certain_interval if few else superiority_interval
    lower, upper = interval(above / pairs, first.size, second.size, level)
    return row | {
        "probability_of_superiority": None if few else above / pairs,
        "interval_lower": lower,
        "interval_upper": upper,
        "reason_code": "too_few_evaluated_zones" if few else None,
    }


def _periods(frame: pl.DataFrame) -> Iterator[tuple[dict, mode_fit.Period, np.ndarray, np.ndarray]]:
    """Each version and period with its arrays: stated (modes, zones), gdp (zones,)."""
    key = ["methodology_version", "time_period"]
    for values, part in frame.sort(key).group_by(key, maintain_order=True):
        period = mode_fit.period_scores(part)
        pairs = set(part.filter(pl.col("is_stated")).select("mode_id", "zone_code").iter_rows())
        stated = np.array([[(mode.mode_id, zone) in pairs for zone in period.zones] for mode in period.modes])
        yield dict(zip(key, values, strict=True)), period, stated, np.exp(period.log_size[:, 0])


def _by_basis(figures: mode_fit.Figures) -> list[tuple[str, np.ndarray]]:
    return list(zip(BASES, (figures.fit, figures.comparative), strict=True))


def _predicted_by_gdp(fits: np.ndarray, gdp: np.ndarray) -> np.ndarray:
    """Fits (modes, zones) that log GDP alone predicts; NaN for a mode with fewer than three fits with a GDP."""
    predicted, size = np.full(fits.shape, np.nan), np.log(gdp)
    for mode, values in enumerate(fits):
        used = np.isfinite(values) & np.isfinite(size)
        if used.sum() > 2:
            slope, constant = np.polyfit(size[used], values[used], 1)
            predicted[mode, used] = constant + slope * size[used]
    return predicted


def _means(found: Ranks) -> dict:
    return {
        "zones_ranked": int(found.mode_rank.size),
        "first": int((found.mode_rank == 1).sum()),
        "mean_reciprocal_rank": _mean(1 / found.mode_rank),
        "mean_zone_reciprocal_rank": _mean(1 / found.zone_rank),
    }


def _compared(figure: np.ndarray, whole: np.ndarray, stated: np.ndarray) -> dict:
    found = ranks(figure, stated)
    both = stated & np.isfinite(figure) & np.isfinite(whole)
    here, before = ranks(figure, both), ranks(whole, both)
    return {
        **_means(found),
        "change": _mean(1 / here.mode_rank - 1 / before.mode_rank),
        "zone_change": _mean(1 / here.zone_rank - 1 / before.zone_rank),
        "reason_code": None if here.mode_rank.size else "no_stated_zone_ranked",
    }


def _expected(n: int) -> float:
    """Expected reciprocal rank of one item in a random order of n."""
    return math.fsum(1 / place for place in range(1, n + 1)) / n


def _mean(values: ArrayLike) -> float | None:
    figures = np.asarray(values, dtype=float)
    return float(figures.mean()) if figures.size else None
