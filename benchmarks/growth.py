"""How the cost of a run grows with history: 1, 4 and 16 million customs records in monthly files, then one month more.

Belongs here: generated months, the steps of a run measured apart, ten queries. CPU seconds of the one process that does it
all (`time.process_time`), beside wall seconds: on a shared machine only the first mean something.
`python -m benchmarks.growth --months 4 16` for a short run; TMPDIR says where the files go (12 GB for 64 months).
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from benchmarks.ingest import COLUMNS
from pipelines import settings
from pipelines.database import build, checks, connection, lineage, writing
from pipelines.declarations.tables import tables
from pipelines.landing import land as landing
from pipelines.publishing import generations
from pipelines.quoting import identifier, literal

ROWS_A_MONTH = 250_000
MONTHS = (4, 16, 64)
MOST_GROWTH = 1.2
# What reads the records, and the fits; the tables beyond them read none of it and stay empty here.
MADE = ("mart.file_accounting", "mart.mode_fit")
CHECKED = ("raw.trade", "core.trade", "core.quarantine", "mart.file_accounting")
# These look at all that there is: they are shown, and are not part of what a month more may cost.
OF_ALL = ("checks", "publish")
QUERIES = {
    "a month's total": "select sum(value_cny) from core.trade where is_latest and time_period = '2024-02'",
    "totals by month": "select time_period, flow, sum(value_cny) from core.trade where is_latest group by all order by all",
    "ten largest partners": "select partner_code, sum(value_cny) as v from core.trade where is_latest group by all order by v desc limit 10",
    "a partner by month": "select time_period, sum(value_cny) from core.trade where is_latest and partner_code = '110' group by all",
    "a commodity by month": "select time_period, sum(value_cny), sum(quantity_1) from core.trade "
    "where is_latest and commodity_code = '01012100' group by all",
    "chapters": "select substr(commodity_code, 1, 2) as c, sum(value_cny) from core.trade where is_latest group by all order by all",
    "one printed row": "select * from raw.trade where row_no = 77 limit 1",
    "the quarantine": "select reason_code, count(*) from core.quarantine group by all",
    "accounting": "select count(*), sum(unaccounted) from mart.file_accounting",
    "a zone's fit": "select * from mart.mode_fit where zone_code = '510100'",
}


class Spent:
    """CPU and wall seconds by step."""

    def __init__(self) -> None:
        self.cpu: dict[str, float] = {}
        self.wall: dict[str, float] = {}

    @contextmanager
    def on(self, step: str) -> Iterator[None]:
        """Count what the block spends to a step."""
        cpu, wall = time.process_time(), time.perf_counter()
        yield
        self.cpu[step] = self.cpu.get(step, 0) + time.process_time() - cpu
        self.wall[step] = self.wall.get(step, 0) + time.perf_counter() - wall


def offer(paths: settings.Paths, month: int) -> None:
    """Put a month's file into the inbox: numbers by hash, so that months differ and runs agree."""
    paths.inbox.mkdir(parents=True, exist_ok=True)
    period = f"{2024 + (month - 1) // 12}{(month - 1) % 12 + 1:02d}"
    fields = (
        literal(period),
        "(101 + h % 230)::varchar",
        "'国家' || (101 + h % 230) || '号'",
        "lpad((1012100 + 977 * (h // 7 % 8000))::varchar, 8, '0')",
        "'某种商品，第' || (h // 7 % 8000) || '类，其他除外'",
        "(h // 11 % 1000000)::varchar",
        "'千克'",
        "(h // 13 % 1000)::varchar",
        "'个'",
        "(h // 17 % 100000000)::varchar",
        "null",
    )
    chosen = ", ".join(
        f"{field} as {identifier(name)}" for field, name in zip(fields, (*COLUMNS, ""), strict=True) if name
    )
    target = paths.inbox / f"generated_{period[:4]}_{period[4:]}_import.csv"
    duckdb.sql(
        f"copy (select {chosen} from (select hash(range + {month}::bigint * 1000000000) as h from range({ROWS_A_MONTH}))) "
        f"to {literal(target)} (header, force_quote *)"
    )
    lines = target.read_bytes().splitlines()  # the publisher ends each line with a comma
    target.write_bytes(b"".join(line + b",\n" for line in lines))


