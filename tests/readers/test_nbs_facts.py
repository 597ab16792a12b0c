"""Whose figures an export has, of what, in which unit: the table says it, or its sidecar, and nobody guesses."""

from __future__ import annotations

import pytest

from pipelines.readers import detect as readers
from pipelines.readers.text import ReadError
from tests.helpers.nbs import FOOT, GDP, NAME, PREAMBLE, PRIMARY, TABLE, adds_up

OF_ONE = (
    f"数据库：分省年度数据\n时间：最近2年\n指标,2024年,2023年\n{GDP},2,1\n人口,4,3\n数据来源：国家统计局\n"
)
WITH_AREA = OF_ONE.replace("时间", "地区：北京市\n时间")
NATION = OF_ONE.replace("分省", "")
LISTED = PREAMBLE + TABLE + FOOT
PROVINCE, NATIONAL = "nbs_province_profile", "nbs_nation_annual"


def read(text: str, source, **facts: str) -> readers.Reading:
    reading = readers.read(text.encode(), source.with_facts(facts), NAME)
    assert adds_up(reading)
    return reading


def refused(text: str, source, **facts: str) -> ReadError:
    with pytest.raises(ReadError) as caught:
        read(text, source, **facts)
    return caught.value


@pytest.mark.parametrize("table", [OF_ONE, OF_ONE.replace("2024年,2023年", "2024年,合计")])
def test_a_table_without_a_region_is_refused_and_asks_for_it(table, sources):
    error = refused(table, sources[PROVINCE])
    assert error.reason_code == "area_missing" and "does not say whose figures these are" in str(error)
    assert "`area: 110000`" in str(error) and f"{NAME}.yml" in str(error)


@pytest.mark.parametrize(
    ("fact", "code", "name"), [("110000", "110000", ""), ("北京市", "", "北京市"), ("CN", "CN", "")]
)
def test_the_sidecar_states_the_region(fact, code, name, sources):
    rows = read(OF_ONE, sources[PROVINCE], area=fact).rows
    assert set(rows.select("area_code_text", "area_name_text").rows()) == {(code, name)}


def test_a_code_of_the_sidecar_stands_beside_the_printed_name(sources):
    rows = read(WITH_AREA, sources[PROVINCE], area="110000").rows
    assert set(rows.select("area_code_text", "area_name_text").rows()) == {("110000", "北京市")}


def test_a_national_database_means_the_nation(sources):
    assert set(read(NATION, sources[NATIONAL]).rows["area_name_text"]) == {"全国"}


def test_the_unit_of_the_label_goes_first_then_that_of_the_sidecar(sources):
    rows = read(WITH_AREA, sources[PROVINCE], unit="万人").rows
    assert dict(rows.select("indicator_text", "unit_text").rows()) == {GDP: "亿元", "人口": "万人"}


CONTRADICTIONS = {
    "another region": (PROVINCE, WITH_AREA, {"area": "上海市"}),
    "a region of a table that lists regions": (PROVINCE, LISTED, {"area": "110000"}),
    "a province in a national database": (NATIONAL, NATION, {"area": "110000"}),
    "another indicator": (PROVINCE, LISTED, {"indicator": PRIMARY}),
    "an indicator of a table that lists indicators": (PROVINCE, WITH_AREA, {"indicator": PRIMARY}),
    "another unit": (PROVINCE, LISTED, {"unit": "万元"}),
    "another unit than every label has": (
        PROVINCE,
        WITH_AREA.replace("人口", "人口(万人)"),
        {"unit": "万元"},
    ),
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_a_sidecar_that_contradicts_the_file_refuses_it(case, sources):
    source, table, facts = CONTRADICTIONS[case]
    error = refused(table, sources[source], **facts)
    assert error.reason_code == "sidecar_contradicts" and f"{NAME}.yml" in str(error)
    assert all(fact in str(error) for fact in facts.values())


NEW_SITE = "数据库：分省年度数据 \n时间：2023年-2024年 \n地区\t,2024年\t,2023年\t,\n北京市\t,49843.1\t,\t,\n数据来源：国家统计局\n"


def test_a_table_of_the_new_site_that_prints_no_indicator_asks_for_it_and_lands_with_it(sources):
    source = readers.detect(NEW_SITE.encode("utf-8-sig"), NAME, sources.values())
    assert source.source_id == PROVINCE
    error = refused(NEW_SITE, source)
    assert error.reason_code == "indicator_missing" and f"{NAME}.yml" in str(error)
    rows = read(NEW_SITE, source, indicator=GDP).rows
    assert rows.select("area_name_text", "indicator_text", "unit_text", "value_text").rows() == [
        ("北京市", GDP, "亿元", "49843.1"),
        ("北京市", GDP, "亿元", ""),
    ]


@pytest.mark.parametrize(
    ("table", "source_id"),
    [
        (OF_ONE, PROVINCE),
        (WITH_AREA, PROVINCE),
        (LISTED.replace(GDP, "医院数(个)"), PROVINCE),
        (LISTED, "nbs_province_gdp"),
        (NATION, NATIONAL),
        (NATION.replace("人口", "城镇单位就业人员平均工资(元)"), "nbs_nation_wages"),
    ],
)
def test_a_general_source_gives_way_to_one_that_asks_for_more(table, source_id, sources):
    assert readers.detect(table.encode(), NAME, sources.values()).source_id == source_id
