"""Archives and workbooks in the inbox: what lands, under which name, and what is refused."""

from __future__ import annotations

import gzip

import pytest

from pipelines import settings
from pipelines.database import connection
from pipelines.landing import land as landing
from pipelines.landing import raw_rows
from tests.helpers.excel import xlsx, zipped
from tests.helpers.small_files import LIST_FILE, NBS_FILE
from tests.helpers.worlds import query


@pytest.fixture
def land(tmp_path):
    """Land the files of an inbox, without the embedded ones and without anything after the raw tables."""
    paths = settings.Paths(tmp_path)
    paths.inbox.mkdir()

    def put(name: str, content: bytes) -> dict[str, str]:
        (paths.inbox / name).write_bytes(content)
        with connection.connect(paths.work) as con:
            raw_rows.ensure_tables(con)
            landed = landing.land(con, paths.inbox / name, "inbox", paths)
        return {file.file_name: file.status for file in landed}

    put.sql = lambda sql: query(paths, sql)
    return put


NBS = NBS_FILE.encode("gb18030")


def test_each_member_is_a_file_of_its_own_and_the_archive_stands_beside(land):
    content = zipped({"2025/gdp_2025-06-30.csv": NBS, "zone_figures.csv": LIST_FILE, "读我.txt": "?"})
    assert land("all.zip", content) == {
        "all.zip!2025/gdp_2025-06-30.csv": "loaded",
        "all.zip!zone_figures.csv": "loaded",
        "all.zip!读我.txt": "refused",
        "all.zip": "archive",
    }
    files = "select file_name, source_id, vintage::varchar, record_rows, reason from raw.file where status <> 'refused' order by 1"
    assert land.sql(files) == [
        ("all.zip", None, None, None, "3 members"),
        ("all.zip!2025/gdp_2025-06-30.csv", "nbs_province_gdp", "2025-06-30", 2, None),
        ("all.zip!zone_figures.csv", "zone_figures", "2026-06-30", 1, None),
    ]
    assert land("all.zip", content) == {"all.zip": "known"}
    assert land("zone_figures.csv", LIST_FILE.encode()) == {"zone_figures.csv": "known"}


def test_gzip_and_workbooks_in_archives(land):
    rows = [line.split(",") for line in NBS_FILE.split("\r\n")]
    content = zipped({"gdp_2025-06-30.xlsx": xlsx({"表": rows}), "x.csv.gz": gzip.compress(b"1")})
    assert land("a.zip", content) == {
        "a.zip!gdp_2025-06-30.xlsx": "loaded",
        "a.zip!x.csv.gz": "refused",
        "a.zip": "archive",
    }
    assert land.sql("select reason_code from raw.file where status = 'refused'") == [("nested_archive",)]
    assert land("gdp_2025-06-30.csv.gz", gzip.compress(NBS)) == {
        "gdp_2025-06-30.csv.gz!gdp_2025-06-30.csv": "loaded",
        "gdp_2025-06-30.csv.gz": "archive",
    }
    assert land.sql(
        "select distinct sheet, encoding from raw.cell join raw.file using (file_sha256) order by 1"
    ) == [
        ("", "gb18030"),
        ("表", "xlsx"),
    ]


def test_a_refused_archive_lands_nothing(land):
    content = zipped({"gdp_2025-06-30.csv": NBS, "../x.csv": "1"})
    assert land("a.zip", content) == {"a.zip": "refused"}
    assert land.sql("select reason_code from raw.file") == [("unsafe_path",)]
    assert land.sql("select count(*) from raw.cell") == [(0,)]


def test_a_day_that_does_not_exist_is_refused_and_stops_nothing(land):
    assert land("gdp_2025-13-45.csv", NBS) == {"gdp_2025-13-45.csv": "refused"}
    assert land.sql("select reason_code from raw.file") == [("no_vintage",)]
