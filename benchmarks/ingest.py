"""What landing costs: a large customs file beside a bare DuckDB scan of it, and one more month beside twelve.

Belongs here: generated files with known faults, the measurement, and the proof that nothing was lost. The landing
is the project's own (`landing.land`: hash, kept copy, line sorting, tables, rejects, accounting, commit, close).
`python -m benchmarks.ingest --rows 1000000` for a short run; TMPDIR says where the files go (6 GB for 10 M rows).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from pipelines import settings
from pipelines.database import connection
from pipelines.declarations.files import ROOT
from pipelines.declarations.sources import sources
from pipelines.landing import land as landing
from pipelines.landing import raw_rows
from pipelines.quoting import literal

MOST_FAULTS = 1000
# So far apart that an open quote of one cannot close in another.
LINES_PER_FAULT = 20
TARGETS = {"utf-8": 3.5, "gb18030": 5.0}
MONTH_TARGET = 1 / 6
TRIALS = 5
MONTHS = 12
MOST_MEGABYTES = 1024
COLUMNS = (
    "数据年月",
    "贸易伙伴编码",
    "贸易伙伴名称",
    "商品编码",
    "商品名称",
    "第一数量",
    "第一计量单位",
    "第二数量",
    "第二计量单位",
    "人民币",
)
HEADER = "".join(f'"{name}",' for name in COLUMNS) + "\n"
FILE_NAME = "generated_2024_import.csv"
CLEAN_NAME = "clean.csv"


@dataclass
class Truth:
    """What a right landing finds: held lines with their text, and the number of lines of each class."""

    held: list[tuple[int, str, str]] = field(default_factory=list)
    physical: int = 1
    blank: int = 0
    continued: int = 0


def fault(kind: int, line: str, row_no: int, truth: Truth) -> str:
    """A faulty line of one of eight kinds, entered into the truth."""
    fields = line.rstrip("\n")
    bad = {
        0: (fields.replace('"千克",', ""), "wrong_field_count"),
        1: (fields + '"x","y",', "wrong_field_count"),
        2: (fields.replace('"千克"', '"千克'), "unterminated_quote"),
        3: (fields.replace('"千克"', '"千"克"x"'), "unterminated_quote"),
        4: (fields[:1] + fields[3:], "month_missing"),
    }
    if kind in bad:
        printed, code = bad[kind]
        truth.held.append((row_no, printed.rstrip(",") if kind == 4 else printed, code))
        return printed + "\n"
    if kind == 5:
        truth.blank += 1
        return "\n"
    if kind == 6:
        truth.continued += 1
        return line.replace('"千克"', '"千\n克"')
    left, right = line.split('"千克",')
    truth.held += [(row_no, left, "wrong_field_count"), (row_no + 1, right.rstrip("\n"), "wrong_field_count")]
    return left + "\r" + right


PAIR_STEP = 1_000_003  # has no factor in common with the number of pairs


def generate(folder: Path, rows: int, encoding: str, file_name: str = FILE_NAME, first: int = 1) -> Truth:
    """Write the file, and its twin in UTF-8 without faults for the bare scan.

    FILE_NAME has the months of a year, a file of another name one month, counted from January 2024. The second
    quantity is the line number modulo 1,000, so that the place of every loaded row can be checked.
    """
    chance = random.Random(20240101)
    partners = [f'"{100 + number}","国家{number}号"' for number in range(230)]
    goods = [f'"{1012100 + 977 * number:08d}","某种商品，第{number}类，其他除外"' for number in range(8000)]
    step = max(rows // MOST_FAULTS, LINES_PER_FAULT)
    faulty = {step * n + chance.randrange(max(step - 60, 1)): n % 8 for n in range(rows // step)}
    truth = Truth()
    with (
        (folder / CLEAN_NAME).open("w", encoding="utf-8", newline="") as clean,
        (folder / file_name).open("w", encoding=encoding, newline="") as dirty,
    ):
        clean.write(HEADER)
        dirty.write(HEADER)
        for number in range(rows):
            row_no = truth.physical + 1
            # each partner and commodity once a month, in no order: a record that stands twice would be quarantined
            pair = number * PAIR_STEP % (len(partners) * len(goods))
            month = first - 1 + (number * MONTHS // rows if file_name == FILE_NAME else 0)
            line = (
                f'"{2024 + month // 12}{month % 12 + 1:02d}",{partners[pair % len(partners)]},'
                f'{goods[pair // len(partners)]},"{int(10 ** (chance.random() * 9))}","千克",'
                f'"{row_no % 1000}","个","{int(10 ** (chance.random() * 10)):,}",\n'
            )
            clean.write(line)
            if number in faulty:
                line = fault(faulty[number], line, row_no, truth)
                truth.physical += line.count("\n") + line.count("\r") - 1
            dirty.write(line)
            truth.physical += 1
    return truth


def scan(path: Path) -> dict[str, float]:
    """CPU and wall seconds of a bare scan: every column VARCHAR, counted and hashed."""
    columns = {f"c{number}": "VARCHAR" for number in range(len(COLUMNS) + 1)}
    hashes = ", ".join(f"bit_xor(hash({name}))" for name in columns)
    query = (
        f"select count(*), {hashes} from read_csv({literal(path)}, columns = {columns}, auto_detect = false, "
        "header = true, delim = ',', quote = '\"', escape = '\"', new_line = '\\n')"
    )
    with duckdb.connect() as con:
        con.execute(query).fetchall()  # pages of the file and of the process are there
        started = _clock()
        con.execute(query).fetchall()
        return _since(started)


def land(folder: Path) -> dict[str, float]:
    """CPU and wall seconds of landing all generated files of a folder, and the peak memory of this process.

    No other process takes part. Not counted is what a process does once, whatever it lands: imports, declarations,
    empty tables.
    """
    paths = settings.Paths(folder / "data")
    sources()
    with connection.connect(paths.work) as con:
        raw_rows.ensure_tables(con)
        started = _clock()
        landed = [
            found
            for path in sorted(folder.glob("generated_*.csv"))
            for found in landing.land(con, path, "inbox", paths)
        ]
    spent = _since(started)
    for file in landed:
        if file.status not in ("loaded", "known"):
            raise SystemExit(f"{file.file_name} was {file.status}: {file.reason}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**spent, "peak_mb": peak, "loaded": sum(file.status == "loaded" for file in landed)}


def check(folder: Path, truth: Truth, encoding: str) -> list[str]:
    """What is wrong with the landed rows; empty when every line is where it must be."""
    with connection.connect(settings.Paths(folder / "data").work, read_only=True) as con:
        held = con.execute("select row_no, printed_text, reason_code from raw.reject order by 1").fetchall()
        counted = con.execute(
            "select physical_rows, header_rows, blank_rows, continuation_rows, rejected_rows, record_rows, encoding "
            "from raw.file"
        ).fetchall()[0]
        loaded, misplaced = con.execute(
            "select count(*), count(*) filter (where row_no % 1000 <> quantity_2_text::integer) from raw.trade"
        ).fetchall()[0]
    records = truth.physical - 1 - truth.blank - truth.continued - len(truth.held)
    name = "utf-8-sig" if encoding == "utf-8" else encoding
    expected = (truth.physical, 1, truth.blank, truth.continued, len(truth.held), records, name)
    faults = []
    if [(n, t.rstrip(","), c) for n, t, c in held] != [(n, t.rstrip(","), c) for n, t, c in truth.held]:
        wrong = set(held) ^ set(truth.held)
        faults.append(f"held lines differ: {len(held)} of {len(truth.held)}, such as {sorted(wrong)[:2]}")
    if counted != expected:
        faults.append(f"lines counted {counted}, expected {expected}")
    if (loaded, misplaced) != (records, 0):
        faults.append(f"{loaded} rows loaded, expected {records}; {misplaced} with a wrong line number")
    return faults


def beside_a_scan(rows: int, encoding: str, trials: int) -> bool:
    """One large file, landed so many times; print the figures. True when all is where it must be and the median of the
    ratios reaches the target.

    Each landing is set beside the scans before and after it: the speed of a shared machine drifts.
    """
    with tempfile.TemporaryDirectory(prefix="zonescope_bench_") as name:
        folder = Path(name)
        truth = generate(folder, rows, encoding)
        scans, landings, wrong = _alternately(folder, truth, encoding, trials)
        size = (folder / FILE_NAME).stat().st_size >> 20
        database = settings.Paths(folder / "data").work.stat().st_size >> 20
    cpu, wall = (_ratios(scans, landings, kind) for kind in ("cpu", "wall"))
    median, peak = statistics.median(cpu), max(one["peak_mb"] for one in landings)
    print(f"{encoding}: {rows:,} rows, {size:,} MB, {len(truth.held):,} held lines of faults of 8 kinds")
    print(f"  bare scan      {_range(scans, 'cpu')} s CPU, {_range(scans, 'wall')} s wall")
    print(f"  full landing   {_range(landings, 'cpu')} s CPU, {_range(landings, 'wall')} s wall")
    print(f"  ratios         {', '.join(f'{ratio:.2f}' for ratio in cpu)} CPU")
    print(
        f"  median         {median:.2f} CPU (target {TARGETS[encoding]}), {statistics.median(wall):.2f} wall"
    )
    print(f"  peak memory    {peak:.0f} MB, one process (target {MOST_MEGABYTES}); database {database:,} MB")
    print(f"  line numbers   {'; '.join(wrong) or 'all right, 0 lines unaccounted'}", flush=True)
    return not wrong and median <= TARGETS[encoding] and peak <= MOST_MEGABYTES


def _alternately(folder: Path, truth: Truth, encoding: str, trials: int) -> tuple[list, list, list[str]]:
    """Scans (one more), landings, and what is wrong with the landed rows."""
    scans, landings, wrong = [_apart("scan", folder / CLEAN_NAME)], [], []
    for _ in range(trials):
        shutil.rmtree(folder / "data", ignore_errors=True)
        landings.append(_apart("land", folder))
        scans.append(_apart("scan", folder / CLEAN_NAME))
        wrong += check(folder, truth, encoding)
    return scans, landings, wrong


def _ratios(scans: list[dict], landings: list[dict], kind: str) -> list[float]:
    """Each landing over the mean of the scans before and after it."""
    return [
        2 * one[kind] / (before[kind] + after[kind])
        for before, one, after in zip(scans, landings, scans[1:], strict=False)
    ]


def _range(found: list[dict[str, float]], kind: str) -> str:
    """Least and most of a measurement."""
    return f"{min(one[kind] for one in found):.1f} to {max(one[kind] for one in found):.1f}"


def one_more_month(rows: int) -> bool:
    """Twelve monthly files, then the same folder with a thirteenth; print the figures. True when the target is met."""
    with tempfile.TemporaryDirectory(prefix="zonescope_bench_") as name:
        folder = Path(name)
        for month in range(1, MONTHS + 1):
            generate(folder, rows // MONTHS, "utf-8", f"generated_2024_{month:02d}_import.csv", month)
        twelve = _apart("land", folder)
        generate(folder, rows // MONTHS, "utf-8", "generated_2024_13_import.csv", MONTHS + 1)
        more = _apart("land", folder)
    if (twelve["loaded"], more["loaded"]) != (MONTHS, 1):
        raise SystemExit(f"loaded {twelve['loaded']} files, then {more['loaded']}: expected {MONTHS} and 1")
    cpu, wall = (more[kind] / twelve[kind] for kind in ("cpu", "wall"))
    print(f"one more month beside {MONTHS}: {rows // MONTHS:,} rows a month")
    print(f"  all {MONTHS}         {twelve['cpu']:8.1f} s CPU {twelve['wall']:8.1f} s wall")
    print(f"  one more       {more['cpu']:8.1f} s CPU {more['wall']:8.1f} s wall")
    print(f"  ratio          {cpu:8.3f} CPU   {wall:8.3f} wall   (target {MONTH_TARGET:.3f})", flush=True)
    return cpu <= MONTH_TARGET


def _apart(step: str, path: Path) -> dict[str, float]:
    """Measure in a process of its own, so that neither memory nor caches of the generator count."""
    command = [sys.executable, "-m", "benchmarks.ingest", "--measure", step, str(path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment, cwd=ROOT)
    measured: dict[str, float] = json.loads(run.stdout)
    return measured


def _clock() -> tuple[float, float]:
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime, time.perf_counter()


def _since(started: tuple[float, float]) -> dict[str, float]:
    cpu, wall = _clock()
    return {"cpu": cpu - started[0], "wall": wall - started[1]}


def main() -> None:
    """Arguments; both encodings one after the other, then the months."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--measure", nargs=2, metavar=("STEP", "PATH"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        step, path = arguments.measure
        print(json.dumps({"scan": scan, "land": land}[step](Path(path))))
        return
    right = [beside_a_scan(arguments.rows, encoding, arguments.trials) for encoding in TARGETS]
    right.append(one_more_month(arguments.rows))
    raise SystemExit(0 if all(right) else 1)


if __name__ == "__main__":
    main()
