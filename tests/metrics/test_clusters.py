"""The three cluster frames: figures by hand, every key once, a reason for every null, order and seeds."""

import re

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.metrics import clusters

SETTINGS = {"neighbours": 1, "permutations": 99, "seed": 7}
TABLES = {
    clusters.cluster_industry: ["zone_code", "time_period", "industry_code"],
    clusters.cluster_zone: ["zone_code", "time_period"],
    clusters.cluster_concentration: ["time_period", "industry_code"],
}
# Employment of three zones in sectors C, G, I, as worked by hand in test_specialisation.py.
BY_HAND = {"330100": [8, 2, 0], "410100": [2, 4, 4], "440300": [10, 4, 6]}
# Reason column -> the columns whose nulls it explains.
EXPLAINS = {
    clusters.cluster_industry: {
        "reason_code": ["zone_share", "reference_share", "location_quotient", "has_advantage"]
        + ["relatedness_density"],
        "moran_reason_code": ["local_moran_i", "local_moran_p", "local_moran_quadrant"],
    },
    clusters.cluster_zone: {
        "reason_code": ["employment_persons", "hhi", "krugman_specialisation", "hoover_specialisation"]
        + ["diversity"],
        "eci_reason_code": ["eci"],
    },
    clusters.cluster_concentration: {
        "reason_code": ["employment_persons", "hhi", "krugman_concentration", "hoover_concentration"]
        + ["locational_gini", "ubiquity", "pci", "moran_i", "moran_p"],
    },
}


def _frame(employment: dict, time_period: str = "2019", sectors: str = "CGI") -> pl.DataFrame:
    """The input frame; zones lie on the equator, one degree apart in the order given."""
    return pl.DataFrame(
        [
            (zone, time_period, sector, f"Sector {sector}", f"行业{sector}", persons, 0.0, float(place))
            for place, (zone, row) in enumerate(employment.items())
            for sector, persons in zip(sectors, row, strict=True)
        ],
        schema=clusters.INPUT,
        orient="row",
    )


def _zones(table: pl.DataFrame, column: str) -> dict:
    return dict(table.select("zone_code", column).iter_rows())


def _cell(table: pl.DataFrame, zone: str, sector: str) -> dict:
    return table.row(
        by_predicate=(pl.col("zone_code") == zone) & (pl.col("industry_code") == sector), named=True
    )


def _assert_every_null_explained(function, table: pl.DataFrame) -> None:
    for reason, columns in EXPLAINS[function].items():
        null_somewhere = pl.any_horizontal(pl.col(columns).is_null())
        assert table.filter(null_somewhere != pl.col(reason).is_not_null()).is_empty()
        assert set(table[reason].drop_nulls()) <= set(clusters.REASON_CODES)
    floats = table.select(pl.col(pl.Float64))
    assert not floats.select(pl.any_horizontal((pl.all().is_nan() | pl.all().is_infinite()).any())).item()


def test_columns_are_those_of_the_tables():
    for function, columns in (
        (clusters.cluster_industry, clusters.CLUSTER_INDUSTRY),
        (clusters.cluster_zone, clusters.CLUSTER_ZONE),
        (clusters.cluster_concentration, clusters.CLUSTER_CONCENTRATION),
    ):
        for frame in (_frame(BY_HAND), _frame(BY_HAND).clear()):
            assert dict(function(frame, **SETTINGS).schema) == columns


def test_industry_by_hand():
    table = clusters.cluster_industry(_frame(BY_HAND), **SETTINGS)
    cell = _cell(table, "440300", "I")
    assert cell["industry_name_en"] == "Sector I"
    assert cell["industry_name_zh"] == "行业I"
    assert cell["employment_persons"] == 6
    assert cell["zone_share"] == pytest.approx(0.3)
    assert cell["reference_share"] == pytest.approx(0.25)
    assert cell["location_quotient"] == pytest.approx(1.2)
    assert cell["has_advantage"] is True
    assert cell["relatedness_density"] == pytest.approx(0.75)
    # Quotients of I 0, 1.6, 1.2; z -14/15, 10/15, 4/15; neighbours 2, 1, 2; sum z^2 = 312/225:
    # 2 * (4/15)(10/15) / (312/225) = 80/312
    assert cell["local_moran_i"] == pytest.approx(80 / 312)
    assert cell["local_moran_quadrant"] == "HH"
    assert _cell(table, "330100", "I")["local_moran_quadrant"] == "LH"
    assert _cell(table, "330100", "I")["has_advantage"] is False
    assert _cell(table, "440300", "C")["has_advantage"] is True  # a quotient of exactly 1


