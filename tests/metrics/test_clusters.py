"""The three cluster frames: figures by hand, every key once, a reason for every null, order and seeds."""

import re

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.metrics import clusters
from pipelines.metrics.clusters import by_year, concentration_table, growth_table, industry_table, zone_table

SPATIAL = {"neighbours": 1, "permutations": 99, "seed": 7}
STRENGTH = {
    "star": {"top_share": 0.1, "quotient": 1.5, "least_persons": 4},
    "strong": {"top_share": 0.25, "least_share_quantile": 0.25},
}
TABLES = {
    industry_table.cluster_industry: ["zone_code", "time_period", "industry_code"],
    zone_table.cluster_zone: ["zone_code", "time_period"],
    concentration_table.cluster_concentration: ["time_period", "industry_code"],
    growth_table.cluster_growth: ["zone_code", "time_period"],
}
SETTINGS = {
    industry_table.cluster_industry: SPATIAL | STRENGTH,
    zone_table.cluster_zone: STRENGTH,
    concentration_table.cluster_concentration: SPATIAL,
    growth_table.cluster_growth: {},
}
# Employment of three zones in sectors C, G, I, as worked by hand in test_specialisation.py.
BY_HAND = {"330100": [8, 2, 0], "410100": [2, 4, 4], "440300": [10, 4, 6]}
# Reason column -> the columns whose nulls it explains.
EXPLAINS = {
    industry_table.cluster_industry: {
        "reason_code": ["zone_share", "reference_share", "location_quotient", "has_advantage"]
        + ["relatedness_density", *industry_table.STARS, "is_strong_cluster"],
        "standardised_reason_code": ["standardised_quotient", "standardised_low", "standardised_high"],
        "moran_reason_code": ["local_moran_i", "local_moran_p", "local_moran_quadrant"]
        + ["getis_ord_z", "getis_ord_p"],
    },
    zone_table.cluster_zone: {
        "reason_code": ["employment_persons", "hhi", "krugman_specialisation", "hoover_specialisation"]
        + ["entropy_bits", "hachman", "diversity", "stars", "strong_clusters", "strong_cluster_share"],
        "eci_reason_code": ["eci"],
    },
    concentration_table.cluster_concentration: {
        "reason_code": ["employment_persons", "hhi", "krugman_concentration", "hoover_concentration"]
        + ["locational_gini", "quotient_gini", "theil_t", "theil_t_between", "theil_t_within", "ubiquity"]
        + ["pci", "moran_i", "moran_p", "geary_c", "geary_p", "getis_ord_g", "getis_ord_p"],
        "theil_l_reason_code": ["theil_l", "theil_l_between", "theil_l_within"],
    },
    growth_table.cluster_growth: {"reason_code": growth_table.GROWTH},
}


def _run(function, frame: pl.DataFrame, **change) -> pl.DataFrame:
    return function(frame, **(SETTINGS[function] | change))


