"""Real published files go the whole way, dropped into the inbox as a user would; every row and cell is accounted for."""

from __future__ import annotations

import pytest

from pipelines.database import connection
from tests.helpers.excel import zipped
from tests.helpers.small_files import SAMPLES
from tests.helpers.worlds import RESOLVED, build_all, copy_of

pytestmark = pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not here")

# Sample, name it is dropped under (a day of export must be in it), cells that it has.
DROPPED = {
    "nbs/renjiyi_分省年度数据 (1).csv": ("人口_2026-01-05.csv", 620),
    "nbs/renjiyi_分省年度数据 (3).csv": ("就业_2026-01-05.csv", 620),
    "nbs/renjiyi_分省年度数据_GDP.csv": ("gdp_2026-01-05.csv", 589),
    "nbs/2020di_分省年度数据_GDP.xls": ("gdp_2020-06-30.xls", 155),
    "nbs/xiehui_主要城市年度数据_上海.csv": ("上海_2020-12-31.csv", 260),
    "nbs/xiehui_主要城市年度数据_上海.xls": ("上海_2020-12-31.xls", 260),
    "nbs/xiehui_年度数据_工资.xls": ("工资_2020-12-31.xls", 300),
    "nbs/test_stats_gdp.yaml": ("reply_2026-03-03.yaml", 12),
    "nbs/test_stats_multi_period.yaml": ("reply2_2026-03-03.yaml", 2),
    "nbs/test_invalid_query.yaml": ("reply3_2026-03-03.yaml", 0),
    "city/stvbaf_job_data_gb18030.csv": ("stvbaf_job_data_gb18030.csv", 66825),
    "city/gp_汇率.xlsx": ("gp_汇率.xlsx", 17),
    "adcodes/gb2260_stats_201010.tsv": ("gb2260_stats_201010.tsv", 3518),
    "adcodes/gb2260_stats_201810.tsv": ("gb2260_stats_201810.tsv", 3659),
    "adcodes/modood_provinces.csv": ("modood_provinces.csv", 31),
    "adcodes/modood_cities.csv": ("modood_cities.csv", 342),
    "adcodes/modood_areas.csv": ("modood_areas.csv", 2978),
    "sdmx/SPC,DF_NATIONAL_ACCOUNTS,1.0+all.csv": (
        "SPC,DF_NATIONAL_ACCOUNTS,1.0+all_2023-06-30.csv",
        2548,
    ),
    "px/14001.px": ("14001.px", 8064),
    "jsonstat/29843.json": ("29843.json", 37440),
    "gacc/soybean_2024in.csv": ("soybean_2024in.csv", 36),
    "gacc/soybean_2024out.csv": ("soybean_2024out.csv", 29),
    "gacc_codes/zh-hs8-2022.csv": ("zh-hs8-2022.csv", 8939),
    "gacc_codes/zh-hs8-2023.csv": ("zh-hs8-2023.csv", 8957),
    "gacc_codes/zh-CustomsRegime.csv": ("zh-CustomsRegime_2024-05-01.csv", 20),
    "gacc_codes/en-CustomsRegime.csv": ("en-CustomsRegime_2024-05-01.csv", 20),
    "gacc_codes/zh-TradingPartner.csv": ("zh-TradingPartner_2024-05-01.csv", 243),
    "gacc_codes/china_customs_provinces.csv": ("china_customs_provinces_2024-05-01.csv", 31),
    "gacc_codes/CusTrade.json": ("CusTrade_2024-05-01.json", 104),
    "gacc_codes/CusDistrict.json": ("CusDistrict_2024-05-01.json", 1088),
    "gacc_codes/CusCountry.json": ("CusCountry_2024-05-01.json", 245),
    "gacc_codes/CusMappingCountryCode.json": ("CusMappingCountryCode_2024-05-01.json", 267),
    "gacc_codes/CusMappingTradeCode.json": ("CusMappingTradeCode_2024-05-01.json", 101),
    "comtrade/comtradr_v1_get_C_A_HS-60a6ad.json": ("comtradr_2023-05-01.json", 4),
    "comtrade/yixinf_q3_2024中国高端.xlsx": ("q3_2024中国高端_2025-11-20.xlsx", 368),
}


@pytest.fixture(scope="module")
def landed(resolved, tmp_path_factory):
    """A warehouse built from the embedded data and the samples, some of them in an archive."""
    paths = copy_of(resolved, tmp_path_factory.mktemp("samples"))
    packed = {}
    for sample, (name, _) in DROPPED.items():
        content = (SAMPLES / sample).read_bytes()
        if sample.startswith("gacc/"):
            packed[f"海关/{name}"] = content
        else:
            (paths.inbox / name).write_bytes(content)
    (paths.inbox / "customs.zip").write_bytes(zipped(packed))
    build_all(paths, RESOLVED)
    with connection.connect(paths.work, read_only=True) as con:
        yield con


def test_every_cell_is_accounted_for(landed):
    rows = landed.execute(
        "select file_name, status, cells_total, unaccounted from mart.file_accounting "
        "where file_name not in (select file_name from raw.file where origin = 'embedded')"
    ).fetchall()
    found = {name.rpartition("/")[2]: (status, cells, missing) for name, status, cells, missing in rows}
    assert found.pop("customs.zip") == ("archive", 0, 0)
    refused = {"reply3_2026-03-03.yaml"}
    assert found == {
        name: ("refused" if name in refused else "loaded", cells, 0) for name, cells in DROPPED.values()
    }


def test_every_sample_is_dropped():
    found = {f"{path.parent.name}/{path.name}" for path in SAMPLES.glob("*/*")}
    assert found <= set(DROPPED)


