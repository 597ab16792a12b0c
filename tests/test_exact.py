"""A printed number times its factors is the product on paper, rounded once to the nearest double."""

from __future__ import annotations

from decimal import Context, Decimal

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.database import build, connection, exact
from pipelines.declarations import reference_rows
from pipelines.declarations.files import ROOT, read_csv
from pipelines.declarations.tables import tables
from pipelines.landing import land as landing
from pipelines.landing import raw_rows

PAPER = Context(prec=200)
UNITS = reference_rows.rows(tables()["reference.unit"])
FACTORS = sorted(set(UNITS["factor"]))
RATES = sorted(set(reference_rows.rows(tables()["reference.exchange_rate"])["cny_per_unit"]))
LIST = "area_code,area_name,admin_level,year,period,indicator,value,unit,status,scope_note,source,quote,known_from\n"
DIGITS = st.text("0123456789", min_size=1, max_size=12)
NUMBERS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "-", "+"]),
    DIGITS,
    st.one_of(st.just(""), st.just("."), DIGITS.map(".{}".format)),
    st.one_of(st.just(""), st.integers(-20, 20).map("e{}".format), st.integers(0, 9).map("E+{}".format)),
)


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as found:
        exact.create_functions(found)
        yield found


def product(*texts: str | float) -> float:
    """The product on paper as the nearest double."""
    found = Decimal(1)
    for text in texts:
        found = PAPER.multiply(found, Decimal(str(text)))
    return float(found)


@pytest.mark.parametrize("factor", FACTORS)
@given(NUMBERS)
@example("21099.99999")
@example(".5")
@settings(max_examples=50)
def test_a_product_is_that_on_paper(con, factor, number):
    found = con.execute(
        "select exact_product([$1, $2::double::varchar], $1::double * $2)", [number, factor]
    ).fetchall()
    assert found == [(product(number, factor),)]


@given(NUMBERS, st.sampled_from(FACTORS), st.sampled_from(RATES))
def test_money_of_another_currency_is_rounded_once(con, number, factor, rate):
    query = "select exact_product([$1, $2::double::varchar, $3::double::varchar], $1::double * $2 * $3)"
    assert con.execute(query, [number, factor, rate]).fetchall() == [(product(number, factor, rate),)]


@pytest.mark.parametrize("number", ["9" * 40, "1e400", "1e99999999999999999999", "0." + "0" * 30 + "1" * 30])
def test_a_number_with_too_many_digits_is_the_product_of_doubles(con, number):
    found = con.execute("select exact_product([$1, '10000.0'], $1::double * 10000.0)", [number]).fetchall()
    assert found == [(float(number) * 10000.0,)]


def test_what_is_no_number_has_no_product(con):
    assert con.execute("select exact_product(['n. a.', '10'], null)").fetchall() == [(None,)]


# What the imports of the nation may be at most; figures above it are quarantined.
MOST = next(
    float(row["maximum"])
    for row in read_csv(ROOT / "warehouse" / "reference" / "indicator_limit.csv")
    if row["indicator_id"] == "cbec_imports"
)


def test_a_figure_is_stored_as_its_exact_product(paths):
    """Through landing and core.observation, in every unit of money: numbers that doubles multiply wrongly."""
    numbers = ["21099.99999", "0.07", "1.005", "8.2", "4.35", "1,234.567", "19999.9999"]
    rates = {
        row["time_period"]: row["cny_per_unit"]
        for row in reference_rows.rows(tables()["reference.exchange_rate"]).to_dicts()
    }
    meant, lines = {}, []
    for unit in UNITS.filter(UNITS["unit"].is_in(["CNY", "USD"])).to_dicts():
        for number, (year, rate) in zip(numbers, rates.items(), strict=False):
            lines.append(
                f'CN,,nation,{year},annual,CBEC imports,"{number}","{unit["unit_text"].replace(chr(34), chr(34) * 2)}",seen,,x,,2024-01-01'
            )
            figure = product(number.replace(",", ""), unit["factor"], rate if unit["unit"] == "USD" else 1)
            if figure <= MOST:
                meant[len(lines) + 1] = figure
    path = paths.inbox / "national_totals.csv"
    path.write_text(LIST + "\n".join(lines) + "\n", encoding="utf-8")
    with connection.connect(paths.work) as con:
        raw_rows.ensure_tables(con)
        landing.land(con, path, "inbox", paths)
        build.build_all(con, ["core.observation"])
        found = dict(con.execute("select row_no, obs_value from core.observation").fetchall())
    assert found == meant and len(meant) > 0.9 * len(lines)
