"""What people make of an export: no preamble, no foot, transposed, two header rows, merged cells, rows and columns twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.readers import detect as readers
from pipelines.readers.text import ReadError
from tests.helpers.effort import examples
from tests.helpers.excel import xlsx
from tests.helpers.nbs import (
    FOOT,
    GDP,
    MADE,
    NAME,
    PREAMBLE,
    PRIMARY,
    SHAPES,
    TABLE,
    TWO_ROWS,
    WITH_LABELS,
    adds_up,
    transposed,
)

CELLS = {
    ("甲省", GDP, "2024年", ""),
    ("甲省", GDP, "2023年", "11.5"),
    ("甲省", GDP, "2022年", "10"),
    ("乙省", GDP, "2024年", "3"),
    ("乙省", GDP, "2023年", "7.0"),
    ("乙省", GDP, "2022年", "6.5"),
}
POSITION = ("row_no", "column_no", "value_text")
KEY = ("area_name_text", "indicator_text", "period_text", "value_text")


def read(text: str | bytes, source: object, name: str) -> readers.Reading:
    content = text if isinstance(text, bytes) else text.encode("gb18030")
    reading = readers.read(content, source, name)
    assert adds_up(reading)
    return reading


def cells(reading: readers.Reading) -> set[tuple]:
    found = reading.rows.select(KEY).rows()
    assert len(found) == len(set(found))
    return set(found)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_one_table_gives_the_same_cells(shape, sources):
    content, name = SHAPES[shape]
    source = readers.detect(content.encode("gb18030"), name, sources.values())
    assert source.source_id == ("nbs_province_gdp" if name == NAME else "nbs_province_table")
    reading = read(content, source, name)
    assert cells(reading) == CELLS and reading.rejects.is_empty()
    assert set(reading.rows["unit_text"]) == {"亿元"}


def test_positions_of_a_transposed_table_are_those_of_the_file(sources):
    rows = read(PREAMBLE + transposed(TABLE) + FOOT, sources["nbs_province_gdp"], NAME).rows
    found = {(row_no, column_no): printed for row_no, column_no, printed in rows.select(POSITION).iter_rows()}
    assert found == {(5, 2): "", (5, 3): "3", (6, 2): "11.5", (6, 3): "7.0", (7, 2): "10", (7, 3): "6.5"}


def test_a_table_that_nothing_tells_the_indicator_of_is_refused(sources):
    for table in (TABLE, transposed(TABLE)):
        with pytest.raises(ReadError) as caught:
            read(table, sources["nbs_province_table"], WITH_LABELS)
        assert caught.value.reason_code == "indicator_missing"
        assert all(
            words in str(caught.value)
            for words in ("指标：", "in the file's name", "`indicator: NAME`", f"{WITH_LABELS}.yml")
        )


def test_the_indicator_may_be_declared_by_the_source(sources):
    declared = sources["nbs_province_table"].options | {"indicator": GDP}
    source = sources["nbs_province_table"].model_copy(update={"options": declared})
    assert cells(read(TABLE, source, WITH_LABELS)) == CELLS


def test_what_the_file_says_comes_before_its_name(sources):
    other = MADE.replace(GDP, "社会消费品零售总额(亿元)")
    assert cells(read(PREAMBLE + TABLE, sources["nbs_province_table"], other)) == CELLS


def test_transposed_tables_of_one_province_have_indicators_as_columns(sources):
    table = f"数据库：分省年度数据\n地区：浙江省\n时间：最近2年\n指标,2024年,2023年\n{GDP},2,1\n{PRIMARY},4,3\n数据来源：国家统计局\n"
    turned = f"数据库：分省年度数据\n地区：浙江省\n时间：最近2年\n指标,{GDP},{PRIMARY}\n2024年,2,4\n2023年,1,3\n数据来源：国家统计局\n"
    found = [cells(read(text, sources["nbs_province_profile"], NAME)) for text in (table, turned)]
    assert found[0] == found[1] >= {("浙江省", PRIMARY, "2023年", "3")} and len(found[0]) == 4


TWO_ROW_CELLS = {
    ("甲省", GDP, "2024年", "1"),
    ("甲省", GDP, "2023年", "2"),
    ("甲省", PRIMARY, "2024年", "3"),
    ("甲省", PRIMARY, "2023年", "4"),
    ("乙省", GDP, "2024年", "5"),
    ("乙省", GDP, "2023年", "6"),
    ("乙省", PRIMARY, "2024年", "7"),
    ("乙省", PRIMARY, "2023年", ""),
}


@pytest.mark.parametrize("shape", TWO_ROWS)
def test_two_header_rows(shape, sources):
    reading = read(TWO_ROWS[shape], sources["nbs_province_table"], WITH_LABELS)
    assert cells(reading) == TWO_ROW_CELLS and reading.rejects.is_empty()
    assert reading.accounting["header_rows"] == 2 and reading.rows.row(0)[1:3] == (3, 2)


def test_two_header_rows_with_merged_cells_in_a_workbook(sources):
    rows = [
        ["地区", GDP, None, PRIMARY, None],
        [None, "2024年", "2023年", "2024年", "2023年"],
        ["甲省", 1, 2, 3, 4],
        ["乙省", 5, 6, 7, None],
    ]
    content = xlsx({"Sheet1": rows}, ("A1:A2", "B1:C1", "D1:E1"))
    name = WITH_LABELS.replace(".csv", ".xlsx")
    assert readers.detect(content, name, sources.values()).source_id == "nbs_province_table"
    reading = read(content, sources["nbs_province_table"], name)
    assert cells(reading) == TWO_ROW_CELLS and set(reading.rows["sheet"]) == {"Sheet1"}


def test_two_header_rows_that_do_not_say_the_period_are_refused(sources):
    for table in (
        f"地区,{GDP},{PRIMARY}\n,甲,乙\n丙省,1,2\n",
        "地区,2024年,2023年\n,2024年,2023年\n丙省,1,2\n",
    ):
        with pytest.raises(ReadError, match="one of periods") as caught:
            read(table, sources["nbs_province_table"], WITH_LABELS)
        assert caught.value.reason_code == "header_changed"


def test_current_and_cumulative_columns_are_different_indicators(sources):
    table = (
        "数据库：分省月度数据\n指标：社会消费品零售总额(亿元)\n时间：2024年\n地区,2024年3月,,2024年2月,\n,本期,累计,本期,累计\n"
        "甲省,10,30,,20\n数据来源：国家统计局\n"
    )
    reading = read(table, sources["nbs_province_monthly"], "分省月度数据_2026-01-05.csv")
    current, cumulative = "社会消费品零售总额_当期值(亿元)", "社会消费品零售总额_累计值(亿元)"
    assert cells(reading) == {
        ("甲省", current, "2024年3月", "10"),
        ("甲省", cumulative, "2024年3月", "30"),
        ("甲省", current, "2024年2月", ""),
        ("甲省", cumulative, "2024年2月", "20"),
    }
    assert set(reading.rows["unit_text"]) == {"亿元"}


def test_a_region_twice_with_equal_figures_counts_once(sources):
    content = PREAMBLE + TABLE + "甲省,,11.5,10\n" + FOOT
    reading = read(content, sources["nbs_province_gdp"], NAME)
    assert cells(reading) == CELLS
    assert reading.rejects.select("row_no", "reason_code").rows() == [(7, "duplicate_row")]
    assert (
        "2 times (rows 5, 7) with equal figures" in reading.rejects["reason"][0]
        and reading.rejects["printed_text"][0] == "甲省,,11.5,10"
    )


def test_a_region_twice_with_different_figures_counts_not_at_all(sources):
    content = PREAMBLE + TABLE + "甲省,,11.5,99\n" + FOOT
    reading = read(content, sources["nbs_province_gdp"], NAME)
    assert cells(reading) == {cell for cell in CELLS if cell[0] == "乙省"}
    assert reading.rejects.select("row_no", "reason_code").rows() == [
        (5, "conflicting_row"),
        (7, "conflicting_row"),
    ]


def test_a_column_twice(sources):
    """The newest year equal, another year different, in a transposed table of areas too."""
    table = "地区,2024年,2023年,2024年,2022年,2023年\n甲省,1,2,1,3,9\n乙省,4,5,4,6,5\n"
    for content, column in ((table, None), (transposed(table), "row")):
        reading = read(PREAMBLE + content + FOOT, sources["nbs_province_gdp"], NAME)
        assert {cell[2:] for cell in cells(reading)} == {
            ("2024年", "1"),
            ("2024年", "4"),
            ("2022年", "3"),
            ("2022年", "6"),
        }
        codes = reading.rejects.sort("row_no", "column_no")["reason_code"].unique().sort().to_list()
        wanted = "row" if column else "column"
        assert codes == [f"conflicting_{wanted}", f"duplicate_{wanted}"]


def test_a_region_twice_in_a_transposed_table(sources):
    turned = transposed(TABLE + "甲省,,11.5,10\n乙省,3,7.0,1\n")
    reading = read(PREAMBLE + turned + FOOT, sources["nbs_province_gdp"], NAME)
    assert cells(reading) == {cell for cell in CELLS if cell[0] == "甲省"}
    held = reading.rejects.select("column_no", "reason_code").unique().sort("column_no").rows()
    assert held == [(3, "conflicting_column"), (4, "duplicate_column"), (5, "conflicting_column")]


def test_nothing_but_doubtful_columns_is_refused(sources):
    with pytest.raises(ReadError, match="only columns that contradict each other"):
        read(PREAMBLE + "地区,2024年,2024年\n甲省,1,2\n" + FOOT, sources["nbs_province_gdp"], NAME)


def test_a_row_of_a_transposed_table_without_a_period_is_held(sources):
    turned = transposed(TABLE) + "合计,3,18.5\n"
    reading = read(PREAMBLE + turned + FOOT, sources["nbs_province_gdp"], NAME)
    assert cells(reading) == CELLS
    assert reading.rejects.select("row_no", "reason_code").rows() == [(8, "key_missing")]


def test_a_table_without_any_period_is_refused(sources):
    table = PREAMBLE + TABLE.replace("年", "") + FOOT
    with pytest.raises(ReadError, match=r"no period in the header \(地区, 2024, 2023, 2022\)") as caught:
        read(table, sources["nbs_province_gdp"], NAME)
    assert caught.value.reason_code == "header_changed"


def test_a_column_of_areas_without_a_name_is_held(sources):
    turned = "".join(line + ",5\n" for line in transposed(TABLE).splitlines()).replace("乙省,5", "乙省,")
    reading = read(PREAMBLE + turned + FOOT, sources["nbs_province_gdp"], NAME)
    assert cells(reading) == CELLS
    assert set(reading.rejects["reason_code"]) == {"unknown_column"} and reading.rejects.height == 3


@pytest.mark.parametrize("periods", [["2024年第三季度", "2024年第二季度"], ["2024年1-9月", "2024年1-6月"]])
def test_quarters_and_cumulative_months(periods, sources):
    table = f"数据库：分省季度数据\n指标：地区生产总值_累计值(亿元)\n时间：最近2季度\n地区,{','.join(periods)}\n甲省,3,2\n数据来源：国家统计局\n"
    source = readers.detect(table.encode("gb18030"), "分省季度数据_2026-01-05.csv", sources.values())
    assert source.source_id == "nbs_province_quarterly"
    reading = read(table, source, "分省季度数据_2026-01-05.csv")
    assert [row[2:] for row in reading.rows.select(KEY).rows()] == [(periods[0], "3"), (periods[1], "2")]


NAMES = st.text("甲乙丙丁戊己庚辛", min_size=1, max_size=3).map(lambda text: text + "省")
FIGURES = st.one_of(st.just(""), st.decimals(0, 10**6, places=1).map(str))


@st.composite
def tables(draw):
    """Names of areas, years, and figures of a small table, each area and year once."""
    areas = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    years = draw(st.lists(st.integers(1990, 2025), min_size=2, max_size=5, unique=True))
    figures = draw(
        st.lists(
            st.lists(FIGURES, min_size=len(years), max_size=len(years)),
            min_size=len(areas),
            max_size=len(areas),
        )
    )
    header = ",".join(["地区", *(f"{year}年" for year in years)])
    return "\n".join([header, *(",".join([a, *f]) for a, f in zip(areas, figures, strict=True))]) + "\n"


@examples(60)
@given(table=tables())
def test_the_shape_of_a_table_does_not_matter(sources, table):
    """Turned, stripped and named instead, or saved as a workbook: the same cells."""
    plain = cells(read(PREAMBLE + table + FOOT, sources["nbs_province_gdp"], NAME))
    rows = [[cell or None for cell in line.split(",")] for line in (PREAMBLE + table + FOOT).splitlines()]
    workbook = xlsx({"Sheet1": rows})
    assert plain == cells(read(PREAMBLE + transposed(table) + FOOT, sources["nbs_province_gdp"], NAME))
    assert plain == cells(read(table, sources["nbs_province_table"], MADE))
    assert plain == cells(read(transposed(table), sources["nbs_province_table"], MADE))
    assert plain == cells(read(workbook, sources["nbs_province_gdp"], NAME.replace(".csv", ".xlsx")))


NATION = {
    "nbs_nation_annual": ("年度数据", "2024年,2023年", "国内生产总值(亿元)"),
    "nbs_nation_quarterly": ("季度数据", "2024年第二季度,2024年第一季度", "国内生产总值_当季值(亿元)"),
    "nbs_nation_monthly": ("月度数据", "2024年3月,2024年2月", "社会消费品零售总额_累计值(亿元)"),
    "nbs_major_city": ("主要城市年度数据", "2019年,2018年", "房地产开发投资额(亿元)"),
}


@pytest.mark.parametrize("source_id", NATION)
def test_tables_of_the_nation_and_of_cities(source_id, sources):
    database, periods, label = NATION[source_id]
    content = f"数据库：{database}\n时间：最近2期\n指标,{periods}\n{label},2,1\n{FOOT}"
    area = "全国"
    if source_id == "nbs_major_city":
        content, area = (
            f"数据库：{database}\n指标：{label}\n时间：最近2期\n地区,{periods}\n上海,2,1\n{FOOT}",
            "上海",
        )
    name = f"{database}_2026-01-05.csv"
    assert readers.detect(content.encode("gb18030"), name, sources.values()).source_id == source_id
    newest, before = periods.split(",")
    assert cells(read(content, sources[source_id], name)) == {
        (area, label, newest, "2"),
        (area, label, before, "1"),
    }


def test_titles_and_a_unit_above_a_table_that_people_made(sources):
    """Titles over merged cells; the unit once for the whole table."""
    rows = [
        ["2022-2024年各省地区生产总值", None, None, None],
        [None, None, None, "单位：亿元"],
        ["地区", "2024年", "2023年", "2022年"],
        ["甲省", None, 11.5, 10],
        ["乙省", 3, 7, 6.5],
    ]
    name = "分省年度数据整理_地区生产总值_2026-01-05.xlsx"
    reading = read(xlsx({"Sheet1": rows}, ("A1:D1",)), sources["nbs_province_table"], name)
    assert {cell[:1] + cell[2:] for cell in cells(reading)} == {
        (area, period, "7" if value == "7.0" else value) for area, _, period, value in CELLS
    }
    assert set(reading.rows["unit_text"]) == {"亿元"} and set(reading.rows["indicator_text"]) == {
        "地区生产总值"
    }
    assert set(reading.rows["scope_text"]) == {"2022-2024年各省地区生产总值"} and reading.rejects.is_empty()
    assert reading.accounting["header_rows"] == 3


def test_more_titles_than_declared_or_figures_above_the_header_are_refused(sources):
    for above in ("一\n二\n三\n四\n", "一,二,三,四\n"):
        with pytest.raises(ReadError, match="expected a preamble line"):
            read(above + TABLE, sources["nbs_province_table"], MADE)
    with pytest.raises(ReadError, match="found '标题'"):
        read("标题\n" + PREAMBLE + TABLE + FOOT, sources["nbs_province_gdp"], NAME)
