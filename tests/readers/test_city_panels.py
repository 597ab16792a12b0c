"""City panels as they are passed around: adverts, sheets of notes, text numbers, formulas, float32 noise, rows twice."""

from __future__ import annotations

import pytest

from pipelines.declarations.files import read_csv
from pipelines.readers import detect as readers
from pipelines.readers.text import ReadError
from tests.helpers.excel import xlsx
from tests.helpers.nbs import adds_up
from tests.helpers.small_files import PANEL, PANEL_FILE

HEADER = PANEL.strip().split(",")


def values(reading: readers.Reading) -> dict[tuple[int, int], str]:
    assert adds_up(reading)
    return {
        (row_no, column_no): printed
        for row_no, column_no, printed in reading.rows.select("row_no", "column_no", "value_text").iter_rows()
    }


def test_numbers_as_text_formulas_and_noise_stay_as_they_are_printed(panel):
    rows = [
        HEADER,
        [2019, "甲省", "甲市", "990100", "1,234.5", 123.40000152587891],
        [2020, "甲省", "甲市", "990100", "<c><f>E2*2</f><v>2469</v></c>", "<c><f>SUM(F2)</f></c>"],
        [2021, "甲省", "甲市", "990100", '<c t="e"><v>#REF!</v></c>', " 7 "],
    ]
    reading = readers.read(xlsx({"面板": rows}), panel, "panel_2020.xlsx")
    assert values(reading) == {
        (2, 5): "1,234.5",
        (2, 6): "123.4000015258789",
        (3, 5): "2469",
        (3, 6): "=SUM(F2)",
        (4, 5): "#REF!",
        (4, 6): " 7 ",
    }
    assert set(reading.rows["unit_text"]) == {"万元", "万人"}


def test_adverts_and_sums_at_the_foot_are_held(panel):
    content = PANEL_FILE + "更多数据请关注公众号,,,,,\n,合计,,,100,5\n"
    reading = readers.read(content.encode(), panel, "panel_2020.csv")
    assert set(row for row, _ in values(reading)) == {2, 3}
    assert reading.rejects.select("row_no", "reason_code").rows() == [(4, "key_missing"), (5, "key_missing")]
    alone = readers.read((PANEL_FILE + "更多数据请关注公众号\n").encode(), panel, "panel_2020.csv")
    assert alone.rejects.select("row_no", "reason_code").rows() == [(4, "wrong_field_count")]


def test_a_sheet_of_notes_is_notes_and_every_table_is_read(panel):
    panel.options["note_sheets"] = ".*说明.*"
    sheets = {
        "指标说明": [["本表来自年鉴"], [], ["仅供参考", "见正文"]],
        "2019": [HEADER, [2019, "甲省", "甲市", "990100", 1, 2]],
        "2020": [HEADER, [2020, "甲省", "甲市", "990100", 3, 4]],
        "图": [["一张图"]],
    }
    reading = readers.read(xlsx(sheets), panel, "panel_2020.xlsx")
    assert set(reading.rows.select("sheet", "period_text").rows()) == {("2019", "2019"), ("2020", "2020")}
    assert reading.accounting["note_rows"] == 2 and adds_up(reading)
    assert reading.rejects.select("sheet", "printed_text").rows() == [("图", "一张图")]


def test_a_city_and_year_twice(panel):
    again = "2019,甲省,甲市,990100,100,5\n"
    reading = readers.read((PANEL_FILE + again).encode(), panel, "panel_2020.csv")
    assert reading.rejects.select("row_no", "reason_code").rows() == [(4, "duplicate_row")]
    assert {row for row, _ in values(reading)} == {2, 3}
    reading = readers.read((PANEL_FILE + again.replace("100,5", "101,5")).encode(), panel, "panel_2020.csv")
    assert reading.rejects.select("row_no", "reason_code").rows() == [
        (2, "conflicting_row"),
        (4, "conflicting_row"),
    ]
    assert {row for row, _ in values(reading)} == {3}


def test_the_declared_panel_reads_a_workbook_with_a_sheet_of_notes(sources):
    source = sources["city_employment_panel"]
    labels = [row["printed_text"] for row in read_csv(source.folder / "columns.csv")]
    header = ["年份", "省份", "城市", "省份代码", "城市代码", "胡焕庸线", *labels]
    sheets = {
        "数据说明": [["缺失值以空表示"]],
        "Sheet1": [header, [2020, "浙江省", "杭州市", "330000", "330100", "东南侧", *range(len(labels))]],
    }
    content = xlsx(sheets)
    assert readers.detect(content, "job_data_2020.xlsx", sources.values()) is source
    reading = readers.read(content, source, "job_data_2020.xlsx")
    assert reading.rows["value_text"].to_list() == [str(n) for n in range(len(labels))]
    assert reading.rejects.is_empty() and reading.accounting["note_rows"] == 1


def test_a_changed_header_is_refused_beside_a_sheet_of_notes(panel):
    panel.options["note_sheets"] = "说明"
    sheets = {"说明": [["一句话"]], "面板": [["年", *HEADER[1:]], [2019, "甲省", "甲市", "990100", 1, 2]]}
    with pytest.raises(ReadError) as caught:
        readers.read(xlsx(sheets), panel, "panel_2020.xlsx")
    assert caught.value.reason_code in {"header_changed", "column_missing"}
