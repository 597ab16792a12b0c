"""From published figures to printed cells: a sample of figures, each cell read again from the landed bytes without our readers."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import random
import shutil
from functools import cache

import openpyxl
import pytest
from typer.testing import CliRunner

from pipelines import settings
from pipelines.cli import app as cli
from pipelines.database import build, connection
from pipelines.declarations.modes import modes
from pipelines.declarations.tables import tables
from pipelines.landing import land as landing
from pipelines.publishing import trace
from tests.helpers.effort import IS_LONG
from tests.helpers.excel import xlsx

# The long proofs follow two hundred figures.
SEED, SAMPLE = 20150307, 200 if IS_LONG else 50
FIGURES = """
with f as (
    select f.* from mart.mode_fit as f join reference.methodology as m using (methodology_version) where m.is_default
)
select zone_code, time_period, mode_id as metric, fit as value from f where fit is not null
union all select zone_code, time_period, mode_id || ':comparative_fit', comparative_fit from f where comparative_fit is not null
union all
select s.zone_code, s.time_period, s.mode_id || ':' || s.criterion_id, s.score
from mart.criterion_score as s join f using (methodology_version, zone_code, time_period, mode_id) where s.score is not null
union all select zone_code, time_period, indicator_id, obs_value from mart.zone_indicator
union all
select zone_code, time_period, 'coupling_coordination', coordination from mart.coupling_coordination where coordination is not null
union all select zone_code, time_period, 'cluster_zone:hhi', hhi from mart.cluster_zone where hhi is not null
union all
select zone_code, time_period, 'cluster_industry:location_quotient:' || industry_code, location_quotient
from mart.cluster_industry where location_quotient is not null
order by all
"""


def kind(metric: str) -> str:
    """Kind of a figure by the form of its name."""
    if metric.startswith(("cluster", "coupling")):
        return metric.split(":", maxsplit=1)[0]
    mode, _, part = metric.partition(":")
    return (
        ("indicator" if mode not in modes() else "fit")
        if not part
        else part
        if part == "comparative_fit"
        else "score"
    )


@pytest.fixture(scope="module")
def sample(built):
    """Published figures, as many of each kind, and their chains."""
    with connection.connect(built.work, read_only=True) as con:
        figures = con.execute(FIGURES).fetchall()
        groups: dict[str, list] = {}
        for figure in figures:
            groups.setdefault(kind(figure[2]), []).append(figure)
        dice, kinds = random.Random(SEED), sorted(groups)
        chosen = [dice.choice(groups[kinds[i % len(kinds)]]) for i in range(SAMPLE)]
        return [(figure, trace.chain(con, *figure[:3])) for figure in chosen]


@pytest.fixture(scope="module")
def cell(built):
    """A function from hash, sheet, row and column to the text in the landed bytes, by csv and openpyxl alone."""
    return reader(built)


def reader(paths):
    with connection.connect(paths.work, read_only=True) as con:
        encoding = dict(con.execute("select file_sha256, encoding from raw.file").fetchall())

    @cache
    def content(sha: str) -> bytes:
        (path,) = [p for p in paths.landing.rglob(f"{sha}*") if p.is_file() and p.suffix != ".json"]
        data = path.read_bytes()
        assert hashlib.sha256(data).hexdigest() == sha
        return data

    @cache
    def rows(sha: str, sheet: str) -> list:
        if content(sha)[:2] == b"PK":
            return list(openpyxl.load_workbook(io.BytesIO(content(sha)))[sheet].iter_rows(values_only=True))
        return list(csv.reader(io.StringIO(content(sha).decode(encoding[sha]), newline="")))

    return lambda step: rows(step["file_sha256"], step["sheet"])[step["row_no"] - 1][step["column_no"] - 1]


@pytest.mark.property
def test_the_printed_cell_of_a_figure_is_at_its_place_in_the_landed_bytes(sample, cell):
    seen = set()
    for _, steps in sample:
        for step in (s for s in steps if s["step"] == "cell"):
            assert cell(step) == step["printed_text"], step
            seen.add((step["file_sha256"], step["row_no"], step["column_no"]))
    assert len(sample) == SAMPLE and len(seen) > 5 * SAMPLE


@pytest.mark.property
def test_each_chain_begins_with_the_figure_and_ends_in_cells_or_says_why_not(sample):
    for (_, year, metric, value), steps in sample:
        assert steps[0]["value"] == value and steps[0]["time_period"] == year and steps[0]["depth"] == 0, (
            metric
        )
        paths = [s["path"] for s in steps]
        assert paths == sorted(set(paths)) and all(p.rpartition(".")[0] in ("", *paths) for p in paths)
        assert all(s["formula"] for s in steps)
        parents = {p.rpartition(".")[0] for p in paths}
        for step in (s for s in steps if s["path"] not in parents and s["step"] != "cell"):
            assert (
                step["step"] == "fit of another mode"
                or "no score" in step["formula"]
                or "complete list" in step["formula"]
                or "no criterion" in step["formula"]
            )


def below(steps: list[dict], step: dict, *kinds: str) -> list[dict]:
    return [s for s in steps if s["path"].rpartition(".")[0] == step["path"] and s["step"] in kinds]


@pytest.mark.property
def test_a_fit_follows_from_the_steps_of_its_chain(sample):
    fits = [(s, steps) for _, steps in sample for s in steps if s["step"] == "fit" and s["value"] is not None]
    assert len(fits) > SAMPLE // 10
    for fit, steps in fits:
        gate = math.prod(s["value"] for s in below(steps, fit, "gate"))
        dimensions = [s for s in below(steps, fit, "dimension") if s["value"] is not None]
        weights = [float(s["formula"].split("; weight ")[1].split(" ")[0]) for s in dimensions]
        evidence = math.exp(sum(w * math.log(s["value"]) for w, s in zip(weights, dimensions, strict=True)))
        assert sum(weights) == pytest.approx(1, abs=1e-5)
        assert fit["value"] == pytest.approx(gate * evidence, abs=1e-5)


@pytest.mark.property
def test_scores_and_indicators_follow_from_what_stands_below_them(sample):
    checked = 0
    for _, steps in sample:
        for step in steps:
            if step["step"] == "criterion" and step["value"] is not None:
                words = step["formula"].split(": ", 1)[1].split(", the value")[0]
                assert step["value"] == pytest.approx(eval(words.replace(" x ", " * ")), abs=1e-5)  # noqa: S307
                checked += 1
            if step["step"] == "cell" and " x " in step["formula"] and ";" not in step["formula"]:
                factor = float(step["formula"].rpartition(" x ")[2])
                assert step["value"] == pytest.approx(float(step["printed_text"].replace(",", "")) * factor)
    assert checked > 100


# The input of the fit, whichever schema it stands in.
(FIT_INPUT,) = (name for name in tables() if name.endswith(".mode_fit_input"))
SIZES = f"""
select distinct i.zone_code, i.time_period, i.mode_id || ':comparative_fit', i.gdp, i.population
from {FIT_INPUT} as i join reference.methodology as m using (methodology_version) where m.is_default
"""


def size(con, zone: str, year: str, metric: str) -> dict[str, tuple]:
    """GDP and residents in the chain of a comparative fit: year and value."""
    steps = [s for s in trace.chain(con, zone, year, metric) if s["path"] in ("1.81", "1.82")]
    return {s["name"]: (s["time_period"], s["value"]) for s in steps}


def test_gdp_and_residents_of_a_comparative_fit_are_those_that_the_fit_used(warehouse):
    dice, older = random.Random(SEED), 0
    with_size, without = (
        warehouse.execute(f"from ({SIZES}) where gdp is {known} order by all").fetchall()
        for known in ("not null", "null")
    )
    for zone, year, metric, gdp, population in dice.sample(with_size, 40) + dice.sample(without, 10):
        found = size(warehouse, zone, year, metric)
        assert {name: value for name, (_, value) in found.items()} == (
            {} if gdp is None else {"gdp": gdp, "population": population}
        ), (zone, year, metric)
        older += any(period < year for period, _ in found.values())
    assert older > 5  # the newest figures are often not of the scored year


@pytest.fixture
def changed(built, tmp_path):
    """A connection to a copy of the built warehouse, to change."""
    copy = settings.Paths(tmp_path / "changed")
    copy.work.parent.mkdir(parents=True)
    shutil.copy(built.work, copy.work)
    with connection.connect(copy.work) as con:
        yield con


def test_the_size_is_of_the_year_that_has_both_figures_even_where_a_later_gdp_is_the_same_number(changed):
    zone, metric = "510100", "trade_upgrade:comparative_fit"
    printed = dict(
        changed.execute(
            "select time_period, obs_value from mart.zone_indicator where zone_code = ? and indicator_id = 'gdp'",
            [zone],
        ).fetchall()
    )
    changed.execute(
        "update mart.zone_indicator set obs_value = ? "
        "where zone_code = ? and indicator_id = 'gdp' and time_period = '2022'",
        [printed["2021"], zone],
    )
    newest = "delete from mart.zone_indicator where zone_code = ? and indicator_id = 'population' and time_period > ?"
    for year, expected in (("2021", {"gdp", "population"}), ("2000", set())):
        changed.execute(newest, [zone, year])
        build.build(changed, tables()[FIT_INPUT])
        found = size(changed, zone, "2022", metric)
        assert found.keys() == expected and {period for period, _ in found.values()} <= {"2021"}
        ((gdp, population),) = changed.execute(
            f"select gdp, population from ({SIZES}) as t (zone, year, metric, gdp, population) "
            "where zone = ? and year = '2022' and metric = ?",
            [zone, metric],
        ).fetchall()
        assert (gdp, population) == tuple(found[n][1] if found else None for n in ("gdp", "population"))


@pytest.mark.parametrize("count", [999, 1203])
def test_all_cells_of_an_indicator_are_in_its_chain_in_the_order_of_its_list(changed, count):
    cells = changed.execute(
        "select file_sha256, sheet, row_no, column_no from core.observation "
        "order by hash(file_sha256, sheet, row_no, column_no) limit ?",
        [count],
    ).fetchall()
    names = ("file_sha256", "sheet", "row_no", "column_no")
    changed.execute(
        "update mart.zone_indicator set inputs = ? where (zone_code, time_period, indicator_id) = ('510100', '2022', 'gdp')",
        [json.dumps([dict(zip(names, cell, strict=True)) for cell in cells])],
    )
    top, *steps = trace.chain(changed, "510100", "2022", "gdp")
    assert top["step"] == "indicator" and {s["step"] for s in steps} == {"cell"}
    assert [tuple(s[name] for name in names) for s in steps] == cells
    assert steps[0]["path"] == f"1.{1:0{max(3, len(str(count)))}}" and steps[-1]["path"] == f"1.{count}"


def test_a_figure_of_a_workbook_is_traced_to_its_sheet(stocked):
    """An export as a workbook: the place is a row and column of its sheet."""
    rows = [
        ["数据库：分省年度数据"],
        ["指标：地区生产总值(亿元)"],
        ["时间：最近2年"],
        ["地区", "2017年", "2016年"],
        ["北京市", 200, 100.5],
        ["数据来源：国家统计局"],
    ]
    (stocked.inbox / "分省年度数据_GDP_2020-06-30.xlsx").write_bytes(xlsx({"分省年度数据": rows}))
    with connection.connect(stocked.work) as con:
        landing.land_all(con, stocked)
        build.build_all(con, ["core.observation"])
        found = con.execute(
            "select o.file_sha256, o.sheet, o.row_no, o.column_no, o.printed_text from core.observation as o "
            "join raw.file as f using (file_sha256) where f.file_name like '%2020-06-30.xlsx'"
        ).fetchall()
    read = reader(stocked)
    names = ("file_sha256", "sheet", "row_no", "column_no")
    assert [(str(read(dict(zip(names, row[:4], strict=True)))), row[4]) for row in found] == [
        ("200", "200"),
        ("100.5", "100.5"),
    ]


def test_the_command_prints_the_chain_and_says_what_there_is_otherwise(published, monkeypatch):
    monkeypatch.setenv("ZONESCOPE_DATA", str(published.root))
    run = lambda *words: CliRunner().invoke(cli.app, ["trace", *words])  # noqa: E731
    told = run("Chengdu", "2022", "trade_upgrade")
    assert told.exit_code == 0 and "fit trade_upgrade, 2022" in told.stdout
    assert '"208180000" in china_city_statistical_yearbook_2023.csv, row 49, column 6' in told.stdout
    assert run("成都", "2022", "trade_upgrade").stdout == told.stdout
    nothing = run("510100", "2022", "no_such_thing")
    assert nothing.exit_code == 1 and "agglomeration" in nothing.stdout and "gdp" in nothing.stdout
    twins = run("Taizhou", "2022", "gdp")
    assert twins.exit_code == 1 and "321200" in twins.stdout and "331000" in twins.stdout


def test_nothing_in_a_question_is_taken_for_sql(warehouse):
    for words in ("x' or '1'='1", "$.a", "cluster_zone:$", "cluster_zone:", "cluster_industry:a:b", "%"):
        with pytest.raises(trace.NoSuchFigure):
            trace.chain(warehouse, "510100", "2022", words)
