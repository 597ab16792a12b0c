"""A thin command line: run, ingest, withdraw, sql, trace, where, publish, generations, rollback, verify and others.

Belongs here: arguments, what is printed. Does not belong here: what the commands do.
"""

from __future__ import annotations

import datetime as dt
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import duckdb
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table as RichTable
from rich.text import Text
from typer.core import TyperGroup

from pipelines import settings
from pipelines.database import connection, sql_guard
from pipelines.declarations.files import ROOT, DeclarationError
from pipelines.publishing import generations
from pipelines.publishing.report import write as report_write
from pipelines.readers import ReadError


class DefaultGroup(TyperGroup):
    """A command with commands below it that means the first of them where none is named."""

    def parse_args(self, ctx, args):
        """Put the first command's name before arguments that name none."""
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = [next(iter(self.commands)), *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    help="zonescope: the indicator warehouse of China's cross-border e-commerce pilot zones.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
# a pipe or a log has no width of its own; 80 columns would cut the tables
console = Console(width=None if sys.stdout.isatty() else 150)


THEN_RUN = Annotated[bool, typer.Option("--run", help="Go on with a whole run and publish.")]


@app.command()
def run() -> None:
    """Run the whole graph once: land, resolve, compute, check, publish, report."""
    _run()


def _run() -> None:
    from pipelines import progress  # noqa: PLC0415 - Dagster takes seconds to import

    started = time.monotonic()
    generation_id = progress.run(console)
    if generation_id is None:
        console.print(
            "[bold red]The run did not succeed.[/] What failed stands above; nothing half-made was published."
        )
        raise typer.Exit(1)
    _summary(generation_id)
    console.print(f"[dim]{time.monotonic() - started:.0f} s[/]")


@app.command()
def ui(port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 3000) -> None:
    """Dagster's web interface with schedules and inbox sensor, for this machine's own browser only."""
    from pipelines.ui import serve  # noqa: PLC0415 - Dagster takes seconds to import

    serve.serve(port)


@app.command()
def ingest(
    given: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Files, folders (all below them), archives.")
    ],
    flow: Annotated[str, typer.Option(help="What the files do not say: import or export.")] = "",
    vintage: Annotated[str, typer.Option(help="Day from which the figures are known, YYYY-MM-DD.")] = "",
    source: Annotated[str, typer.Option(help="Declared source that the files are of.")] = "",
    then_run: THEN_RUN = False,
) -> None:
    """Land files now, without dropping them into the inbox; says what became of each."""
    from pipelines.landing import by_hand  # noqa: PLC0415

    paths = settings.paths()
    try:
        files, said = by_hand.files_of(given), by_hand.checked(flow=flow, vintage=vintage, source=source)
    except (by_hand.NotThere, ReadError) as error:
        _fail(str(error))
    outcomes: list[tuple[Path, by_hand.Outcome]] = []
    with by_hand.work(paths, _say, "zonescope ingest") as con, _bar(len(files)) as step:
        for path in files:
            step(path.name)
            outcomes += [(path, outcome) for outcome in by_hand.land(con, path, said, paths)]
    _table(
        ["file", "source", "status", "rows", "cells or records", "held"],
        [(o.landed.file_name, o.source_id, o.landed.status, o.rows, o.taken, o.held) for _, o in outcomes],
    )
    for landed in (o.landed for _, o in outcomes if o.landed.reason):
        _say(f"{landed.status}  {_first_lines(landed.reason)}")
    _check_returns(
        [path for path, o in outcomes if o.source_id == RETURNS and path.name == o.landed.file_name]
    )
    failed = sum(o.landed.status in by_hand.FAILED for _, o in outcomes)
    _say(f"{len(outcomes):,} files, {failed:,} not taken; what each figure means is decided by the next run")
    if then_run:
        _run()
    raise typer.Exit(1 if failed else 0)


