"""What the overview page shows.

Here belongs: choosing and counting published rows for index.html. Not here: reading (tables), printing
(templates, formatting), drawing (charts).
"""

import polars as pl

from pipelines.publishing.report import charts
from pipelines.publishing.report.tables import grouped

RANKING_LENGTH = 15
DECIDED = ("first", "not first")
SMALLEST_CHANGE = 1e-9


def view(frames: dict[str, pl.DataFrame], styles: dict[str, dict]) -> dict:
    """Everything index.html prints. `styles`: colour and shape per mode_id."""
    zones = frames["zone_profile"].to_dicts()
    modes = frames["mode"].to_dicts()
    backtest = backtest_rows(frames)
    return {
        "counts": counts(zones),
        "best": best_counts(zones, modes),
        "map": charts.point_map(map_points(zones, modes, styles, {row["zone_code"] for row in backtest})),
        "unmapped": sum(zone["latitude"] is None or zone["longitude"] is None for zone in zones),
        "rankings": rankings(frames["mode_fit"], zones, modes),
        "ranked": ranked_by_year(frames["mode_fit"], modes),
        "backtest": backtest,
        "backtest_summary": backtest_summary(backtest),
        "backtest_years": backtest_years(frames["mode_backtest"]),
        "baselines": frames["mode_backtest_summary"].sort("time_period", "basis", descending=True).to_dicts(),
        "leave_one_out": leave_one_out(frames),
        "association": frames["evaluation_association"],
        "provinces": by_province(zones),
    }


def counts(zones: list[dict]) -> dict:
    periods = [zone["first_period"] for zone in zones if zone["first_period"]]
    scored = [zone for zone in zones if zone["latest_period"]]
    return {
        "entities": len(zones),
        "active": sum(zone["is_active"] for zone in zones),
        "observed": sum((zone["observation_count"] or 0) > 0 for zone in zones),
        "scored": len(scored),
        "best": sum(zone["best_mode"] is not None for zone in zones),
        "first_period": min(periods, default=None),
        "latest_period": max((zone["latest_period"] for zone in scored), default=None),
    }


def best_counts(zones: list[dict], modes: list[dict]) -> dict:
    """Number of zones for each best mode, and the reasons of the zones without one."""
    best = [zone["best_mode"] for zone in zones]
    per_mode = {mode["mode_id"]: best.count(mode["mode_id"]) for mode in modes}
    without = [zone for zone in zones if zone["best_mode"] is None]
    scored = sum(zone["latest_period"] is not None for zone in without)
    return {"per_mode": per_mode, "scored_without": scored, "insufficient": len(without) - scored}


def map_points(zones: list[dict], modes: list[dict], styles: dict, named: set[str]) -> list[dict]:
    """One point a zone with coordinates; the zones of the back-test are labelled for orientation."""
    names = {mode["mode_id"]: mode["name_en"] for mode in modes}
    return [
        {
            "longitude": zone["longitude"],
            "latitude": zone["latitude"],
            "style": styles.get(zone["best_mode"], charts.NO_MODE),
            "title": f"{zone['zone_name_en']} {zone['zone_name_zh']}: {_best_in_words(zone, names)}",
            "href": f"zone/{zone['zone_code']}.html",
            "label": zone["zone_name_en"] if zone["zone_code"] in named else None,
        }
        for zone in zones
        if zone["latitude"] is not None and zone["longitude"] is not None
    ]


def _best_in_words(zone: dict, names: dict[str, str]) -> str:
    if zone["best_mode"] is None:
        lead = "no best mode" if zone["latest_period"] else "insufficient data"
        return f"{lead} ({zone['best_mode_reason'] or 'reason not stated'})"
    return f"{names[zone['best_mode']]} ({zone['latest_period']})"


