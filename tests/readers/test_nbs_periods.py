"""Months that a spreadsheet program made dates of are months again, or the file is refused in plain words."""

from __future__ import annotations

import calendar
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.readers import detect as readers
from pipelines.readers.publishers import nbs_periods
from pipelines.readers.text import ReadError
from tests.helpers.effort import examples
from tests.helpers.nbs import adds_up

NAME = "分省月度数据_2026-01-05.csv"
LABEL = "社会消费品零售总额_累计值(亿元)"
MONTHLY = (
    f"数据库：分省月度数据\n指标：{LABEL}\n时间：最近2月\n地区,FIRST,SECOND\n甲省,2,1\n数据来源：国家统计局\n"
)
YEARLY = MONTHLY.replace("月度", "年度").replace("累计值", "").replace("最近2月", "最近2年")


def read(text: str, source, first: str, second: str) -> readers.Reading:
    content = text.replace("FIRST", first).replace("SECOND", second).encode()
    reading = readers.read(content, source, NAME)
    assert adds_up(reading)
    return reading


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2024-03-01", "2024-02-01"),
        ("2024-03-31", "2024-02-29"),
        ("2024/3/1", "2024/2/1"),
        ("2024-03-01T00:00:00", "2024-02-01 00:00:00"),
        ("2024年3月", "2024-02-01"),
    ],
)
def test_a_date_in_the_header_of_a_monthly_table_is_its_month(first, second, sources):
    rows = read(MONTHLY, sources["nbs_province_monthly"], first, second).rows
    assert dict(rows.select("period_text", "value_text").rows()) == {"2024年3月": "2", "2024年2月": "1"}


def test_dates_at_the_beginning_of_rows(sources):
    turned = MONTHLY.replace("地区,FIRST,SECOND\n甲省,2,1\n", "时间,甲省\nFIRST,2\nSECOND,1\n")
    rows = read(turned, sources["nbs_province_monthly"], "2024-03-01", "2024-02-01").rows
    assert rows["period_text"].to_list() == ["2024年3月", "2024年2月"]


def test_dates_of_a_yearly_and_a_quarterly_table(sources):
    rows = read(YEARLY, sources["nbs_province_retail"], "2024-12-31", "2023-01-01").rows
    assert rows["period_text"].to_list() == ["2024年", "2023年"]
    rows = read(MONTHLY, sources["nbs_province_quarterly"], "2024-09-30", "2024-04-01").rows
    assert rows["period_text"].to_list() == ["2024年第三季度", "2024年第二季度"]


UNCLEAR = {
    "a day in the middle of a month": ("nbs_province_monthly", "2024-03-15", "2024-02-01"),
    "a month in a yearly table": ("nbs_province_retail", "2024-03-01", "2023-03-01"),
    "one month of several years in a table of no cadence": ("nbs_province_table", "2024-01-01", "2023-01-01"),
    "no day": ("nbs_province_monthly", "2024-13-01", "2024-02-01"),
}


@pytest.mark.parametrize("case", UNCLEAR)
def test_a_date_that_can_mean_no_period_refuses_the_file_in_plain_words(case, sources):
    name, first, second = UNCLEAR[case]
    with pytest.raises(ReadError) as caught:
        read(MONTHLY, sources[name], first, second)
    message = str(caught.value)
    assert (
        caught.value.reason_code == "header_changed" and first in message and "spreadsheet program" in message
    )
    assert "\\d" not in message and NAME in message and "line 4" in message


@examples(200)
@given(st.dates(dt.date(1950, 1, 1), dt.date(2049, 12, 31)))
def test_every_first_and_last_day_is_its_month_and_no_other_day_is(day):
    last = calendar.monthrange(day.year, day.month)[1]
    found = nbs_periods.restored([day.isoformat()], "monthly")
    assert found == ({day.isoformat(): f"{day.year}年{day.month}月"} if day.day in (1, last) else {})
