"""Files that nobody has touched since their bytes were hashed: what they hash to, without reading them.

Belongs here: when the system's word for a file (number, size, times) stands for its bytes, as in git's index. Does not
belong here: what is done with a hash (land.py).

A file that is written again, even with the same size and time, gets another time of change, which no user can set. Only
where that happened just now can it be the same one: such a file is read. No path is kept, and only the last state in
which the bytes of a hash were found.
"""

from __future__ import annotations

import hashlib
import os
import time

import duckdb

from pipelines.database import connection

# Longer than the coarsest clock of a file system: FAT counts in two seconds.
SETTLED_NS = 3_000_000_000
TABLE = """
create schema if not exists internal;
create table internal.seen (mark varchar, file_sha256 varchar);
comment on table internal.seen is 'Files as the system described them when their bytes were hashed';
comment on column internal.seen.mark is 'Hash of a file''s number, size and times';
comment on column internal.seen.file_sha256 is 'What its bytes hash to'
"""


def ensure_table(con: duckdb.DuckDBPyConnection) -> None:
    """An empty table where there is none. Where there is one nothing is written: a run knows the database by its bytes."""
    query = "select 1 from duckdb_tables() where schema_name = 'internal' and table_name = 'seen'"
    if not con.execute(query).fetchall():
        with connection.transaction(con):
            con.execute(TABLE)


def sha_of(con: duckdb.DuckDBPyConnection, found: os.stat_result) -> str | None:
    """SHA-256 of a file that was hashed in this state; None where none was."""
    query = "select file_sha256 from internal.seen where mark = ?"
    rows = con.execute(query, [_mark(found)]).fetchall()
    return rows[0][0] if rows else None


def note(con: duckdb.DuckDBPyConnection, found: os.stat_result, sha: str) -> None:
    """Note what a file in this state hashes to, unless it may change once more without looking changed.

    What was checked stays checked: no table of the warehouse changes.
    """
    if time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) < SETTLED_NS:
        return
    with connection.transaction(con):
        con.execute("delete from internal.seen where file_sha256 = ?", [sha])
        con.execute("insert into internal.seen values (?, ?)", [_mark(found), sha])
        con.execute("update internal.state set checked = commits + 1 where checked = commits")


def _mark(found: os.stat_result) -> str:
    state = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    return hashlib.sha256(repr(state).encode()).hexdigest()[:32]
