"""Readers in other processes while generations are published, and while a run writes the work database.

Belongs here: the readers, the writer, the counts. Every generation bears its own mark in two tables, in the database and
in the Parquet; a reader that sees two marks has seen a mixed generation. `python -m benchmarks.concurrency` publishes
25 times under 4 readers that never pause; a reader also measures how long each of its reads takes, and the same with
nobody writing, for a reader that waited for the writer would show there.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from benchmarks import crash
from pipelines import settings
from pipelines.database import connection
from pipelines.declarations.files import ROOT
from pipelines.publishing import generations
from pipelines.quoting import literal

MARKED = {"core.zone": "zone_name_en", "mart.mode": "name_en"}


def read(paths: settings.Paths) -> set[str]:
    """The marks that one read of the current generation finds; one if it is not mixed."""
    generation = generations.readable(paths, print)
    marks = set()
    with connection.connect(generation.database, read_only=True) as con:
        for table, column in MARKED.items():
            marks |= set(con.execute(f"select distinct {column} from {table}").fetchall())
            parquet = generation.folder / generation.manifest["tables"][table]["parquet"]
            marks |= set(
                duckdb.execute(f"select distinct {column} from read_parquet({literal(parquet)})").fetchall()
            )
    return {mark for (mark,) in marks}


def read_until_stopped(paths: settings.Paths) -> dict:
    """Read without a pause until the file `stop` is there; counts, and seconds of each read."""
    seconds, mixed, errors, seen = [], 0, [], set()
    (paths.root / f"ready-{time.time_ns()}").touch()
    while not (paths.root / "stop").exists():
        started = time.perf_counter()
        try:
            marks = read(paths)
        except Exception as error:
            errors.append(str(error)[:200])
            continue
        seconds.append(time.perf_counter() - started)
        mixed += len(marks) != 1
        seen |= marks
    return {"seconds": seconds, "mixed": mixed, "errors": errors, "seen": sorted(seen)}


def mark(paths: settings.Paths, words: str) -> None:
    """Change the work database so that the next generation bears this mark."""
    with connection.connect(paths.work) as con, connection.transaction(con):
        for table, column in MARKED.items():
            con.execute(f"update {table} set {column} = ?", [words])


def under_readers(paths: settings.Paths, publishes: int, readers: int) -> list[dict]:
    """Publish that often while that many processes read; what each of them has seen."""
    for old in [*paths.root.glob("ready-*"), paths.root / "stop"]:
        old.unlink(missing_ok=True)
    command = [sys.executable, "-m", "benchmarks.concurrency", "--read", str(paths.root)]
    processes = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(readers)
    ]
    while len(list(paths.root.glob("ready-*"))) < readers:
        time.sleep(0.05)
    for number in range(publishes):
        mark(paths, f"mark {number}")
        generations.publish(paths)
    if not publishes:
        time.sleep(5)
    (paths.root / "stop").touch()
    return [json.loads(process.communicate(timeout=120)[0].splitlines()[-1]) for process in processes]


def words_of(results: list[dict]) -> str:
    """Counts and seconds in a line."""
    seconds = sorted(s for result in results for s in result["seconds"])
    return (
        f"{len(seconds):6} reads, {sum(len(r['errors']) for r in results)} errors, "
        f"{sum(r['mixed'] for r in results)} mixed generations; a read took {statistics.median(seconds):.3f} s "
        f"(median), {seconds[int(len(seconds) * 0.99)]:.3f} s (99%), {seconds[-1]:.3f} s (longest)"
    )


def main() -> None:
    """Arguments; readers alone, readers and a writer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--publishes", type=int, default=25)
    parser.add_argument("--readers", type=int, default=4)
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read:
        print(json.dumps(read_until_stopped(settings.Paths(arguments.read))))
        return
    with tempfile.TemporaryDirectory(prefix="zonescope_readers_") as name:
        paths = settings.Paths(Path(name))
        crash.whole_run(paths, lambda _: None)
        mark(paths, "first")
        generations.publish(paths)
        print(f"nobody writes   {words_of(under_readers(paths, 0, arguments.readers))}", flush=True)
        started = time.perf_counter()
        results = under_readers(paths, arguments.publishes, arguments.readers)
        print(f"{arguments.publishes:3} publishes   {words_of(results)}")
        print(
            f"  {time.perf_counter() - started:.1f} s; generations seen {len(set().union(*(r['seen'] for r in results)))}"
        )
    raise SystemExit(1 if any(r["mixed"] or r["errors"] for r in results) else 0)


if __name__ == "__main__":
    main()