@app.command()
def withdraw(
    named: Annotated[
        str,
        typer.Argument(
            metavar="NAME|HASH", help="Name of a landed file, or 8 or more characters of its hash."
        ),
    ],
    reason: Annotated[str, typer.Option(help="Why; it is kept and shown.")],
    then_run: THEN_RUN = False,
) -> None:
    """Take a wrongly dropped file out of the warehouse for good; its bytes and the reason are kept."""
    from pipelines.landing import by_hand  # noqa: PLC0415

    if not reason.strip():
        _fail("--reason: found no words, expected why the file is taken out")
    try:
        with by_hand.work(settings.paths(), _say, "zonescope withdraw") as con:
            taken = by_hand.withdraw(con, named, reason.strip(), dt.date.today(), settings.paths())
    except by_hand.NotThere as error:
        _fail(str(error))
    for file in taken:
        _say(f"{file.file_name}: {file.reason}")
    _say("the published warehouse is without it after the next run; zonescope ingest brings it back")
    if then_run:
        _run()


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="One SELECT; without it, a prompt opens.")] = "",
    form: Annotated[
        str,
        typer.Option("--format", help="table, csv, json, parquet or xlsx; by default that of the output."),
    ] = "",
    output: Annotated[Path | None, typer.Option("--output", help="File to write the answer to.")] = None,
) -> None:
    """Read-only SQL on the published warehouse."""
    from pipelines.publishing import exports  # noqa: PLC0415 - openpyxl is not needed by the other commands

    wanted = exports.form_of(form, output)
    if wanted not in ("table", *exports.FORMS):
        _fail(f"--format: found {wanted!r}, expected table, csv, json, parquet or xlsx")
    if output is None and wanted in ("parquet", "xlsx"):
        _fail(f"--format {wanted}: expected --output FILE to write it to")
    if wanted == "table" and output is not None:
        _fail("--format table: found --output, expected csv, json, parquet or xlsx for a file")
    with _published() as con:
        if not query:
            _prompt(con)
        elif wanted == "table":
            raise typer.Exit(0 if _answer(con, query) else 1)
        else:
            _write_answer(con, query, wanted, output)


@app.command()
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
    """Chain of a published figure: every step with its formula, down to file, row, column and printed text."""
    from pipelines.publishing import trace as publishing_trace  # noqa: PLC0415 - named like the command

    with _published() as con:
        try:
            steps = publishing_trace.chain(con, zone, year, metric)
        except publishing_trace.NoSuchFigure as error:
            _fail(str(error))
    for line in publishing_trace.lines(steps):
        _say(line)


@app.command()
def where() -> None:
    """Paths of the published warehouse and the report."""
    generation = generations.readable(settings.paths(), _say)
    console.print(
        f"warehouse  {generation.database}\nparquet    {generation.folder / 'parquet'}\n"
        f"report     {settings.paths().reports / 'latest' / 'index.html'}",
        soft_wrap=True,
        highlight=False,
    )


@app.command("publish")
def publish_again(
    keep: Annotated[
        int, typer.Option(min=generations.KEEP_AT_LEAST, help="Generations that stay, the new one included.")
    ] = generations.KEEP,
) -> None:
    """Publish the work database again, as the last run checked it, and write the report."""
    from pipelines.database import recovery, run_lock  # noqa: PLC0415

    paths = settings.paths()
    with run_lock.hold(paths.run_lock, _say, "zonescope publish"):
        recovery.ensure(paths, _say)
        made = generations.again(paths, keep)
        report_write.report(paths)
    _say(f"published generation {made.generation_id}; kept: {', '.join(generations.kept(paths))}")


@app.command("generations")
def list_generations() -> None:
    """Published generations that are kept; every file of each is compared with its manifest."""
    paths = settings.paths()
    pointed = generations.current(paths).generation_id
    _table(
        ["generation", "", "published", "tables", "rows", "methodology", "files"],
        [
            _generation_row(paths, name, "current" if name == pointed else "")
            for name in generations.kept(paths)
        ],
    )


def _generation_row(paths: settings.Paths, name: str, mark: str) -> tuple:
    try:
        found = generations.generation(paths, name)
    except generations.NothingPublished as fault:
        return (name, mark, None, None, None, None, str(fault))
    faults, said = generations.verify(found), found.manifest
    state = f"{len(faults)} damaged: {faults[0]}" if faults else "verified"
    when = said.get("published_at", "before 0.2.0")
    return (name, mark, when, len(said["tables"]), found.row_count, said["methodology_version"], state)


@app.command()
def rollback(
    generation_id: Annotated[
        str,
        typer.Argument(metavar="[ID]", help="A kept generation; without it, the newest sound earlier one."),
    ] = "",
) -> None:
    """Switch readers to an earlier generation at once; the next run publishes a new one."""
    paths = settings.paths()
    found = generations.roll_back(paths, generation_id)
    _say(f"readers now get generation {found.generation_id}; `zonescope run` publishes a new one")
    report_write.report(paths)


