"""The one definition of a printed number, for Python and for SQL.

Belongs here: which texts are numbers, which are signs for "no figure". Does not belong here: units, percent signs, what a number
means.

Full-width digits and signs are digits and signs. Blanks around a number mean nothing. A comma separates thousands: three digits stand
behind each, and the digits before the first one do not begin with zero. All other texts are no numbers, however a parser might read
them: (5), 5千克, 1,23, 1.234,5, 12 345.
"""

from __future__ import annotations

import re

from pipelines.quoting import literal

# Both lists have the same length: each character on the left means the one on the right.
PRINTED = "０１２３４５６７８９，．＋－−\u3000\u00a0\t"
MEANT = "0123456789,.+--   "
PATTERN = r"[+-]?([0-9]+|[1-9][0-9]{0,2}(,[0-9]{3})+)(\.[0-9]*)?([eE][+-]?[0-9]+)?|[+-]?\.[0-9]+"
# Signs that statistical tables print where there is no figure.
BLANK_SIGNS = ("", "-", "--", "---", "—", "——", "…", "……", "...")

_WIDTH = str.maketrans(PRINTED, MEANT)


def number_text(printed: str) -> str | None:
    """The number in plain digits. None if the text is no number.

    >>> number_text("１，２３４．５"), number_text("1,23"), number_text("5千克")
    ('1234.5', None, None)
    """
    plain = _plain(printed)
    return plain.replace(",", "") if re.fullmatch(PATTERN, plain) else None


def is_blank(printed: str) -> bool:
    """Whether the text says that there is no figure: nothing, or a sign for it.

    >>> is_blank(" -- "), is_blank("0")
    (True, False)
    """
    return _plain(printed) in BLANK_SIGNS


def _plain(printed: str) -> str:
    return printed.translate(_WIDTH).strip(" ")


def sql_functions() -> str:
    """The same as SQL: functions number_text (text) and is_blank_sign (text)."""
    plain = f"trim(translate(printed, {literal(PRINTED)}, {literal(MEANT)}), ' ')"
    signs = ", ".join(map(literal, BLANK_SIGNS))
    return f"""
-- the number in plain digits; NULL where the text is no number
create or replace temporary macro number_text(printed) as
    case when regexp_full_match({plain}, {literal(PATTERN)}) then replace({plain}, ',', '') end;
-- whether the text says that there is no figure
create or replace temporary macro is_blank_sign(printed) as {plain} in ({signs})
"""
