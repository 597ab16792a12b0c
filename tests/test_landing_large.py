"""Files larger than memory, and files that change while they land: streamed, counted, refused with a reason."""

from __future__ import annotations

import dataclasses

import pytest

from pipelines import settings
from pipelines.database import connection
from pipelines.landing import kept_bytes, outcome, raw_rows
from pipelines.landing import land as landing
from pipelines.readers import archive
from pipelines.readers import detect as readers
from pipelines.readers.publishers import customs_large
from tests.helpers.excel import xlsx, zipped
from tests.helpers.small_files import CUSTOMS_FILE, LIST_FILE
from tests.helpers.worlds import query

HEADER, *ROWS = CUSTOMS_FILE.splitlines(keepends=True)
FAULTY = (HEADER + ROWS[0] + '"202401\n' + ROWS[1].replace("某国", "某\n国") + "\n" + ROWS[0] * 200).encode()


@pytest.fixture
def land(tmp_path, monkeypatch):
    """Land files of an inbox in a warehouse in which everything from some bytes on is large."""
    monkeypatch.setattr(readers, "LARGE_BYTES", 1000)
    monkeypatch.setattr(readers, "MOST_BYTES", 1 << 14)
    monkeypatch.setattr(readers, "BEGINNING_BYTES", 1 << 10)
    paths = settings.Paths(tmp_path)
    paths.inbox.mkdir()

    def put(name: str, content: bytes) -> list[outcome.Landed]:
        (paths.inbox / name).write_bytes(content)
        with connection.connect(paths.work) as con:
            raw_rows.ensure_tables(con)
            return landing.land(con, paths.inbox / name, "inbox", paths)

    put.paths, put.sql = paths, lambda sql: query(paths, sql)
    return put


TRADE = "select * exclude (file_sha256) from raw.trade order by row_no"
FACTS = "select * from raw.trade_file"
HELD = "select * exclude (file_sha256) from raw.reject order by row_no"
COUNTS = "select physical_rows, header_rows, record_rows, continuation_rows, blank_rows, rejected_rows from raw.file"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_large_file_lands_as_a_small_one_does(land, monkeypatch, encoding):
    content = FAULTY.decode().encode(encoding)
    (landed,) = land("tea_2024_import.csv", content)
    large = [land.sql(sql) for sql in (TRADE, FACTS, HELD, COUNTS)]
    assert landed.status == "loaded" and land.sql(COUNTS) == [(206, 1, 202, 1, 1, 1)]
    (land.paths.work).unlink()
    monkeypatch.setattr(readers, "LARGE_BYTES", 1 << 20)
    monkeypatch.setattr(readers, "MOST_BYTES", 1 << 20)
    land("tea_2024_import.csv", content)
    assert [land.sql(sql) for sql in (TRADE, FACTS, HELD, COUNTS)] == large
    assert not (land.paths.landing / "scratch").exists() and not (land.paths.landing / "incoming").exists()


def test_a_scan_that_gives_another_count_is_refused(land, monkeypatch):
    """What the reader has counted and what the table took must agree, or nothing of the file stays."""

    def miscounted(*args):
        reading = customs_large.read(*args)
        return dataclasses.replace(reading, rows=f"select * from ({reading.rows}) limit 3")

    monkeypatch.setitem(readers.LARGE_LAYOUTS, "customs_query", miscounted)
    (landed,) = land("tea_2024_import.csv", FAULTY)
    assert landed.status == "refused" and "found 3 loaded rows, expected the 202 records" in landed.reason
    assert land.sql("select reason_code from raw.file") == [("unaccounted",)]
    assert land.sql(TRADE) == land.sql(FACTS) == land.sql(HELD) == []


def test_a_scan_that_fails_is_refused(land, monkeypatch):
    def broken(*args):
        reading = customs_large.read(*args)
        args[-1].joinpath(customs_large.PART).write_bytes(b"a,b\n")
        return reading

    monkeypatch.setitem(readers.LARGE_LAYOUTS, "customs_query", broken)
    (landed,) = land("tea_2024_import.csv", FAULTY)
    assert landed.status == "refused" and land.sql("select reason_code from raw.file") == [("unreadable",)]


REFUSED = {
    "another layout": ("zone_figures.csv", LIST_FILE.encode() * 200, "file_too_large"),
    "a workbook": (
        "tea_2024_import.xlsx",
        xlsx({"a": [[n, str(n) * 40] for n in range(2000)]}),
        "file_too_large",
    ),
    "one line": ("tea_2024_import.csv", b"x" * 20_000, "long_line"),
    "nothing known": ("tea_2024_import.csv", b"a,b\n" * 5000, "unknown_file"),
    "an archive": ("a.zip", zipped({"a.csv": "1"}), "file_too_large"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_too_large_is_refused_with_its_reason(land, monkeypatch, case):
    name, content, code = REFUSED[case]
    monkeypatch.setattr(archive, "MAX_BYTES", len(content) - (name == "a.zip"))
    (landed,) = land(name, content)
    assert landed.status == "refused" and name in landed.reason
    assert land.sql("select reason_code, byte_count from raw.file") == [(code, len(content))]


def test_a_file_that_is_being_written_waits(land, monkeypatch):
    real, path = kept_bytes.receive, land.paths.inbox / "tea_2024_import.csv"

    def late(chunks, paths):
        sha = real(chunks, paths)
        with path.open("ab") as file:
            file.write(b"more\n")
        return sha

    monkeypatch.setattr(kept_bytes, "receive", late)
    (landed,) = land(path.name, FAULTY)
    assert landed.status == "unreadable" and "still writing" in landed.reason
    assert land.sql("select count(*) from raw.file") == [(0,)]
    monkeypatch.setattr(kept_bytes, "receive", real)
    assert [file.status for file in land(path.name, FAULTY)] == ["loaded"]


def test_a_known_file_is_not_copied_again(land, monkeypatch):
    land("tea_2024_import.csv", FAULTY)
    monkeypatch.setattr(kept_bytes, "receive", None)
    assert [file.status for file in land("tea_2024_import.csv", FAULTY)] == ["known"]


def test_another_file_of_the_same_size_lands(land):
    land("tea_2024_import.csv", FAULTY)
    (landed,) = land("tea_2025_import.csv", FAULTY.replace(b"202401", b"202501"))
    assert landed.status == "loaded" and land.sql("select count(*) from raw.trade") == [(404,)]


def test_what_a_killed_run_left_is_no_obstacle(land):
    scratch = land.paths.landing / "scratch"
    scratch.mkdir(parents=True)
    (scratch / customs_large.PART).write_text("half", encoding="utf-8")
    (land.paths.landing / "incoming").write_text("half", encoding="utf-8")
    assert [file.status for file in land("tea_2024_import.csv", FAULTY)] == ["loaded"]
