"""`zonescope run`: the main job, and its summary.

Belongs here: the command and its summary. Does not belong here: the graph (run_graph.py).
"""

from __future__ import annotations

import time
from typing import Annotated

import typer

from pipelines import settings
from pipelines.cli import nothing_new
from pipelines.cli.console import answer, console, say, short
from pipelines.database import connection
from pipelines.publishing import generations

THEN_RUN = Annotated[bool, typer.Option("--run", help="Go on with a whole run and publish.")]


def run(
    whole: Annotated[
        bool, typer.Option("--whole", help="Read all kept files again and make every table, changed or not.")
    ] = False,
) -> None:
    """Run the whole graph once: land, resolve, compute, check, publish, report. What would be made the same stays."""
    if whole:
        nothing_new.forget(settings.paths(), say)
    run_and_summarise()


def run_and_summarise() -> None:
    """Run unless nothing changed since the last run, and say what is published."""
    try:
        found = nothing_new.current(settings.paths(), say)
    except nothing_new.SomethingNew as reason:
        say(f"a run is needed: {reason}")
        _run()
        return
    when = found.manifest["published_at"]
    say(
        f"nothing new since generation {found.generation_id} (published {when}); zonescope run --whole makes all anew"
    )
    _summary(found.generation_id)


def _run() -> None:
    from pipelines.cli import run_graph  # noqa: PLC0415 - Dagster takes seconds to import

    started = time.monotonic()
    generation_id = run_graph.run(console)
    if generation_id is None:
        console.print(
            "[bold red]The run did not succeed.[/] The failed steps stand above. Readers still get the generation before."
        )
        raise typer.Exit(1)
    _summary(generation_id)
    console.print(f"[dim]{time.monotonic() - started:.0f} s[/]")


def _summary(generation_id: str) -> None:
    generation = generations.generation(settings.paths(), generation_id)
    with connection.connect(generation.database, read_only=True) as con:
        answer(con, SUMMARY)
        answer(con, BACKTEST)
    console.print(
        f"published  {short(generation.database)}   ({len(generation.manifest['tables'])} tables, "
        f"{generation.row_count:,} rows)\nreport     {short(settings.paths().reports / 'latest' / 'index.html')}",
        soft_wrap=True,
        highlight=False,
    )


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
