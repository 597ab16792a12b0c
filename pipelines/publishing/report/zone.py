"""What the page of one zone shows.

Here belongs: choosing published rows of one zone for zone/<code>.html. Not here: reading (tables), printing
(templates, formatting), drawing (charts).
"""

import json

import polars as pl

from pipelines.publishing.report.tables import grouped

LEVERS = 5
MEMBERS_NAMED = 12


def index(frames: dict[str, pl.DataFrame]) -> dict:
    """All tables grouped by zone, once for all pages."""
    fits = frames["mode_fit"]
    ranked = fits.filter(pl.col("fit").is_not_null())
    return {
        "modes": frames["mode"].to_dicts(),
        "names": {r["zone_indicator_id"]: r for r in frames["derived_indicator"].iter_rows(named=True)},
        "criteria": {
            (r["mode_id"], r["criterion_id"]): r for r in frames["mode_criterion"].iter_rows(named=True)
        },
        "shown": dict(frames["shown"].iter_rows()),
        "fits": grouped(fits, "zone_code"),
        "fit": {(r["zone_code"], r["time_period"], r["mode_id"]): r for r in fits.iter_rows(named=True)},
        "field": {
            key: [row["fit"] for row in rows]
            for key, rows in grouped(ranked, "time_period", "mode_id").items()
        },
        "sure": {
            (r["zone_code"], r["mode_id"]): r for r in frames["mode_fit_uncertainty"].iter_rows(named=True)
        },
        "mover": movers(frames["mode_fit_sensitivity"]),
        "scores": grouped(frames["criterion_score"], "zone_code", "mode_id"),
        "contributions": {
            (r["zone_code"], r["mode_id"], r["criterion_id"]): r["contribution"]
            for r in frames["mode_fit_contribution"].iter_rows(named=True)
        },
        "indicators": grouped(frames["zone_indicator"], "zone_code"),
        "industries": grouped(frames["cluster_industry"], "zone_code"),
        "clusters": grouped(frames["cluster_zone"], "zone_code"),
        "gaps": grouped(frames["suggestion_gap"], "zone_code"),
        "levers": grouped(frames["mode_fit_lever"], "zone_code", "mode_id"),
        "peers": grouped(frames["peer_group"], "zone_code"),
        "members": grouped(frames["peer_group"], "time_period", "peer_basis", "peer_group"),
        "profiles": {r["zone_code"]: r for r in frames["zone_profile"].iter_rows(named=True)},
        "linkage": {r["zone_code"]: r for r in frames["coupling_coordination"].iter_rows(named=True)},
        "subsystems": grouped(frames["coupling_subsystem"], "zone_code"),
    }


def view(profile: dict, tables: dict) -> dict:
    """Everything the page of one zone prints."""
    code = profile["zone_code"]
    period = tables["shown"].get(code)
    fits = tables["fits"].get(code, [])
    comparative = [fit["comparative_fit"] for fit in fits if fit["comparative_fit"] is not None]
    modes = [mode_view(code, mode, period, tables) for mode in tables["modes"]]
    gaps = gap_view(tables["gaps"].get(code, []), period)
    used = [row for item in modes for row in item["rows"]] + [
        row for group in gaps["groups"] for row in group
    ]
    indicators = tables["indicators"].get(code, [])
    cluster = cluster_view(tables["industries"].get(code, []), tables["clusters"].get(code, []))
    size = size_period(indicators, period)
    used += [{"indicator_id": name, "observed_period": size} for name in ("gdp", "population")]
    used += [{"indicator_id": "hhi", "observed_period": cluster["zone"] and cluster["zone"]["time_period"]}]
    sources = source_rows(indicators, used)
    return {
        "zone": profile,
        "period": period,
        "modes": modes,
        "leader": max((m for m in modes if m["has_fit"]), key=lambda m: m["fit"]["fit"], default=None),
        "extent": max(map(abs, comparative), default=0),
        "history": history(fits, tables["modes"]),
        "cluster": cluster,
        "size_period": size,
        "gaps": gaps,
        "levers": lever_view(profile, modes, tables),
        "peers": peer_view(code, period, tables),
        "linkage": tables["linkage"].get(code),
        "subsystems": tables["subsystems"].get(code, []),
        "sources": sources,
        "sourced": {(row["indicator_id"], row["time_period"]) for row in sources},
        "names": tables["names"],
    }


def mode_view(code: str, mode: dict, period: str | None, tables: dict) -> dict:
    """One mode of one zone: its fit in the shown year and its criteria."""
    fit = tables["fit"].get((code, period, mode["mode_id"]))
    has_fit = fit is not None and fit["fit"] is not None
    rows = criterion_rows(code, mode["mode_id"], has_fit, tables)
    return {
        "mode": mode,
        "fit": fit,
        "has_fit": has_fit,
        "rows": rows,
        "parts": [(str(row["number"]), row["contribution"]) for row in rows if row["number"]],
        "field": tables["field"].get((period, mode["mode_id"]), []),
        "sure": tables["sure"].get((code, mode["mode_id"])),
        "mover": tables["mover"].get((period, mode["mode_id"])),
    }


def movers(sensitivity: pl.DataFrame) -> dict:
    """For each year and mode, the choice with the largest total index of the fits."""
    known = sensitivity.filter(pl.col("target") == "fit", pl.col("total").is_not_null())
    largest = known.sort("total", "choice").unique(["time_period", "mode_id"], keep="last")
    return {(r["time_period"], r["mode_id"]): r for r in largest.iter_rows(named=True)}


