"""Names of files: how a name is compared with the pattern of a source.

Belongs here: what carries no meaning in a name. Does not belong here: the patterns (sources/*/source.yml), the content of
files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# What a browser adds to the name of a second download, and a file manager to that of a copy.
COPY_MARK = re.compile(
    r"(?:\s*[(（]\d{1,3}[)）]|\s*-\s*(?:copy|副本))+(?=(?:\.\w{1,5}){1,2}$)", re.IGNORECASE
)
# Workbooks of other programs; a pattern names .xlsx only.
OTHER_WORKBOOK = re.compile(r"\.(?:xlsm|xlsb|ods|et)$", re.IGNORECASE)
YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)")
LATIN_WORD = re.compile(r"[a-z]+")
DAY_IN_BRACKETS = re.compile(r"\s*[\[(（【](\d{4}-\d\d-\d\d)[\])）】]")


def match(pattern: str, file_name: str) -> re.Match[str] | None:
    """Match the name of a file with a source's pattern. Capitals count as small letters.

    The mark of a copy, such as ` (1)`, does not count, and a day may stand in brackets. Every ending of a workbook counts
    as .xlsx.

    >>> match(r"trade_(?P<day>\\d{4}-\\d\\d-\\d\\d)\\.csv", "Trade[2024-05-09] (1).CSV")["day"]
    '2024-05-09'
    """
    usual = DAY_IN_BRACKETS.sub(r"_\1", COPY_MARK.sub("", file_name))
    names = (usual, file_name, OTHER_WORKBOOK.sub(".xlsx", usual))
    found = (re.fullmatch(pattern, name, re.IGNORECASE) for name in dict.fromkeys(names))
    return next((one for one in found if one), None)


def groups(pattern: str, file_name: str) -> dict[str, str]:
    """The named parts of a name that are not empty.

    >>> groups(r".*?(?P<year>\\d{4})?\\.csv", "a_2024.csv")
    {'year': '2024'}
    """
    found = match(pattern, file_name)
    return {key: value for key, value in found.groupdict().items() if value} if found else {}


def year_in(file_name: str) -> str:
    """The one year that a name states. Empty if it states none or several: then the inside decides.

    >>> year_in("1210_2024_import.csv"), year_in("2019-2024.csv"), year_in("20240131.csv")
    ('2024', '', '')
    """
    years = set(YEAR.findall(file_name))
    return years.pop() if len(years) == 1 else ""


def terms_in(file_name: str, terms: Iterable[str]) -> list[str]:
    """Which of these terms a name has. Capitals count as small letters, and a Latin word is a whole word.

    Of Chinese words that overlap, the longest counts.

    >>> terms_in("Exports_2024_tianjin.csv", ["in", "exports"]), terms_in("2024年进出口.csv", ["出口", "进出口"])
    (['exports'], ['进出口'])
    """
    others = sorted((word for word in terms if not LATIN_WORD.fullmatch(word)), key=len, reverse=True)
    name = file_name.lower()
    printed = LATIN_WORD.findall(name) + (
        re.findall("|".join(map(re.escape, others)), name) if others else []
    )
    return [word for word in dict.fromkeys(printed) if word in set(terms)]
