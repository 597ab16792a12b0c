"""Every fault a publisher's file can have is named, placed and counted; nothing is lost."""

from __future__ import annotations

import pytest

from pipelines.readers import detect as readers
from pipelines.readers.text import TRADE_COLUMNS, ReadError
from tests.helpers.nbs import adds_up
from tests.helpers.small_files import CUSTOMS_FILE, LIST_FILE, NBS_FILE, PANEL, PANEL_FILE

PANEL_NAME = "panel_2020.csv"


def refused(content: bytes, source, file_name: str) -> ReadError:
    with pytest.raises(ReadError) as caught:
        readers.read(content, source, file_name)
    assert file_name in str(caught.value)
    return caught.value


def test_panel_gives_a_row_for_every_cell_with_its_position(panel):
    reading = readers.read(PANEL_FILE.encode(), panel, PANEL_NAME)
    assert reading.rows.height == 4
    blank = reading.rows.row(2, named=True)
    assert (blank["row_no"], blank["column_no"], blank["value_text"]) == (3, 5, "")
    first = reading.rows.row(0, named=True)
    assert first["area_code_text"] == "990100" and first["period_text"] == "2019"
    assert first["indicator_text"] == "地区生产总值(万元)" and first["unit_text"] == "万元"
    assert first["reference_text"] == "Panel, edition 2020"
    assert reading.rejects.is_empty() and adds_up(reading)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(("bom", "encoding"), [("", "utf-8-sig"), ("\ufeff", "utf-8-sig"), ("", "gb18030")])
def test_line_ends_mark_and_encoding_do_not_change_the_rows(panel, end, bom, encoding):
    codec = "gb18030" if encoding == "gb18030" else "utf-8"
    content = (bom + PANEL_FILE.replace("\n", end)).encode(codec)
    reading = readers.read(content, panel, PANEL_NAME)
    assert reading.encoding == encoding
    assert reading.rows.equals(readers.read(PANEL_FILE.encode(), panel, PANEL_NAME).rows)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf \n", b",,,\n,,,\n"])
def test_empty_file(panel, content):
    assert refused(content, panel, PANEL_NAME).reason_code == "empty_file"


def test_wrong_encoding_names_the_byte(panel):
    content = PANEL_FILE.encode("utf-8") + b"2019,\xff\xff,\x81\n"
    error = refused(content, panel, PANEL_NAME)
    assert error.reason_code == "wrong_encoding"
    assert f"byte {len(PANEL_FILE.encode()) + 5}" in str(error) and "ff ff" in str(error)


def test_file_cut_in_the_middle_of_a_character(panel):
    content = PANEL_FILE.encode() + "2019,甲".encode()[:-1]
    assert refused(content, panel, PANEL_NAME).reason_code == "truncated_file"


def test_changed_header_names_what_is_missing_and_the_closest_found(panel):
    content = PANEL_FILE.replace("总值(万元)", "总值(亿元)").encode()
    error = refused(content, panel, PANEL_NAME)
    assert error.reason_code == "header_changed"
    assert "'地区生产总值(万元)' (closest found: '地区生产总值(亿元)')" in str(error)
    assert "line 1" in str(error)


def test_missing_column(panel):
    content = "\n".join(line.rsplit(",", 1)[0] for line in PANEL_FILE.splitlines()).encode()
    error = refused(content, panel, PANEL_NAME)
    assert error.reason_code == "column_missing" and "户籍人口(万人)" in str(error)


def test_doubled_column(panel):
    content = PANEL_FILE.replace("户籍人口(万人)", "地区生产总值(万元)").encode()
    assert refused(content, panel, PANEL_NAME).reason_code == "header_changed"


def test_unknown_column_is_quarantined_and_the_rest_loads(panel):
    added = ["新列", "1", ""]
    lines = [f"{line},{extra}" for line, extra in zip(PANEL_FILE.splitlines(), added, strict=True)]
    reading = readers.read("\n".join(lines).encode() + b"\n", panel, PANEL_NAME)
    assert reading.rows.height == 4
    assert reading.rejects.select("row_no", "column_no", "printed_text", "reason_code").rows() == [
        (2, 7, "1", "unknown_column")
    ]


def test_wrong_field_count_keeps_the_line(panel):
    content = (PANEL_FILE + "2019,甲省,丙市,990300,7\n2019,甲省,丁市,990400,7,8\n").encode()
    reading = readers.read(content, panel, PANEL_NAME)
    assert reading.rows.height == 6
    bad = reading.rejects.row(0, named=True)
    assert (bad["row_no"], bad["reason_code"]) == (4, "wrong_field_count")
    assert bad["printed_text"] == "2019,甲省,丙市,990300,7" and "found 5 fields, expected 6" in bad["reason"]
    assert adds_up(reading) and reading.accounting["rejected_rows"] == 1


def test_truncated_file_is_flagged(panel):
    reading = readers.read(PANEL_FILE.encode() + "2019,甲省,丙".encode(), panel, PANEL_NAME)
    assert reading.rejects["reason_code"].to_list() == ["truncated_file"] and adds_up(reading)