@app.command()
def verify() -> None:
    """Compare the published files with their manifest."""
    generation = generations.current(settings.paths())
    faults = generations.verify(generation)
    for fault in faults:
        console.print(Text(fault, "red"), soft_wrap=True)
    console.print(
        f"generation {generation.generation_id}: {len(generation.manifest['tables'])} tables, "
        f"{generation.row_count} rows, {len(faults)} faults"
    )
    raise typer.Exit(1 if faults else 0)


FILE_FILTER = Annotated[str, typer.Option("--file", help="Only files whose name has this in it.")]
REASON_FILTER = Annotated[str, typer.Option("--reason", help="Only this reason code.")]
SOURCE_FILTER = Annotated[str, typer.Option("--source", help="Only this declared source.")]

quarantine = typer.Typer(cls=DefaultGroup, help="What is held and why; `list` where nothing else is named.")
app.add_typer(quarantine, name="quarantine")


@quarantine.command("list")
def quarantine_list(
    file: FILE_FILTER = "",
    reason: REASON_FILTER = "",
    source: SOURCE_FILTER = "",
    limit: Annotated[int, typer.Option(min=0, help="Most items shown; the counts are of all.")] = 50,
) -> None:
    """Items held: file, place, printed text, reason."""
    from pipelines.publishing import quarantine as publishing_quarantine  # noqa: PLC0415 - openpyxl is not needed by the other commands

    with _published() as con:
        rows, counted = (
            publishing_quarantine.items(con, file, reason, source),
            publishing_quarantine.counts(con),
        )
    if not (file or reason or source):
        _table(["reason", "source", "items", "files"], counted)
    shown = [(*row[:7], _first_lines(row[7])) for row in rows[:limit]]
    if shown:
        _table(publishing_quarantine.COLUMNS[:8], shown)
    console.print(
        f"{len(rows):,} held, {len(shown):,} shown; [bold]zonescope quarantine export FILE.xlsx[/] has all, "
        "with what mends each"
    )


@quarantine.command("export")
def quarantine_export(
    target: Annotated[Path, typer.Argument(help="Workbook to write, or CSV if it ends in .csv.")],
    file: FILE_FILTER = "",
    reason: REASON_FILTER = "",
    source: SOURCE_FILTER = "",
) -> None:
    """Write what is held to a workbook: place, printed text, reason, how to mend; counts on a second sheet."""
    from pipelines.publishing import quarantine as publishing_quarantine  # noqa: PLC0415 - openpyxl is not needed by the other commands

    with _published() as con:
        rows, counted = (
            publishing_quarantine.items(con, file, reason, source),
            publishing_quarantine.counts(con),
        )
    publishing_quarantine.export(rows, counted, target)
    _say(f"wrote {target}: {len(rows):,} held items")


@quarantine.command("retry")
def quarantine_retry(file: FILE_FILTER = "", then_run: THEN_RUN = False) -> None:
    """Read held files again after a correction and say what changed, by file and reason."""
    from pipelines.landing import by_hand  # noqa: PLC0415 - reads all SQL

    paths = settings.paths()
    with by_hand.work(paths, _say, "zonescope quarantine retry") as con:
        changes = by_hand.retry(con, paths, file)
    changed = [(c.file_name, c.reason_code, c.before, c.after) for c in changes if c.before != c.after]
    if changed:
        _table(["file", "reason", "held before", "held now"], changed)
    before, after = sum(c.before for c in changes), sum(c.after for c in changes)
    _say(f"{before:,} held before, {after:,} now; the published warehouse shows it after the next run")
    if then_run:
        _run()


template = typer.Typer(
    cls=DefaultGroup, help="The workbook of a zone's return; `write` where nothing else is named."
)
app.add_typer(template, name="template")


@template.command("write")
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
        _fail(f"{target}: found a file, expected none: a filled return is not written over")
    if target.suffix.lower() != ".xlsx":
        _fail(f"{target}: found the ending {target.suffix!r}, expected .xlsx")
    try:
        returns.write_template(target, settings.paths(), zone, year)
    except returns.UnknownZone as error:
        _fail(str(error))
    _say(f"wrote {target}")