def criterion_rows(code: str, mode_id: str, has_fit: bool, tables: dict) -> list[dict]:
    """Gates, then evidence with the largest contribution first; contributors are numbered as in the bar.

    Without a fit there is nothing to contribute to, so no contribution is shown.
    """
    rows = []
    for score in tables["scores"].get((code, mode_id), []):
        key = (mode_id, score["criterion_id"])
        declared = tables["criteria"].get(key, {"label": score["criterion_id"], "direction": None})
        contribution = tables["contributions"].get((code, *key)) if has_fit else None
        rows.append({**declared, **score, "contribution": contribution, "number": None})
    rows.sort(key=lambda row: (row["role"] != "gate", -(row["contribution"] or 0), row["criterion_id"]))
    for number, row in enumerate((row for row in rows if row["contribution"]), start=1):
        row["number"] = number
    return rows


def lever_view(profile: dict, modes: list[dict], tables: dict) -> dict:
    """The largest gains of the best mode, or of the mode with the highest fit where there is no best one.

    An indicator behind a gate and behind evidence has one gain, so it has one line.
    """
    scored = [item for item in modes if item["has_fit"]]
    chosen = max(
        scored,
        key=lambda item: (item["mode"]["mode_id"] == profile["best_mode"], item["fit"]["fit"]),
        default=None,
    )
    if chosen is None:
        return {"mode": None, "rows": []}
    mode_id = chosen["mode"]["mode_id"]
    gains = [
        {**tables["criteria"].get((mode_id, row["criterion_id"]), {"label": row["criterion_id"]}), **row}
        for row in tables["levers"].get((profile["zone_code"], mode_id), [])
        if row["gain"]
    ]
    gains.sort(key=lambda row: (row["role"], row["criterion_id"]))
    gains = list({row["indicator_id"]: row for row in reversed(gains)}.values())
    gains.sort(key=lambda row: (-row["gain"], row["criterion_id"]))
    is_best = mode_id == profile["best_mode"]
    return {"mode": mode_id, "fit": chosen["fit"]["fit"], "is_best": is_best, "rows": gains[:LEVERS]}


def peer_view(code: str, period: str | None, tables: dict) -> dict:
    """The zone's groups of the shown year from the narrowest, and who is in the narrowest that has others."""
    groups = [group for group in tables["peers"].get(code, []) if group["time_period"] == period]
    missing = sorted({group["reason_code"] for group in groups if group["reason_code"]})
    named = next((group for group in groups if (group["member_count"] or 0) > 1), None)
    others = tables["members"][period, named["peer_basis"], named["peer_group"]] if named else []
    members = [tables["profiles"][row["zone_code"]] for row in others if row["zone_code"] != code]
    return {
        "groups": groups,
        "missing": missing,
        "named": named,
        "members": members[:MEMBERS_NAMED],
        "more": len(members) - MEMBERS_NAMED,
    }


def history(fits: list[dict], modes: list[dict]) -> dict:
    """Fit and comparative fit per mode and year."""
    periods = sorted({fit["time_period"] for fit in fits})
    cells = {(fit["mode_id"], fit["time_period"]): fit for fit in fits}
    lines = {
        mode["mode_id"]: [cells.get((mode["mode_id"], period), {"fit": None})["fit"] for period in periods]
        for mode in modes
    }
    scored = any(fit["fit"] is not None for fit in fits)
    return {"periods": periods, "cells": cells, "lines": lines, "scored": scored}


def cluster_view(industries: list[dict], clusters: list[dict]) -> dict:
    """Latest year with location quotients and latest year with zone figures; reasons if there is none."""
    quotients = [row for row in industries if row["location_quotient"] is not None]
    period = max((row["time_period"] for row in quotients), default=None)
    rows = [row for row in industries if row["time_period"] == period]
    measured = [row for row in clusters if row["hhi"] is not None]
    latest = max(measured or clusters, key=lambda row: row["time_period"], default=None)
    return {
        "period": period,
        "rows": rows,
        "maximum": max(
            (row["location_quotient"] for row in rows if row["location_quotient"] is not None), default=1
        ),
        "zone": latest,
        "reasons": sorted({row["reason_code"] for row in [*industries, *clusters] if row["reason_code"]}),
    }


def gap_view(gaps: list[dict], period: str | None) -> dict:
    """The suggestions in the shown year, or in the latest year with any comparison."""
    periods = {gap["time_period"] for gap in gaps if gap["gap"] is not None}
    year = period if period in periods else max(periods, default=period)
    groups: dict[str, list[dict]] = {}
    for gap in gaps:
        if gap["time_period"] == year:
            groups.setdefault(gap["suggestion_id"], []).append(gap)
    return {"period": year, "groups": list(groups.values())}


def size_period(indicators: list[dict], period: str | None) -> str | None:
    """Year of the residents that the comparative fit uses: the newest that is not later than the shown
    year.
    """
    years = [row["time_period"] for row in indicators if row["indicator_id"] == "population"]
    return max((year for year in years if period and year <= period), default=None)


def source_rows(indicators: list[dict], used: list[dict]) -> list[dict]:
    """Figures that the page uses, each with its cells. Cells that are already shown get a reference only."""
    wanted = {(row["indicator_id"], row["observed_period"]) for row in used}
    rows: list[dict] = []
    first: dict[str, dict] = {}
    for figure in indicators:
        if (figure["indicator_id"], figure["time_period"]) in wanted:
            cells = json.loads(figure["inputs"] or "[]")
            same = first.setdefault(figure["inputs"], figure) if cells else figure
            known = same is not figure
            rows.append({**figure, "cells": [] if known else cells, "same_as": same if known else None})
    return rows
