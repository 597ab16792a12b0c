"""Several tables one below the other: each has the region and the indicator that stand above it, or the file is refused."""

from __future__ import annotations

import pytest

from pipelines.readers import detect as readers
from pipelines.readers.text import ReadError
from tests.helpers.excel import xlsx
from tests.helpers.nbs import GDP, NAME, PRIMARY, adds_up

TOP = "数据库：分省年度数据\n地区：天津市\n时间：最近2年\n"
FIRST = f"指标,2023年,2022年\n{GDP},1,2\n"
SECOND = "指标,2023年,2022年\n年末常住人口(万人),3,4\n"
FOOT = "数据来源：国家统计局\n"
OF_TIANJIN = {("天津市", GDP, "2023年", "1"), ("天津市", GDP, "2022年", "2")}
RETAIL = "社会消费品零售总额(亿元)"
LISTED = f"数据库：分省年度数据\n指标：{GDP}\n时间：最近2年\n地区,2023年,2022年\n甲省,1,2\n"


def people(area: str) -> set[tuple]:
    return {(area, "年末常住人口(万人)", "2023年", "3"), (area, "年末常住人口(万人)", "2022年", "4")}


def read(content: str | bytes, sources: dict, name: str = "nbs_province_profile") -> readers.Reading:
    content = content if isinstance(content, bytes) else content.encode()
    reading = readers.read(content, sources[name], NAME)
    assert adds_up(reading)
    return reading


def cells(reading: readers.Reading) -> set[tuple]:
    found = reading.rows.select("area_name_text", "indicator_text", "period_text", "value_text").rows()
    assert len(found) == len(set(found))
    return set(found)


LANDS = {
    "another region": (TOP + FIRST + "地区：上海市\n" + SECOND + FOOT, "上海市"),
    "blank lines and a whole preamble between": (
        TOP + FIRST + "\n" + TOP.replace("天津", "上海") + SECOND + FOOT,
        "上海市",
    ),
    "two whole exports": (TOP + FIRST + FOOT + TOP.replace("天津", "上海") + SECOND + FOOT, "上海市"),
    "separators behind the context": (TOP + FIRST + "地区：上海市,,\n" + SECOND + FOOT, "上海市"),
    "continued": (TOP + FIRST + "续表\n" + SECOND + FOOT, "天津市"),
    "continued, with its title": (TOP + FIRST + "分省年度数据（续表）,,\n" + SECOND + FOOT, "天津市"),
    "continued for another region": (TOP + FIRST + "续表1\n地区：上海市\n" + SECOND + FOOT, "上海市"),
    "the same header again": (TOP + FIRST + SECOND + FOOT, "天津市"),
}


@pytest.mark.parametrize("case", LANDS)
def test_each_table_has_its_own_region(case, sources):
    content, area = LANDS[case]
    reading = read(content, sources)
    assert cells(reading) == OF_TIANJIN | people(area) and reading.rejects.is_empty()
    sheet = [[cell or None for cell in line.split(",")] for line in content.splitlines()]
    assert cells(read(xlsx({"Sheet1": sheet}), sources)) == cells(reading)


def test_rows_keep_their_places(sources):
    rows = read(LANDS["another region"][0], sources).rows
    assert rows["row_no"].unique(maintain_order=True).to_list() == [5, 8]


def test_another_indicator_of_the_same_regions(sources):
    content = f"{LISTED}指标：{RETAIL}\n地区,2023年,2022年\n甲省,8,9\n{FOOT}"
    assert cells(read(content, sources, "nbs_province_gdp")) == {
        ("甲省", GDP, "2023年", "1"),
        ("甲省", GDP, "2022年", "2"),
        ("甲省", RETAIL, "2023年", "8"),
        ("甲省", RETAIL, "2022年", "9"),
    }


REFUSED = {
    "another header, of the same rows": (TOP + FIRST + FIRST.replace(",1", ",7") + FOOT, "several_tables"),
    "another header, of other periods": (
        TOP + FIRST + SECOND.replace("2023", "2021") + FOOT,
        "several_tables",
    ),
    "a name alone above the header": (TOP + FIRST + "上海市,,\n" + SECOND + FOOT, "several_tables"),
    "a context in a row of figures": (
        TOP + FIRST + "地区：上海市,2023年,2022年\n人口,3,4\n" + FOOT,
        "several_tables",
    ),
    "a context without a header": (TOP + FIRST + "地区：上海市\n人口,3,4\n" + FOOT, "header_changed"),
    "another database without a region": (
        TOP + FIRST + "数据库：分省年度数据\n" + SECOND + FOOT,
        "area_missing",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_table_that_does_not_say_of_whom_it_is_refuses_the_file(case, sources):
    content, code = REFUSED[case]
    with pytest.raises(ReadError) as caught:
        read(content, sources)
    assert caught.value.reason_code == code and NAME in str(caught.value)


def test_tables_that_contradict_each_other_are_held(sources):
    again = FIRST.replace(",1,2", ",1,5") + f"{PRIMARY},6,7\n"
    reading = read(TOP + FIRST + "续表\n" + again + FOOT, sources)
    assert reading.rejects.select("row_no", "column_no", "reason_code").rows() == [
        (5, 3, "conflicting_row"),
        (8, 3, "conflicting_row"),
    ]
