"""A file that nobody has touched is not read again to be known; one that was changed in any way is."""

from __future__ import annotations

import os
import time

import pytest

from pipelines.database import connection
from pipelines.landing import hash_cache, kept_bytes, raw_rows, recognition
from pipelines.landing import land as landing

NAME = "zone_figures_1.csv"
CONTENT = (
    "area_code,area_name,admin_level,year,period,indicator,value,unit,status,scope_note,source,quote,known_from\n"
    "510100,成都市,city,2022,annual,GDP,2081.75,billion CNY,seen,,https://example.org/a,a sentence,2023-03-01\n"
)
OTHER = CONTENT.replace("2081.75", "2081.76")


@pytest.fixture
def world(paths, monkeypatch):
    """A file landed, settled at once; `land()` gives its status and whether its bytes were read."""
    monkeypatch.setattr(hash_cache, "SETTLED_NS", 0)
    path, reads = paths.inbox / NAME, []
    path.write_text(CONTENT, encoding="utf-8")
    real = kept_bytes.chunks
    monkeypatch.setattr(kept_bytes, "chunks", lambda path: (reads.append(path), real(path))[1])
    with connection.connect(paths.work) as con:
        raw_rows.ensure_tables(con)

        def land(name: str = NAME) -> tuple[str, bool]:
            reads.clear()
            (landed,) = landing.land(con, paths.inbox / name, "inbox", paths)
            return landed.status, bool(reads)

        assert land() == ("loaded", True)
        yield con, path, land


def change(path, content: str) -> None:
    """Other bytes under the same size and time of writing."""
    before = path.stat()
    time.sleep(0.05)  # the clock of file systems ticks a hundred times a second
    path.write_text(content, encoding="utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def test_an_untouched_file_is_not_read(world):
    _, _, land = world
    assert [land(), land()] == [("known", False)] * 2


def test_other_bytes_of_the_same_size_and_time_are_noticed(world):
    con, path, land = world
    change(path, OTHER)
    assert land() == ("loaded", True)
    assert con.execute("select count(*) from raw.file").fetchall() == [(2,)]
    change(path, CONTENT)
    assert land() == ("known", True)


def test_another_file_under_the_same_name_is_read(world):
    _, path, land = world
    other = path.with_name("other.tmp")
    other.write_text(OTHER, encoding="utf-8")
    before = path.stat()
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.replace(other, path)
    assert land() == ("loaded", True)


def test_a_file_that_is_touched_is_read_once_more(world):
    _, path, land = world
    time.sleep(0.05)
    os.utime(path)
    assert [land(), land()] == [("known", True), ("known", False)]


@pytest.mark.parametrize("ahead", [0, 3600])
def test_a_file_that_may_still_change_unseen_is_read_each_time(world, monkeypatch, ahead):
    """Written just now, or, as the clock has it, in the future."""
    _, path, land = world
    monkeypatch.setattr(hash_cache, "SETTLED_NS", 3_000_000_000)
    os.utime(path, (time.time() + ahead,) * 2)
    assert [land(), land()] == [("known", True)] * 2


def test_a_changed_declaration_is_read_from_the_bytes(world, monkeypatch):
    _, _, land = world
    monkeypatch.setattr(recognition, "fingerprint", lambda source_id: "other")
    assert land() == ("loaded", True)


def test_bytes_without_rows_are_landed(world):
    """Killed between the two: the hash is noted and nothing has landed."""
    con, _, land = world
    con.execute("delete from raw.file")
    con.execute("delete from raw.cell")
    assert land() == ("loaded", True)


@pytest.mark.parametrize("is_checked", [True, False])
def test_what_was_checked_stays_checked(world, is_checked):
    con, path, land = world
    connection.mark_checked(con) if is_checked else None
    before = connection.state(con)
    time.sleep(0.05)
    os.utime(path)
    land()
    after = connection.state(con)
    assert after.commits == before.commits + 1
    assert (after.checked == after.commits) == is_checked


def test_no_path_is_kept(world):
    con, path, _ = world
    ((row,),) = con.execute("select s::varchar from internal.hash_cache as s").fetchall()
    assert str(path.parent) not in row and NAME not in row


def test_looking_for_the_table_writes_nothing(paths):
    """Bytes that no counted commit has changed would be taken for damage by the next run."""
    left = []
    for _ in range(2):
        with connection.connect(paths.work) as con:
            raw_rows.ensure_tables(con)
        left.append(paths.work.read_bytes())
    assert left[0] == left[1]
