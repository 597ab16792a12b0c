"""Exports and replies of the statistics office: preambles, notes, samples of another size, missing figures, errors."""

from __future__ import annotations

import json

import pytest

from pipelines.readers import detect as readers
from pipelines.readers.text import ReadError
from tests.helpers.nbs import adds_up, newer, recorded, reply
from tests.helpers.small_files import NBS_FILE

SAMPLED = (
    "数据库：分省年度数据\n指标：人口数(人口抽样调查)(人)\n时间：最近3年\n地区,2016年,2015年,2005年\n"
    "甲省,10,200,190\n注：1.2005年、2015年为1%人口抽样调查样本数据，其他年份为1‰人口变动调查样本数据。\n"
    "　　　2.略有误差。\n数据来源：国家统计局\n"
)
NATION = "数据库：年度数据\n时间：最近2年\n指标,2019年,2018年\n城镇单位就业人员平均工资(元),90501,82413\n数据来源：国家统计局\n"


def test_the_years_of_another_sample_carry_a_status(sources):
    source = sources["nbs_province_population_sample"]
    content = SAMPLED.encode("gb18030")
    assert readers.detect(content, "x_2026-01-05.csv", sources.values()) is source
    rows = readers.read(content, source, "x_2026-01-05.csv").rows
    status = dict(rows.select("period_text", "status_text").rows())
    flag = "1% sample in a series of 1 per mille"
    assert status == {"2016年": "", "2015年": flag, "2005年": flag}
    assert rows["scope_text"][0].startswith("注：1.2005年") and rows["scope_text"][0].endswith("略有误差。")


def test_the_notes_stay_with_every_figure(sources):
    content = NBS_FILE.encode("gb18030")
    rows = readers.read(content, sources["nbs_province_gdp"], "x_2025-06-30.csv").rows
    assert set(rows["scope_text"]) == {"注：1.核算数据。\n　　　2.续。"} and set(rows["status_text"]) == {""}


def test_two_preamble_lines_mean_the_nation(sources):
    content = NATION.encode("gb18030")
    source = readers.detect(content, "工资 2020-05-01.csv", sources.values())
    assert source.source_id == "nbs_nation_wages"
    reading = readers.read(content, source, "工资 2020-05-01.csv")
    assert set(reading.rows["area_name_text"]) == {"全国"} and reading.accounting["header_rows"] == 3
    assert set(reading.rows["unit_text"]) == {"元"} and adds_up(reading)


def test_an_export_saved_again_by_a_spreadsheet_program(sources):
    """Separators after every sentence, a note of two lines in one pair of quotes."""
    lines = NBS_FILE.replace("注：1.核算数据。\r\n　　　2.续。", '"注：1.核算数据。\r\n　　　2.续。"').split(
        "\r\n"
    )
    content = "\r\n".join(line if "," in line else line + ",,," for line in lines[:-1]) + "\r\n"
    reading = readers.read(content.encode("gb18030"), sources["nbs_province_gdp"], "x_2025-06-30.csv")
    assert reading.rows.height == 6 and reading.rejects.is_empty() and adds_up(reading)
    assert reading.accounting["header_rows"] == 4 and reading.accounting["note_rows"] == 3
    assert set(reading.rows["scope_text"]) == {"注：1.核算数据。\n　　　2.续。"}


NAME = "gdp_2026-03-03.json"
SORRY = {"returncode": 501, "returndata": "对不起，未能找到符合查询条件的信息。"}


def test_a_reply_gives_a_row_for_every_node_and_missing_is_blank_not_zero(sources):
    content = json.dumps(reply(("2024", False, ""), ("2023", True, "47353.7"), area="110000")).encode()
    source = readers.detect(content, NAME, sources.values())
    assert source.source_id == "nbs_easyquery"
    reading = readers.read(content, source, NAME)
    assert reading.rows["value_text"].to_list() == ["", "47353.7"] and adds_up(reading)
    assert reading.rows.row(1, named=True) == {
        "sheet": "",
        "row_no": 2,
        "column_no": 1,
        "area_code_text": "110000",
        "area_name_text": "北京市",
        "indicator_text": "地区生产总值",
        "period_text": "2023年",
        "unit_text": "亿元",
        "status_text": "",
        "scope_text": "初步核算。",
        "reference_text": source.title,
        "quote_text": "",
        "known_from_text": "",
        "value_text": "47353.7",
        "multiplier_text": "",
    }


def test_zero_that_is_said_to_be_there_is_zero_and_one_that_is_not_is_blank(sources):
    content = json.dumps(reply(("2024", True, "0.0"), ("2023", False, "0.0"))).encode()
    rows = readers.read(content, sources["nbs_easyquery"], NAME).rows
    assert rows["value_text"].to_list() == ["0.0", ""] and set(rows["area_name_text"]) == {"全国"}


def test_a_recorded_exchange_has_a_sheet_a_reply_and_the_day_of_the_exchange(sources):
    content = recorded(reply(("2024", True, "1.5")), SORRY, reply(("2023", True, "2.5")))
    name = "gdp_2026-03-03.yaml"
    assert readers.detect(content, name, sources.values()).source_id == "nbs_easyquery"
    reading = readers.read(content, sources["nbs_easyquery"], name)
    found = reading.rows.select("sheet", "row_no", "known_from_text", "value_text").rows()
    assert found == [("reply 1", 1, "2026-03-03", "1.5"), ("reply 3", 3, "2026-03-03", "2.5")]
    held = reading.rejects.row(0, named=True)
    assert (held["sheet"], held["row_no"], held["reason_code"]) == ("reply 2", 2, "error_reply")
    assert SORRY["returndata"] in held["reason"] and SORRY["returndata"] in held["printed_text"]
    assert adds_up(reading) and reading.accounting["physical_rows"] == 3


