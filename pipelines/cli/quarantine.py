"""`zonescope quarantine`: what is quarantined and why, and reading it again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines import settings
from pipelines.cli.console import DefaultGroup, console, first_lines, published, say, table
from pipelines.cli.run import THEN_RUN, run_and_summarise

FILE_FILTER = Annotated[str, typer.Option("--file", help="Only files whose name contains this text.")]
REASON_FILTER = Annotated[str, typer.Option("--reason", help="Only this reason code.")]
SOURCE_FILTER = Annotated[str, typer.Option("--source", help="Only this declared source.")]

app = typer.Typer(cls=DefaultGroup, help="What is in quarantine and why; without a command, `list`.")


@app.command("list")
def quarantine_list(
    file: FILE_FILTER = "",
    reason: REASON_FILTER = "",
    source: SOURCE_FILTER = "",
    limit: Annotated[
        int, typer.Option(min=0, help="How many items are shown at most; the counts are of all.")
    ] = 50,
) -> None:
    """List the faults with their number of items, then the items: file, place, printed text, reason."""
    from pipelines.publishing import quarantine as items  # noqa: PLC0415 - openpyxl is not needed by the other commands

    with published() as con:
        rows, grouped = (
            items.items(con, file, reason, source),
            items.groups(con),
        )
    if not (file or reason or source):
        table(items.GROUP_COLUMNS, [(*row[:4], first_lines(row[4]), row[5]) for row in grouped[:limit]])
    shown = [(*row[:7], first_lines(row[7])) for row in rows[:limit]]
    if shown:
        table(items.COLUMNS[:8], shown)
    console.print(
        f"{len(rows):,} in quarantine, {len(shown):,} shown; [bold]zonescope quarantine export FILE.xlsx[/] "
        "writes all, and how to mend each"
    )


@app.command("export")
def quarantine_export(
    target: Annotated[Path, typer.Argument(help="Workbook to write, or CSV if it ends in .csv.")],
    file: FILE_FILTER = "",
    reason: REASON_FILTER = "",
    source: SOURCE_FILTER = "",
) -> None:
    """Write the quarantine to a workbook: place, printed text, reason, how to mend. A second sheet has the faults."""
    from pipelines.publishing import quarantine as items  # noqa: PLC0415 - openpyxl is not needed by the other commands

    with published() as con:
        rows, grouped = (
            items.items(con, file, reason, source),
            items.groups(con),
        )
    items.export(rows, grouped, target)
    say(f"wrote {target}: {len(rows):,} items")


@app.command("retry")
def quarantine_retry(file: FILE_FILTER = "", then_run: THEN_RUN = False) -> None:
    """Read files with problems again after a correction, and show what changed, by file and reason."""
    from pipelines.landing import by_hand  # noqa: PLC0415 - reads all SQL

    paths = settings.paths()
    with by_hand.work(paths, say, "zonescope quarantine retry") as con:
        changes = by_hand.retry(con, paths, file)
    changed = [(c.file_name, c.reason_code, c.before, c.after) for c in changes if c.before != c.after]
    if changed:
        table(["file", "reason", "before", "now"], changed)
    before, after = sum(c.before for c in changes), sum(c.after for c in changes)
    say(f"{before:,} in quarantine before, {after:,} now; the next run publishes the change")
    if then_run:
        run_and_summarise()
