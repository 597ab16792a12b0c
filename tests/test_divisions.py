"""Lists of administrative divisions by vintage: codes of every length, placeholders, lines that are none."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.database import connection
from tests.helpers.worlds import RESOLVED, build_all, copy_of

BY_MONTH = (
    "Source\tRevision\tCode\tName\nstats\t201010\t110000\t北京市\nstats\t201010\t110100\t市辖区\n"
    "stats\t201010\t110101\t东城区\nstats\t201010\t420600\t襄樊市\nstats\t201010\t1\t没有\nstats\t201009\t420700\t鄂州市\n"
    "stats\t201010\t420600\t襄阳市\nstats\t201010\n"
)
CITIES = 'code,name,provinceCode\n1101,"市辖区",11\n4206,"襄阳市",42\n4206,,42\n'
PROVINCES = 'code,name\n11,"北京市"\n'


@pytest.fixture(scope="module")
def landed(resolved, tmp_path_factory):
    paths = copy_of(resolved, tmp_path_factory.mktemp("divisions"))
    files = {"gb2260_stats_201010.tsv": BY_MONTH, "modood_cities.csv": CITIES, "provinces.csv": PROVINCES}
    for name, content in files.items():
        (paths.inbox / name).write_text(content, encoding="utf-8")
    build_all(paths, RESOLVED)
    with connection.connect(paths.work, read_only=True) as con:
        yield con


def test_divisions_of_each_list(landed):
    rows = landed.execute(
        "select vintage, division_code, name_zh, level, parent_code, is_placeholder from core.division order by 1, 2"
    ).fetchall()
    october, june = dt.date(2010, 10, 1), dt.date(2023, 6, 30)
    assert rows == [
        (october, "110000", "北京市", "province", None, False),
        (october, "110100", "市辖区", "prefecture", "110000", True),
        (october, "110101", "东城区", "county", "110100", False),
        (october, "420600", "襄樊市", "prefecture", "420000", False),
        (june, "110000", "北京市", "province", None, False),
        (june, "110100", "市辖区", "prefecture", "110000", True),
        (june, "420600", "襄阳市", "prefecture", "420000", False),
    ]


def test_what_is_no_division_is_held_and_everything_adds_up(landed):
    held = landed.execute(
        "select file_name, row_no, reason_code from core.quarantine where source_id like 'division%' order by 1, 2"
    ).fetchall()
    name = "gb2260_stats_201010.tsv"
    assert held == [
        (name, 6, "invalid_registry_record"),
        (name, 7, "invalid_registry_record"),
        (name, 8, "invalid_registry_record"),
        (name, 9, "wrong_field_count"),
        ("modood_cities.csv", 4, "invalid_registry_record"),
    ]
    files = landed.execute(
        "select cells_total, cells_loaded, cells_quarantined, unaccounted from mart.file_accounting "
        "where source_id like 'division%' order by file_name"
    ).fetchall()
    assert files == [(7, 4, 3, 0), (3, 2, 1, 0), (1, 1, 0, 0)]