REFUSED = {
    "the publisher's error": (json.dumps(SORRY), "error_reply", "501: 对不起，未能找到符合查询条件的信息。"),
    "an error without words": ('{"returncode": 500, "returndata": null}', "error_reply", "500"),
    "no nodes": (json.dumps(reply()), "empty_file", "no data nodes"),
    "no json": ('{"returncode": 200, "returndata": ', "broken_json", "expected a reply in JSON"),
    "another json": ('{"a": 1}', "header_changed", "returncode"),
    "deep json": ('{"returncode":' + "[" * 200_000, "broken_json", "expected a reply in JSON"),
    "deep yaml": ("[" * 20_000, "broken_recording", "no recorded exchange"),
    "another yaml": ("interactions: 5", "broken_recording", "no recorded exchange"),
    "yaml that runs code": (
        "!!python/object/apply:os.system ['x']",
        "broken_recording",
        "no recorded exchange",
    ),
    "a long recording": ("a: " + "b" * 1_100_000, "too_large", "record fewer"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_reply_is_refused(case, sources):
    content, code, words = REFUSED[case]
    with pytest.raises(ReadError) as caught:
        readers.read(content.encode(), sources["nbs_easyquery"], NAME)
    assert caught.value.reason_code == code and words in str(caught.value) and NAME in str(caught.value)


MALFORMED = {
    "unknown period": lambda node: node["wds"][1].update(valuecode="1999"),
    "no data": lambda node: node.pop("data"),
    "figure without text": lambda node: node["data"].update(strdata=" "),
    "no text": lambda node: node["data"].update(strdata=7.5),
    "hasdata unclear": lambda node: node["data"].update(hasdata="yes"),
    "half a character": lambda node: node["data"].update(strdata="\ud800"),
    "code that is a list": lambda node: node["wds"][0].update(valuecode=[]),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_node_that_is_not_whole_is_held_and_the_others_load(case, sources):
    whole = reply(("2024", True, "1.5"), ("2023", True, "2.5"))
    MALFORMED[case](whole["returndata"]["datanodes"][0])
    reading = readers.read(json.dumps(whole).encode(), sources["nbs_easyquery"], NAME)
    assert reading.rows.select("row_no", "value_text").rows() == [(2, "2.5")] and adds_up(reading)
    assert reading.rejects.select("row_no", "reason_code").rows() == [(1, "malformed_node")]
    assert "A01" in reading.rejects["printed_text"][0] or case == "code that is a list"


def test_a_reply_of_the_newer_service(sources):
    empty = {"code": "2021YY", "name": "2021年", "values": []}
    whole = newer(("2024年", "无"), ("2023年", "82553"), ("2022年", ""))
    whole["data"].append(empty)
    content = json.dumps(whole, ensure_ascii=False).encode()
    source = readers.detect(content, NAME, sources.values())
    assert source.source_id == "nbs_data_service"
    reading = readers.read(content, source, NAME)
    assert reading.rows["value_text"].to_list() == ["", "82553", ""] and adds_up(reading)
    row = reading.rows.row(1, named=True)
    assert (row["area_code_text"], row["area_name_text"]) == ("330000000000", "浙江")
    assert (row["indicator_text"], row["unit_text"], row["period_text"]) == (
        "地区生产总值(亿元)",
        "亿元",
        "2023年",
    )


def test_an_error_of_the_newer_service_is_refused_with_the_publishers_words(sources):
    content = json.dumps({"success": False, "state": 50000, "message": "系统繁忙", "data": None}).encode()
    with pytest.raises(ReadError, match="50000: 系统繁忙") as caught:
        readers.read(content, sources["nbs_data_service"], NAME)
    assert caught.value.reason_code == "error_reply"


@pytest.mark.parametrize(
    "change", [{"value": True}, {"value": []}, {"da": None}, {"i_showname": None}, {"value": "\ud800"}]
)
def test_a_value_of_the_newer_service_that_is_not_whole_is_held(change, sources):
    whole = newer(("2024年", "1.5"), ("2023年", "2.5"))
    whole["data"][0]["values"][0].update(change)
    reading = readers.read(json.dumps(whole).encode(), sources["nbs_data_service"], NAME)
    assert reading.rows.select("row_no", "value_text").rows() == [(2, "2.5")] and adds_up(reading)
    assert reading.rejects["reason_code"].to_list() == ["malformed_node"]


def test_a_null_is_missing_and_a_number_is_its_text(sources):
    whole = newer(("2025年", None), ("2024年", 49843.1), ("2023年", 7))
    reading = readers.read(json.dumps(whole).encode(), sources["nbs_data_service"], NAME)
    assert reading.rows["value_text"].to_list() == ["", "49843.1", "7"] and adds_up(reading)


def test_a_unit_beside_the_value_that_differs_from_the_label_is_held(sources):
    whole = newer(("2024年", "1.5"), ("2023年", "2.5"))
    whole["data"][0]["values"][0]["du_name"] = "万元"
    reading = readers.read(json.dumps(whole).encode(), sources["nbs_data_service"], NAME)
    assert reading.rows["value_text"].to_list() == ["2.5"] and adds_up(reading)
    (held,) = reading.rejects.select("reason_code", "reason").rows()
    assert held[0] == "unit_contradicts" and "万元" in held[1] and "亿元" in held[1]
