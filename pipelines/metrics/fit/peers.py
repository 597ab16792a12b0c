"""Figures of a zone beside the figures of its peers.

Quantiles over the other members of a group, the choice of the narrowest group with enough peers, and gaps
belong here. warehouse/reference/peer_basis.csv and mart.peer_group decide which zones are peers.
"""

from __future__ import annotations

import numpy as np
import polars as pl

REASONS = {
    "not_observed": "the zone has no figure",
    "too_few_peers": "too few peers have the figure",
}


def quantile_of_others(values: np.ndarray, group: np.ndarray, q: float) -> np.ndarray:
    """The q-quantile of the other values of the group, for each value; NaN for a value without others.

    values, group: (rows,), finite values. Linear between order statistics (Hyndman and Fan, type 7).

    >>> quantile_of_others(np.array([1.0, 2.0, 4.0]), np.array([0, 0, 0]), 0.5).tolist()
    [3.0, 2.5, 1.5]
    """
    order = np.lexsort((values, group))
    ordered = values[order]
    _, start, size = np.unique(group[order], return_index=True, return_counts=True)
    first, others = np.repeat(start, size), np.repeat(size, size) - 1
    place = np.arange(order.size) - first
    at = q * np.maximum(others - 1, 0)
    low = np.floor(at).astype(int)
    last = np.maximum(others - 1, 0)

    def of_others(k: np.ndarray) -> np.ndarray:
        k = np.minimum(k, last)
        return ordered[np.minimum(first + k + (place <= k), ordered.size - 1)]

    found = of_others(low) + (at - low) * (of_others(low + 1) - of_others(low))
    result = np.empty(order.size)
    result[order] = np.where(others > 0, found, np.nan)
    return result


def against_peers(frame: pl.DataFrame, item: list[str]) -> pl.DataFrame:
    """Median and better quartile of the peers with the figure, in the narrowest group that has enough of
    them.

    Args:
        frame: one row for each item, zone, period and basis of peers, with `obs_value`, `direction` (1 or
            -1), `place` (order of the bases), `peer_group` (NULL where the basis does not apply) and
            `peer_minimum`.
        item: columns that name an item.

    Returns:
        One row for each item, zone and period that has a figure and enough peers. A zone is not its own peer.
    """
    key = [*item, "time_period"]
    known = frame.filter(pl.col("obs_value").is_not_null() & pl.col("peer_group").is_not_null())
    groups = [*key, "peer_basis", "peer_group"]
    known = known.sort(*groups, "zone_code").with_columns(
        group=pl.struct(groups).rle_id(), peer_count=pl.len().over(groups).cast(pl.Int32) - 1
    )
    directed = (known["obs_value"] * known["direction"]).to_numpy()
    group = known["group"].to_numpy()
    median, quartile = (quantile_of_others(directed, group, q) for q in (0.5, 0.75))
    return (
        known.with_columns(
            peer_median=pl.Series(median, dtype=pl.Float64) * known["direction"],
            peer_upper_quartile=pl.Series(quartile, dtype=pl.Float64) * known["direction"],
        )
        .filter(pl.col("peer_count") >= pl.col("peer_minimum"))
        .sort("place")
        .unique([*key, "zone_code"], keep="first", maintain_order=True)
        .select(
            *key, "zone_code", "peer_basis", "peer_group", "peer_count", "peer_median", "peer_upper_quartile"
        )
    )


def one_each(frame: pl.DataFrame) -> pl.DataFrame:
    """Each row of `frame` once, without the columns of the bases.

    (`frame` has every row once for each basis.)
    """
    first = frame.filter(pl.col("place") == pl.col("place").min())
    return first.drop("peer_basis", "peer_group", "place", "peer_minimum")


def suggestion_gap(frame: pl.DataFrame) -> pl.DataFrame:
    """Distance of each zone from the better quartile of its peers, by suggestion and indicator.

    `frame` is as for `against_peers`. Its items are suggestion and indicator; the other columns are equal for
    all bases.
    """
    item = ["suggestion_id", "indicator_id"]
    peers = against_peers(frame, item)
    made = one_each(frame).join(peers, on=[*item, "zone_code", "time_period"], how="left")
    return made.with_columns(
        gap=(pl.col("peer_upper_quartile") - pl.col("obs_value")) * pl.col("direction"),
        reason_code=pl.when(pl.col("obs_value").is_null())
        .then(pl.lit("not_observed"))
        .when(pl.col("peer_count").is_null())
        .then(pl.lit("too_few_peers")),
    )