def _frame(employment: dict, time_period: str = "2019", sectors: str = "CGI") -> pl.DataFrame:
    """The input frame; zones lie on the equator, one degree apart in the order given."""
    return pl.DataFrame(
        [
            (
                zone,
                time_period,
                sector,
                f"Sector {sector}",
                f"行业{sector}",
                f"{zone[:2]}0000",
                persons,
                0.0,
                float(place),
            )
            for place, (zone, row) in enumerate(employment.items())
            for sector, persons in zip(sectors, row, strict=True)
        ],
        schema=by_year.INPUT,
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
        assert set(table[reason].drop_nulls()) <= set(clusters.REASONS)
    floats = table.select(pl.col(pl.Float64))
    assert not floats.select(pl.any_horizontal((pl.all().is_nan() | pl.all().is_infinite()).any())).item()


def test_columns_are_those_of_the_tables():
    for function, columns in (
        (industry_table.cluster_industry, industry_table.CLUSTER_INDUSTRY),
        (zone_table.cluster_zone, zone_table.CLUSTER_ZONE),
        (concentration_table.cluster_concentration, concentration_table.CLUSTER_CONCENTRATION),
        (growth_table.cluster_growth, growth_table.CLUSTER_GROWTH),
    ):
        for frame in (_frame(BY_HAND), _frame(BY_HAND).clear()):
            assert dict(_run(function, frame).schema) == columns


def test_industry_by_hand():
    table = _run(industry_table.cluster_industry, _frame(BY_HAND))
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
    table = _run(zone_table.cluster_zone, _frame(BY_HAND))
    np.testing.assert_allclose(table["employment_persons"], [10, 10, 20])
    np.testing.assert_allclose(table["hhi"], [0.68, 0.36, 0.38])
    np.testing.assert_allclose(table["krugman_specialisation"], [0.6, 0.6, 0.1])
    np.testing.assert_allclose(table["hoover_specialisation"], [0.3, 0.3, 0.05])
    assert table["diversity"].to_list() == [1, 2, 2]
    np.testing.assert_allclose(table["eci"], [-1.118034, 1.309017, -0.190983], atol=1e-6)
    assert table["industries_observed"].to_list() == [3, 3, 3]


def test_concentration_by_hand():
    table = _run(concentration_table.cluster_concentration, _frame(BY_HAND))
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
    zones = _run(zone_table.cluster_zone, frame)
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
        table = _run(function, frame)
        alone = _run(function, _frame(BY_HAND))
        assert_frame_equal(table.join(alone, on=key, how="semi"), alone, check_exact=True)
        _assert_every_null_explained(function, table)
    gap = _cell(_run(industry_table.cluster_industry, frame), "510100", "C")
    assert gap["employment_persons"] == 500
    assert gap["location_quotient"] is None
    assert gap["reason_code"] == gap["moran_reason_code"] == "sector_missing"


def test_an_absent_row_is_a_missing_sector():
    frame = _frame(BY_HAND | {"510100": [5, 6, 7]})
    absent = frame.filter(~((pl.col("zone_code") == "510100") & (pl.col("industry_code") == "G")))
    zones = _run(zone_table.cluster_zone, absent)
    assert _zones(zones, "reason_code")["510100"] == "sector_missing"
    assert len(_run(industry_table.cluster_industry, absent)) == len(absent)


def test_an_industry_that_nobody_has():
    frame = _frame({zone: [*row, 0] for zone, row in BY_HAND.items()}, sectors="CGIT")
    industry = _run(industry_table.cluster_industry, frame)
    empty = _cell(industry, "330100", "T")
    assert empty["zone_share"] == empty["reference_share"] == 0
    assert empty["location_quotient"] is None
    assert empty["has_advantage"] is None
    assert empty["reason_code"] == empty["moran_reason_code"] == "industry_empty"
    last = _run(concentration_table.cluster_concentration, frame).row(3, named=True)
    assert last["employment_persons"] == 0
    assert last["ubiquity"] is None
    assert last["reason_code"] == "industry_empty"
    assert last["pci"] is last["moran_i"] is None
    without = _run(zone_table.cluster_zone, _frame(BY_HAND)).drop("industries_observed")
    assert_frame_equal(_run(zone_table.cluster_zone, frame).drop("industries_observed"), without)


def test_one_zone_is_no_reference_but_has_a_herfindahl():
    frame = _frame({"330100": [8, 2, 0], "410100": [1, None, 2]})
    zone = _run(zone_table.cluster_zone, frame).row(0, named=True)
    assert zone["reason_code"] == zone["eci_reason_code"] == "reference_too_small"
    assert zone["hhi"] == pytest.approx(0.68)
    assert zone["employment_persons"] == 10
    assert zone["krugman_specialisation"] is None
    concentration = _run(concentration_table.cluster_concentration, frame)
    assert set(concentration["reason_code"]) == {"reference_too_small"}
    assert concentration["employment_persons"].null_count() == 3


def test_too_few_zones_and_missing_coordinates():
    frame = _frame(BY_HAND)
    industry = _run(industry_table.cluster_industry, frame, neighbours=2)
    assert set(industry["moran_reason_code"]) == {"too_few_zones"}
    assert set(industry["reason_code"]) == {None}
    concentration = _run(concentration_table.cluster_concentration, frame, neighbours=2)
    assert set(concentration["reason_code"]) == {"too_few_zones"}
    assert concentration["pci"].null_count() == 0
    four = _frame(BY_HAND | {"510100": [5, 6, 7]})
    unplaced = four.with_columns(
        pl.when(pl.col("zone_code") != "510100").then("longitude").alias("longitude")
    )
    table = _run(industry_table.cluster_industry, unplaced)
    reasons = table.group_by("zone_code").agg(pl.col("moran_reason_code").unique())
    assert _zones(reasons, "moran_reason_code") == {
        **{zone: [None] for zone in BY_HAND},
        "510100": ["coordinate_missing"],
    }
    assert _cell(table, "510100", "C")["location_quotient"] is not None
    assert _run(concentration_table.cluster_concentration, unplaced)["moran_i"].null_count() == 0


def test_zones_that_are_all_alike_have_no_complexity_and_no_autocorrelation():
    frame = _frame({"330100": [1, 3, 7], "410100": [2, 6, 14], "440300": [3, 9, 21]})
    zones = _run(zone_table.cluster_zone, frame)
    assert set(zones["eci_reason_code"]) == {"no_variation"}
    assert set(zones["diversity"]) == {3}
    assert set(_run(industry_table.cluster_industry, frame)["moran_reason_code"]) == {"constant"}
    concentration = _run(concentration_table.cluster_concentration, frame)
    # Both indices are null; the code is that of the first.
    assert set(concentration["reason_code"]) == {"no_variation"}
    assert concentration["pci"].null_count() == concentration["moran_i"].null_count() == 3


def test_groups_without_a_shared_advantage_are_disconnected():
    frame = _frame({"330100": [9, 0, 0], "410100": [0, 5, 5], "440300": [0, 6, 6]})
    assert set(_run(zone_table.cluster_zone, frame)["eci_reason_code"]) == {"disconnected"}


def test_years_do_not_touch_each_other():
    other_year = _frame({"330100": [1, 5, 9], "650100": [7, 7, 1], "410100": [3, 3, 4]}, time_period="2018")
    both = pl.concat([_frame(BY_HAND), other_year])
    for function, key in TABLES.items():
        if function is not growth_table.cluster_growth:
            table = _run(function, both)
            apart = pl.concat([_run(function, _frame(BY_HAND)), _run(function, other_year)])
            assert_frame_equal(table, apart.sort(key), check_exact=True)


def test_growth_by_hand():
    # Both years have zones 330100 and 410100 only. Before 10 and 10, sectors 4 8 8; after 10 and 20, sectors 14 8 8:
    # the whole grows by half, C by 2.5, G and I by none.
    before = _frame({"330100": [2, 4, 4], "410100": [2, 4, 4], "650100": [1, 1, 1]}, time_period="2018")
    after = _frame({"330100": [2, 4, 4], "410100": [12, 4, 4], "440300": [1, 1, 1]})
    table = _run(growth_table.cluster_growth, pl.concat([after, before]))
    now = table.filter(pl.col("time_period") == "2019").rows_by_key("zone_code", named=True, unique=True)
    first = [now["330100"][name] for name in growth_table.GROWTH]
    np.testing.assert_allclose(first, [0, 5, 2 * 2 - 8 * 0.5, -5])
    second = [now["410100"][name] for name in growth_table.GROWTH]
    np.testing.assert_allclose(second, [10, 5, 0, 5])
    assert now["440300"]["reason_code"] == "previous_year_missing"
    assert set(table.filter(pl.col("time_period") == "2018")["reason_code"]) == {"previous_year_missing"}


def test_growth_needs_the_year_before_and_the_same_sectors():
    for earlier in (_frame(BY_HAND, "2017"), _frame(BY_HAND, "2018", sectors="CGJ")):
        table = _run(growth_table.cluster_growth, pl.concat([earlier, _frame(BY_HAND)]))
        assert set(table["reason_code"]) == {"previous_year_missing"}


def test_strength_by_hand():
    # Quotients 1.6 .8 0 / .4 1.6 1.6 / 1 .8 1.2. With a tenth of 3 zones only the highest has a star; ties too.
    industry = _run(industry_table.cluster_industry, _frame(BY_HAND))
    assert _cell(industry, "440300", "C")["star_size"] is True  # 10 of 20
    assert _cell(industry, "330100", "C")["star_specialisation"] is True  # 1.6 >= 1.5, 8 persons
    assert _cell(industry, "410100", "C")["star_specialisation"] is False
    assert _cell(industry, "330100", "C")["star_focus"] is True  # .8, the highest share of all nine
    assert industry["star_focus"].sum() == 1
    # Highest quarter of quotients: C 330100, G 410100, I 410100; all above 1 with enough of the sector.
    strong = industry.filter("is_strong_cluster").select("zone_code", "industry_code").rows()
    assert strong == [("330100", "C"), ("410100", "G"), ("410100", "I")]
    # Logarithms of I: only 1.6 and 1.2, mean and deviation give +-1 / sqrt 2.
    assert _cell(industry, "410100", "I")["standardised_quotient"] == pytest.approx(0.5**0.5)
    assert _cell(industry, "330100", "I")["standardised_reason_code"] == "quotient_zero"
    zones = _run(zone_table.cluster_zone, _frame(BY_HAND))
    assert _zones(zones, "strong_clusters") == {"330100": 1, "410100": 2, "440300": 0}
    assert _zones(zones, "strong_cluster_share")["410100"] == pytest.approx(0.8)
    stars = industry.group_by("zone_code").agg(
        pl.sum_horizontal(pl.col(industry_table.STARS)).sum().alias("stars")
    )
    assert _zones(stars, "stars") == _zones(zones, "stars")


def test_theil_between_and_within_provinces():
    # Two zones of province 33, one of 44. C: shares .5 .25 .25 against .25 .25 .5 of all employment.
    table = _run(
        concentration_table.cluster_concentration,
        _frame({"330100": [4, 0], "330200": [2, 2], "440300": [2, 6]}, sectors="CG"),
    )
    c = table.row(0, named=True)
    between = 0.75 * np.log(0.75 / 0.5) + 0.25 * np.log(0.25 / 0.5)
    assert c["theil_t"] == pytest.approx(0.5 * np.log(2) + 0.25 * np.log(0.5))
    assert c["theil_t_between"] == pytest.approx(between)
    assert c["theil_t_within"] == pytest.approx(c["theil_t"] - between)
    # G: nothing in 330100.
    g = table.row(1, named=True)
    assert g["theil_l"] is g["theil_l_between"] is None
    assert g["theil_l_reason_code"] == "zero_share"
    assert g["theil_t"] is not None


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
def test_input_that_breaks_the_contract_is_refused_in_all(change, message):
    for function in TABLES:
        with pytest.raises(ValueError, match=re.escape(message)):
            _run(function, change(_frame(BY_HAND)))


def test_every_reason_code_is_a_sentence():
    for code, sentence in clusters.REASONS.items():
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
        table = _run(function, frame)
        assert_frame_equal(table.select(key), frame.select(key).unique().sort(key))
        _assert_every_null_explained(function, table)
        assert_frame_equal(_run(function, shuffled), table, check_exact=True)