def test_zone_by_hand():
    table = clusters.cluster_zone(_frame(BY_HAND), **SETTINGS)
    np.testing.assert_allclose(table["employment_persons"], [10, 10, 20])
    np.testing.assert_allclose(table["hhi"], [0.68, 0.36, 0.38])
    np.testing.assert_allclose(table["krugman_specialisation"], [0.6, 0.6, 0.1])
    np.testing.assert_allclose(table["hoover_specialisation"], [0.3, 0.3, 0.05])
    assert table["diversity"].to_list() == [1, 2, 2]
    np.testing.assert_allclose(table["eci"], [-1.118034, 1.309017, -0.190983], atol=1e-6)
    assert table["industries_observed"].to_list() == [3, 3, 3]


def test_concentration_by_hand():
    table = clusters.cluster_concentration(_frame(BY_HAND), **SETTINGS)
    np.testing.assert_allclose(table["employment_persons"], [20, 10, 10])
    np.testing.assert_allclose(table["hhi"], [0.42, 0.36, 0.52])
    np.testing.assert_allclose(table["krugman_concentration"], [0.3, 0.3, 0.5])
    np.testing.assert_allclose(table["hoover_concentration"], [0.15, 0.15, 0.25])
    np.testing.assert_allclose(table["locational_gini"], [0.1125, 0.075, 0.15])
    assert table["ubiquity"].to_list() == [2, 1, 2]
    np.testing.assert_allclose(table["pci"], [-1.118034, 1.881966, 0.736068], atol=1e-6)
    # I: z'Wz = (-14*10 - 14*10 + 4*10)/225, over 312/225
    assert table["moran_i"][2] == pytest.approx(-240 / 312)


def test_one_sector_missing_takes_the_zone_out_of_the_reference():
    with_gap = BY_HAND | {"510100": [500, None, 700], "610100": [None, None, None], "650100": [0, 0, 0]}
    frame = _frame(with_gap)
    zones = clusters.cluster_zone(frame, **SETTINGS)
    assert _zones(zones, "reason_code") == {
        **dict.fromkeys(BY_HAND),
        "510100": "sector_missing",
        "610100": "not_observed",
        "650100": "no_employment",
    }
    assert _zones(zones, "eci_reason_code") == _zones(zones, "reason_code")
    assert _zones(zones, "industries_observed")["510100"] == 2
    assert _zones(zones, "employment_persons")["510100"] is None
    assert _zones(zones, "employment_persons")["650100"] == 0
    for function, key in TABLES.items():
        table = function(frame, **SETTINGS)
        alone = function(_frame(BY_HAND), **SETTINGS)
        assert_frame_equal(table.join(alone, on=key, how="semi"), alone, check_exact=True)
        _assert_every_null_explained(function, table)
    gap = _cell(clusters.cluster_industry(frame, **SETTINGS), "510100", "C")
    assert gap["employment_persons"] == 500
    assert gap["location_quotient"] is None
    assert gap["reason_code"] == gap["moran_reason_code"] == "sector_missing"


def test_an_absent_row_is_a_missing_sector():
    frame = _frame(BY_HAND | {"510100": [5, 6, 7]})
    absent = frame.filter(~((pl.col("zone_code") == "510100") & (pl.col("industry_code") == "G")))
    zones = clusters.cluster_zone(absent, **SETTINGS)
    assert _zones(zones, "reason_code")["510100"] == "sector_missing"
    assert len(clusters.cluster_industry(absent, **SETTINGS)) == len(absent)


def test_an_industry_that_nobody_has():
    frame = _frame({zone: [*row, 0] for zone, row in BY_HAND.items()}, sectors="CGIT")
    industry = clusters.cluster_industry(frame, **SETTINGS)
    empty = _cell(industry, "330100", "T")
    assert empty["zone_share"] == empty["reference_share"] == 0
    assert empty["location_quotient"] is None
    assert empty["has_advantage"] is None
    assert empty["reason_code"] == empty["moran_reason_code"] == "industry_empty"
    last = clusters.cluster_concentration(frame, **SETTINGS).row(3, named=True)
    assert last["employment_persons"] == 0
    assert last["ubiquity"] is None
    assert last["reason_code"] == "industry_empty"
    assert last["pci"] is last["moran_i"] is None
    without = clusters.cluster_zone(_frame(BY_HAND), **SETTINGS).drop("industries_observed")
    assert_frame_equal(clusters.cluster_zone(frame, **SETTINGS).drop("industries_observed"), without)


def test_one_zone_is_no_reference_but_has_a_herfindahl():
    frame = _frame({"330100": [8, 2, 0], "410100": [1, None, 2]})
    zone = clusters.cluster_zone(frame, **SETTINGS).row(0, named=True)
    assert zone["reason_code"] == zone["eci_reason_code"] == "reference_too_small"
    assert zone["hhi"] == pytest.approx(0.68)
    assert zone["employment_persons"] == 10
    assert zone["krugman_specialisation"] is None
    concentration = clusters.cluster_concentration(frame, **SETTINGS)
    assert set(concentration["reason_code"]) == {"reference_too_small"}
    assert concentration["employment_persons"].null_count() == 3


