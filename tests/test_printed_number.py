"""A printed number is the same number for Python and for SQL, and what is none is none for both."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines import printed_number
from tests.helpers.effort import examples

NUMBERS = {
    "5": "5",
    "1,234": "1234",
    "1,234,567.8": "1234567.8",
    "１２": "12",
    "１，２３４．５": "1234.5",
    " 12 ": "12",
    "\u300012\u00a0": "12",
    "-5": "-5",
    "－5": "-5",
    "−5": "-5",
    ".5": ".5",
    "1e3": "1e3",
}
NONE = [
    "1,23",
    "1.234,5",
    "12 345",
    "x",
    "5千克",
    "(5)",
    "（5）",
    "0,123",
    "1,2,3",
    "1_000",
    "0x10",
    "inf",
    "nan",
    "5%",
    "--5",
]
SIGNS = ["", " ", "-", "--", "—", "…", "……", "...", "－", "\u3000"]
# Texts near to numbers are tried more often than all others.
NEAR = st.text(st.sampled_from("0123456789０９,，.．+-－−eE()_ \u3000\t—…千x"), max_size=12)


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as found:
        found.execute(printed_number.sql_functions())
        yield found


def in_sql(con, printed: str) -> tuple[str | None, bool]:
    return con.execute("select number_text($1), is_blank_sign($1)", [printed]).fetchall()[0]


@pytest.mark.parametrize(("printed", "number"), NUMBERS.items())
def test_numbers(con, printed, number):
    assert printed_number.number_text(printed) == number
    assert in_sql(con, printed) == (number, False)


@pytest.mark.parametrize("printed", NONE)
def test_all_else_is_no_number(con, printed):
    assert printed_number.number_text(printed) is None and not printed_number.is_blank(printed)
    assert in_sql(con, printed) == (None, False)


@pytest.mark.parametrize("printed", SIGNS)
def test_signs_for_no_figure(con, printed):
    assert printed_number.number_text(printed) is None and printed_number.is_blank(printed)
    assert in_sql(con, printed) == (None, True)


@examples(500)
@given(
    printed=st.one_of(
        NEAR, st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
    )
)
@example(printed="1,234\n")
def test_python_and_sql_agree(con, printed):
    assert in_sql(con, printed) == (printed_number.number_text(printed), printed_number.is_blank(printed))


@examples(200)
@given(number=st.integers(-(10**15), 10**15))
def test_a_number_with_separators_is_the_number(con, number):
    for printed in (
        str(number),
        f"{number:,}",
        f"{number:,}".translate(str.maketrans("0123456789,", "０１２３４５６７８９，")),
    ):
        assert in_sql(con, printed) == (str(number), False)
