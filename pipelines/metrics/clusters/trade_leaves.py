"""Which records of trade count in a sum, so that no dollar counts twice and none is lost.

The choice between a total and its parts belongs here. Codes, units and vintages belong to the SELECTs of
core.

A record has a place in several hierarchies at once (partner, second partner, procedure, transport, supply,
commodity). In each hierarchy, an empty path is the total, and a path lies under every path that it begins
with. The hierarchies are decided one after the other, from commodity to partner, each within what is still
undecided. Finer records replace a total where they add up to at least (1 - tolerance_share) of it; otherwise
the total stays and the finer records do not count. So two records that overlap are never both counted, and a
total is never replaced by less than this share of it. Commodities under different coarsest codes of a slice
are decided separately.
"""

from __future__ import annotations

import polars as pl

# True: paths have levels. False: every path except the empty one lies directly under the total.
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
    """Return `PLACE` and `is_leaf` for every record.

    Args:
        frame: PLACE, `slice`, `value_usd`, a path for each of HIERARCHIES, and `is_group` (a group of
            countries that overlaps other groups; it never counts). Each slice and combination of paths has
            one record.
        tolerance_share: a share of 1.
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
    """True when some path can lie under another path. Otherwise there is nothing to choose between."""
    lengths = paths.str.len_chars().unique().to_list()
    return len(lengths) > 1 and (has_levels or 0 in lengths)


def _with_root(records: pl.DataFrame) -> pl.DataFrame:
    """Add `root`: the coarsest code of the slice above the record's commodity."""
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
    """The cells of one hierarchy that count: they are not split themselves, and every cell above them is
    split.
    """
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
