"""Commands about published generations: where, publish, generations, rollback, verify."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from pipelines import settings
from pipelines.cli.console import console, say, table
from pipelines.landing import kept_bytes
from pipelines.publishing import generations
from pipelines.publishing.report import write


def where() -> None:
    """Show the paths of the published warehouse and the report."""
    generation = generations.readable(settings.paths(), say)
    console.print(
        f"warehouse  {generation.database}\nparquet    {generation.folder / 'parquet'}\n"
        f"report     {settings.paths().reports / 'latest' / 'index.html'}",
        soft_wrap=True,
        highlight=False,
    )


def publish_again(
    keep: Annotated[
        int, typer.Option(min=generations.KEEP_AT_LEAST, help="Generations that stay, the new one included.")
    ] = generations.KEEP,
    with_work: Annotated[
        bool, typer.Option("--with-work", help="With the tables that only feed computations (schema work).")
    ] = False,
) -> None:
    """Publish the work database again, as the last run checked it, and write the report."""
    from pipelines.database import recovery, run_lock  # noqa: PLC0415

    paths = settings.paths()
    with run_lock.hold(paths.run_lock, say, "zonescope publish"):
        recovery.ensure(paths, say)
        made = generations.again(paths, keep, with_work=with_work)
        write.report(paths)
    say(f"published generation {made.generation_id}; kept: {', '.join(generations.kept(paths))}")


def list_generations() -> None:
    """List the published generations that are kept. Every file is compared with its manifest."""
    paths = settings.paths()
    pointed = generations.current(paths).generation_id
    table(
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
    faults, manifest = generations.verify(found), found.manifest
    state = f"{len(faults)} damaged: {faults[0]}" if faults else "verified"
    when = manifest.get("published_at", "before 0.2.0")
    return (
        name,
        mark,
        when,
        len(manifest["tables"]),
        found.row_count,
        manifest["methodology_version"],
        state,
    )


def rollback(
    generation_id: Annotated[
        str,
        typer.Argument(
            metavar="[ID]", help="A kept generation; by default the newest earlier one without damage."
        ),
    ] = "",
) -> None:
    """Switch readers to an earlier generation at once. The next run publishes a new one."""
    paths = settings.paths()
    found = generations.roll_back(paths, generation_id)
    say(f"readers now get generation {found.generation_id}; `zonescope run` publishes a new one")
    write.report(paths)


def verify() -> None:
    """Compare the published files with their manifest, and the kept bytes of all landed files with their hashes."""
    paths = settings.paths()
    generation = generations.current(paths)
    faults, kept = generations.verify(generation), kept_bytes.notes(paths)
    damaged = [fault for sha, _ in kept if (fault := kept_bytes.fault_of(sha, paths))]
    for fault in [*faults, *damaged]:
        console.print(Text(fault, "red"), soft_wrap=True)
    console.print(
        f"generation {generation.generation_id}: {len(generation.manifest['tables'])} tables, "
        f"{generation.row_count} rows, {len(faults)} faults"
    )
    console.print(f"landed files: {len(kept)} kept, {len(damaged)} faults")
    raise typer.Exit(1 if faults or damaged else 0)
