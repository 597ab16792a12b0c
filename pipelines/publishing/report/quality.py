"""What the data-quality page and the reason codes of the method page show.

Here belongs: counting published rows of the accounting tables. Not here: any check of data.
"""

import polars as pl

from pipelines.publishing.report.tables import grouped

# A page must stay readable; how many are left out is printed, and core.quarantine holds them all.
LISTED = 1000
# table -> metric whose reasons it gives
CODED = {
    "criterion_score": "mode_fit",
    "mode_fit": "mode_fit",
    "mode_fit_lever": "levers",
    "cluster_industry": "clusters",
    "cluster_zone": "clusters",
    "coupling_coordination": "coupling",
    "peer_group": "peer_group",
    "suggestion_gap": "peers",
}


def view(frames: dict[str, pl.DataFrame]) -> dict:
    """Everything quality.html prints."""
    files, quarantine = frames["file_accounting"], frames["quarantine"]
    totals = {
        column: files[column].fill_null(0).sum()
        for column in (
            "cells_total",
            "cells_loaded",
            "cells_blank",
            "cells_not_used",
            "cells_quarantined",
            "unaccounted",
        )
    }
    return {
        "names": {row["indicator_id"]: row for row in frames["indicator"].iter_rows(named=True)},
        "zones": {row["zone_code"]: row for row in frames["zone_profile"].iter_rows(named=True)},
        "files": files.to_dicts(),
        "totals": totals,
        "quarantine": quarantine.head(LISTED).to_dicts(),
        "quarantine_size": quarantine.height,
        "quarantine_reasons": _counted(quarantine, "source_id", "reason_code"),
        "coverage": coverage(frames["data_quality"]),
        "statuses": statuses(frames["data_quality"]),
        "suspects": frames["suspect"].head(LISTED).to_dicts(),
        "suspect_size": frames["suspect"].height,
    }


def _counted(frame: pl.DataFrame, *by: str) -> list[dict]:
    return frame.group_by(*by).len("rows").sort("rows", *by, descending=[True] + [False] * len(by)).to_dicts()


def coverage(quality: pl.DataFrame) -> list[dict]:
    """Per source: indicators down, years across, share of the expected areas with a figure."""
    tables = []
    for source_id, rows in grouped(quality, "source_id").items():
        tables.append(
            {
                "source_id": source_id,
                "periods": sorted({row["time_period"] for row in rows}),
                "indicators": sorted({row["indicator_id"] for row in rows}),
                "cells": {(row["indicator_id"], row["time_period"]): row for row in rows},
            }
        )
    return tables


def statuses(quality: pl.DataFrame) -> list[dict]:
    """Per source and indicator: how many figures are suspect, corrected, recalled, plans or bounds."""
    counted = ["suspect_count", "corrected_count", "recalled_count", "plan_count", "bound_count"]
    sums = quality.group_by("source_id", "indicator_id").agg(pl.col(counted).fill_null(0).sum())
    return sums.filter(pl.sum_horizontal(counted) > 0).sort("source_id", "indicator_id").to_dicts()


def reason_codes(frames: dict[str, pl.DataFrame]) -> list[dict]:
    """Every reason code in the published tables: where it occurs, how often, and its meaning or one
    example.
    """
    codes = _counted_codes("quarantine", frames["quarantine"], pl.col("reason").min())
    for name, metric in CODED.items():
        reasons = (
            frames["metric_reason"].filter(pl.col("metric") == metric).select("reason_code", reason="meaning")
        )
        coded = frames[name].select("reason_code").join(reasons, on="reason_code", how="left")
        codes += _counted_codes(name, coded, pl.col("reason").first())
    return codes


def _counted_codes(table: str, frame: pl.DataFrame, reasons: pl.Expr) -> list[dict]:
    coded = frame.filter(pl.col("reason_code").is_not_null())
    counted = coded.group_by("reason_code").agg(pl.len().alias("rows"), reasons.alias("reason"))
    return [{"table": table, **row} for row in counted.sort("reason_code").iter_rows(named=True)]
