"""Every label, unit, period, status and area printed in the embedded data is declared, by exact text."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from functools import cache

import polars as pl
import pytest

from pipelines.declarations import sources as declared_sources
from pipelines.declarations.files import ROOT, read_csv
from pipelines.readers import detect as readers

REFERENCE = ROOT / "warehouse" / "reference"
SOURCES = declared_sources.sources()
FILES = [(s.source_id, path) for s in SOURCES.values() for path in sorted((s.folder / "data").glob("*"))]
EMBEDDED = {source_id for source_id, _ in FILES}
# A source may be declared for the user's own files, without data of its own.
CELL_SOURCES = [source_id for source_id in sorted(EMBEDDED) if SOURCES[source_id].raw_table == "cell"]


def reference(name: str, column: str) -> set[str]:
    return {row[column] for row in read_csv(REFERENCE / f"{name}.csv")}


@cache
def cells(source_id: str) -> pl.DataFrame:
    source = SOURCES[source_id]
    paths = sorted((source.folder / "data").iterdir())
    return pl.concat([readers.read(path.read_bytes(), source, path.name).rows for path in paths])


def printed(source_id: str, column: str) -> set[str]:
    return set(cells(source_id)[column])


@pytest.mark.parametrize(("source_id", "path"), FILES, ids=[path.name for _, path in FILES])
def test_embedded_file_is_recognised_and_read_without_rejects(source_id, path):
    content = path.read_bytes()
    assert readers.detect(content, path.name, SOURCES.values()).source_id == source_id
    reading = readers.read(content, SOURCES[source_id], path.name)
    assert reading.rejects.is_empty() and reading.rows.height > 0
    assert isinstance(SOURCES[source_id].vintage_of(path.name), dt.date)


@pytest.mark.parametrize("source_id", CELL_SOURCES)
def test_labels_are_declared_once_and_none_is_declared_in_vain(source_id):
    declared = [row["printed_text"] for row in read_csv(SOURCES[source_id].folder / "columns.csv")]
    assert not [label for label, times in Counter(declared).items() if times > 1]
    assert printed(source_id, "indicator_text") == set(declared)


@pytest.mark.parametrize("source_id", [s.source_id for s in SOURCES.values() if s.raw_table == "cell"])
def test_declared_columns_point_to_known_indicators_and_units(source_id):
    indicators = reference("indicator", "indicator_id") | {"not_used"}
    for row in read_csv(SOURCES[source_id].folder / "columns.csv"):
        assert row["indicator_id"] in indicators, row
        assert float(row["scale"]) > 0 and row["obs_status"] in {"", "A", "P", "E", "S", "M"}, row
        assert row["indicator_id"] != "not_used" or row["note"], row


@pytest.mark.parametrize("source_id", CELL_SOURCES)
def test_units_periods_and_statuses_resolve(source_id):
    assert printed(source_id, "unit_text") <= reference("unit", "unit_text")
    assert printed(source_id, "status_text") <= reference("status", "status_text")
    split = {re.fullmatch(r"(\d{4})\s?(.*)", text) for text in printed(source_id, "period_text")}
    assert None not in split
    assert {match.group(2) for match in split} <= reference("period", "period_text")


@pytest.mark.parametrize("source_id", CELL_SOURCES)
def test_units_have_the_dimension_of_their_indicator(source_id):
    """A dollar figure of an indicator in yuan is converted in core; any other mix is a wrong declaration."""
    unit_of = {row["unit_text"]: row["unit"] for row in read_csv(REFERENCE / "unit.csv")}
    wanted = {row["indicator_id"]: row["unit"] for row in read_csv(REFERENCE / "indicator.csv")}
    label = {row["printed_text"]: row for row in read_csv(SOURCES[source_id].folder / "columns.csv")}
    for indicator_text, unit_text in cells(source_id).select("indicator_text", "unit_text").unique().rows():
        declared = label[indicator_text]
        if declared["indicator_id"] == "not_used":
            continue
        found = unit_of[declared["unit_text"] or unit_text]
        expected = wanted[declared["indicator_id"]]
        assert found == expected or {found, expected} == {"CNY", "USD"}, (indicator_text, unit_text)


@pytest.mark.parametrize("source_id", CELL_SOURCES)
def test_areas_resolve_by_code_or_else_by_an_unambiguous_name(source_id, warehouse):
    codes = reference("area", "area_code")
    names = Counter(row[0] for row in warehouse.execute("select name from core.area_name").fetchall())
    for code, name in cells(source_id).select("area_code_text", "area_name_text").unique().rows():
        assert code in codes or (code == "" and names[name] == 1), (code, name)


def test_scope_notes_are_declared_for_every_pair_of_label_and_note():
    rows = read_csv(SOURCES["zone_figures"].folder / "scope_notes.csv")
    declared = [(row["printed_text"], row["scope_text"]) for row in rows]
    found = cells("zone_figures").select("indicator_text", "scope_text").unique().rows()
    assert len(declared) == len(set(declared))
    assert {pair for pair in found if pair[1]} == set(declared)


def test_corrections_expect_what_is_printed():
    folder = SOURCES["city_yearbook"].folder
    label = {row["indicator_id"]: row["printed_text"] for row in read_csv(folder / "columns.csv")}
    found = {
        (row["area_code_text"], row["indicator_text"], row["period_text"]): row["value_text"]
        for row in cells("city_yearbook").iter_rows(named=True)
    }
    for row in read_csv(folder / "corrections.csv"):
        cell = (row["area_code"], label[row["indicator_id"]], row["time_period"])
        assert found[cell] == row["expected_printed_text"]
        edition = int(row["time_period"]) + 1
        assert re.fullmatch(row["file_pattern"], f"china_city_statistical_yearbook_{edition}.csv")
        assert row["action"] == "suspect" or float(row["factor_or_value"]) > 0


def test_ambiguous_latin_names_stand_for_several_areas(warehouse):
    codes = {}
    for name, code in warehouse.execute("select name, area_code from core.area_name").fetchall():
        codes.setdefault(name, set()).add(code)
    for name in ("Suzhou", "Taizhou", "Fuzhou", "Yichun"):
        assert len(codes[name]) == 2, name
    assert codes["Hangzhou"] == codes["杭州"] == codes["杭州市"] == {"330100"}


def test_code_lists_have_unique_keys_and_known_parents():
    keys = {
        "indicator": "indicator_id",
        "unit": "unit_text",
        "period": "period_text",
        "status": "status_text",
        "area": "area_code",
        "industry": "industry_code",
    }
    for name, key in keys.items():
        values = [row[key] for row in read_csv(REFERENCE / f"{name}.csv")]
        assert len(values) == len(set(values)), name
    areas = read_csv(REFERENCE / "area.csv")
    codes = {row["area_code"] for row in areas}
    assert ({row["parent_code"] for row in areas} | {row["successor_code"] for row in areas}) - {""} <= codes


def test_every_zone_is_an_area_and_states_how_its_facts_are_known():
    zones = read_csv(SOURCES["zone_registry"].folder / "data" / "zones.csv")
    assert {row["zone_code"] for row in zones} <= reference("area", "area_code")
    states = {"verified", "seen", "recalled", "reasoned"}
    for row in zones:
        assert {row["membership_status"], row["approval_date_status"], row["coordinate_status"]} <= states
