"""The way from a published figure back to the printed cells, as rows and as text.

Finding the zone that a user names, asking mart.trace and laying out its rows as lines belong here. The chain
itself belongs to warehouse/mart/trace.sql.
"""

from __future__ import annotations

import duckdb

FORMS = (
    "MODE (its fit), MODE:comparative_fit, MODE:CRITERION (its score), INDICATOR, coupling_coordination, "
    "cluster_zone:COLUMN or cluster_industry:COLUMN:SECTION"
)
ZONES = """
select zone_code, zone_name_en, zone_name_zh from core.zone
where $zone in (zone_code, zone_name_zh) or lower(zone_name_en) = lower($zone)
    or zone_code in (select area_code from core.area_name where name = $zone)
order by zone_code
"""
# What can be asked for of a zone and year; the columns of the cluster tables are in the dictionary.
FIGURES = """
select mode_id from mart.mode_fit where zone_code = $zone and time_period = $year
union select indicator_id from mart.zone_indicator where zone_code = $zone and time_period = $year
order by 1
"""


class NoSuchFigure(Exception):
    """The zone, or its figure of the year, is not published. The message lists the published ones."""


def chain(con: duckdb.DuckDBPyConnection, zone: str, year: str, metric: str) -> list[dict]:
    """Steps from a figure to its cells, as mart.trace gives them. `zone` is a code or a name.

    Raises NoSuchFigure.
    """
    code = _code(con, zone)
    result = con.execute("select * from mart.trace(?, ?, ?)", [code, year, metric])
    names = [d[0] for d in result.description]
    steps = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    if not steps:
        found = [name for (name,) in con.execute(FIGURES, {"zone": code, "year": year}).fetchall()]
        raise NoSuchFigure(
            f"{metric}: no such figure of zone {code} in {year}; expected {FORMS}, where the modes and indicators of "
            f"the year are: {', '.join(found) or 'none'}"
        )
    return steps


def lines(steps: list[dict]) -> list[str]:
    """Each step as text, indented by its depth: a figure with its formula, or a cell with its place and
    printed text.
    """
    return [line for step in steps for line in _lines(step)]


def _lines(step: dict) -> list[str]:
    margin = "  " * step["depth"]
    unit = "" if step["unit"] in (None, "1") else f" {step['unit']}"
    value = "no figure" if step["value"] is None else f"{step['value']:.12g}{unit}"
    found = [
        f"{margin}{step['step']} {step['name']}, {step['time_period']}: {value}",
        f"{margin}    = {step['formula']}",
    ]
    if step["file_sha256"]:
        sheet = f"sheet {step['sheet']}, " if step["sheet"] else ""
        found += [
            f'{margin}    "{step["printed_text"]}" in {step["file_name"]}, {sheet}row {step["row_no"]}, '
            f"column {step['column_no']} ({step['verification']}, known from {step['vintage']})",
            f"{margin}    file {step['file_sha256']}, source {step['source_id']}"
            + (f", {step['reference']}" if step["reference"] else ""),
        ]
    return found


def _code(con: duckdb.DuckDBPyConnection, zone: str) -> str:
    found = con.execute(ZONES, {"zone": zone}).fetchall()
    if len(found) == 1:
        return str(found[0][0])
    listed = "; ".join(" ".join(row) for row in found) or "none"
    raise NoSuchFigure(f"{zone}: expected the code or name of one zone, found {listed}")
