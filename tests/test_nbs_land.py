"""Exports of every kind go the whole way: periods, indicators, areas and units in core, and what is held beside them."""

from __future__ import annotations

import json

import pytest

from pipelines.database import connection
from tests.helpers.excel import xlsx
from tests.helpers.nbs import newer
from tests.helpers.worlds import RESOLVED, build_all, copy_of

FOOT = "数据来源：国家统计局\n"
QUARTERLY = (
    "数据库：分省季度数据\n指标：地区生产总值_累计值(亿元)\n时间：最近6季度\n"
    "地区,2025年第一季度,2024年第四季度,2024年第三季度\n内蒙古,,20,14.5\n广西,,28,20\n" + FOOT
)
MONTHLY = (
    "数据库：分省月度数据\n指标：社会消费品零售总额(亿元)\n时间：2024年\n地区,2024年3月,,2024年2月,\n,本期,累计,本期,累计\n"
    "浙江省,10,30,,20\n" + FOOT
)
TRADE = (
    "数据库：分省年度数据\n指标：经营单位所在地进出口总额(千美元)\n时间：最近1年\n地区,2024年\n浙江省,700\n浙江省,700\n江苏省,8\n江苏省,9\n"
    + FOOT
)
TURNED = [
    ["时间", "浙江", "江苏", "亚特兰蒂斯"],
    ["2023年", 82553.5, 128222.2, 1],
    ["2022年", 77715.4, None, 1],
]
PROFILE = (
    "数据库：分省年度数据\n地区：西藏自治区\n时间：最近1年\n指标,2024年\n年末常住人口(万人),370\n森林覆盖率(%),12.1\n"
    + FOOT
)
SAMPLED = (
    "数据库：分省年度数据\n指标：人口数(人口抽样调查)(人)\n时间：最近2年\n地区,2016年,2015年\n北京市,18132,335775\n"
    "注：1.2005年、2015年为1%人口抽样调查样本数据，其他年份为1‰人口变动调查样本数据。\n" + FOOT
)
HANGZHOU = json.dumps(
    newer(
        ("2024年", 218600000),
        ("2025年", None),
        about={"da": "330100000000", "da_name": "杭州市", "i_showname": "地区生产总值", "du_name": "万元"},
    )
).encode()
FILES = {
    "分省季度数据_2026-01-05.csv": QUARTERLY.encode("gb18030"),
    "分省月度数据_2026-01-05.csv": MONTHLY.encode("gb18030"),
    "进出口_2026-01-05.csv": TRADE.encode("gb18030"),
    "分省年度数据整理_地区生产总值(亿元)_2026-01-05.xlsx": xlsx({"Sheet1": TURNED}),
    "西藏_2026-01-05.csv": PROFILE.encode("gb18030"),
    "抽样_2026-01-05.csv": SAMPLED.encode("gb18030"),
    "新接口_2026-01-05.json": json.dumps(newer(("2024年", "90131"), ("2025年", "无"))).encode(),
    "杭州_2026-01-06.json": HANGZHOU,
}


@pytest.fixture(scope="module")
def landed(resolved, tmp_path_factory):
    paths = copy_of(resolved, tmp_path_factory.mktemp("exports"))
    for name, content in FILES.items():
        (paths.inbox / name).write_bytes(content)
    build_all(paths, (*RESOLVED, "mart.zone_indicator"))
    with connection.connect(paths.work, read_only=True) as con:
        yield con


def figures(con, source_id: str) -> list[tuple]:
    return con.execute(
        "select area_code, indicator_id, time_period, freq, obs_value, unit from core.observation "
        "where source_id = ? and file_sha256 in (select file_sha256 from raw.file where origin = 'inbox') order by all",
        [source_id],
    ).fetchall()


def test_every_row_and_cell_is_accounted_for(landed):
    rows = landed.execute(
        "select f.file_name, f.status, a.unaccounted from raw.file as f join mart.file_accounting as a using (file_sha256) "
        "where f.origin = 'inbox'"
    ).fetchall()
    assert sorted(rows) == sorted((name, "loaded", 0) for name in FILES)


def test_cumulative_quarters_are_an_indicator_of_their_own(landed):
    assert figures(landed, "nbs_province_quarterly") == [
        ("150000", "gdp_year_to_date", "2024-Q3", "Q", 14.5e8, "CNY"),
        ("150000", "gdp_year_to_date", "2024-Q4", "Q", 20e8, "CNY"),
        ("450000", "gdp_year_to_date", "2024-Q3", "Q", 20e8, "CNY"),
        ("450000", "gdp_year_to_date", "2024-Q4", "Q", 28e8, "CNY"),
    ]


