"""One table written in other encodings, with other blanks and brackets, under other names: the cells are the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import file_names
from pipelines.readers import detect as readers
from pipelines.readers import text
from pipelines.readers.text import ReadError
from tests.helpers.effort import examples
from tests.helpers.nbs import FOOT, GDP, NAME, PREAMBLE, TABLE, adds_up

EXPORT = PREAMBLE + TABLE + FOOT
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "gb18030"]
KEY = ("area_name_text", "indicator_text", "period_text", "unit_text", "value_text")


def cells(content: bytes, sources: dict, name: str = NAME) -> list[tuple]:
    source = readers.detect(content, name, sources.values())
    reading = readers.read(content, source, name)
    assert source.source_id == "nbs_province_gdp" and adds_up(reading) and reading.rejects.is_empty()
    return reading.rows.select(KEY).rows()


@pytest.fixture(scope="module")
def plain_cells(sources) -> list[tuple]:
    return cells(EXPORT.encode("gb18030"), sources)


def of_the_new_site(printed: str) -> str:
    """The site since March 2026: a tab behind each cell, a comma at the end, a blank behind words and before units."""
    lines = printed.replace("(亿元)", " (亿元)").splitlines()
    tabbed = ["\t,".join([*line.split(","), ""]) if "," in line else f"{line} " for line in lines]
    return "\r\n".join(tabbed) + "\r\n"


WRITTEN = {
    "as it is": EXPORT,
    "by the new site": of_the_new_site(EXPORT),
    "full-width brackets": EXPORT.replace("(", "（").replace(")", "）"),
    "half-width colons": EXPORT.replace("：", ":"),
    "no-break and full-width blanks": EXPORT.replace("(亿元)", "\u00a0(\u3000亿元)").replace(
        "：", "：\u3000"
    ),
    "blanks before the colon": EXPORT.replace("：", " ："),
    "tabs between the cells": "\n".join(line.replace(",", "\t") for line in EXPORT.splitlines()) + "\n",
    "separators behind sentences": "\n".join(x if "," in x else f"{x} ,,," for x in EXPORT.splitlines()),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("written", WRITTEN)
def test_the_cells_of_one_export_do_not_depend_on_how_it_is_written(written, encoding, sources, plain_cells):
    assert cells(WRITTEN[written].encode(encoding), sources) == plain_cells


@pytest.mark.parametrize(
    "name", ["分省年度数据_2026-01-05 (1).csv", "分省年度数据_2026-01-05.CSV", "GDP[2026-01-05] - 副本.Csv"]
)
def test_capitals_marks_of_copies_and_brackets_of_a_name_change_nothing(name, sources, plain_cells):
    content = EXPORT.encode()
    assert cells(content, sources, name) == plain_cells
    assert str(readers.detect(content, name, sources.values()).vintage_of(name)) == "2026-01-05"


def test_a_byte_order_mark_decides_alone():
    cut = "年".encode("utf-8-sig") + b"\xff"
    with pytest.raises(ReadError, match="utf-8-sig fails at byte 6") as caught:
        text.decode(cut, ["utf-8-sig", "gb18030"], NAME)
    assert caught.value.reason_code == "wrong_encoding"
    with pytest.raises(ReadError) as caught:
        text.decode("年,月".encode("utf-16")[:-1], ["utf-8-sig", "gb18030"], NAME)
    assert caught.value.reason_code == "truncated_file"


def test_sources_need_not_list_encodings_and_a_western_one_keeps_its_own(sources):
    assert sources["nbs_province_gdp"].encoding == ["utf-8-sig", "gb18030"]
    assert "windows-1252" in sources["un_comtrade"].encoding


BLANKS = st.text(alphabet=" \t\u3000\u00a0", max_size=3)


@examples(200)
@given(BLANKS, BLANKS, BLANKS, st.sampled_from(["()", "（）", "(）"]))
def test_idle_blanks_and_widths_carry_no_meaning(before, inside, behind, brackets):
    left, right = brackets
    label = f"{before}地区{inside}生产总值{behind}{left}{inside}亿元{before}{right}{behind}"
    assert text.plain(label) == GDP and text.unit_in_label(label) == "亿元"


@examples(200)
@given(st.text(max_size=40))
def test_a_plain_label_stays_as_it_is(label):
    assert text.plain(text.plain(label)) == text.plain(label)


@examples(200)
@given(st.text(max_size=40))
def test_any_name_is_compared_without_an_error(name):
    assert file_names.match(r"(?P<stem>.*)\.csv", f"{name}.csv") or "\n" in name
