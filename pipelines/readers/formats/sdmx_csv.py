"""Layout sdmx_csv: SDMX-CSV 1.0 and 2.0. Each line is one observation.

The first column shows the version: DATAFLOW (1.0), or STRUCTURE with STRUCTURE_ID and ACTION (2.0). With `labels=name`,
version 2.0 has a column of names behind each column of codes; such a column may have any name or none. In other files,
columns of names are declared as `area_name` or `ignored`. Names may also stand in the cells, as "A: Annual" under
"FREQ: Frequency"; then the codes count. A line is rejected if it deletes (ACTION=D), if option `dataflow` does not list its
dataflow, or if it lacks a declared dimension. SDMX writes NaN for a missing number, so NaN is a blank.
The format does not state which columns are dimensions, so every column needs a role (cube.py).
"""

from __future__ import annotations

import re
from collections import Counter

from pipelines.readers import grid
from pipelines.readers.formats import cube
from pipelines.readers.formats.cube import Observation
from pipelines.readers.grid import Body, Grid, Part, Record
from pipelines.readers.source import Source
from pipelines.readers.text import ReadError, Reading

VALUE, ACTION = "OBS_VALUE", "ACTION"
STRUCTURE = ("DATAFLOW", "STRUCTURE", "STRUCTURE_ID", "STRUCTURE_NAME", ACTION, "SERIES_KEY", "OBS_KEY")
ACTIONS_THAT_STATE = {"", "I", "A", "R", "M"}  # information, append, replace, merge
MISSING = {"NaN", "#N/A"}
CODE_AND_NAME = re.compile(r"(\S+?): (.*)", re.DOTALL)


def read(content: bytes, source: Source, file_name: str) -> Reading:
    """Read the observations. Every line gives one cell, even if its value is blank."""
    return grid.read(content, source, file_name, _table)


def _table(sheet: Grid, source: Source, file_name: str) -> Part:
    printed, top = grid.header(sheet)
    every, with_names = _header(printed, f"{sheet.place}, line {top + 1}")
    name_columns = _name_columns(every, source)
    header = [name for index, name in enumerate(every) if index not in name_columns]
    _check_each_once(header, f"{sheet.place}, line {top + 1}")
    optional = {source.options.get("area_name"), *source.options.get("ignored", [])}
    wanted = [name for name in cube.attributes(source.options) if name not in optional]
    if missing := [name for name in (VALUE, *wanted) if name not in header]:
        raise ReadError(
            "header_changed",
            f"{sheet.place}: missing {missing}; found {header[:100]}, expected all declared columns",
        )
    cube.check_names([n for n in header if n not in (VALUE, *STRUCTURE)], source, sheet.place)
    needed = {VALUE, *cube.coded(source.options)}
    tail = next(place for place, name in enumerate(reversed(every)) if name in needed)
    body = grid.body(sheet, top + 1, len(sheet), len(every), optional_tail=tail)
    body.counts["blank_rows"] += top
    body.counts["header_rows"] = 1
    coded = {"DATAFLOW", "STRUCTURE_ID", *cube.coded(source.options)} if with_names else set()
    rows = [
        found
        for record in body.records
        if (found := _cell(_observation(record, every, name_columns, coded), sheet, source, body))
    ]
    return Part(rows, cube.COLUMNS, body.rejects, body.counts)


def _header(printed: list[str], place: str) -> tuple[list[str], bool]:
    """Names of the columns, and whether the cells have names beside the codes."""
    matches = [CODE_AND_NAME.fullmatch(name) for name in printed]
    codes = [m.group(1) if m else name.strip() for m, name in zip(matches, printed, strict=True)]
    header = [_without_mark(code) for code in codes]
    first = header[0]
    if first not in STRUCTURE[:2]:
        message = f"{place}: found the first column {first[:60]!r}, expected one of {list(STRUCTURE[:2])}"
        raise ReadError("header_changed", message)
    return header, any(matches)


def _check_each_once(header: list[str], place: str) -> None:
    if len(set(header)) < len(header):
        twice = [name for name, times in Counter(header).items() if times > 1]
        raise ReadError("header_changed", f"{place}: found {twice[:20]} twice, expected each column once")


def _name_columns(header: list[str], source: Source) -> dict[int, str]:
    """The columns that have the names of the codes in the column before them: index -> column of codes.

    They are there with `labels=name` in version 2.0, which the column STRUCTURE_NAME shows. Then each column of codes has
    one; if one of them is a declared dimension, the file is of another kind and has none.
    """
    if "STRUCTURE_NAME" not in header:
        return {}
    first = max(header.index(name) for name in STRUCTURE if name in header) + 1
    found = {index: header[index - 1] for index in range(first + 1, len(header), 2)}
    roles = {VALUE, *cube.coded(source.options), *source.options.get("notes", [])}
    is_paired = (len(header) - first) % 2 == 0 and not roles & {header[index] for index in found}
    return found if is_paired else {}


def _without_mark(name: str) -> str:
    """A column's name without the mark for several values in one cell.

    >>> _without_mark("TITLE[en;fr]")
    'TITLE'
    """
    return name.rpartition("[")[0] if name.endswith("]") and "[" in name else name


def _observation(
    record: Record, header: list[str], name_columns: dict[int, str], coded: set[str]
) -> Observation:
    """What a line states. In the columns `coded`, cells such as "A: Annual" are divided into code and name."""
    fields = [field.strip() for field in record.fields]
    states = {name: fields[index] for index, name in enumerate(header) if index not in name_columns}
    names = {name: fields[index] for index, name in name_columns.items() if fields[index]}
    for name in coded.intersection(header):
        if match := CODE_AND_NAME.fullmatch(states[name]):
            states[name], names[name] = match.groups()
    value = states[VALUE]
    if value not in MISSING:
        value = states.pop(VALUE)
    return Observation(
        record.row_no, header.index(VALUE) + 1, states, "" if value in MISSING else value, names
    )


def _cell(observation: Observation, sheet: Grid, source: Source, body: Body) -> tuple | None:
    """The cell of an observation. None if its line is rejected."""
    states = observation.states
    dataflow = states.get("DATAFLOW") or states.get("STRUCTURE_ID", "")
    blank = cube.missing_dimensions(states, source.options)
    if states.get(ACTION, "") not in ACTIONS_THAT_STATE:
        code, why = (
            "not_a_statement",
            f"found the action {states[ACTION]!r}, expected I, A, R or M; this action deletes figures",
        )
    elif dataflow not in source.options["dataflow"]:
        code, why = "other_dataflow", f"found {dataflow!r}, expected one of {source.options['dataflow']}"
    elif blank:
        code, why = "key_missing", f"found no {blank}, expected every declared dimension"
    else:
        return cube.cell(observation, source, dataset=dataflow)
    place = (sheet.sheet, observation.row_no, None)
    printed = sheet.printed(observation.row_no - 1)
    body.rejects.append(cube.reject(place, printed, code, f"line {observation.row_no}: {why}"))
    body.counts["record_rows"] -= 1
    body.counts["rejected_rows"] += 1
    return None
