"""`zonescope template`: the workbook of a zone's return, written and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines import settings
from pipelines.cli.console import MOST_ROWS, DefaultGroup, fail, must_exist, say, short, table

app = typer.Typer(cls=DefaultGroup, help="The workbook of a zone's return; without a command, `write`.")


@app.command("write")
def template_write(
    path: Annotated[Path | None, typer.Argument(help="File or folder to write it to.")] = None,
    zone: Annotated[str, typer.Option(help="Zone code: a row for each indicator, the zone filled in.")] = "",
    year: Annotated[int | None, typer.Option(min=2000, max=2099, help="Year, filled in too.")] = None,
) -> None:
    """Write an empty return for a zone's office to fill in."""
    from pipelines.returns import check as returns  # noqa: PLC0415 - openpyxl is not needed by the other commands

    name = "_".join(["zone_return", *filter(None, [zone, str(year or "")])]) + ".xlsx"
    target = (path or Path()) / name if path is None or path.is_dir() else path
    if target.exists():
        fail(f"{target}: found a file, expected none, because it may be a filled return; choose another name")
    if target.suffix.lower() != ".xlsx":
        fail(f"{target}: found the ending {target.suffix!r}, expected .xlsx")
    try:
        returns.write_template(target, settings.paths(), zone, year)
    except returns.UnknownZone as error:
        fail(str(error))
    say(f"wrote {target}")


@app.command("check")
def template_check(path: Annotated[Path, typer.Argument(help="A filled return.")]) -> None:
    """Show the errors that a run would find in a return. A copy with marked cells is written to the data folder."""
    from pipelines.returns import check as returns  # noqa: PLC0415 - openpyxl is not needed by the other commands

    must_exist(path)
    checked = returns.check(path, settings.paths())
    shown = [(f.sheet, f.place, f.severity, f.found, f.reason) for f in checked.findings[:MOST_ROWS]]
    if shown:
        table(["sheet", "cell", "severity", "found", "reason"], shown)
    doubts = len(checked.findings) - checked.errors
    say(f"{checked.loaded:,} figures would load; {checked.errors:,} errors, {doubts:,} warnings")
    if checked.copy:
        say(f"marked copy  {short(checked.copy)}")
    raise typer.Exit(1 if checked.errors else 0)
