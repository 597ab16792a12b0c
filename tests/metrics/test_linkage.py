"""Industrial linkage: subsystem scores by hand, coordination against its formula, reasons for every gap."""

from __future__ import annotations

import math

import polars as pl
import pytest

from pipelines.declarations.tables import tables
from pipelines.metrics.fit import linkage
from tests.helpers.fits import evidence, frame

CLASSES = [
    {"below": 0.5, "name_en": "low", "name_zh": "低"},
    {"below": 1.01, "name_en": "high", "name_zh": "高"},
]


def test_a_subsystem_is_the_weighted_mean_of_its_indicators():
    criteria = {"a": evidence("x", 2.0), "b": evidence("x", 1.0), "c": evidence("y", 1.0, -1)}
    values = {
        "z1": {"a": 0.0, "b": 10.0, "c": 1.0},
        "z2": {"a": 5.0, "b": 30.0, "c": None},
        "z3": {"a": 10.0, "b": None, "c": 3.0},
        "z4": {"a": None, "b": 20.0, "c": 2.0},
    }
    names = {"subsystem_name_en": "X", "subsystem_name_zh": "X", "minimum_coverage": 0.6}
    made = linkage.subsystem_score(
        frame(criteria, values).with_columns(**{k: pl.lit(v) for k, v in names.items()})
    )
    found = {(r["zone_code"], r["subsystem_id"]): r for r in made.iter_rows(named=True)}
    assert found["z2", "x"]["score"] == pytest.approx((2 * 0.5 + 1) / 3)
    assert found["z3", "x"]["score"] == 1.0 and found["z3", "x"]["coverage"] == pytest.approx(2 / 3)
    assert found["z4", "x"]["reason_code"] == "coverage_below_minimum" and found["z4", "x"]["score"] is None
    assert found["z2", "y"]["reason_code"] == "not_observed"
    assert found["z4", "y"]["score"] == 0.5


def scores(values: dict[str, list[float | None]]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "methodology_version": "t",
                "zone_code": zone,
                "time_period": "2020",
                "subsystem_id": name,
                "score": u,
            }
            for zone, us in values.items()
            for name, u in zip("abc", us, strict=True)
        ],
        schema_overrides={"score": pl.Float64},
    )


def test_coordination_its_class_and_what_holds_the_zone_back():
    made = linkage.coordination(
        scores({"z1": [0.2, 0.4, 0.9], "z2": [0.5, None, 0.5], "z3": [0, 0, 0]}), CLASSES
    )
    first, second, third = made.sort("zone_code").iter_rows(named=True)
    u = (0.2, 0.4, 0.9)
    c, t = 3 * math.prod(u) ** (1 / 3) / sum(u), sum(u) / 3
    assert first["coupling"] == pytest.approx(c) and first["development"] == pytest.approx(t)
    assert first["coordination"] == pytest.approx(math.sqrt(c * t))
    assert (first["class_en"], first["weakest_subsystem"]) == ("high", "a")
    assert (second["reason_code"], second["subsystems_scored"]) == ("subsystem_missing", 2)
    assert third["reason_code"] == "all_subsystems_zero" and third["class_en"] is None


def test_the_classes_of_the_contract_cover_the_whole_range():
    classes = tables()["mart.coupling_coordination"].metric.parameters["classes"]
    bounds = [c["below"] for c in classes]
    assert (
        bounds == sorted(bounds) and bounds[-1] > 1 and len({c["name_en"] for c in classes}) == len(classes)
    )


def test_the_linkage_is_an_indicator_of_its_suggestion(warehouse):
    rows = warehouse.execute(
        "select count(*), count(g.gap), count(c.coordination), count(distinct time_period) * (select count(*) from core.zone), max(abs(g.obs_value - c.coordination)) "
        "from mart.suggestion_gap as g join mart.coupling_coordination as c using (zone_code, time_period) "
        "where g.indicator_id = 'coupling_coordination' and g.suggestion_id = 'industrial_linkage'"
    ).fetchall()[0]
    gaps, known, coordinated, every, difference = rows
    assert gaps == every and known == coordinated > 0 and difference == 0
