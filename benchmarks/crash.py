"""Kills the pipeline at random moments (SIGKILL to its whole process group) and looks at what is left.

Belongs here: the killed runs and the comparison with an undisturbed one. A run is what the assets do, by the same
functions and in the same order: recovery, landing, every table with a connection of its own, publishing, and
the report, which follows the switch of the pointer. Left out are Dagster and Great Expectations, which write nothing
into the data folder (tests/test_runs.py kills a whole one).

`python -m benchmarks.crash --kills 100 --seed 1`. Moments are drawn phase by phase, and within a phase evenly over the
time that an undisturbed run spends in it. After each kill the published generation must be one of the two that may be
there, byte for byte, and the report a whole one. After one to three kills in a row a run must complete, and then every
table must equal that of the undisturbed run, byte for byte as Parquet in the order of its key, which is row by row.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import random
import shutil
import signal
import struct
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from benchmarks import ingest
from pipelines import settings
from pipelines.database import build, connection, recovery, run_lock
from pipelines.landing import land as landing
from pipelines.publishing import generations
from pipelines.publishing.report import write
from pipelines.quoting import literal

PHASES = ("landing", "merge", "metrics", "checkpoint", "publish", "report")
MOST_IN_A_ROW = 3
POLL_SECONDS = 0.0002
FIGURES = (
    "area_code,area_name,admin_level,year,period,indicator,value,unit,status,scope_note,source,quote,known_from\n"
    "510100,成都市,city,2022,annual,GDP,{value},billion CNY,seen,,https://example.org/a,a sentence,{day}\n"
)


class Marker:
    """Which phase a run is in and how many it has gone through, in memory that outlives the process."""

    def __init__(self) -> None:
        self.memory = mmap.mmap(-1, 16)
        self.set(len(PHASES), 0)

    def set(self, phase: int, step: int) -> None:
        """Write both."""
        self.memory[:16] = struct.pack("qq", phase, step)

    def get(self) -> tuple[str, int]:
        """Phase ('before' until the first) and the number of the step."""
        phase, step = struct.unpack("qq", self.memory[:16])
        return (*PHASES, "before")[phase], step


def whole_run(paths: settings.Paths, enter: Callable[[str], None], made: Sequence[str] = ()) -> None:
    """One run without Dagster, of all tables or those that are named and what they read; `enter` is told of phases."""
    with run_lock.hold(paths.run_lock, print):
        enter("landing")
        recovery.ensure(paths, print)
        with _connected(paths, enter) as con:
            landing.land_all(con, paths)
        for table in build.in_order(made or None):
            enter("metrics" if table.schema_name in ("work", "mart") else "merge")
            with _connected(paths, enter) as con:
                build.build(con, table)
        enter("publish")
        generations.publish(paths)
        enter("report")
        write.report(paths)


@contextmanager
def _connected(paths: settings.Paths, enter: Callable[[str], None]) -> Iterator[duckdb.DuckDBPyConnection]:
    with connection.connect(paths.work) as con:
        yield con
        enter("checkpoint")


def start(paths: settings.Paths, marker: Marker, made: Sequence[str], trace: Path | None = None) -> int:
    """Fork a run into a process group of its own; returns its id. With `trace`, it writes when each phase began."""
    marker.set(len(PHASES), 0)
    child = os.fork()
    if child:
        return child
    os.setsid()
    log = os.open(paths.root / "run.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    entered: list[tuple[str, float]] = []

    def enter(phase: str) -> None:
        entered.append((phase, time.perf_counter()))
        marker.set(PHASES.index(phase), len(entered))

    code = 1
    try:
        whole_run(paths, enter, made)
        if trace:
            trace.write_text(json.dumps([*entered, ("end", time.perf_counter())]))
        code = 0
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", flush=True)
    finally:
        sys.stdout.flush()
        os._exit(code)


def complete(paths: settings.Paths, marker: Marker, made: Sequence[str], trace: Path | None = None) -> None:
    """A run that nobody kills. Raises SystemExit where it fails."""
    child = start(paths, marker, made, trace)
    if os.waitpid(child, 0)[1] != 0:
        raise SystemExit(f"a run that nobody killed failed: {(paths.root / 'run.log').read_text()[-2000:]}")


def steps_of(trace: Path) -> list[tuple[str, int, float]]:
    """Phase, number of the step and its seconds, of an undisturbed run."""
    entered = json.loads(trace.read_text())
    following = entered[1:]
    return [
        (phase, number, after[1] - began)
        for number, ((phase, began), after) in enumerate(zip(entered, following, strict=False), start=1)
    ]


def moment(steps: list[tuple[str, int, float]], phase: str, chance: random.Random) -> tuple[int, float]:
    """A step of a phase and a delay into it, evenly over the time spent in the phase."""
    chosen = [(number, seconds) for found, number, seconds in steps if found == phase]
    number, seconds = chance.choices(chosen, weights=[seconds for _, seconds in chosen])[0]
    return number, chance.random() * seconds


def kill_at(child: int, marker: Marker, step: int, delay: float) -> str | None:
    """Kill a run's process group once it is that far; the phase in which it died, None if it had ended before."""
    while marker.get()[1] < step:
        if os.waitpid(child, os.WNOHANG)[0]:
            return None
        time.sleep(POLL_SECONDS)
    time.sleep(delay)
    os.killpg(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    return marker.get()[0] if os.WIFSIGNALED(status) else None


def content(paths: settings.Paths) -> dict[str, str]:
    """Hash of every table of the published generation. Raises SystemExit where it is not what its manifest says."""
    generation = generations.current(paths)
    faults = generations.verify(generation)
    if faults:
        raise SystemExit(f"generation {generation.generation_id} is damaged: {faults}")
    if not (paths.reports / "latest" / "index.html").read_text(encoding="utf-8").rstrip().endswith("</html>"):
        raise SystemExit("the report's first page is not whole")
    return {name: entry["sha256"] for name, entry in generation.manifest["tables"].items()}


def offer(paths: settings.Paths, second: bool) -> None:
    """Put files into the inbox: at first a few; then a revision, another month, a zip, and one that nobody knows."""
    paths.inbox.mkdir(parents=True, exist_ok=True)
    month, rows = (2, 4000) if second else (1, 4000)
    ingest.generate(paths.inbox, rows, "utf-8", f"generated_2024_{month:02d}_import.csv", month)
    (paths.inbox / ingest.CLEAN_NAME).unlink()
    words = FIGURES.format(
        value="2090.5" if second else "2081.75", day="2024-03-01" if second else "2023-03-01"
    )
    (paths.inbox / f"zone_figures_{month}.csv").write_text(words, encoding="utf-8")
    if second:
        (paths.inbox / "unknown.csv").write_text("a,b\n1,2\n")
        with zipfile.ZipFile(paths.inbox / "figures.zip", "w") as archive:
            archive.writestr(zipfile.ZipInfo("zone_figures_3.csv"), words.replace("2022", "2021"))


class Trials:
    """The folder before the change, what is right before and after it, and the count of what happened."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        self.folder, self.chance, self.in_a_row = folder, random.Random(options.seed), options.in_a_row
        self.made = options.made
        self.marker, self.late, self.switched = Marker(), 0, 0
        self.killed: Counter[str] = Counter()
        self.base = settings.Paths(folder / "base")
        if options.base:
            shutil.copytree(options.base, self.base.root, symlinks=True)
        offer(self.base, second=False)
        complete(self.base, self.marker, self.made)
        self.before = content(self.base)
        undisturbed = self._copy("undisturbed")
        complete(undisturbed, self.marker, self.made, folder / "trace.json")
        self.after, self.steps = content(undisturbed), steps_of(folder / "trace.json")

    def _copy(self, name: str) -> settings.Paths:
        paths = settings.Paths(self.folder / name)
        shutil.rmtree(paths.root, ignore_errors=True)
        shutil.copytree(self.base.root, paths.root, symlinks=True)
        offer(paths, second=True)
        return paths

    def until(self, kills: int) -> None:
        """Kill that many runs, one to `in_a_row` on the same folder before one may complete."""
        while sum(self.killed.values()) < kills:
            left = kills - sum(self.killed.values())
            self._trial(min(left, self.chance.randint(1, self.in_a_row)))

    def _trial(self, kills: int) -> None:
        paths = self._copy("killed")
        for _ in range(kills):
            wanted = min(PHASES, key=lambda phase: (self.killed[phase], PHASES.index(phase)))
            step, delay = moment(self.steps, wanted, self.chance)
            phase = kill_at(start(paths, self.marker, self.made), self.marker, step, delay)
            found = content(paths)
            if found not in (self.before, self.after):
                raise SystemExit(f"killed in {phase}: found a generation that nobody published")
            self.switched += found == self.after
            self.late += phase is None
            self.killed.update([phase] if phase else [])
            print(
                f"kill {sum(self.killed.values()):3} in {phase} (step {step} of {len(self.steps)})",
                flush=True,
            )
        complete(paths, self.marker, self.made)
        found = content(paths)
        differing = sorted(name for name in self.after if found.get(name) != self.after[name])
        if differing:
            words = "\n".join(self._difference(name, paths) for name in differing)
            raise SystemExit(f"after {kills} kills other rows than undisturbed:\n{words}")

    def _difference(self, table: str, paths: settings.Paths) -> str:
        """The rows of a table that differ, undisturbed first."""
        one, other = (
            f"from read_parquet({literal(generation.folder / generation.manifest['tables'][table]['parquet'])})"
            for generation in map(generations.current, (settings.Paths(self.folder / "undisturbed"), paths))
        )
        queries = [f"{one} except all {other}", f"{other} except all {one}"]
        return table + "".join(
            f"\n{duckdb.execute(f'from ({query}) limit 3').fetchall()}" for query in queries
        )


def main() -> None:
    """Arguments; kill, compare, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--in-a-row", type=int, default=MOST_IN_A_ROW)
    parser.add_argument("--base", type=Path, help="Built data folder to begin with, instead of an empty one.")
    parser.add_argument(
        "--made", nargs="*", default=[], help="Tables that are made, with what they read; all."
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="zonescope_crash_") as name:
        trials = Trials(Path(name), arguments)
        trials.until(arguments.kills)
    for phase in PHASES:
        print(f"  killed in {phase:12} {trials.killed[phase]:4}")
    print(f"  died before its first phase {trials.killed['before']}, had ended before the kill {trials.late}")
    print(
        f"{sum(trials.killed.values())} kills, seed {arguments.seed}: each time the published generation was whole and "
        f"right ({trials.switched} times already the new one); each next run completed with all {len(trials.after)} "
        "tables equal to an undisturbed run's"
    )


if __name__ == "__main__":
    main()