def test_last_line_without_end_is_whole_when_its_fields_are(panel):
    reading = readers.read(PANEL_FILE.rstrip("\n").encode(), panel, PANEL_NAME)
    assert reading.rejects.is_empty() and reading.rows.height == 4


def test_a_stray_quote_costs_one_line(panel):
    content = (PANEL + '2019,甲省,"甲市,990100,100,5\n2019,甲省,乙市,990200,1,2\n').encode()
    reading = readers.read(content, panel, PANEL_NAME)
    assert reading.rejects["reason_code"].to_list() == ["unterminated_quote"]
    assert reading.rows["row_no"].unique().to_list() == [3] and adds_up(reading)


def test_quoted_line_break_is_one_record_of_two_lines(panel):
    content = (PANEL + '2019,甲省,"甲\n市",990100,100,5\n2019,甲省,乙市,990200,1,2\n').encode()
    reading = readers.read(content, panel, PANEL_NAME)
    assert reading.accounting["record_rows"] == 2 and adds_up(reading)
    assert reading.accounting["continuation_rows"] == 1
    assert reading.rows["row_no"].unique(maintain_order=True).to_list() == [2, 4]


def test_blank_lines_and_rows_of_separators_are_counted(panel):
    reading = readers.read(("\n" + PANEL_FILE + "\n,,,,,\n").encode(), panel, PANEL_NAME)
    assert reading.accounting["blank_rows"] == 3 and reading.rows["row_no"].min() == 3 and adds_up(reading)


def test_nbs_export_with_notes_and_blank_newest_year(sources):
    reading = readers.read(NBS_FILE.encode("gb18030"), sources["nbs_province_gdp"], "x.csv")
    assert reading.accounting == {
        "physical_rows": 9,
        "header_rows": 4,
        "note_rows": 3,
        "blank_rows": 0,
        "record_rows": 2,
        "continuation_rows": 0,
        "rejected_rows": 0,
        "hidden_rows": 0,
    }
    assert reading.rows.height == 6 and reading.rows["value_text"].to_list()[:2] == ["", "11.5"]
    assert set(reading.rows["indicator_text"]) == {"地区生产总值(亿元)"}
    assert set(reading.rows["unit_text"]) == {"亿元"}


def test_nbs_export_of_one_area_and_of_the_nation(sources):
    city = NBS_FILE.replace("指标：地区生产总值(亿元)", "地区：某市")
    city = city.replace("地区,", "指标,").replace("甲省", "甲(亿元)")
    nation = city.replace("地区：某市\r\n", "")
    of_nation = ("nbs_nation_annual", nation, "全国", 4)
    for source, text, area, top in (("nbs_province_gdp", city, "某市", 5), of_nation):
        reading = readers.read(text.encode("gb18030"), sources[source], "x.csv")
        first = reading.rows.row(0, named=True)
        assert (first["area_name_text"], first["indicator_text"], first["row_no"]) == (area, "甲(亿元)", top)
        assert first["unit_text"] == "亿元" and adds_up(reading)


def test_nbs_quoted_note_is_a_note_and_a_row_below_it_is_not(sources):
    content = NBS_FILE.replace("注：1.核算数据。", '"注：1.核算，数据。"')
    content = content.replace("数据来源", "丙省,1,2,3\r\n数据来源")
    reading = readers.read(content.encode("gb18030"), sources["nbs_province_gdp"], "x.csv")
    assert reading.rejects["reason_code"].to_list() == ["row_after_notes"]
    assert reading.accounting["note_rows"] == 3 and adds_up(reading)


def test_nbs_without_its_foot_is_truncated(sources):
    content = NBS_FILE[: NBS_FILE.index("注")].encode("gb18030")
    assert refused(content, sources["nbs_province_gdp"], "x.csv").reason_code == "truncated_file"


def test_nbs_in_an_encoding_without_a_mark_of_its_own_is_not_read_as_rubbish(sources):
    error = refused(NBS_FILE.encode("utf-16-le"), sources["nbs_province_gdp"], "x.csv")
    assert error.reason_code in {"wrong_encoding", "header_changed", "truncated_file"}


def test_nbs_areas_without_an_indicator(sources):
    content = NBS_FILE.replace("指标：地区生产总值(亿元)\r\n", "").encode("gb18030")
    error = refused(content, sources["nbs_province_gdp"], "x.csv")
    assert error.reason_code == "indicator_missing" and "'指标：'" in str(error)


def test_nbs_column_that_is_no_period_is_quarantined(sources):
    content = NBS_FILE.replace("2022年", "合计").encode("gb18030")
    reading = readers.read(content, sources["nbs_province_gdp"], "x.csv")
    assert reading.rejects["reason_code"].to_list() == ["unknown_column"] * 2 and reading.rows.height == 4


def test_customs_query_keeps_codes_and_thousands_as_printed(sources):
    reading = readers.read(CUSTOMS_FILE.encode("gbk"), sources["customs_query"], "tea_2024in.csv")
    first = reading.rows.row(0, named=True)
    assert first["commodity_code_text"] == "01012100" and first["value_text"] == "1,234,567"
    given = reading.facts.pop("given_texts").split()
    assert reading.facts == {
        "sheet": "",
        "flow_text": "import",
        "currency_text": "人民币",
        "last_line": "ended",
    }
    assert set(TRADE_COLUMNS[1:]) - set(given) == {"trade_mode_text", "region_text"}
    assert first["quantity_2_unit_text"] == "?" and adds_up(reading)


