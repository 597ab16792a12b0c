"""The tables that stand below each other in one grid of the statistics office, and the lines that say what a table is about.

Belongs here: where a table begins and ends, and which lines are context. Does not belong here: reading a table
(nbs_export.py).

A line of context inside a body (地区：, 指标：, 数据库：, 续表) or another header begins a new table. A table takes over from the
one above it only what it cannot have of its own: all of it below 续表 or below a header that is repeated, else the database.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from pipelines.readers import grid, text
from pipelines.readers.grid import Grid, TextGrid
from pipelines.readers.text import ReadError

CONTEXT = ("area", "indicator", "database")
CONTINUED = re.compile(r"(?:.{0,60}\()?(?:续|续表|续上表|接上表|continued)\)?\d*(?:\(.*\))?", re.IGNORECASE)


@dataclass(frozen=True)
class Span:
    """The rows of one table: its first row, the row behind its last one, and whether it goes on with the table above."""

    start: int
    stop: int
    goes_on: bool


def corners(options: dict) -> dict[str, str]:
    """The words that a corner may have, each with the kind of the rows below."""
    listed = {kind: [names] if isinstance(names, str) else names for kind, names in options["corner"].items()}
    return {name: kind for kind, names in listed.items() for name in names}


def begins(line: str, prefixes: tuple[str, ...]) -> bool:
    """Whether a line begins with one of some words. Blanks before a colon and its width carry no meaning.

    >>> begins("数据来源 :国家统计局", ("数据来源：",))
    True
    """
    indent = "\u3000" if line.startswith("\u3000") else ""
    return f"{indent}{text.plain(line)}".startswith(tuple(prefix.replace("：", ":") for prefix in prefixes))


def kind_of(line: str, options: dict) -> str | None:
    """What a line of the preamble states. None for any other line."""
    return next((k for k, prefix in options["preamble"].items() if begins(line, (prefix,))), None)


def sentence(sheet: Grid, index: int) -> str:
    """The sentence in a row, without blanks and separators around it."""
    return grid.sentence(sheet, index).strip(', "\t\u3000\xa0')


def is_continued(line: str) -> bool:
    """Whether a line says that a table goes on.

    >>> is_continued("续表1"), is_continued("分省年度数据（续）"), is_continued("持续增长")
    (True, True, False)
    """
    return bool(CONTINUED.fullmatch(text.plain(line)))


def spans(sheet: Grid, options: dict) -> list[Span]:
    """Divide a grid into its tables.

    Raises:
        ReadError: a row of figures begins with words of a context, or a header stands again and nothing says of what.
    """
    known = corners(options)
    rows = [i for i in range(len(sheet)) if text.plain(sheet.fields(i)[0]) in known and _filled(sheet, i) > 1]
    headers = [i for i in rows if i - 1 not in rows]  # a second header row may repeat its corner
    starts = [(0, False)]
    is_open = not headers  # context was read whose header is still to come
    for index in range(headers[0] + 1 if headers else 0, len(sheet) if headers else 0):
        is_sentence, line = _filled(sheet, index) == 1, sentence(sheet, index)
        context = kind_of(line, options) in CONTEXT
        if context and not is_sentence:
            raise _unclear(sheet, index, f"a row that begins with {line[:20]!r}")
        if (context or (is_sentence and is_continued(line))) and not is_open:
            starts.append((index, is_continued(line)))
            is_open = True
        elif index in headers and not is_open:
            _check_repeated(sheet, starts[-1][0], index, headers)
            starts.append((index, True))
        elif index in headers:
            is_open = False
    stops = [start for start, _ in starts[1:]] + [len(sheet)]
    return [Span(start, stop, goes_on) for (start, goes_on), stop in zip(starts, stops, strict=True)]


def _filled(sheet: Grid, index: int) -> int:
    return sum(bool(cell.strip()) for cell in sheet.fields(index))


def _check_repeated(sheet: Grid, start: int, header: int, headers: list[int]) -> None:
    """A header without context goes on with the table above only if it repeats its header and no row stands again."""
    above = max(index for index in headers if index < header)
    before = [index for index in range(header) if not sheet.is_blank(index)]
    same = [cell.strip() for cell in sheet.fields(above)] == [cell.strip() for cell in sheet.fields(header)]
    below = next((index for index in headers if index > header), len(sheet))
    labels = [{_label(sheet, i) for i in rows} for rows in (range(start, header), range(header + 1, below))]
    if not same or _filled(sheet, before[-1]) < 2 or labels[0] & labels[1] - {""}:
        raise _unclear(sheet, header, "another header")


def _label(sheet: Grid, index: int) -> str:
    return text.plain(sheet.fields(index)[0]) if _filled(sheet, index) > 1 else ""


def _unclear(sheet: Grid, index: int, found: str) -> ReadError:
    message = (
        f"{sheet.place}, line {index + 1}: found {found} inside the table, expected a line of its own above it that says of "
        "whom or what the rows below are (地区：, 指标：, 数据库：, 续表); put each table into a file or sheet of its own"
    )
    return ReadError("several_tables", message)


def window(sheet: Grid, span: Span) -> Grid:
    """The rows of one table at their own places. The rows above are blank, those below are left out."""
    if isinstance(sheet, TextGrid):
        lines = [*[""] * span.start, *sheet.lines[span.start : span.stop]]
        return replace(sheet, lines=lines, ended=sheet.ended or span.stop < len(sheet))
    rows = [[""] * len(row) for row in sheet.lines[: span.start]]
    return replace(sheet, lines=[*rows, *sheet.lines[span.start : span.stop]])
