"""Commands that read the published warehouse: sql, trace, tables."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import duckdb
import typer
from rich.table import Table as RichTable

from pipelines import settings
from pipelines.cli.console import answer, console, fail, published, say, short
from pipelines.database import sql_guard, sql_text
from pipelines.publishing import generations


def sql(
    query: Annotated[str, typer.Argument(help="One SELECT; without it, a prompt opens.")] = "",
    form: Annotated[
        str,
        typer.Option("--format", help="table, csv, json, parquet or xlsx; by default that of the output."),
    ] = "",
    output: Annotated[Path | None, typer.Option("--output", help="File to write the answer to.")] = None,
    compared: Annotated[
        bool,
        typer.Option(
            "--compared", help="Also read the versions of the method that `methodology compare` stored."
        ),
    ] = False,
) -> None:
    """Read-only SQL on the published warehouse."""
    from pipelines.publishing import exports  # noqa: PLC0415 - openpyxl is not needed by the other commands

    wanted = exports.form_of(form, output)
    if wanted not in ("table", *exports.FORMS):
        fail(f"--format: found {wanted!r}, expected table, csv, json, parquet or xlsx")
    if output is None and wanted in ("parquet", "xlsx"):
        fail(f"--format {wanted}: found no --output, expected --output FILE")
    if wanted == "table" and output is not None:
        fail("--format table: found --output, expected csv, json, parquet or xlsx for a file")
    with _with_compared() if compared else published() as con:
        if not query:
            _prompt(con)
        elif wanted == "table":
            raise typer.Exit(0 if answer(con, query) else 1)
        else:
            _write_answer(con, query, wanted, output)


def trace(
    zone: Annotated[str, typer.Argument(help="Code or name of the zone.")],
    year: Annotated[str, typer.Argument(help="Calendar year.")],
    metric: Annotated[
        str,
        typer.Argument(
            help="MODE, MODE:comparative_fit, MODE:CRITERION, INDICATOR, coupling_coordination, cluster_zone:COLUMN "
            "or cluster_industry:COLUMN:SECTION."
        ),
    ],
) -> None:
    """Show how a published figure was made: every step with its formula, down to file, row, column and printed text."""
    from pipelines.publishing import trace as tracing  # noqa: PLC0415 - named like the command

    with published() as con:
        try:
            steps = tracing.chain(con, zone, year, metric)
        except tracing.NoSuchFigure as error:
            fail(str(error))
    for line in tracing.lines(steps):
        say(line)


def tables() -> None:
    """List every table with its row count and its content."""
    with published() as con:
        found = con.execute(
            "select schema_name || '.' || table_name, comment from duckdb_tables() order by 1"
        ).fetchall()
        view = RichTable("table", "rows", "content")
        for name, comment in found:
            rows = con.execute(f"select count(*) from {name}").fetchall()[0][0]
            view.add_row(name, f"{rows:,}", (comment or "").split(". ")[0])
        console.print(view)


@contextmanager
def _with_compared() -> Iterator[duckdb.DuckDBPyConnection]:
    """The published warehouse with all versions of the method that are stored beside it."""
    from pipelines.publishing import compared  # noqa: PLC0415 - reads all SQL

    paths = settings.paths()
    generation = generations.readable(paths, say)
    files = compared.files(paths, generation)
    if not files:
        fail(
            f"--compared: found no other version of the method for generation {generation.generation_id}, expected one "
            "at least; `zonescope methodology compare` computes them"
        )
    with compared.reading(generation, files) as con:
        yield con


def _write_answer(con: duckdb.DuckDBPyConnection, query: str, form: str, output: Path | None) -> None:
    """Write the rows of a query to a file or to standard output. A faulty query ends the command with a message."""
    from pipelines.publishing import exports  # noqa: PLC0415 - openpyxl is not needed by the other commands

    try:
        relation = sql_guard.ask(con, query)
        if relation is None:
            fail("found a statement without rows, expected a SELECT")
        data = exports.content(relation, form, query)
    except (duckdb.Error, sql_guard.Refused, exports.TooLong) as error:
        fail(sql_guard.message_of(error))
    if output is None:
        sys.stdout.buffer.write(data)
    else:
        exports.write(output, form, data)
        say(f"wrote {short(output)}: {form}, {len(data):,} bytes")


def _prompt(con: duckdb.DuckDBPyConnection) -> None:
    """Run each statement that ends in a semicolon, until the input ends. readline gives history and editing."""
    import readline  # noqa: F401, PLC0415 - gives input() history and editing

    console.print(
        "Read-only SQL; end a statement with ; and leave with Ctrl-D. Tables: [bold]from duckdb_tables();[/]"
    )
    pending = ""
    while True:
        try:
            pending += input("zonescope> " if not pending else "       ...> ") + "\n"
        except EOFError:
            return
        except KeyboardInterrupt:
            pending = ""
            console.print()
            continue
        if sql_text.is_complete(pending):
            answer(con, pending)
            pending = ""
        elif not pending.strip():
            pending = ""