def test_the_month_alone_and_the_months_from_january_on(landed):
    assert figures(landed, "nbs_province_monthly") == [
        ("330000", "retail_sales_month", "2024-03", "M", 10e8, "CNY"),
        ("330000", "retail_sales_year_to_date", "2024-02", "M", 20e8, "CNY"),
        ("330000", "retail_sales_year_to_date", "2024-03", "M", 30e8, "CNY"),
    ]


def test_trade_by_registration_stays_in_dollars_and_a_province_twice_is_held(landed):
    assert figures(landed, "nbs_province_trade") == [
        ("330000", "goods_trade_registered", "2024", "A", 700e3, "USD")
    ]
    held = landed.execute(
        "select row_no, reason_code from core.quarantine where source_id = 'nbs_province_trade' order by 1"
    ).fetchall()
    assert held == [(6, "duplicate_row"), (7, "conflicting_row"), (8, "conflicting_row")]


def test_a_transposed_workbook_without_preamble(landed):
    assert figures(landed, "nbs_province_table") == [
        ("320000", "gdp", "2023", "A", pytest.approx(128222.2e8), "CNY"),
        ("330000", "gdp", "2022", "A", pytest.approx(77715.4e8), "CNY"),
        ("330000", "gdp", "2023", "A", pytest.approx(82553.5e8), "CNY"),
    ]
    held = landed.execute(
        "select sheet, row_no, column_no, reason_code from core.quarantine where source_id = 'nbs_province_table' order by 2"
    ).fetchall()
    assert held == [("Sheet1", 2, 4, "unknown_area"), ("Sheet1", 3, 4, "unknown_area")]


def test_a_label_that_nothing_declares_is_held_and_the_others_load(landed):
    assert figures(landed, "nbs_province_profile") == [
        ("540000", "population_resident", "2024", "A", 3_700_000.0, "person")
    ]
    (held,) = landed.execute(
        "select reason_code, reason from core.quarantine where source_id = 'nbs_province_profile'"
    ).fetchall()
    assert held[0] == "unknown_indicator" and "森林覆盖率(%)" in held[1]


def test_a_break_of_the_series_is_a_scope_of_its_own(landed):
    rows = landed.execute(
        "select time_period, scope, obs_status from core.observation where source_id = 'nbs_province_population_sample' order by 1"
    ).fetchall()
    assert rows == [("2015", "sample_1_percent", "S"), ("2016", "total", "A")]


def test_the_newer_service_names_areas_by_twelve_digits(landed):
    """The unit that stands beside a value counts: the city's is printed in units of 10,000 yuan."""
    assert figures(landed, "nbs_data_service") == [
        ("330000", "gdp", "2024", "A", 90131e8, "CNY"),
        ("330100", "gdp", "2024", "A", 2.186e12, "CNY"),
    ]
    assert landed.execute(
        "select count(*) from core.resolved_cell where source_id = 'nbs_data_service' and outcome = 'blank'"
    ).fetchall() == [(2,)]


def test_zones_only_are_scored(landed):
    """Provinces and cities without a zone stand in core and in no mart."""
    assert landed.execute(
        "select count(*) from mart.zone_indicator where zone_code not in (select zone_code from core.zone)"
    ).fetchall() == [(0,)]


def test_a_sidecar_states_the_indicator_of_a_table_that_does_not_print_it(stocked):
    paths = stocked
    for name, indicator in (("one", "地区生产总值(亿元)"), ("two", "")):
        file = paths.inbox / f"{name}分省年度数据整理_2026-01-05.csv"
        file.write_text(f"地区,2024年,2023年\n浙江省,90131,8255{len(indicator)}\n", encoding="gb18030")
        if indicator:
            file.with_name(file.name + ".yml").write_text(f"indicator: {indicator}\n", encoding="utf-8")
    landed = {file.file_name[:3]: file for file in build_all(paths, RESOLVED)}
    assert landed["two"].status == "refused" and "indicator: NAME" in landed["two"].reason
    with connection.connect(paths.work, read_only=True) as con:
        found = con.execute(
            "select indicator_id, time_period, printed_text from core.observation where file_sha256 = ? order by 2",
            [landed["one"].file_sha256],
        ).fetchall()
    assert found == [("gdp", "2023", "825510"), ("gdp", "2024", "90131")]
