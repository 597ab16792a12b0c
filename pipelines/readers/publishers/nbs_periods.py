"""Periods that a spreadsheet program made dates of, in exports of the statistics office.

Belongs here: which period a date means. Does not belong here: where periods stand (nbs_export.py), what a period means
(core decides).

A spreadsheet program reads 2024年3月 as the first day of that month. The cadence of the source says what a date can mean:
a month (its first or last day), a quarter (its first or last day, or those of its last month), a year (its first or last day).
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable

DATE = re.compile(r"((?:19|20)\d\d)[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]0?0:00(?::00)?)?")
QUARTERS = "一二三四"


def is_date(cell: str) -> bool:
    """Whether a cell is a day.

    >>> is_date("2024-03-01"), is_date("2024年3月")
    (True, False)
    """
    return bool(DATE.fullmatch(cell.strip()))


def restored(cells: Iterable[str], cadence: str) -> dict[str, str]:
    """The dates among some cells, each with the period that it means. A date that can mean no period is left out.

    Where the source has no cadence, dates mean months; dates of one month of several years might mean years, so they
    are left out.

    >>> restored(["地区", "2024-03-01", "2024-02-29"], "monthly")
    {'2024-03-01': '2024年3月', '2024-02-29': '2024年2月'}
    >>> restored(["2023-12-31"], "yearly"), restored(["2023-12-31", "2022-12-31"], "irregular")
    ({'2023-12-31': '2023年'}, {})
    """
    dates = {cell: match for cell in cells if (match := DATE.fullmatch(cell.strip()))}
    if cadence == "irregular" and len(dates) > 1 and len({int(match[2]) for match in dates.values()}) == 1:
        return {}
    found = {cell: _period(int(m[1]), int(m[2]), int(m[3]), cadence) for cell, m in dates.items()}
    return {cell: period for cell, period in found.items() if period}


def _period(year: int, month: int, day: int, cadence: str) -> str:
    """The period of a date. Empty if the date can mean none."""
    if not 1 <= month <= 12 or day not in (1, calendar.monthrange(year, month)[1]):
        return ""
    is_first = day == 1
    if cadence == "yearly":
        return f"{year}年" if (month, is_first) in ((1, True), (12, False)) else ""
    if cadence == "quarterly":
        fits = month % 3 == 0 or (month % 3 == 1 and is_first)
        return f"{year}年第{QUARTERS[(month - 1) // 3]}季度" if fits else ""
    return f"{year}年{month}月"
