"""The command line `zonescope`: its commands in the order of --help, and its exit codes.

Belongs here: the list of commands, and the messages of expected errors. Does not belong here: the commands themselves (one
module for each topic).
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import duckdb
import typer
from rich.text import Text

from pipelines import program
from pipelines.cli import files, methodology, quarantine, query, run, template, ui
from pipelines.cli import generations as of_generations
from pipelines.cli.console import QueryCommand, console, short
from pipelines.database import connection
from pipelines.declarations.files import ROOT, DeclarationError
from pipelines.publishing import generations

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        console.print(f"zonescope {program.label()}")
        raise typer.Exit


@app.callback()
def zonescope(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Version and commit.")
    ] = False,
) -> None:
    """zonescope: the indicator warehouse of China's cross-border e-commerce pilot zones."""


def write_dictionary() -> None:
    """Write the documents that are made from the declarations: data dictionary, criteria, reason codes."""
    from pipelines.publishing import dictionary  # noqa: PLC0415 - reads all SQL

    for path, make in dictionary.documents().items():
        path.write_text(make(), encoding="utf-8")
        console.print(f"wrote {short(path)}")


app.command()(run.run)
app.command()(ui.ui)
app.command()(files.ingest)
app.command()(files.withdraw)
app.command(cls=QueryCommand)(query.sql)
app.command()(query.trace)
app.command()(query.tables)
app.command()(of_generations.where)
app.command("publish")(of_generations.publish_again)
app.command("generations")(of_generations.list_generations)
app.command()(of_generations.rollback)
app.command()(of_generations.verify)
app.add_typer(methodology.app, name="methodology")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(template.app, name="template")
app.command("dictionary")(write_dictionary)


def main() -> None:
    """Start the command line. An expected error prints one line, not a traceback."""
    os.environ.setdefault("DAGSTER_HOME", str(ROOT))
    try:
        app()
    except (
        generations.NothingPublished,
        generations.NotChecked,
        connection.Busy,
        DeclarationError,
        OSError,  # a full disk, a folder without write permission
        duckdb.IOException,
    ) as error:
        console.print(Text(str(error), "red"), soft_wrap=True)
        _leave(1)
    except duckdb.CatalogException:
        message = "the published warehouse has tables of another version of zonescope, expected this version; `zonescope run` publishes it again"
        console.print(Text(message, "red"), soft_wrap=True)
        _leave(1)
    except SystemExit as stop:
        _leave(stop.code if isinstance(stop.code, int) else 1)


def _leave(code: int) -> None:
    """End the program.

    After a run, the interpreter does not shut down in the normal way, because Great Expectations keeps objects of DuckDB
    and DuckDB then prints 120 lines about them.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    if "great_expectations" in sys.modules:
        os._exit(code)
    sys.exit(code)
