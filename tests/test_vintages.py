"""The documented example: two vintages of provincial GDP side by side, with small files of our own and with the samples."""

from __future__ import annotations

import re

import pytest

from pipelines import settings
from pipelines.database import connection
from pipelines.declarations.files import ROOT
from tests.helpers.excel import xlsx
from tests.helpers.small_files import SAMPLES
from tests.helpers.worlds import RESOLVED, build_all

EXAMPLE = (ROOT / "docs" / "examples" / "two-vintages.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", EXAMPLE, flags=re.DOTALL)
OLD, NEW = "分省年度数据_GDP_2020-06-30", "分省年度数据_GDP_2026-01-05"
HEAD = [["数据库：分省年度数据"], ["指标：地区生产总值(亿元)"], ["时间：最近2年"]]


def built(paths: settings.Paths, files: dict[str, bytes]) -> settings.Paths:
    for name, content in files.items():
        (paths.inbox / name).write_bytes(content)
    build_all(paths, RESOLVED)
    return paths


def answers(paths: settings.Paths) -> list[list[tuple]]:
    with connection.connect(paths.work, read_only=True) as con:
        return [con.execute(query).fetchall() for query in QUERIES]


def printed(row: tuple) -> str:
    return "| " + " | ".join(str(cell) for cell in row) + " |"


def test_revisions_of_two_small_exports(stocked):
    """A workbook of 2020 and a text of 2026; figures of equal value are no revision."""
    old = [
        *HEAD,
        ["地区", "2017年", "2016年"],
        ["天津市", 200, 100.5],
        ["新疆维吾尔自治区", 50, None],
        ["数据来源：国家统计局"],
    ]
    new = (
        "".join(line[0] + "\r\n" for line in HEAD)
        + "地区,2017年,2016年\r\n天津市,150,100.5\r\n新疆,60,40\r\n数据来源：国家统计局\r\n"
    )
    paths = built(stocked, {f"{OLD}.xlsx": xlsx({"分省年度数据": old}), f"{NEW}.csv": new.encode("gb18030")})
    revisions, known = answers(paths)
    mine = {(row[0], row[1]): row[2:] for row in revisions}
    assert {key: [str(v) for v in row] for key, row in mine.items() if str(row[0]) == "2020-06-30"} == {
        ("天津市", "2017"): ["2020-06-30", "2026-01-05", "200.0", "150.0", "-25.0"],
        ("新疆维吾尔自治区", "2017"): ["2020-06-30", "2026-01-05", "50.0", "60.0", "20.0"],
    }
    assert [(str(row[0]), row[1], row[3], row[4], row[6]) for row in known if "分省" in row[2]] == [
        ("2020-06-30", 200.0, "分省年度数据", 5, "200"),
        ("2026-01-05", 150.0, "", 5, "150"),
    ]


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not here")
def test_the_example_shows_what_comes_out(stocked):
    folder = SAMPLES / "nbs"
    files = {
        f"{OLD}.xls": folder / "2020di_分省年度数据_GDP.xls",
        f"{NEW}.csv": folder / "renjiyi_分省年度数据_GDP.csv",
    }
    revisions, known = answers(built(stocked, {name: path.read_bytes() for name, path in files.items()}))
    assert len(revisions) == 155 and "155 rows" in EXAMPLE
    for row in [*revisions[:5], *known]:
        assert printed(row).replace("|  |", "| |") in EXAMPLE, printed(row)
