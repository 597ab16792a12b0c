"""`zonescope methodology`: the versions of the method, and others than the default compared with it.

Belongs here: the commands and the tables that they print. Does not belong here: computing (publishing/compared.py).
"""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines import settings
from pipelines.cli.console import DefaultGroup, answer, fail, say, short, table
from pipelines.declarations.modes import methodologies
from pipelines.publishing import generations

app = typer.Typer(cls=DefaultGroup, help="Versions of the method; `list` where nothing else is named.")


@app.command("list")
def list_versions() -> None:
    """Declared versions, which one is the default, and which are computed for the current generation."""
    from pipelines.publishing import compared  # noqa: PLC0415 - reads all SQL

    paths = settings.paths()
    stored = compared.files(paths, generations.readable(paths, say))
    rows = [
        (name, "default" if version.is_default else "computed" if name in stored else "", version.description)
        for name, version in sorted(methodologies().items())
    ]
    table(["version", "", "description"], rows)


@app.command("compare")
def compare(
    versions: Annotated[
        list[str] | None,
        typer.Argument(metavar="[VERSION]...", help="Versions to compute; without one, all but the default."),
    ] = None,
) -> None:
    """Compute versions from the published figures, store them beside the generation, and compare with the default."""
    from pipelines.publishing import compared  # noqa: PLC0415 - reads all SQL

    paths = settings.paths()
    try:
        wanted = compared.wanted(versions or [])
        if not wanted:
            say(f"{compared.default()} is the default version; every run computes and publishes it")
            return
        generation = generations.readable(paths, say)
        files = compared.compute(paths, generation, wanted, say)
    except (compared.UnknownVersion, compared.OtherDefault) as error:
        fail(str(error))
    with compared.reading(generation, files) as con:
        for query in (BEST_MODES.format(columns=_columns(wanted)), FITS, BACKTEST):
            answer(con, query)
    for file in files.values():
        say(f"stored  {short(file)}")
    say("`zonescope sql --compared` reads them together with the published tables")


def _columns(versions: list[str]) -> str:
    """A column for each version: the best mode of a zone."""
    return ", ".join(
        f"any_value(best_mode) filter (where methodology_version = '{version}') as \"{version}\""
        for version in versions
    )


LATEST = "(select max(time_period) from mart.mode_fit join reference.methodology using (methodology_version) where is_default and fit is not null)"
# zones whose best mode is another one than by the default version
BEST_MODES = f"""
with best as (
    select zone_code, methodology_version, is_default, coalesce(max(case when is_best_mode then mode_id end), 'none') as best_mode
    from mart.mode_fit
    join reference.methodology using (methodology_version)
    where time_period = {LATEST}
    group by all
)
select zone_code, zone_name_en as zone, any_value(best_mode) filter (where is_default) as by_default, {{columns}}
from best
join core.zone using (zone_code)
group by all
having count(distinct best_mode) > 1
order by zone_code
"""
FITS = f"""
select
    b.methodology_version as version, a.mode_id as mode, a.time_period as year, count(*) as zones_with_both_fits,
    corr(a.fit_rank, b.fit_rank) as rank_correlation, max(abs(a.fit_rank - b.fit_rank)) as largest_move,
    corr(a.comparative_rank, b.comparative_rank) as comparative_rank_correlation
from mart.mode_fit as a
join reference.methodology as m on m.methodology_version = a.methodology_version and m.is_default
join mart.mode_fit as b
    on b.zone_code = a.zone_code and b.time_period = a.time_period and b.mode_id = a.mode_id
    and b.methodology_version <> a.methodology_version
where a.time_period = {LATEST} and a.fit is not null and b.fit is not null
group by all
order by version, mode
"""
BACKTEST = f"""
select
    methodology_version || case when is_default then ' (default)' else '' end as version, basis, time_period as year,
    zones_ranked || ' of ' || zones_stated as cities_ranked, first,
    mean_reciprocal_rank as reciprocal_rank, random_reciprocal_rank as at_random, random_p_value as p_value,
    gdp_reciprocal_rank as by_gdp_alone
from mart.mode_backtest_summary
join reference.methodology using (methodology_version)
where time_period = {LATEST}
order by basis, is_default desc, version
"""