def rankings(fits: pl.DataFrame, zones: list[dict], modes: list[dict]) -> list[dict]:
    """First zones of each mode, in the year in which most zones are ranked (the latest such year).

    A later year in which only a few zones have figures would not make a ranking.
    """
    profile = {zone["zone_code"]: zone for zone in zones}
    ranked = grouped(fits.filter(pl.col("fit").is_not_null()), "mode_id", "time_period")
    tables = []
    for mode in modes:
        years = {period: rows for (mode_id, period), rows in ranked.items() if mode_id == mode["mode_id"]}
        period = max(years, key=lambda year: (len(years[year]), year), default=None)
        rows = sorted(years.get(period, []), key=lambda row: (row["fit_rank"], row["zone_code"]))
        top = [{**row, "zone": profile[row["zone_code"]]} for row in rows[:RANKING_LENGTH]]
        known = [row["comparative_fit"] for row in top if row["comparative_fit"] is not None]
        extent = max(map(abs, known), default=0)
        tables.append({"mode": mode, "period": period, "rows": top, "ranked": len(rows), "extent": extent})
    return tables


def ranked_by_year(fits: pl.DataFrame, modes: list[dict]) -> dict:
    """How many zones have a fit, per mode and year."""
    counted = fits.group_by("mode_id", "time_period").agg(pl.col("fit").count().alias("ranked"))
    cells = {(mode_id, period): ranked for mode_id, period, ranked in counted.iter_rows()}
    return {"periods": sorted(fits["time_period"].unique()), "cells": cells, "modes": modes}


def backtest_rows(frames: dict[str, pl.DataFrame]) -> list[dict]:
    """One row a named city: its latest year with a verdict, else its latest year, on both bases."""
    names = {row["zone_code"]: row for row in frames["zone_profile"].iter_rows(named=True)}
    rows = []
    for (zone, mode), tests in sorted(grouped(frames["mode_backtest"], "zone_code", "stated_mode").items()):
        period = max(tests, key=lambda test: (test["verdict"] in DECIDED, test["time_period"]))["time_period"]
        basis = {test["basis"]: test for test in tests if test["time_period"] == period}
        rows.append(
            {"zone_code": zone, "zone": names[zone], "mode_id": mode, "period": period, "basis": basis}
        )
    return rows


def backtest_summary(rows: list[dict]) -> dict:
    """Per basis: how many of the named cities have their stated mode first, not first, undecided."""
    verdicts = {
        basis: [row["basis"][basis]["verdict"] for row in rows if basis in row["basis"]]
        for basis in ("fit", "comparative_fit")
    }
    return {
        basis: {
            "cities": len(found),
            "first": sum(verdict == "first" for verdict in found),
            "undecided": sum(verdict not in DECIDED for verdict in found),
        }
        for basis, found in verdicts.items()
    }


def backtest_years(tests: pl.DataFrame) -> list[dict]:
    """The same counts for every year, so that readers see that the year above was not selected."""
    counted = tests.group_by("time_period", "basis").agg(
        (pl.col("verdict") == "first").sum().alias("first"),
        (pl.col("verdict") == "not first").sum().alias("not_first"),
        (~pl.col("verdict").is_in(DECIDED)).sum().alias("undecided"),
    )
    return counted.sort("time_period", "basis", descending=[True, True]).to_dicts()


def leave_one_out(frames: dict[str, pl.DataFrame]) -> dict:
    """The latest year's back-test without each criterion that changes a rank among modes, the largest loss first."""
    tests = frames["mode_backtest_leave_one_out"].filter(pl.col("change").is_not_null())
    period = tests["time_period"].max()
    labels = {
        (mode_id, criterion_id): label
        for mode_id, criterion_id, label in frames["mode_criterion"]
        .select("mode_id", "criterion_id", "label")
        .iter_rows()
    }
    groups = grouped(tests.filter(pl.col("time_period") == period), "mode_id", "criterion_id")
    rows = [
        {"mode_id": key[0], "label": labels[key], "basis": {test["basis"]: test for test in found}}
        for key, found in groups.items()
        if any(abs(test["change"]) > SMALLEST_CHANGE for test in found)
    ]
    rows.sort(key=lambda row: (sum(t["change"] for t in row["basis"].values()), row["mode_id"], row["label"]))
    return {"period": period, "rows": rows, "criteria": len(groups)}


def by_province(zones: list[dict]) -> list[dict]:
    """Provinces by division code, each with its zones by code."""
    groups: dict[str, list[dict]] = {}
    for zone in sorted(zones, key=lambda z: (z["province_code"] or "", z["zone_code"])):
        groups.setdefault(zone["province_code"], []).append(zone)
    return [{"province": members[0], "zones": members} for members in groups.values()]
