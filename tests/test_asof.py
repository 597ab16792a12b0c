"""What was known on a day: macros in the published file, for any reader of it, and what they promise."""

from __future__ import annotations

import datetime as dt
import shutil

import pytest

from pipelines.database import build, connection
from pipelines.declarations.tables import macros, tables

DAY = "2024-06-30"
LAST = "9999-12-31"


@pytest.mark.parametrize("name", sorted(n for n, m in macros().items() if m.as_of))
def test_at_the_end_of_time_all_is_known(name, warehouse):
    table = macros()[name].as_of.select
    for one, other in ((table, f"{name}('{LAST}')"), (f"{name}(date '{LAST}')", table)):
        assert warehouse.execute(f"select * from {one} except all select * from {other}").fetchall() == []


def test_nothing_of_a_later_vintage_is_known(warehouse):
    for column, name in (("vintage", "core.observation_asof"), ("known_from", "mart.zone_indicator_asof")):
        latest, rows = warehouse.execute(f"select max({column}), count(*) from {name}('{DAY}')").fetchall()[0]
        assert latest <= dt.date.fromisoformat(DAY) and rows > 1000


def test_before_a_revision_the_first_figure_counts(warehouse):
    """The national total of 2022 was first published as 2.11 trillion, and as 2.10 half a year later."""
    known = (
        "select obs_value / 1e12 from core.observation_asof(?) where area_code = 'CN' and indicator_id = 'cbec_trade' "
        "and time_period = '2022' and freq = 'A'"
    )
    (day,) = warehouse.execute(
        "select new_vintage from mart.revision where area_code = 'CN' and indicator_id = 'cbec_trade' "
        "and time_period = '2022' and source_id = 'national_totals' order by new_vintage limit 1"
    ).fetchall()[0]
    assert warehouse.execute(known, [day - dt.timedelta(days=1)]).fetchall() == [(pytest.approx(2.11),)]
    assert warehouse.execute(known, [day]).fetchall() == [(pytest.approx(2.10),)]


@pytest.fixture(scope="module")
def on_the_day(built, tmp_path_factory):
    """The marts of the fit computed anew as if nothing of a later vintage had been landed, facts for every year apart."""
    path = tmp_path_factory.mktemp("asof") / "warehouse.duckdb"
    shutil.copyfile(built.work, path)
    with connection.connect(path) as con:
        con.execute(
            "delete from core.observation where vintage > cast(? as date) and indicator_id not in (select t.indicator_id "
            "from reference.derived_indicator_term t join reference.derived_indicator d using (zone_indicator_id) "
            "where d.timeless)",
            [DAY],
        )
        before = {n for n in tables() if not n.startswith("mart.")} - {"core.observation_latest"}
        build.build_all(con, ["core.observation_latest", "mart.mode_fit"], keep=before)
        yield con


def test_an_exact_fit_is_the_one_that_would_have_been_computed_on_the_day(on_the_day, warehouse):
    exact = warehouse.execute(
        f"select methodology_version, zone_code, time_period, mode_id, fit from mart.mode_fit_asof('{DAY}') where is_exact"
    ).fetchall()
    then = dict(
        (row[:4], row[4])
        for row in on_the_day.execute(
            "select methodology_version, zone_code, time_period, mode_id, fit from mart.mode_fit"
        ).fetchall()
    )
    assert len(exact) > 500
    for *key, fit in exact:
        assert then[tuple(key)] == pytest.approx(fit, abs=1e-12)


def test_a_fit_as_of_a_day_is_todays_or_has_a_reason(warehouse):
    rows = warehouse.execute(
        f"select a.fit, f.fit, a.inputs_known_from <= date '{DAY}', a.reason_code, a.comparative_fit, f.comparative_fit, "
        "a.comparative_reason_code, a.is_exact, a.reason "
        f"from mart.mode_fit as f join mart.mode_fit_asof('{DAY}') as a using (methodology_version, zone_code, time_period, mode_id)"
    ).fetchall()
    assert len(rows) == warehouse.execute("select count(*) from mart.mode_fit").fetchall()[0][0]
    codes = {"period_not_begun", "inputs_not_yet_known"}
    codes |= set(next(c for c in tables()["mart.mode_fit"].columns if c.name == "reason_code").values)
    for then, now, known, why, comparative, comparative_now, comparative_why, exact, words in rows:
        assert (then is None) == (why is not None) and (comparative is None) == (comparative_why is not None)
        assert then in (None, now) and comparative in (None, comparative_now)
        assert then is None or (known is not False and words is None)
        assert why is None or (why in codes and words)
        assert not exact or then is not None
    assert {"inputs_not_yet_known", "coverage_below_minimum"} <= {row[3] for row in rows}


def test_a_year_that_had_not_begun_has_no_fit(warehouse):
    found = "select distinct reason_code from mart.mode_fit_asof('2020-12-31') where time_period > '2020'"
    assert warehouse.execute(found).fetchall() == [("period_not_begun",)]
