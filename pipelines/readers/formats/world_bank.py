"""Layout world_bank: tables of the World Bank's data site, text or Excel. Each row is a country and indicator, each column a
year.

A table has a preamble, a header and rows. Option `preamble` names the kind of each preamble line by its first cell;
`updated` gives the fact of that name. Option `columns` names the columns of the country's code and name and of the
indicator. Every other column is a year (2022, or 2022 [YR2022] from DataBank). The empty column at the end of each text
line is left out. Tables that describe countries and indicators come with the figures (in a sheet, or in a file of the same
archive). Option `described` lists their columns; all rows of such a table are notes, and none is loaded. Tables of DataBank
have no preamble but a foot: option `foot` names the kind of each of its lines by its beginning. Option `missing` lists texts
that stand for a blank.

Layout world_bank_json: answers of the World Bank's query service, version 2. An answer has a page and a list of
observations, counted from 1. The page states the day of its update. An answer that has a message instead is refused.
"""

from __future__ import annotations

import json
import re
from typing import Any

from pipelines.readers import grid, text
from pipelines.readers.formats import cube
from pipelines.readers.formats.cube import Observation
from pipelines.readers.formats.json_stat import parse
from pipelines.readers.grid import Grid, Part
from pipelines.readers.source import Source
from pipelines.readers.text import ReadError, Reading

YEAR = re.compile(r"(\d{4})(?: \[YR\1\])?")
# the foot of DataBank has the day as month/day/year
AMERICAN_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")


def read(content: bytes, source: Source, file_name: str) -> Reading:
    """Read a table. Every country and year gives one cell, even a blank one."""
    return grid.read(content, source, file_name, _table)


def _table(sheet: Grid, source: Source, file_name: str) -> Part:
    options = source.options
    facts, top = _preamble(sheet, options)
    printed = grid.checked_width(sheet, top)
    if any(set(columns) <= set(printed) for columns in options["described"]):
        blank = sum(sheet.is_blank(index) for index in range(len(sheet)))
        return Part([], cube.COLUMNS, [], {"note_rows": len(sheet) - blank, "blank_rows": blank})
    trailing = printed[-1] == "" and not sheet.sheet
    header = printed[: len(printed) - trailing]
    unknown = text.check_header(
        header, list(options["columns"].values()), [], f"{sheet.place}, line {top + 1}"
    )
    years = [index for index in unknown if YEAR.fullmatch(header[index])]
    if others := [header[index] for index in unknown if index not in years and header[index]]:
        raise ReadError(
            "header_changed",
            f"{sheet.place}, line {top + 1}: found the columns {', '.join(others[:100])}, expected years",
        )
    stop, stated = _foot(sheet, top + 1, options.get("foot", {}))
    body = grid.body(sheet, top + 1, stop, len(header), trailing_comma=trailing, whole=stop < len(sheet))
    feet = [index for index in range(stop, len(sheet)) if not sheet.is_blank(index)]
    body.counts["note_rows"] += len(feet)
    body.counts["blank_rows"] += len(sheet) - stop - len(feet)
    facts |= stated
    blank = sum(sheet.is_blank(index) for index in range(top))
    body.counts["header_rows"] = top - blank + 1
    body.counts["blank_rows"] += blank
    empty = [index for index in unknown if index not in years]
    rejects = body.rejects + text.unknown_cells(body.records, header, empty, source.source_id)
    rows = [row for record in body.records for row in _cells(record, header, years, source)]
    return Part(rows, cube.COLUMNS, rejects, body.counts, facts)


def _preamble(sheet: Grid, options: dict) -> tuple[dict[str, str], int]:
    """The facts of the preamble, and the index of the header."""
    facts = {}
    for index in range(len(sheet)):
        fields = sheet.fields(index)
        kind = next((kind for kind, first in options["preamble"].items() if fields[0] == first), None)
        if kind and len(fields) > 1:
            facts[kind] = cube.day(fields[1]) if kind == "updated" else fields[1]
        elif not sheet.is_blank(index):
            return {kind: stated for kind, stated in facts.items() if stated}, index
    raise ReadError(
        "empty_file",
        f"{sheet.place}: found no header, expected one with the columns {', '.join(options['columns'].values())}",
    )


