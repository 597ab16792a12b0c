"""Published code lists: codes stay text, odd files keep their places, and every published list is read whole."""

from __future__ import annotations

import json

import pytest

from pipelines.declarations.files import DeclarationError
from pipelines.readers import detect as readers
from pipelines.readers.text import ReadError
from tests.helpers.excel import xlsx
from tests.helpers.small_files import SAMPLES
from tests.helpers.trade_files import DISTRICT_FILE, GOODS_FILE, PRODUCTS

# What the publishers' files hold: source, entries, different codes, one of the codes.
PUBLISHED = {
    "zh-hs8-2022.csv": ("customs_commodity_codes", 8939, 8939, "98050000"),
    "zh-hs8-2023.csv": ("customs_commodity_codes", 8957, 8957, "99000000"),
    "zh-CustomsRegime.csv": ("customs_trade_modes", 20, 20, "10"),
    "en-CustomsRegime.csv": ("customs_trade_modes_en", 20, 20, "10"),
    "zh-TradingPartner.csv": ("customs_partner_codes", 243, 243, "502"),
    "china_customs_provinces.csv": ("customs_registration_places", 31, 31, "33"),
    "CusTrade.json": ("customs_supervision_modes", 104, 104, "0110"),
    "CusDistrict.json": ("customs_districts", 1088, 1088, "3316W"),
    "CusCountry.json": ("customs_countries", 245, 245, "502"),
    "CusMappingCountryCode.json": ("customs_country_mapping", 267, 241, "502"),
    "CusMappingTradeCode.json": ("customs_supervision_mode_mapping", 101, 101, "9610"),
}


def read(content: bytes, name: str, sources) -> readers.Reading:
    return readers.read(content, readers.detect(content, name, sources.values()), name)


def entries(found: list) -> bytes:
    return json.dumps(found).encode()


def test_goods_keep_zeros_line_breaks_and_nul_and_hold_ragged_rows(sources):
    reading = read(GOODS_FILE.encode("gb18030"), "zh-hs8-2022.csv", sources)
    found = reading.rows.select("row_no", "code_text", "name_zh_text", "unit_2_code_text").rows()
    assert found == [
        (2, "01012100", "改良\n种用马", "01"),
        (4, "98050000", "跨境\0电商", "?"),
        (7, "0101309\0", "末", "?"),
        (8, "09021090", "绿茶", "?"),
    ]
    assert reading.rejects.select("row_no", "reason_code").rows() == [(5, "wrong_field_count")]
    counts = dict(reading.accounting)
    assert counts.pop("physical_rows") == sum(counts.values()) == 8 and counts["continuation_rows"] == 1
    assert set(reading.rows["code_list"]) == {"hs8"} and set(reading.rows["iso3_text"]) == {""}


def test_the_same_list_as_a_workbook(sources):
    rows = [[cell.strip('"') for cell in line.split(",")] for line in PRODUCTS.splitlines()]
    reading = read(xlsx({"a": rows}), "product_codes_HS92_V202401b.xlsx", sources)
    assert reading.rows.select("row_no", "code_text", "classification_text").rows() == [
        (2, "010121", "HS92"),
        (3, "854231", "HS92"),
    ]


def test_districts_lack_optional_keys_and_hold_what_is_no_entry(sources):
    content = entries(
        [
            {"DISTRICT_NAME": "甲", "DISTRICT_CODE": "33012"},
            {"DISTRICT_NAME": "乙", "DISTRICT_CODE": 33013, "DISTRICT_TYPE": "9", "NEW": "x"},
            {"DISTRICT_NAME": "丙"},
            ["丁"],
            {"DISTRICT_NAME": "戊", "DISTRICT_CODE": ["33014"]},
            {"DISTRICT_NAME": "\ud800", "DISTRICT_CODE": None},
        ]
    )
    reading = read(content, "CusDistrict_2024-05-01.json", sources)
    found = reading.rows.select("row_no", "code_text", "name_zh_text", "kind_text").rows()
    assert found == [(1, "33012", "甲", ""), (2, "33013", "乙", "9"), (6, "", "\\ud800", "")]
    held = reading.rejects.select("row_no", "column_no", "reason_code").rows()
    assert held == [
        (3, None, "wrong_keys"),
        (4, None, "not_an_object"),
        (5, None, "wrong_keys"),
        (2, 4, "unknown_column"),
    ]
    assert reading.accounting["physical_rows"] == 6 and reading.accounting["rejected_rows"] == 3


def test_a_doubled_key_is_not_overwritten(sources):
    content = b'[{"TRADE_MODE": "0110", "FULL_TRADE": "a"}, {"TRADE_MODE": "0110", "FULL_TRADE": "a", "TRADE_MODE": "1"}]'
    reading = read(content, "CusTrade_2024-05-01.json", sources)
    assert reading.rejects["reason_code"].to_list() == ["wrong_keys"] and reading.rows.height == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'[{"TRADE_MODE": ', "broken_json"),
        (b'{"TRADE_MODE": "0110"}', "header_changed"),
        (b"[" * 100_000, "broken_json"),
        (b"[]", "empty_file"),
        (b"[1, 2]", "empty_file"),
        (b'[{"MODE": "0110"}]', "header_changed"),
    ],
)
def test_json_that_is_no_list_of_entries_is_refused(content, code, sources):
    with pytest.raises(ReadError) as caught:
        readers.read(content, sources["customs_supervision_modes"], "CusTrade.json")
    assert caught.value.reason_code == code and "CusTrade.json" in str(caught.value)


def test_a_list_without_a_day_in_its_name_has_no_vintage(sources):
    content = DISTRICT_FILE.encode()
    source = readers.detect(content, "CusDistrict.json", sources.values())
    with pytest.raises(DeclarationError, match="does not give an ISO date"):
        source.vintage_of("CusDistrict.json")
    assert source.vintage_of("CusDistrict_2024-05-01.json").isoformat() == "2024-05-01"


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not here")
@pytest.mark.parametrize("name", PUBLISHED)
def test_published_lists(name, sources):
    source_id, count, different, known = PUBLISHED[name]
    content = (SAMPLES / "gacc_codes" / name).read_bytes()
    assert readers.detect(content, name, sources.values()).source_id == source_id
    reading = read(content, name, sources)
    codes = reading.rows["code_text"]
    assert (reading.rows.height, codes.n_unique()) == (count, different) and known in set(codes)
    assert reading.rejects.is_empty()
    counts = dict(reading.accounting)
    assert counts.pop("physical_rows") == sum(counts.values())
