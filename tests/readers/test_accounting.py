"""Whatever is done to a file, its lines add up, or it is refused with a reason; no other exception."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.readers import detect as readers
from pipelines.readers.text import ReadError
from tests.helpers.damage import damage, faults
from tests.helpers.effort import examples
from tests.helpers.small_files import CUSTOMS_FILE, LIST_FILE, NBS_FILE, PANEL_FILE
from tests.helpers.trade_files import BULK_FILE, DATAWEB_WIDE, DISTRICT_FILE, GOODS_FILE

FILES = {
    "wide_panel": (PANEL_FILE, "utf-8", "panel_2020.csv"),
    "nbs_export": (NBS_FILE, "gb18030", "gdp_2025-06-30.csv"),
    "customs_query": (CUSTOMS_FILE, "gbk", "tea_2024in.csv"),
    "figure_list": (LIST_FILE, "utf-8", "zone_figures.csv"),
    "code list": (GOODS_FILE, "gb18030", "zh-hs8-2022.csv"),
    "code list in JSON": (DISTRICT_FILE, "utf-8", "CusDistrict.json"),
    "trade": (BULK_FILE, "windows-1252", "pub-20180131.csv"),
    "wide trade": (DATAWEB_WIDE, "utf-8", "DataWeb 2024-03-01.csv"),
}
DECLARED = {
    "nbs_export": "nbs_province_gdp",
    "customs_query": "customs_query",
    "figure_list": "zone_figures",
    "code list": "customs_commodity_codes",
    "code list in JSON": "customs_districts",
    "trade": "un_comtrade_legacy",
    "wide trade": "usitc_dataweb",
}


@pytest.mark.parametrize("layout", FILES)
@examples(150)
@given(fault=faults())
def test_lines_add_up_whatever_happens(layout, panel, sources, fault):
    text, codec, name = FILES[layout]
    source = panel if layout == "wide_panel" else sources[DECLARED[layout]]
    try:
        reading = readers.read(damage(text.encode(codec), *fault), source, name)
    except ReadError as error:
        assert error.reason_code != "unaccounted"
        return
    counts = dict(reading.accounting)
    physical = counts.pop("physical_rows")
    assert physical == sum(counts.values()) and min(counts.values()) >= 0
    whole_lines = reading.rejects.filter(reading.rejects["reason_code"] != "unknown_column")
    assert whole_lines.height <= counts["rejected_rows"]
    assert reading.rows["row_no"].max() is None or reading.rows["row_no"].max() <= physical


@examples(60)
@given(short=st.lists(st.booleans(), min_size=1, max_size=40))
def test_every_short_row_is_rejected_and_no_other(panel, short):
    rows = [f"{1950 + n},甲省,甲市,990100,1" + ("" if bad else ",2") for n, bad in enumerate(short)]
    content = "\n".join([PANEL_FILE.splitlines()[0], *rows]) + "\n"
    reading = readers.read(content.encode(), panel, "panel_2020.csv")
    expected = [index + 2 for index, bad in enumerate(short) if bad]
    assert reading.rejects["row_no"].to_list() == expected
    assert reading.rows.height == 2 * (len(short) - len(expected))
