"""What checking costs: all promises of all tables by plain SQL, as the pipeline asks them, and expectation by expectation.

Belongs here: the measurement on the embedded data. Each way runs in a process of its own, so that none pays for the
import of another. `python -m benchmarks.checks`; needs a few minutes, most of them to build the tables.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from pipelines import settings
from pipelines.database import build, checks, connection
from pipelines.database.promises import counting_query, promises
from pipelines.declarations.tables import Table, tables
from pipelines.landing import land as landing

PLAIN = "plain SQL"
OURS = "one query a table, by Great Expectations"
ONE_BY_ONE = "one expectation a promise"


def plain(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """The same query without Great Expectations: no check can cost less."""
    con.execute(counting_query(promises(table)).replace("{table}", table.full_name)).fetchall()


def way(name: str) -> Callable[[duckdb.DuckDBPyConnection, Table], object]:
    """The function that checks one table in this way, with all that it imports imported."""
    if name == PLAIN:
        return plain
    import great_expectations  # noqa: F401, PLC0415

    if name == OURS:
        return checks.validate
    from tests.helpers import expectation_by_expectation  # noqa: PLC0415

    return expectation_by_expectation.verdicts


def measure(name: str, work: Path) -> None:
    """Print the CPU seconds of the import and of checking all tables."""
    start = time.process_time()
    check = way(name)
    ready = time.process_time()
    with connection.connect(work) as con:
        for table in tables().values():
            check(con, table)
    print(ready - start, time.process_time() - ready)


def main() -> None:
    """Build the embedded data once, check them in each way, print seconds and ratio to plain SQL."""
    with tempfile.TemporaryDirectory(prefix="zonescope_checks_") as folder:
        paths = settings.Paths(Path(folder))
        with connection.connect(paths.work) as con:
            landing.land_all(con, paths)
            build.build_all(con)
        print(f"{sum(len(promises(t)) for t in tables().values())} promises of {len(tables())} tables")
        print("| way | import, CPU s | checks, CPU s | ratio |\n|---|---|---|---|")
        least = 0.0
        for name in (PLAIN, OURS, ONE_BY_ONE):
            command = [sys.executable, "-m", "benchmarks.checks", name, str(paths.work)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            imported, spent = map(float, done.stdout.splitlines()[-1].split())
            least = least or spent
            print(f"| {name} | {imported:.1f} | {spent:.1f} | {spent / least:.1f} |")


if __name__ == "__main__":
    measure(sys.argv[1], Path(sys.argv[2])) if len(sys.argv) == 3 else main()
