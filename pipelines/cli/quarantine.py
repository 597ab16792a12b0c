"""`zonescope quarantine`: what is quarantined and why, and reading it again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines import settings
from pipelines.cli.console import DefaultGroup, console, first_lines, published, say, table
from pipelines.cli.run import THEN_RUN, run_and_summarise

FILE_FILTER = Annotated[str, typer.Option("--file", help="Only files whose name has this in it.")]
REASON_FILTER = Annotated[str, typer.Option("--reason", help="Only this reason code.")]
SOURCE_FILTER = Annotated[str, typer.Option("--source", help="Only this declared source.")]

app = typer.Typer(cls=DefaultGroup, help="What is held and why; `list` where nothing else is named.")


@app.command("list")
def quarantine_list(
    file: FILE_FILTER = "",
    reason: REASON_FILTER = "",
    source: SOURCE_FILTER = "",
    limit: Annotated[int, typer.Option(min=0, help="Most items shown; the counts are of all.")] = 50,
) -> None:
    """Items held: file, place, printed text, reason."""
    from pipelines.publishing import quarantine as items  # noqa: PLC0415 - openpyxl is not needed by the other commands

    with published() as con:
        rows, counted = (
            items.items(con, file, reason, source),
            items.counts(con),
        )
    if not (file or reason or source):
        table(["reason", "source", "items", "files"], counted)
    shown = [(*row[:7], first_lines(row[7])) for row in rows[:limit]]
    if shown:
        table(items.COLUMNS[:8], shown)
    console.print(
        f"{len(rows):,} held, {len(shown):,} shown; [bold]zonescope quarantine export FILE.xlsx[/] has all, "
        "with what mends each"
    )


@app.command("export")
def quarantine_export(
    target: Annotated[Path, typer.Argument(help="Workbook to write, or CSV if it ends in .csv.")],
    file: FILE_FILTER = "",
    reason: REASON_FILTER = "",
    source: SOURCE_FILTER = "",
) -> None:
    """Write what is held to a workbook: place, printed text, reason, how to mend; counts on a second sheet."""
    from pipelines.publishing import quarantine as items  # noqa: PLC0415 - openpyxl is not needed by the other commands

    with published() as con:
        rows, counted = (
            items.items(con, file, reason, source),
            items.counts(con),
        )
    items.export(rows, counted, target)
    say(f"wrote {target}: {len(rows):,} held items")


@app.command("retry")
def quarantine_retry(file: FILE_FILTER = "", then_run: THEN_RUN = False) -> None:
    """Read held files again after a correction and say what changed, by file and reason."""
    from pipelines.landing import by_hand  # noqa: PLC0415 - reads all SQL

    paths = settings.paths()
    with by_hand.work(paths, say, "zonescope quarantine retry") as con:
        changes = by_hand.retry(con, paths, file)
    changed = [(c.file_name, c.reason_code, c.before, c.after) for c in changes if c.before != c.after]
    if changed:
        table(["file", "reason", "held before", "held now"], changed)
    before, after = sum(c.before for c in changes), sum(c.after for c in changes)
    say(f"{before:,} held before, {after:,} now; the published warehouse shows it after the next run")
    if then_run:
        run_and_summarise()
