"""The published file opens in DuckDB 1.2 and later: its header says so, and older releases are tried where they can be had."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipelines.database import connection
from pipelines.publishing import generations

# The number that DuckDB 1.2 writes into bytes 12 to 20 of a file; newer formats have higher ones, 2.0 has 999.
FORMAT_OF_1_2 = 65
OLDER = ("1.2.2", "1.3.2", "1.4.4")
# Every value of every table as text, and the table macros, whose SQL an older parser must know.
READ = """
import json, sys, duckdb
con = duckdb.connect(sys.argv[1], read_only=True)
names = con.execute("select schema_name || '.' || table_name from duckdb_tables() order by 1").fetchall()
counts = {}
for (name,) in names:
    lengths = f"select count(*), sum(coalesce(length(all_text), 0)) from (select concat_ws('|', *columns(*)) as all_text from {name})"
    counts[name] = con.execute(lengths).fetchall()[0]
for macro in ("core.observation_asof", "mart.zone_indicator_asof", "mart.mode_fit_asof"):
    counts[macro] = con.execute(f"select count(*) from {macro}('2024-06-30')").fetchall()[0]
print(json.dumps({"version": duckdb.__version__, "counts": counts}))
"""


def format_of(path: Path) -> int:
    header = path.read_bytes()[:20]
    assert header[8:12] == b"DUCK"
    return int.from_bytes(header[12:20], "little")


def test_a_work_database_has_the_format_of_1_2(tmp_path):
    path = tmp_path / "work.duckdb"
    with connection.connect(path) as con:
        tags = con.sql("select tags from duckdb_databases() where path is not null").fetchall()[0][0]
    assert format_of(path) == FORMAT_OF_1_2 and tags["storage_version"].startswith("v1.2.0")


def test_a_published_file_has_it_too(published):
    made = generations.current(published)
    assert format_of(made.database) == FORMAT_OF_1_2
    with connection.connect(made.database, read_only=True) as con:
        assert con.sql("select count(*) from core.zone").fetchall()[0][0]


def test_a_writer_of_another_format_keeps_that_of_the_file(tmp_path):
    """DuckDB's shell on the work database does not lift it to a format that older releases cannot read."""
    path = tmp_path / "work.duckdb"
    with connection.connect(path) as con:
        con.execute("create table a as select 1 as b")
    with duckdb.connect(str(path)) as con:
        con.execute("create table c as select 1 as d; checkpoint")
    assert format_of(path) == FORMAT_OF_1_2


@pytest.mark.slow
@pytest.mark.parametrize("version", OLDER)
def test_an_older_release_reads_the_same(version, published, tmp_path):
    """The package is installed into a folder of its own; where none can be had, there is nothing to prove."""
    database = str(generations.current(published).database)
    installed = install(f"duckdb=={version}", tmp_path / "older")
    if installed:
        pytest.skip(f"duckdb {version} cannot be installed here: {installed}")
    older, newer = read(database, PYTHONPATH=str(tmp_path / "older")), read(database)
    assert older["version"] == version and newer["version"] == duckdb.__version__
    assert older["counts"] == newer["counts"]


def install(package: str, folder: Path) -> str:
    """Install a package without what it needs into a folder; returns why not, empty where it is done."""
    tool = ["uv", "pip", "install"] if shutil.which("uv") else [sys.executable, "-m", "pip", "install"]
    command = [*tool, "--quiet", "--no-deps", "--only-binary", ":all:", "--target", str(folder), package]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stderr.strip().splitlines() or [""])[-1] if done.returncode else ""


def read(database: str, **environment: str) -> dict:
    """What a DuckDB finds in a file, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", READ, database],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    return json.loads(done.stdout)
