"""The output of the commands: one console, plain lines, tables, errors.

Belongs here: output that several commands share. Does not belong here: a command.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NoReturn

import click
import duckdb
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table as RichTable
from rich.text import Text
from typer.core import TyperCommand, TyperGroup

from pipelines import settings
from pipelines.database import connection, sql_guard
from pipelines.publishing import generations


class DefaultGroup(TyperGroup):
    """A command with commands below it. If the user names none, the first of them runs."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the name of the first command before arguments that name no command."""
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = [next(iter(self.commands)), *args]
        return super().parse_args(ctx, args)


class QueryCommand(TyperCommand):
    """A command whose query may begin with a comment, as the queries of our documents do: `-- 1. How well ...`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put a line break before such a query, because a text that begins with `--` is an option otherwise."""
        return super().parse_args(ctx, [f"\n{text}" if text.startswith("-- ") else text for text in args])


# a pipe or a log has no width; 80 columns would cut the tables
console = Console(width=None if sys.stdout.isatty() else 150)


def published() -> AbstractContextManager[duckdb.DuckDBPyConnection]:
    return connection.connect(generations.readable(settings.paths(), say).database, read_only=True)


def say(message: str) -> None:
    """Print a line as it is. Brackets in the name of a file are not markup."""
    console.print(Text(message), soft_wrap=True)


def fail(message: str) -> NoReturn:
    console.print(Text(message, "red"), soft_wrap=True)
    raise typer.Exit(1)


def first_lines(reason: str) -> str:
    """The first three lines of a reason. For an unknown file these name the nearest sources.

    >>> first_lines("a")
    'a'
    """
    first, *others = reason.splitlines() or [""]
    return "\n".join(
        [first, *others[:2], *(["  ... (zonescope quarantine export has all)"] if others[2:] else [])]
    )


@contextmanager
def bar(count: int) -> Iterator[Callable[[str], None]]:
    """Show a progress bar over files. Call the yielded function with the name of each next file."""
    columns = (TextColumn("{task.description:44.44}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=count)
        done = itertools.count()
        yield lambda name: bar.update(task, description=name, completed=next(done))


def must_exist(path: Path) -> None:
    if not path.is_file():
        fail(f"{path}: found no such file; check the spelling")


def table(header: list[str], rows: list[tuple]) -> None:
    view = RichTable(*header)
    for row in rows:
        view.add_row(*map(cell, row))
    console.print(view)


def short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def answer(con: duckdb.DuckDBPyConnection, query: str) -> bool:
    """Print the rows of a query, or a message about its fault.

    Returns:
        Whether the query succeeded.
    """
    try:
        relation = sql_guard.ask(con, query)
        rows = relation.fetchall() if relation is not None else []
    except (duckdb.Error, sql_guard.Refused) as error:
        console.print(Text(sql_guard.message_of(error), "red"), soft_wrap=True)
        return False
    if relation is not None:
        view = RichTable(*[escape(str(d[0])) for d in relation.description])
        for row in rows[:MOST_ROWS]:
            view.add_row(*map(cell, row))
        console.print(view)
        console.print(f"[dim]{len(rows):,} rows{f', {MOST_ROWS} shown' if len(rows) > MOST_ROWS else ''}[/]")
    return True


def cell(value: object) -> Text:
    """A value as plain text. Brackets in the text of a file are not markup."""
    if value is None:
        return Text("")
    return Text(f"{value:.4g}" if isinstance(value, float) else str(value))


MOST_ROWS = 200
