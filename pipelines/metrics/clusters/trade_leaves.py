"""Which records of trade count when values are added up, so that no dollar counts twice and none is lost.

Here belongs the choice between totals and what they add up. Not here: codes, units, vintages (core's SELECTs).

A record has a place in several hierarchies at once (partner, second partner, procedure, transport, supply,
commodity). In each, an empty path is the total, and a path that begins with another lies under it. The hierarchies
are decided one after the other, commodity first and partner last, each within everything that is still undecided:
finer records take the place of a total where they add up to at least (1 - tolerance_share) of it, else the total
stays and they go. So two records that overlap are never both counted, and a total is never replaced by less than it.
Commodities that lie under different coarsest codes of a slice are decided apart.
"""

from __future__ import annotations

import polars as pl

# Each with whether its paths have levels; in the others every path but the empty one lies directly under the total.
HIERARCHIES = (
    ("commodity", True),
    ("mode_of_supply", False),
    ("transport", True),
    ("customs_procedure", False),
    ("partner_2", False),
    ("partner", False),
)
PLACE = ("file_sha256", "sheet", "row_no", "column_no")


def counted_once(frame: pl.DataFrame, tolerance_share: float) -> pl.DataFrame:
    """`PLACE` and `is_leaf` for every record.

    `frame` has PLACE, `slice`, `value_usd`, a path for each of HIERARCHIES and `is_group` (a group of countries
    that overlaps others: never counted); one record for each slice and paths. `tolerance_share` is a share of 1.
    """
    records = frame.with_row_index("record").with_columns(pl.col("slice").rank("dense"))
    kept = _with_root(records.filter(~pl.col("is_group")))
    outer = [name for name, _ in HIERARCHIES]
    for name, has_levels in HIERARCHIES:
        outer.remove(name)
        if _has_totals(kept[name], has_levels):
            within = ["slice", "root", *outer]
            cells = kept.group_by([*within, name]).agg(pl.col("value_usd").sum().alias("value"))
            chosen = _cut(cells, within, name, has_levels, tolerance_share)
            kept = kept.join(chosen, on=[*within, name], how="semi")
    counted = kept.select("record", pl.lit(True).alias("is_leaf"))
    found = records.join(counted, on="record", how="left", maintain_order="left")
    return found.select(*PLACE, pl.col("is_leaf").fill_null(False))


def _has_totals(paths: pl.Series, has_levels: bool) -> bool:
    """Whether some path can lie under another: without that there is nothing to choose between."""
    lengths = paths.str.len_chars().unique().to_list()
    return len(lengths) > 1 and (has_levels or 0 in lengths)


def _with_root(records: pl.DataFrame) -> pl.DataFrame:
    """With `root`: the coarsest code of the slice that a record's commodity lies under."""
    codes = records.select("slice", pl.col("commodity").alias("path")).unique()
    pairs = _ancestors(codes, ["slice"], "path", has_levels=True)
    roots = pairs.group_by("slice", "path").agg(pl.col("ancestor").min().alias("root"))
    joined = records.join(roots, left_on=["slice", "commodity"], right_on=["slice", "path"], how="left")
    return joined.with_columns(pl.col("root").fill_null(pl.col("commodity")))


def _ancestors(cells: pl.DataFrame, within: list[str], path: str, *, has_levels: bool) -> pl.DataFrame:
    """Pairs of a cell and every cell above it: the keys `within`, `path` and `ancestor`."""
    keys = cells.select(*within, path)
    lengths = sorted(keys[path].str.len_chars().unique().to_list()) if has_levels else [0]
    above = [
        keys.filter(pl.col(path).str.len_chars() > length).with_columns(
            pl.col(path).str.slice(0, length).alias("ancestor")
        )
        for length in lengths
    ]
    pairs = pl.concat([keys.head(0).with_columns(pl.lit("").alias("ancestor")), *above])
    return pairs.join(keys, left_on=[*within, "ancestor"], right_on=[*within, path], how="semi")


def _cut(
    cells: pl.DataFrame, within: list[str], path: str, has_levels: bool, tolerance_share: float
) -> pl.DataFrame:
    """The cells of one hierarchy that count: not taken apart themselves, and everything above them taken apart."""
    pairs = _ancestors(cells, within, path, has_levels=has_levels)
    nearest = pairs.group_by(*within, path).agg(
        pl.col("ancestor").sort_by(pl.col("ancestor").str.len_chars()).last()
    )
    parts = (
        nearest.join(cells, on=[*within, path])
        .group_by([*within, pl.col("ancestor").alias(path)])
        .agg(pl.col("value").sum().alias("parts"))
    )
    apart = (
        cells.join(parts, on=[*within, path])
        .filter(pl.col("parts") >= (1 - tolerance_share) * pl.col("value"))
        .select(*within, path)
    )
    whole = pairs.join(apart.rename({path: "ancestor"}), on=[*within, "ancestor"], how="anti")
    return cells.join(apart, on=[*within, path], how="anti").join(whole, on=[*within, path], how="anti")