def run(paths: settings.Paths) -> Spent:
    """One run by the functions of the assets, its steps measured apart."""
    spent = Spent()
    with connection.connect(paths.work) as con:
        with spent.on("landing"):
            landed = landing.land_all(con, paths)
        bad = [file for file in landed if file.status not in ("loaded", "known")]
        if bad:
            raise SystemExit(f"{bad[0].file_name} was {bad[0].status}: {bad[0].reason}")
        for table in build.in_order(MADE):
            of_trade = any(read in ("raw.trade", "core.trade") for read in lineage.upstream(table.full_name))
            with spent.on("tables that read trade" if of_trade else "all other tables"):
                build.build(con, table)
        for name in CHECKED:
            with spent.on("checks"):
                checks.validate(con, tables()[name])
        with spent.on("checkpoint"):
            con.execute("checkpoint")
        for table in tables().values():
            if not writing.has_columns(con, table):
                writing.recreate(con, table)
        build.build(con, tables()["reference.methodology"])
    with spent.on("publish"):
        generations.publish(paths)
    return spent


def queries(paths: settings.Paths) -> Spent:
    """Ten queries on the published generation, each in a connection of its own."""
    spent = Spent()
    for name, query in QUERIES.items():
        with connection.connect(generations.current(paths).database, read_only=True) as con, spent.on(name):
            con.execute(query).fetchall()
    return spent


def measured(months: int) -> dict[str, Spent]:
    """Months of history in one run, one month more in the next, then the queries."""
    with tempfile.TemporaryDirectory(prefix="zonescope_growth_") as name:
        paths = settings.Paths(Path(name))
        for month in range(1, months + 1):
            offer(paths, month)
        full = run(paths)
        # kept bytes are the history; the user clears the inbox
        shutil.rmtree(paths.inbox)
        offer(paths, months + 1)
        return {"full build": full, "one month more": run(paths), "query": queries(paths)}


def of_new(seconds: dict[str, float]) -> float:
    """Seconds of the steps that need not look at all that there is."""
    return sum(spent for step, spent in seconds.items() if step not in OF_ALL)


def lines(results: dict[int, dict[str, Spent]]) -> Iterator[str]:
    """The table: a line for each step, a column for each history, and the growth from the first to the last."""
    first, *_, last = results
    millions = "".join(f"{months * ROWS_A_MONTH / 1e6:>9.2f} M" for months in results)
    yield f"{'CPU seconds (wall)':38}{millions}   growth"
    for part, spent in results[first].items():
        steps = {step: [found[part].cpu[step] for found in results.values()] for step in spent.cpu}
        walls = {step: [found[part].wall[step] for found in results.values()] for step in spent.wall}
        if part != "query":
            steps["landing and tables"] = [of_new(found[part].cpu) for found in results.values()]
            walls["landing and tables"] = [of_new(found[part].wall) for found in results.values()]
        for step, seconds in steps.items():
            shown = "".join(f"{c:7.2f}({w:5.1f})"[-14:] for c, w in zip(seconds, walls[step], strict=True))
            yield f"{part + ': ' + step:38}{shown}   {seconds[-1] / max(seconds[0], 1e-3):6.2f}"


def main() -> None:
    """Arguments; measure each history, print the table. Ends with 1 if the increment grows too much."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--months", type=int, nargs="+", default=MONTHS)
    results = {}
    for months in parser.parse_args().months:
        results[months] = measured(months)
        print(*lines(results), sep="\n", flush=True) if len(results) > 1 else None
    of_month = [of_new(found["one month more"].cpu) for found in results.values()]
    growth = of_month[-1] / of_month[0]
    print(f"one month more, landing and tables: {growth:.2f} times (target {MOST_GROWTH})")
    raise SystemExit(0 if growth <= MOST_GROWTH else 1)


if __name__ == "__main__":
    main()
