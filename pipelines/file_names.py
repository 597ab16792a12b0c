"""Names of files: how a name is compared with the pattern of a source.

Belongs here: what carries no meaning in a name. Does not belong here: the patterns (sources/*/source.yml), the content of
files.
"""

from __future__ import annotations

import re

# What a browser adds to the name of a second download, and a file manager to that of a copy.
COPY_MARK = re.compile(
    r"(?:\s*[(（]\d{1,3}[)）]|\s*-\s*(?:copy|副本))+(?=(?:\.\w{1,5}){1,2}$)", re.IGNORECASE
)
# Workbooks of other programs; a pattern names .xlsx only.
OTHER_WORKBOOK = re.compile(r"\.(?:xlsm|xlsb|ods|et)$", re.IGNORECASE)
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
