"""How figures, statuses and references are printed: the declared rounding and the marks.

Here belongs: value -> text (or safe markup). Not here: layout, charts, or where a value comes from.

Declared rounding, the same on every page:
    fit, score, contribution, weight, index   3 decimals
    comparative fit                           3 decimals, always signed
    coverage                                  whole percent; shares of sectors 1 decimal
    money                                     at least 4 significant digits, in bn (1e9) or m (1e6)
    other quantities                          no decimals from 1,000 up, else at most 2 (figures without a
                                              dimension 3); 2 significant digits instead of a nought
The exact published value stands in the `value` attribute of the <data> element round each figure.
"""

import math
import re

from markupsafe import Markup, escape

ABSENT = "–"
MINUS = "\u2212"
UNVERIFIED_WORDS = ("recalled", "uncertain", "approx", "inferred")
VERIFIED_WORDS = ("verified", "seen")
_ADDRESS = re.compile(r"https?://[^\s;<>\"']+")
_MONEY = ("CNY", "USD")
_DIMENSIONLESS = re.compile(r"|1|ratio|standard deviations|index.*")
_SELF_EVIDENT = ("count", "rank")
_MAGNITUDES = ((1e9, "bn "), (1e6, "m "))


def _data(value: float, text: str) -> Markup:
    text = MINUS + text[1:] if text.startswith("-") else text
    return Markup('<data value="{}">{}</data>').format(repr(value), text)


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"report: found {value!r} in a published figure, expected a finite number or NULL")
    return value


def score(value: float | None, digits: int = 3) -> Markup | str:
    """Fits, scores, contributions, indices: fixed decimals."""
    return ABSENT if value is None else _data(value, f"{_finite(value):.{digits}f}")


def signed(value: float | None) -> Markup | str:
    """Comparative fits: fixed decimals, always with a sign."""
    return ABSENT if value is None else _data(value, f"{_finite(value):+.3f}")


def share(value: float | None, digits: int = 0) -> Markup | str:
    """A share 0..1 as percent."""
    return ABSENT if value is None else _data(value, f"{_finite(value) * 100:.{digits}f}\u00a0%")


def whole(value: float | None) -> Markup | str:
    """Counts and ranks."""
    return ABSENT if value is None else _data(value, f"{_finite(value):,.0f}")


def _trimmed(value: float, digits: int) -> str:
    text = f"{value:,.{digits}f}"
    if value and not float(text.replace(",", "")):
        return f"{value:.2g}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _money(value: float, unit: str) -> str:
    size, word = next(((s, w) for s, w in _MAGNITUDES if abs(value) >= s), (1.0, ""))
    scaled = value / size
    decimals = max(0, 3 - math.floor(math.log10(abs(scaled)))) if scaled else 0
    return f"{scaled:,.{min(decimals, 3)}f}\u00a0{word}{unit}"


def quantity(value: float | None, unit: str | None) -> Markup | str:
    """A figure in its unit."""
    if value is None:
        return ABSENT
    _finite(value)
    if unit in _MONEY:
        text = _money(value, unit)
    else:
        bare = _DIMENSIONLESS.fullmatch(unit or "") is not None
        decimals = 0 if abs(value) >= 1000 else 3 if bare else 2
        suffix = "" if bare or unit in _SELF_EVIDENT else "\u00a0%" if unit == "pct" else f" {unit}"
        text = _trimmed(value, decimals) + suffix
    return _data(value, text)


def in_words(identifier: str | None) -> str:
    """`belt_road_trade_share` -> `belt road trade share`."""
    return (identifier or "").replace("_", " ")


def is_unverified(status: str | None) -> bool:
    return any(word in (status or "").lower() for word in UNVERIFIED_WORDS)


def status_mark(status: str | None) -> Markup:
    """A visible mark for the status of a fact, with its details beside it.

    If the status contains "recalled" or "uncertain", the mark is "unverified", even if it also contains
    "verified": "month verified, day recalled" is unverified.
    """
    stated = (status or "").strip()
    first, _, rest = stated.partition(" ")
    if is_unverified(stated):
        kind, label, detail = "unverified", "unverified source", "" if stated == "recalled" else stated
    elif first.lower().startswith("reasoned"):
        kind, label, detail = "reasoned", "reasoned, no source", rest
    elif first.lower().startswith(VERIFIED_WORDS):
        kind, label, detail = "verified", first.rstrip(",;"), rest
    else:
        kind, label, detail = "unstated", "status not stated", stated
    mark = Markup('<span class="mark {}">{}</span>').format(kind, label)
    return mark + Markup(" <small>{}</small>").format(detail) if detail else mark


def linked(text: str | None) -> Markup:
    """Web addresses become links; all other text is escaped. (A link sends no request by itself.)"""
    text, parts, end = text or "", [], 0
    for match in _ADDRESS.finditer(text):
        parts.append(escape(text[end : match.start()]))
        parts.append(Markup('<a rel="noreferrer" href="{0}">{0}</a>').format(match.group()))
        end = match.end()
    return Markup("").join([*parts, escape(text[end:])])