def test_customs_query_without_the_trailing_comma(sources):
    content = CUSTOMS_FILE.replace(",\n", "\n").encode("gbk")
    reading = readers.read(content, sources["customs_query"], "tea_2024_export.csv")
    assert reading.rows.height == 2 and reading.facts["flow_text"] == "export"


def test_customs_query_refuses_an_unknown_flow(sources):
    error = refused(CUSTOMS_FILE.encode("gbk"), sources["customs_query"], "tea_2024.csv")
    assert error.reason_code == "flow_unknown" and "export" in str(error)


def test_customs_query_without_months(sources):
    source, name = sources["customs_query"], "tea_2024in.csv"
    no_column = "\n".join(line.split(",", 1)[-1] for line in CUSTOMS_FILE.splitlines()) + "\n"
    error = refused(no_column.encode("gbk"), source, name)
    assert error.reason_code == "column_missing" and "数据年月" in str(error)
    yearly = CUSTOMS_FILE.replace('"202401"', '"2024"').replace('"202402"', '"2024"')
    assert refused(yearly.encode("gbk"), source, name).reason_code == "month_missing"
    mixed = readers.read(CUSTOMS_FILE.replace('"202401"', '"2024"').encode("gbk"), source, name)
    assert mixed.rejects["reason_code"].to_list() == ["month_missing"]
    assert mixed.accounting["rejected_rows"] == 1 and mixed.rows.height == 1 and adds_up(mixed)
    header, *lines = CUSTOMS_FILE.splitlines(keepends=True)
    short = header + "".join(line.split(",", 1)[-1] for line in lines)
    error = refused(short.encode("gbk"), source, name)
    assert error.reason_code == "wrong_field_count" and "month" in str(error)


def test_customs_query_without_a_value_column(sources):
    content = CUSTOMS_FILE.replace("人民币", "欧元").encode("gbk")
    error = refused(content, sources["customs_query"], "t_2024in.csv")
    assert error.reason_code == "column_missing" and "人民币" in str(error)


def test_figure_list_joins_year_and_period_and_may_lack_known_from(sources):
    reading = readers.read(LIST_FILE.encode(), sources["zone_figures"], "zone_figures_x.csv")
    row = reading.rows.row(0, named=True)
    assert row["period_text"] == "2023 annual" and row["column_no"] == 7 and row["quote_text"] == "a, b"
    assert row["known_from_text"] == "" and row["scope_text"] == "customs"


def test_registry_keeps_the_declared_columns(sources):
    source = sources["evaluation_tiers"]
    header = ",".join(source.options["columns"])
    reading = readers.read(f"{header}\n001,甲,2022,1,seen,,\n".encode(), source, "evaluation_tiers.csv")
    assert reading.rows.columns == ["row_no", *source.options["columns"]]
    assert reading.rows["zone_code"].to_list() == ["001"]


def test_detect_tells_the_sources_apart(sources):
    def found(text, codec, name):
        return readers.detect(text.encode(codec), name, sources.values()).source_id

    assert found(CUSTOMS_FILE, "gbk", "tea_2024in.csv") == "customs_query"
    assert found(NBS_FILE, "gb18030", "gdp_2025-06-30.csv") == "nbs_province_gdp"
    assert found(LIST_FILE, "utf-8", "national_totals.csv") == "national_totals"


def test_unknown_file_says_of_the_nearest_sources_what_is_missing(sources):
    """In words that a user understands, a pattern is none; first the source of whose signature most is there."""
    with pytest.raises(ReadError) as caught:
        readers.detect("数据年月,贸易伙伴编码\n202401,110\n".encode(), "import.csv", sources.values())
    first, nearest, *more, others = str(caught.value).splitlines()
    assert caught.value.reason_code == "unknown_file" and "import.csv: fits no declared source" in first
    assert nearest.endswith(
        "customs_query (Customs statistics online query): the first lines lack '人民币 or 美元 or Renminbi Yuan or US dollar'"
    )
    assert len(more) == readers.NEAREST - 1 and not any(
        "lack '数据年月'" in line for line in (nearest, *more)
    )
    assert not any(source.file_pattern in str(caught.value) for source in sources.values())
    assert others == f"  and {len(sources) - readers.NEAREST} others"


def test_right_name_with_another_content_is_unknown(sources):
    with pytest.raises(ReadError, match="the first lines lack") as caught:
        readers.detect(b"a,b\n1,2\n", "zones.csv", sources.values())
    assert caught.value.reason_code == "unknown_file"


def test_file_that_fits_two_sources_is_refused(panel):
    twin = type(panel)(**{**vars(panel), "source_id": "twin"})
    with pytest.raises(ReadError) as caught:
        readers.detect(PANEL_FILE.encode(), PANEL_NAME, [panel, twin])
    assert caught.value.reason_code == "ambiguous_file" and "twin" in str(caught.value)
