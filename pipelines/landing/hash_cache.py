"""The hash cache: hashes of files that nobody has touched since they were hashed, so that they need not be read again.

Belongs here: the rule when a file's number, size and times stand for its bytes (git's index uses the same rule). Does not
belong here: what is done with a hash (land.py).

The system gives a file a new time of change whenever somebody writes it, and no user can set that time. The clock of a
file system is coarse, so a file that changed a moment ago could change once more under the same time. Such a file is
read again. The cache keeps no path. For each hash it keeps only the last state of the file.
"""

from __future__ import annotations

import hashlib
import os
import time

import duckdb

from pipelines.database import connection

# Longer than the coarsest clock of a file system: FAT counts in steps of two seconds.
SETTLED_NS = 3_000_000_000
TABLE = """
create schema if not exists internal;
drop table if exists internal.seen;  -- its name before 0.2.0
create table internal.hash_cache (mark varchar, file_sha256 varchar);
comment on table internal.hash_cache is 'Hashes of files by the state of each file when it was hashed';
comment on column internal.hash_cache.mark is 'Hash of a file''s number, size and times';
comment on column internal.hash_cache.file_sha256 is 'SHA-256 of the file''s bytes'
"""


def ensure_table(con: duckdb.DuckDBPyConnection) -> None:
    """Create the table if it does not exist.

    If it exists, nothing is written, because a run recognises an unchanged database by its bytes.
    """
    query = "select 1 from duckdb_tables() where schema_name = 'internal' and table_name = 'hash_cache'"
    if not con.execute(query).fetchall():
        with connection.transaction(con):
            con.execute(TABLE)


def sha_of(con: duckdb.DuckDBPyConnection, found: os.stat_result) -> str | None:
    """Look up the SHA-256 of a file in this state.

    Returns:
        The hash, or None if no file was hashed in this state.
    """
    query = "select file_sha256 from internal.hash_cache where mark = ?"
    rows = con.execute(query, [_mark(found)]).fetchall()
    return rows[0][0] if rows else None


def note(con: duckdb.DuckDBPyConnection, found: os.stat_result, sha: str) -> None:
    """Store the hash of a file in this state.

    Nothing is stored for a file that changed a moment ago, because it could change again under the same times.
    The mark that all checks have passed stays valid: no table of the warehouse changes.
    """
    if time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) < SETTLED_NS:
        return
    with connection.transaction(con):
        con.execute("delete from internal.hash_cache where file_sha256 = ?", [sha])
        con.execute("insert into internal.hash_cache values (?, ?)", [_mark(found), sha])
        con.execute("update internal.state set checked = commits + 1 where checked = commits")


def _mark(found: os.stat_result) -> str:
    state = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    return hashlib.sha256(repr(state).encode()).hexdigest()[:32]
