"""What a cell shows: formats that show another number than the cell stores give the number that is shown, or are named."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.readers import workbook
from pipelines.readers.number_format import is_plain, shown
from tests.helpers.effort import examples
from tests.helpers.excel import MAIN, parts, zipped

PLAIN = [
    "General",
    "0",
    "#,##0.00",
    "0.00E+00",
    "@",
    "yyyy-mm-dd",
    "[$¥-804]#,##0",
    '_ * #,##0_ ;_ * "-"_ ;_ @_ ',
]
SHOWN = {
    (0.352, "0.0%"): "35.2%",
    (0.352, "0%"): "35.2%",  # all digits that are stored stay
    (-0.05, "0.0%"): "-5.0%",
    (-0.05, "0.0%;[Red]0.0%"): "-5.0%",
    (35.0, '0"%"'): "35%",
    (2023.0, '0"年"'): "2023年",
    (10121.0, "00000000"): "00010121",
    (123456.0, '0!.0,"万"'): "12.3456万 [stored: 123456]",
    (123456.0, '0\\.0,"万"'): "12.3456万 [stored: 123456]",
    (1234567.0, "#,##0,"): "1234.567 [stored: 1234567]",
    (1234567.0, "#,##0.0,,"): "1.234567 [stored: 1234567]",
    (123456.0, '[>=10000]0!.0,"万";0'): "12.3456万 [stored: 123456]",
    (99.0, '[>=10000]0!.0,"万";0'): None,
    (5.0, ";;;"): "[stored: 5]",
    (0.0, "0;-0;;@"): "[stored: 0]",
    (0.0, '#,##0;-#,##0;"-"'): None,
    (0.2, "yyyy%"): None,
}


@pytest.mark.parametrize("code", PLAIN)
def test_a_plain_format_changes_nothing(code):
    assert is_plain(code) and shown(1234.5, code) is None and shown(-3.0, code) is None


@pytest.mark.parametrize(("cell", "text"), SHOWN.items())
def test_a_format_that_changes_the_number_gives_what_is_shown(cell, text):
    assert shown(*cell) == text


@given(value=st.floats(-1e12, 1e12), decimals=st.integers(0, 4))
@examples(50)
def test_a_percentage_loses_no_digit(value, decimals):
    text = shown(value, "0" + "." * bool(decimals) + "0" * decimals + "%")
    assert text is not None and Decimal(text.removesuffix("%")) == Decimal(repr(value)) * 100


@given(code=st.text(alphabet='0#?.,%;"\\!_*[]>=<1年万General@/-E+ymd', max_size=14), value=st.floats())
@examples(200)
def test_no_format_fails_and_a_plain_one_shows_the_number(code, value):
    text = shown(value, code)
    if is_plain(code):
        assert text is None


def with_styles(cells: list[str], codes: list[str]) -> bytes:
    """Workbook of one row; style n of a cell has the n-th format."""
    formats = "".join(f'<numFmt numFmtId="{200 + n}" formatCode="{c}"/>' for n, c in enumerate(codes))
    styles = "".join(f'<xf numFmtId="{200 + n}"/>' for n in range(len(codes)))
    xml = f'<styleSheet xmlns="{MAIN}"><numFmts>{formats}</numFmts><cellStyleXfs><xf numFmtId="9"/></cellStyleXfs>'
    return zipped(
        parts({"表": [cells]})
        | {"xl/styles.xml": f"{xml}<cellXfs>{styles}<xf numFmtId='10'/></cellXfs></styleSheet>"}
    )


def test_the_formats_of_a_workbook_are_read():
    content = with_styles(
        [
            '<c s="1"><v>0.35199999999999998</v></c>',
            '<c s="1"><f>1/4</f><v>0.25</v></c>',
            '<c s="1" t="str"><v>0.5</v></c>',
            '<c s="0"><v>7</v></c>',
            '<c s="2"><v>123456</v></c>',
            '<c s="3"><v>0.1</v></c>',
        ],
        ["General", "0.0%", "0!.0,&quot;万&quot;"],
    )
    (sheet,) = workbook.sheets(content)
    assert sheet.rows == [["35.2%", "25.0%", "0.5", "7", "12.3456万 [stored: 123456]", "10.00%"]]