def _foot(sheet: Grid, start: int, kinds: dict[str, str]) -> tuple[int, dict[str, str]]:
    """Index of the first line of the foot (or behind the last line), and the facts that the foot states."""
    beginnings = tuple(kinds.values())
    lines = range(start, len(sheet))
    firsts = {index: sheet.fields(index)[0].strip() for index in lines} if beginnings else {}
    stop = next((index for index, first in firsts.items() if first.startswith(beginnings)), len(sheet))
    facts = {}
    for index in range(stop, len(sheet)):
        for kind, beginning in kinds.items():
            if firsts[index].startswith(beginning):
                stated = firsts[index].removeprefix(beginning).strip()
                facts[kind] = _american_day(stated) if kind == "updated" else stated
    return stop, {kind: stated for kind, stated in facts.items() if stated}


def _american_day(printed: str) -> str:
    """ISO day of a day printed as month/day/year. Empty if there is none.

    >>> _american_day("06/28/2024"), _american_day("28 June")
    ('2024-06-28', '')
    """
    match = AMERICAN_DAY.fullmatch(printed)
    return f"{match.group(3)}-{int(match.group(1)):02d}-{int(match.group(2)):02d}" if match else ""


def _cells(record: grid.Record, header: list[str], years: list[int], source: Source) -> list[tuple]:
    """The cells of one line. The statements of its first columns hold for each year."""
    options = source.options["columns"]
    stated = {name: record.fields[header.index(name)] for name in options.values()}
    key = (stated[options["area_code"]], stated[options["area_name"]], stated[options["indicator"]])
    quote = "; ".join(f"{name}={value}" for name, value in stated.items() if value)
    about = ("", "", "", source.title, quote, "")
    missing = source.options.get("missing", [])
    return [
        ("", record.row_no, index + 1, *key, header[index][:4], *about, "" if value in missing else value, "")
        for index in years
        for value in [record.fields[index]]
    ]


def read_json(content: bytes, source: Source, file_name: str) -> Reading:
    """Read one answer. Every observation gives one cell, even a blank one."""
    decoded, encoding = text.decode(content, source.encoding, file_name)
    page, observations = _answer(parse(decoded, file_name), file_name)
    rows, rejects = [], []
    for number, found in enumerate(observations, start=1):
        try:
            rows.append(cube.cell(_observation(number, found), source))
        except (KeyError, TypeError, AttributeError) as error:
            lacks = f"no {error}" if isinstance(error, KeyError) else "another form"
            why = f"observation {number}: found {lacks}, expected an observation of the query service, version 2"
            rejects.append(cube.reject(("", number, None), str(found), "malformed_node", why))
    updated = cube.day(page["lastupdated"]) if isinstance(page.get("lastupdated"), str) else ""
    return text.reading(
        rows,
        cube.COLUMNS,
        rejects,
        {"record_rows": len(rows), "rejected_rows": len(rejects)},
        encoding=encoding,
        physical_rows=len(observations),
        file_name=file_name,
        facts={"updated": updated} if updated else {},
    )


def _answer(document: Any, place: str) -> tuple[dict, list]:
    """The page of an answer, and its observations. Raises ReadError if the answer has a message instead."""
    if isinstance(document, list) and len(document) == 2:
        page, observations = document
        if isinstance(page, dict) and isinstance(observations, list) and observations:
            return page, observations
    message = json.dumps(document, ensure_ascii=False)[:300]
    raise ReadError("error_reply", f"{place}: found {message}, expected a page and its observations")


def _observation(number: int, found: dict) -> Observation:
    """One value with its statements, under the names that the service uses."""
    indicator, country = found["indicator"], found["country"]
    states = {
        "indicator": _printed(indicator["id"]),
        "country": _printed(country["id"]),
        "countryiso3code": _printed(found["countryiso3code"]),
        "date": _printed(found["date"]),
        "unit": _printed(found["unit"]),
        "obs_status": _printed(found["obs_status"]),
        "decimal": _printed(found["decimal"]),
    }
    names = {"indicator": _printed(indicator["value"]), "countryiso3code": _printed(country["value"])}
    return Observation(number, 1, states, _printed(found["value"]), names)


def _printed(printed: Any) -> str:
    """A text or number as printed. A null is a blank.

    >>> _printed(None), _printed("12")
    ('', '12')
    """
    if printed is None:
        return ""
    if isinstance(printed, str):
        return printed
    raise TypeError(f"{printed!r}, expected a text or a number")
