"""What a spreadsheet program shows for a number: the number format of its cell.

Belongs here: the formats that show another number than the cell stores (a percent sign, a division by thousands or by
万) or that add words. Does not belong here: decimals and separators, which change nothing that is meant; days and times; the
libraries that open workbooks.

The text of a number under its format:

- a percentage is the number that is shown, with its sign: 0.352 under `0.0%` is 35.2%. All digits that are stored stay;
- words of the format stay behind the number: 12 under `0"人"` is 12人;
- a format that divides, or that shows nothing, gives what is shown and what is stored: `12.3456万 [stored: 123456]`. No
  table takes such a text for a number, because nobody knows which of the two the author means.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

BUILT_IN = {9: "0%", 10: "0.00%"}  # the numbered formats of Excel that show another number than is stored
TOKENS = re.compile(
    r'"(?P<quoted>[^"]*)"?|[\\!](?P<escaped>.)|[_*].|\[(?P<bracket>[^\]]*)\]|General|G/通用格式|E[+-]|(?P<mark>.)',
    re.DOTALL,
)
CONDITION = re.compile(r"(?P<sign><=|>=|<>|<|>|=)(?P<number>-?\d+(?:\.\d+)?(?:E[+-]?\d+)?)", re.IGNORECASE)
SIGNS = {
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
    "<=": operator.le,
    ">=": operator.ge,
    "<>": operator.ne,
}
DIGITS = "0#?"
MOST_DIGITS = 400  # of a double written without an exponent


@dataclass(frozen=True)
class _Section:
    """One part of a format: `shift` is the power of ten between the stored number and the number that is shown."""

    condition: tuple[str, Decimal] | None
    shift: int
    is_percent: bool
    decimals: int
    zeros: int
    letters: str
    is_seen: bool  # it has a place for a digit, or a sign such as a dash

    @property
    def is_plain(self) -> bool:
        return self.is_seen and not (self.shift or self.is_percent or self.letters) and self.zeros < 2


def is_plain(code: str) -> bool:
    """Whether a format shows every number as it is stored, whatever the decimals and separators.

    >>> is_plain("#,##0.00"), is_plain("0.0%"), is_plain("yyyy-mm-dd")
    (True, False, True)
    """
    return all(section.is_plain for section in _sections(code))


def shown(value: float, code: str) -> str | None:
    """The text of a number under a format that shows more or something else than the number. None for any other format.

    >>> shown(0.352, "0.0%"), shown(-0.05, "0.0%"), shown(0.352, "0%"), shown(1234.5, "#,##0.0")
    ('35.2%', '-5.0%', '35.2%', None)
    >>> shown(123456.0, '0!.0,"万"'), shown(12.0, '0"人"')
    ('12.3456万 [stored: 123456]', '12人')
    """
    number = Decimal(repr(float(value))).normalize()
    section = _section_of(number, code) if number.is_finite() else None
    if section is None:
        return None
    stored = _plain(number)
    if not section.is_seen:
        return f"{section.letters} [stored: {stored}]".strip()
    text = _padded(number.scaleb(section.shift), section)
    if section.shift == 2 and section.is_percent and not section.letters:
        return text + "%"
    if section.shift == 0:
        return text + section.letters if section.letters or text != stored else None
    return f"{text}{'%' * section.is_percent}{section.letters} [stored: {stored}]"


def _plain(number: Decimal) -> str:
    return f"{number.quantize(1) if number == number.to_integral() and number.adjusted() < 15 else number:f}"


def _padded(number: Decimal, section: _Section) -> str:
    """All digits of a number, with the zeros that the format adds: 5.0 under `0.0%`, 010121 under `000000`."""
    text = _plain(number)
    if section.is_percent and section.decimals and len(text) < MOST_DIGITS:
        whole, _, part = text.partition(".")
        return f"{whole}.{part.ljust(section.decimals, '0')}"
    return text.zfill(section.zeros) if section.zeros > 1 and text.isdigit() else text


def _section_of(number: Decimal, code: str) -> _Section | None:
    """The part of a format that a number takes. None if the format shows days, times or texts, or nothing unusual."""
    sections = _sections(code)
    if not sections:
        return None
    if any(section.condition for section in sections):
        fitting = [s for s in sections if s.condition and SIGNS[s.condition[0]](number, s.condition[1])]
        return (fitting or [s for s in sections if not s.condition] or [sections[-1]])[0]
    if number == 0 and len(sections) > 2:
        return sections[2]
    return sections[1] if number < 0 and len(sections) > 1 else sections[0]


@lru_cache(maxsize=4096)
def _sections(code: str) -> tuple[_Section, ...]:
    """The parts of a format for numbers; none if all of them show a number as it is stored, or if it shows days."""
    parts: list[list[tuple[str, str]]] = [[]]
    for token in TOKENS.finditer(code):
        kind = token.lastgroup or "other"
        if token["mark"] == ";":
            parts.append([])
        else:
            parts[-1].append((kind, token[0] if kind == "other" else token[kind]))
    if any(kind == "mark" and text in "ymdhsYMDHS" for part in parts for kind, text in part):
        return ()
    if any(kind == "mark" and text == "@" for kind, text in parts[0]):
        return ()
    return tuple(_section(part) for part in parts[:3])


def _section(tokens: list[tuple[str, str]]) -> _Section:
    condition, letters, percents, commas, shift = None, "", 0, 0, 0
    decimals = zeros = digits = 0
    after_point = after_dot = False
    is_seen = False
    for kind, text in tokens:
        if kind == "bracket":
            found = CONDITION.fullmatch(text)
            condition = (found["sign"], Decimal(found["number"])) if found else condition
            letters += _letters(text.removeprefix("$").split("-")[0]) if text.startswith("$") else ""
        elif kind == "other" and text in ("General", "G/通用格式"):
            is_seen = True
        elif kind == "mark" and text in DIGITS:
            is_seen, digits, commas = True, digits + 1, 0
            decimals += after_point
            zeros += text == "0" and not after_point
            shift -= after_dot and not after_point
        elif kind == "mark" and text == ".":
            after_point = True
        elif kind == "mark" and text == ",":
            commas += digits > 0
        elif kind == "mark" and text == "%":
            percents += 1
        elif text == "." and digits and not after_point:
            after_dot = True
        elif kind in ("quoted", "escaped", "mark"):
            letters, is_seen = letters + _letters(text), is_seen or bool(text.strip()) and not _letters(text)
    shift += 2 * percents - 3 * commas
    return _Section(condition, shift, percents > 0, decimals, zeros, letters, is_seen)


def _letters(text: str) -> str:
    """The letters and signs of a literal that say something about the number. Blanks, brackets and money signs do not."""
    return "".join(letter for letter in text if letter.isalpha() or letter in "%％‰")