@template.command("check")
def template_check(path: Annotated[Path, typer.Argument(help="A filled return.")]) -> None:
    """Say what a run would hold of a return; a copy of it with the cells marked is written to the data folder."""
    from pipelines.returns import check as returns  # noqa: PLC0415 - openpyxl is not needed by the other commands

    _must_exist(path)
    checked = returns.check(path, settings.paths())
    shown = [(f.sheet, f.place, f.severity, f.found, f.reason) for f in checked.findings[:MOST_ROWS]]
    if shown:
        _table(["sheet", "cell", "severity", "found", "reason"], shown)
    doubts = len(checked.findings) - checked.errors
    _say(f"{checked.loaded:,} figures would load; {checked.errors:,} errors, {doubts:,} warnings")
    if checked.copy:
        _say(f"marked copy  {_short(checked.copy)}")
    raise typer.Exit(1 if checked.errors else 0)


@app.command()
def tables() -> None:
    """Every table with its row count and what it holds."""
    with _published() as con:
        found = con.execute(
            "select schema_name || '.' || table_name, comment from duckdb_tables() order by 1"
        ).fetchall()
        view = RichTable("table", "rows", "what it holds")
        for name, comment in found:
            rows = con.execute(f"select count(*) from {name}").fetchall()[0][0]
            view.add_row(name, f"{rows:,}", (comment or "").split(". ")[0])
        console.print(view)


@app.command("dictionary")
def write_dictionary() -> None:
    """Write the documents that are made from the declarations: data dictionary, criteria, reason codes."""
    from pipelines.publishing import dictionary  # noqa: PLC0415 - reads all SQL

    for path, make in dictionary.documents().items():
        path.write_text(make(), encoding="utf-8")
        console.print(f"wrote {_short(path)}")


def main() -> None:
    """Entry point; expected errors are one line, not a traceback."""
    os.environ.setdefault("DAGSTER_HOME", str(ROOT))
    try:
        app()
    except (
        generations.NothingPublished,
        generations.NotChecked,
        connection.Busy,
        DeclarationError,
        OSError,  # a full disk, a folder that may not be written
        duckdb.IOException,
    ) as error:
        console.print(Text(str(error), "red"), soft_wrap=True)
        _leave(1)
    except duckdb.CatalogException as error:
        words = f"the published warehouse is of another version, expected one of this; `zonescope run` publishes it: {error}"
        console.print(Text(words, "red"), soft_wrap=True)
        _leave(1)
    except SystemExit as stop:
        _leave(stop.code if isinstance(stop.code, int) else 1)


def _leave(code: int) -> None:
    """Exit; after a run without interpreter shutdown, where Great Expectations keeps DuckDB's objects alive and
    the binding prints 120 lines about it."""
    sys.stdout.flush()
    sys.stderr.flush()
    if "great_expectations" in sys.modules:
        os._exit(code)
    sys.exit(code)


def _published():
    return connection.connect(generations.readable(settings.paths(), _say).database, read_only=True)


def _summary(generation_id: str) -> None:
    generation = generations.generation(settings.paths(), generation_id)
    with connection.connect(generation.database, read_only=True) as con:
        _answer(con, SUMMARY)
        _answer(con, BACKTEST)
    console.print(
        f"published  {_short(generation.database)}   ({len(generation.manifest['tables'])} tables, "
        f"{generation.row_count:,} rows)\nreport     {_short(settings.paths().reports / 'latest' / 'index.html')}",
        soft_wrap=True,
        highlight=False,
    )


def _say(words: str) -> None:
    """A line as it is: names of files are never taken for markup."""
    console.print(Text(words), soft_wrap=True)


def _fail(words: str) -> NoReturn:
    console.print(Text(words, "red"), soft_wrap=True)
    raise typer.Exit(1)


def _first_lines(reason: str) -> str:
    """The first lines of a reason: of an unknown file the nearest sources."""
    first, *others = reason.splitlines() or [""]
    return "\n".join(
        [first, *others[:2], *(["  ... (zonescope quarantine export has all)"] if others[2:] else [])]
    )


