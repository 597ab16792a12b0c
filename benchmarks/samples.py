"""What becomes of a folder of published files, family by family: tried, loaded, held, unaccounted.

Belongs here: the table. Does not belong here: a way of its own: files are landed by `landing.land`, decided on by the
SQL of core, and counted by `mart.file_accounting`.
`python -m benchmarks.samples [FOLDER]`; without a folder the samples that lie beside the project. It ends with 1 if
anything is unaccounted.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from pipelines import settings
from pipelines.database import build, connection
from pipelines.declarations.files import ROOT
from pipelines.declarations.sources import sources
from pipelines.landing import discovery, sidecar
from pipelines.landing import land as landing

SAMPLES = ROOT.parent / "shared" / "samples"
ACCOUNTING = "mart.file_accounting"
PASSED_OVER = ("README.md",)  # about a folder, not of it
# The day from which the figures are known, of files that do not state it themselves; exports of one table must differ.
DAY = "2026-01-05"
DAYS = {"2020di_分省年度数据_GDP.xls": "2020-06-30"}
# Families by the raw table where it tells them, else by the layout.
FAMILIES = {
    "nbs_export": "1 exports of the statistics bureau",
    "nbs_json": "2 replies of its query services",
    "wide_panel": "3 city tables and panels",
    "customs_query": "4 customs queries",
    "code_list": "5 code lists",
    "division": "5 code lists",
    "international_trade": "6 international trade",
    "world_bank": "6 international trade",
    "world_bank_json": "6 international trade",
    "sdmx_csv": "7 exchange formats",
    "sdmx_ml": "7 exchange formats",
    "json_stat": "7 exchange formats",
    "px": "7 exchange formats",
    "figure_list": "8 returns and figure lists",
    "zone_return": "8 returns and figure lists",
    "registry": "registers of this project",
}
UNKNOWN = "of no declared source"
COUNTED = (
    "physical_rows",
    "cells_total",
    "cells_loaded",
    "cells_blank",
    "cells_not_used",
    "cells_quarantined",
    "rejected_rows",
    "unaccounted",
)
QUERY = f"""
select f.file_name, f.source_id, f.status, f.reason, {", ".join(f"coalesce(a.{name}, 0)" for name in COUNTED)}
from raw.file as f join {ACCOUNTING} as a using (file_sha256)
where f.origin = 'inbox' order by f.sequence
"""


def accounts(folder: Path) -> list[tuple]:
    """A row for every file below a folder: name, source, status, reason, then the counts of `COUNTED`."""
    with tempfile.TemporaryDirectory(prefix="zonescope_samples_") as name:
        paths = settings.Paths(Path(name))
        with connection.connect(paths.work) as con:
            landing.land_all(con, paths)
            for path in discovery.data_files(folder):
                if path.name not in PASSED_OVER:
                    _land(con, path, paths)
            build.build_all(con, [ACCOUNTING])
            return con.execute(QUERY).fetchall()


def _land(con: duckdb.DuckDBPyConnection, path: Path, paths: settings.Paths) -> None:
    """Land a file; one that does not state its day lands again with the day in a sidecar, as a user would state it."""
    landed = landing.land(con, path, "inbox", paths)
    if any("vintage: YYYY-MM-DD" in file.reason for file in landed):
        landing.land(
            con, path, "inbox", paths, sidecar_text=sidecar.text_of(vintage=DAYS.get(path.name, DAY))
        )


def family(source_id: str | None) -> str:
    """Layout family of a source."""
    if source_id is None:
        return UNKNOWN
    source = sources()[source_id]
    return FAMILIES.get(source.raw_table) or FAMILIES[source.layout]


def by_family(rows: list[tuple]) -> dict[str, Counter]:
    """Sums of the counts and of the files of each status, by family."""
    found: dict[str, Counter] = {}
    for _, source_id, status, _, *counts in rows:
        sums = found.setdefault(family(source_id), Counter())
        sums.update({"files": 1, status: 1})
        sums.update(dict(zip(COUNTED, counts, strict=True)))
    return found


def main() -> None:
    """Land, count, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=SAMPLES)
    rows = accounts(parser.parse_args().folder)
    sums = by_family(rows)
    sums["all"] = sum(sums.values(), Counter())
    console = Console(width=180)
    columns = ("files", "loaded", "refused", *COUNTED)
    view = Table("family", *(name.replace("_", " ") for name in columns))
    for name, counts in sorted(sums.items(), key=lambda item: (item[0] == "all", item[0])):
        view.add_row(name, *(f"{counts[column]:,}" for column in columns))
    console.print(view)
    for reason in (reason for _, _, status, reason, *_ in rows if status == "refused"):
        console.print(f"refused  {reason.splitlines()[0]}", markup=False, highlight=False)
    raise SystemExit(1 if sums["all"]["unaccounted"] else 0)


if __name__ == "__main__":
    main()