def test_too_few_zones_and_missing_coordinates():
    frame = _frame(BY_HAND)
    industry = clusters.cluster_industry(frame, **(SETTINGS | {"neighbours": 2}))
    assert set(industry["moran_reason_code"]) == {"too_few_zones"}
    assert set(industry["reason_code"]) == {None}
    concentration = clusters.cluster_concentration(frame, **(SETTINGS | {"neighbours": 2}))
    assert set(concentration["reason_code"]) == {"too_few_zones"}
    assert concentration["pci"].null_count() == 0
    four = _frame(BY_HAND | {"510100": [5, 6, 7]})
    unplaced = four.with_columns(
        pl.when(pl.col("zone_code") != "510100").then("longitude").alias("longitude")
    )
    table = clusters.cluster_industry(unplaced, **SETTINGS)
    reasons = table.group_by("zone_code").agg(pl.col("moran_reason_code").unique())
    assert _zones(reasons, "moran_reason_code") == {
        **{zone: [None] for zone in BY_HAND},
        "510100": ["coordinate_missing"],
    }
    assert _cell(table, "510100", "C")["location_quotient"] is not None
    assert clusters.cluster_concentration(unplaced, **SETTINGS)["moran_i"].null_count() == 0


def test_zones_that_are_all_alike_have_no_complexity_and_no_autocorrelation():
    frame = _frame({"330100": [1, 3, 7], "410100": [2, 6, 14], "440300": [3, 9, 21]})
    zones = clusters.cluster_zone(frame, **SETTINGS)
    assert set(zones["eci_reason_code"]) == {"no_variation"}
    assert set(zones["diversity"]) == {3}
    assert set(clusters.cluster_industry(frame, **SETTINGS)["moran_reason_code"]) == {"constant"}
    concentration = clusters.cluster_concentration(frame, **SETTINGS)
    # Both indices are null; the code is that of the first.
    assert set(concentration["reason_code"]) == {"no_variation"}
    assert concentration["pci"].null_count() == concentration["moran_i"].null_count() == 3


def test_groups_without_a_shared_advantage_are_disconnected():
    frame = _frame({"330100": [9, 0, 0], "410100": [0, 5, 5], "440300": [0, 6, 6]})
    assert set(clusters.cluster_zone(frame, **SETTINGS)["eci_reason_code"]) == {"disconnected"}


def test_years_do_not_touch_each_other():
    other_year = _frame({"330100": [1, 5, 9], "650100": [7, 7, 1], "410100": [3, 3, 4]}, time_period="2018")
    both = pl.concat([_frame(BY_HAND), other_year])
    for function, key in TABLES.items():
        table = function(both, **SETTINGS)
        apart = pl.concat([function(_frame(BY_HAND), **SETTINGS), function(other_year, **SETTINGS)])
        assert_frame_equal(table, apart.sort(key), check_exact=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop("latitude"), "['latitude'] are missing"),
        (lambda frame: frame.with_columns(pl.col("zone_code").cast(pl.Int64)), "['zone_code'] must be text"),
        (lambda frame: pl.concat([frame, frame.head(1)]), "a key that occurs twice"),
        (lambda frame: frame.with_columns(time_period=pl.lit(None, pl.String)), "a key that is null"),
        (lambda frame: frame.with_columns(employment_persons=pl.lit(-1.0)), "not finite or negative"),
        (lambda frame: frame.with_columns(employment_persons=pl.lit(float("nan"))), "not finite or negative"),
        (lambda frame: frame.with_columns(latitude=pl.int_range(pl.len())), "more than one latitude"),
        (lambda frame: frame.with_columns(industry_name_zh="zone_code"), "more than one industry_name_zh"),
    ],
)
def test_input_that_breaks_the_contract_is_refused_in_all_three(change, message):
    for function in TABLES:
        with pytest.raises(ValueError, match=re.escape(message)):
            function(change(_frame(BY_HAND)), **SETTINGS)


def test_every_reason_code_is_a_sentence():
    for code, sentence in clusters.REASON_CODES.items():
        assert re.fullmatch("[a-z_]+", code)
        assert sentence.endswith(".")


cells = st.one_of(st.none(), st.integers(0, 3), st.integers(0, 10**6))
employments = st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=7).map(
    lambda rows: {f"{place:06d}": row for place, row in enumerate(rows)}
)


@settings(deadline=None)
@given(employments, st.integers(0, 10**6))
def test_every_key_once_every_null_explained_and_any_order(employment, seed):
    frame = pl.concat([_frame(employment), _frame(BY_HAND, time_period="2020")])
    shuffled = frame.sample(fraction=1, shuffle=True, seed=seed)
    for function, key in TABLES.items():
        table = function(frame, **SETTINGS)
        assert_frame_equal(table.select(key), frame.select(key).unique().sort(key))
        _assert_every_null_explained(function, table)
        assert_frame_equal(function(shuffled, **SETTINGS), table, check_exact=True)