@contextmanager
def _bar(count: int) -> Iterator[Callable[[str], None]]:
    """A progress bar over files; the yielded function says which one comes next."""
    columns = (TextColumn("{task.description:44.44}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=count)
        done = itertools.count()
        yield lambda name: bar.update(task, description=name, completed=next(done))


def _check_returns(found: list[Path]) -> None:
    """Say of each landed return what a run will hold, and where its marked copy lies."""
    for path in found:
        from pipelines.returns import check as returns  # noqa: PLC0415 - openpyxl is not needed where there is no return

        checked = returns.check(path, settings.paths())
        if checked.copy:
            _say(f"{path.name}: {checked.errors:,} errors; marked copy {_short(checked.copy)}")


def _must_exist(path: Path) -> None:
    if not path.is_file():
        _fail(f"{path}: found no such file")


def _table(header: list[str], rows: list[tuple]) -> None:
    view = RichTable(*header)
    for row in rows:
        view.add_row(*map(_cell, row))
    console.print(view)


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _answer(con: duckdb.DuckDBPyConnection, query: str) -> bool:
    """Print the rows of a query, or the database's own words about what is wrong with it."""
    try:
        relation = sql_guard.ask(con, query)
        rows = relation.fetchall() if relation is not None else []
    except (duckdb.Error, sql_guard.Refused) as error:
        console.print(Text(str(error), "red"))
        return False
    if relation is not None:
        view = RichTable(*[escape(str(d[0])) for d in relation.description])
        for row in rows[:MOST_ROWS]:
            view.add_row(*map(_cell, row))
        console.print(view)
        console.print(f"[dim]{len(rows):,} rows{f', {MOST_ROWS} shown' if len(rows) > MOST_ROWS else ''}[/]")
    return True


def _write_answer(con: duckdb.DuckDBPyConnection, query: str, form: str, output: Path | None) -> None:
    """Write the rows of a query to a file or to standard output, or fail in the database's own words."""
    from pipelines.publishing import exports  # noqa: PLC0415 - openpyxl is not needed by the other commands

    try:
        relation = sql_guard.ask(con, query)
        if relation is None:
            _fail("found a statement without rows, expected a SELECT")
        data = exports.content(relation, form, query)
    except (duckdb.Error, sql_guard.Refused, exports.TooLong) as error:
        _fail(str(error))
    if output is None:
        sys.stdout.buffer.write(data)
    else:
        exports.write(output, form, data)
        _say(f"wrote {_short(output)}: {form}, {len(data):,} bytes")


def _cell(value) -> Text:
    """A value as plain text: what stands in a file is never taken for markup."""
    if value is None:
        return Text("")
    return Text(f"{value:.4g}" if isinstance(value, float) else str(value))


def _prompt(con: duckdb.DuckDBPyConnection) -> None:
    """Read statements up to a semicolon until the input ends; history and editing by readline."""
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
        if pending.rstrip().endswith(";"):
            _answer(con, pending)
            pending = ""
        elif not pending.strip():
            pending = ""


MOST_ROWS = 200
RETURNS = "zone_return"

SUMMARY = """
select m.name_en as mode, count(f.fit) as zones_with_fit, any_value(f.time_period) as year,
    arg_max(z.zone_name_en, f.fit) as highest_fit, arg_max(z.zone_name_en, f.comparative_fit) as highest_comparative_fit,
    count(*) filter (where f.is_best_mode) as best_mode_of_zones
from mart.mode_fit as f
join mart.mode as m using (methodology_version, mode_id)
join mart.zone_profile as z using (zone_code)
where f.time_period = (select max(time_period) from mart.mode_fit where fit is not null)
group by m.name_en order by m.name_en
"""

BACKTEST = """
select zone_name_en as city, stated_mode, time_period as year,
    max(mode_rank_of_zone) filter (where basis = 'fit') as rank_by_fit,
    max(mode_rank_of_zone) filter (where basis = 'comparative_fit') as rank_by_comparative_fit,
    max(modes_ranked) as of_modes, max(zone_rank_in_mode) filter (where basis = 'fit') as zone_rank,
    max(zones_ranked) filter (where basis = 'fit') as of_zones,
    max(best_mode) filter (where basis = 'comparative_fit') as best_mode
from mart.mode_backtest
join reference.methodology using (methodology_version)
where is_default and time_period = (select max(time_period) from mart.mode_fit where fit is not null)
group by all order by stated_mode, city
"""


if __name__ == "__main__":
    main()