def test_sample_years_are_suspect_and_stand_in_a_series_of_their_own(landed):
    rows = landed.execute(
        "select distinct time_period, obs_status, scope from core.observation "
        "where indicator_id = 'population_sampled'"
    ).fetchall()
    status = {row[0]: row[1:] for row in rows}
    assert status.pop("2015") == ("S", "sample_1_percent") and len(status) == len(rows) - 1
    assert set(status.values()) == {("A", "total")}


def test_all_297_cities_of_the_panel_are_known(landed):
    (row,) = landed.execute(
        "select cells_quarantined, (select count(distinct o.area_code) from core.observation as o "
        "where o.source_id = 'city_employment_panel') from mart.file_accounting "
        "where source_id = 'city_employment_panel'"
    ).fetchall()
    assert row == (0, 297)


def test_the_areas_are_those_of_the_code_lists(landed):
    """Every division that is called an area stands in a list under its name, and no prefecture of a list is missing."""
    unknown = landed.execute(
        "select area_code, name_zh from core.area where level in ('province', 'prefecture', 'county') "
        "except select division_code, name_zh from core.division"
    ).fetchall()
    assert unknown == []
    missing = landed.execute(
        "select division_code from core.division where level <> 'county' and not is_placeholder "
        "except select area_code from core.area"
    ).fetchall()
    assert missing == []


def test_validity_agrees_with_the_code_lists(landed):
    """An area whose days are given stands in the lists of its days and in no other."""
    wrong = landed.execute(
        "select a.area_code, v.vintage from core.area as a cross join (select distinct vintage from core.division) as v "
        "left join core.division as d on d.division_code = a.area_code and d.vintage = v.vintage "
        "where a.validity_status is not null and (d.division_code is not null) <> "
        "(coalesce(a.valid_from, '') <= v.vintage::varchar and coalesce(a.valid_to, '9') >= v.vintage::varchar)"
    ).fetchall()
    assert wrong == []


def test_two_vintages_of_provincial_gdp_stand_side_by_side(landed):
    rows = landed.execute(
        "select vintage::varchar, printed_text from core.observation where area_code = '120000' "
        "and indicator_id = 'gdp' and time_period = '2017' and source_id = 'nbs_province_gdp' order by vintage"
    ).fetchall()
    assert ("2020-06-30", "18549.19") in rows and rows[-1][0] == "2026-01-05" and rows[-1][1] != "18549.19"


def test_missing_figures_of_the_query_service_are_blank(landed):
    (row,) = landed.execute(
        "select cells_blank, cells_not_used from mart.file_accounting where file_name = 'reply_2026-03-03.yaml'"
    ).fetchall()
    assert sum(row) == 12


def test_published_code_lists_and_trade_hold_nothing_back(landed):
    """All records of the samples of code lists and UN Comtrade load; none waits in quarantine."""
    names = [name for sample, (name, _) in DROPPED.items() if sample.startswith(("gacc_codes", "comtrade"))]
    held = landed.execute("select file_name, reason from core.quarantine").fetchall()
    assert len(names) == 13 and not [row for row in held if row[0] in names]


def test_each_dollar_of_the_published_trade_counts_once(landed):
    """The workbook holds World and one partner, headings and goods: its leaves add up to World's headings and goods."""
    leaves, coarsest = landed.execute(
        "select sum(value_usd) filter (where is_leaf), sum(value_usd) filter (where partner = '000' and (commodity_level "
        "= 4 or substr(commodity_code, 1, 4) in ('8542', '9031'))) from core.international_trade where freq = 'M'"
    ).fetchall()[0]
    assert leaves == pytest.approx(coarsest, rel=0.001)


def test_the_goods_of_both_years_stand_side_by_side(landed):
    rows = landed.execute(
        "select valid_year, count(*), count(*) filter (where is_cross_border_ecommerce), max(length(commodity_code)) "
        "from core.commodity group by valid_year order by 1"
    ).fetchall()
    assert rows == [(2022, 8939, 2, 8), (2023, 8957, 2, 8)]


def test_districts_of_a_city_are_several(landed):
    rows = landed.execute(
        "select district_code from core.customs_district where city_code = '330100'"
    ).fetchall()
    assert {"33012", "33013", "33016", "33019", "3316W"} <= {code for (code,) in rows}


EXCHANGE = {
    # loaded, blank, not used, quarantined
    "SPC,DF_NATIONAL_ACCOUNTS,1.0+all_2023-06-30.csv": (660, 0, 1888, 0),
    "14001.px": (0, 0, 8064, 0),
    "29843.json": (0, 0, 37440, 0),
}


@pytest.mark.parametrize("name", EXCHANGE)
def test_files_of_the_exchange_formats_land(name, landed):
    (row,) = landed.execute(
        "select cells_loaded, cells_blank, cells_not_used, cells_quarantined from mart.file_accounting where file_name = ?",
        [name],
    ).fetchall()
    assert row == EXCHANGE[name]


def test_thousands_of_dollars_are_dollars_in_core(landed):
    (row,) = landed.execute(
        "select obs_value, unit, printed_text, conversion, scope, vintage::varchar from core.observation "
        "where area_code = 'COK' and indicator_id = 'gdp_usd' and time_period = '2005'"
    ).fetchall()
    assert row == (182560000.0, "USD", "182560", "printed in units of 10^3", "total", "2023-06-30")


def test_a_day_in_the_file_is_the_vintage(landed):
    rows = landed.execute(
        "select file_name, vintage::varchar from raw.file where file_name in ('14001.px', '29843.json') order by all"
    ).fetchall()
    assert rows == [("14001.px", "2019-11-18"), ("29843.json", "2016-02-13")]
