"""Files by hand: ingest and withdraw."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from pipelines import settings
from pipelines.cli.console import bar, fail, first_lines, say, short, table
from pipelines.cli.run import THEN_RUN, run_and_summarise
from pipelines.readers.text import ReadError


def ingest(
    given: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Files, folders (all below them), archives.")
    ],
    flow: Annotated[str, typer.Option(help="The flow, if the files do not state it: import or export.")] = "",
    vintage: Annotated[str, typer.Option(help="Day from which the figures are known, YYYY-MM-DD.")] = "",
    source: Annotated[str, typer.Option(help="Declared source that the files belong to.")] = "",
    then_run: THEN_RUN = False,
) -> None:
    """Land files now, without the inbox, and show the result of each."""
    from pipelines.landing import by_hand  # noqa: PLC0415

    paths = settings.paths()
    try:
        files, facts = by_hand.files_of(given), by_hand.checked(flow=flow, vintage=vintage, source=source)
    except (by_hand.NotThere, ReadError) as error:
        fail(str(error))
    outcomes: list[tuple[Path, by_hand.Outcome]] = []
    with by_hand.work(paths, say, "zonescope ingest") as con, bar(len(files)) as step:
        for path in files:
            step(path.name)
            outcomes += [(path, outcome) for outcome in by_hand.land(con, path, facts, paths)]
    table(
        ["file", "source", "status", "rows", "cells or records", "rejected"],
        [
            (o.landed.file_name, o.source_id, o.landed.status, o.rows, o.taken, o.rejected)
            for _, o in outcomes
        ],
    )
    for landed in (o.landed for _, o in outcomes if o.landed.reason):
        say(f"{landed.status}  {first_lines(landed.reason)}")
    _check_returns(
        [path for path, o in outcomes if o.source_id == RETURNS and path.name == o.landed.file_name]
    )
    failed = sum(o.landed.status in by_hand.FAILED for _, o in outcomes)
    say(f"{len(outcomes):,} files, {failed:,} not taken; the next run decides what each figure means")
    if then_run:
        run_and_summarise()
    raise typer.Exit(1 if failed else 0)


def withdraw(
    named: Annotated[
        str,
        typer.Argument(
            metavar="NAME|HASH", help="Name of a landed file, or 8 or more characters of its hash."
        ),
    ],
    reason: Annotated[str, typer.Option(help="Why; the reason is kept and shown.")],
    then_run: THEN_RUN = False,
) -> None:
    """Take a wrong file out of the warehouse for good. Its bytes and the reason are kept."""
    from pipelines.landing import by_hand  # noqa: PLC0415

    if not reason.strip():
        fail("--reason: found an empty text, expected why the file is withdrawn")
    try:
        with by_hand.work(settings.paths(), say, "zonescope withdraw") as con:
            taken = by_hand.withdraw(con, named, reason.strip(), dt.date.today(), settings.paths())
    except by_hand.NotThere as error:
        fail(str(error))
    for file in taken:
        say(f"{file.file_name}: {file.reason}")
    say("the next run publishes without this file; `zonescope ingest` brings it back")
    if then_run:
        run_and_summarise()


def _check_returns(found: list[Path]) -> None:
    """Print the errors that a run will find in each landed return, and the path of its marked copy."""
    for path in found:
        from pipelines.returns import check as returns  # noqa: PLC0415 - openpyxl is not needed where there is no return

        checked = returns.check(path, settings.paths())
        if checked.copy:
            say(f"{path.name}: {checked.errors:,} errors; marked copy {short(checked.copy)}")


RETURNS = "zone_return"
