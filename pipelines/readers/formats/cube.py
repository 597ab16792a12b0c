"""Cubes: the code that the exchange formats share (SDMX, JSON-stat, PC-Axis, World Bank). Observations become cells.

Belongs here: the roles that a source gives to the dimensions and attributes of a cube, and the cell that follows from the
roles. Does not belong here: the syntax of a format (sdmx_csv.py, sdmx_ml.py, json_stat.py, px.py, world_bank.py); the
meaning of a code (warehouse/reference); numbers.

The options of a source are the same for all formats. Each names a dimension, an attribute or a column of the file:
- `area` (without it, `default_area` is the area), `area_scheme` (none: the codes are those of the warehouse; `name`: the
  names count, not the codes; else a word such as ISO2 or M49 before each code), `area_name` (the column of names, if any);
- `period`; `indicator` (one or more; their codes, joined by " | ", are the label of columns.csv); `slice` (the only codes
  of a dimension that the source wants; any other observation gets the label OUTSIDE);
- `unit`, `multiplier` (a power of ten), `status` with `status_scheme` (the word before each status), `notes` (free text),
  `ignored` (known, without a role).
The reader does not guess. A name without a role may be a dimension, so it refuses the file. `quote_text` has all that an
observation states, name by name, so that the raw table is complete.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.readers import text
from pipelines.readers.source import Source
from pipelines.readers.text import MAX_NAMES_SHOWN, ReadError

COLUMNS = (*text.CELL_COLUMNS, "multiplier_text")
OUTSIDE = "(outside the declared slice)"
JOINED_BY = " | "
MAX_CELLS = 1_000_000  # of one cube: about 1 GB while it is read
MAX_CHARACTERS = 500_000_000  # of all cells of a file; a long label may stand in each cell


@dataclass(frozen=True)
class Observation:
    """One value with its place, its statements (name -> code or text), and the names of its codes."""

    row_no: int
    column_no: int
    states: Mapping[str, str]
    value: str
    names: Mapping[str, str]


def dimensions(options: Mapping[str, Any]) -> list[str]:
    """The names that every observation must state: area, period, parts of the indicator, slice."""
    single = [options[role] for role in ("area", "period") if role in options]
    return [*single, *options["indicator"], *options.get("slice", {})]


def attributes(options: Mapping[str, Any]) -> list[str]:
    """The other names with a role."""
    single = [options[role] for role in ("area_name", "unit", "multiplier", "status") if role in options]
    return [*single, *options.get("notes", []), *options.get("ignored", [])]


def check_names(found: Iterable[str], source: Source, place: str) -> None:
    """Compare the names in a file with the declared roles.

    Raises:
        ReadError: the file lacks a declared dimension, or has a name without a role.
    """
    found, wanted = list(found), dimensions(source.options)
    declared = {*wanted, *attributes(source.options)}
    unknown = [name for name in found if name not in declared][:MAX_NAMES_SHOWN]
    missing = [name for name in wanted if name not in found]
    if unknown or missing:
        raise ReadError(
            "header_changed",
            f"{place}: missing {missing}, without a role {unknown}; found {found[:MAX_NAMES_SHOWN]}, expected {wanted} "
            f"and only names that have a role in sources/{source.source_id}/source.yml; give each name a role there",
        )


def coded(options: Mapping[str, Any]) -> set[str]:
    """The names whose texts are codes: all with a role, except free texts."""
    single = [options[role] for role in ("unit", "multiplier", "status") if role in options]
    return {*dimensions(options), *single}


def missing_dimensions(states: Mapping[str, str], options: Mapping[str, Any]) -> list[str]:
    """The declared dimensions that an observation leaves blank."""
    return [name for name in dimensions(options) if not states.get(name, "").strip()]


def cell(observation: Observation, source: Source, sheet: str = "", dataset: str = "") -> tuple:
    """Turn one observation into a row with the columns COLUMNS."""
    options, states = source.options, observation.states
    found = (
        *_area(observation, options),
        _indicator(states, options),
        states.get(options.get("period", ""), ""),
        states.get(options.get("unit", ""), ""),
        _prefixed(states.get(options.get("status", ""), ""), options.get("status_scheme", ""), " "),
        "; ".join(states[name] for name in options.get("notes", []) if states.get(name)),
        f"{source.title}: {dataset}" if dataset else source.title,
        "; ".join(
            _stated(name, code, observation.names.get(name, "")) for name, code in states.items() if code
        ),
        "",
        observation.value,
        states.get(options.get("multiplier", ""), ""),
    )
    printed = found if "".join(found).isascii() else tuple(printable(raw_text) for raw_text in found)
    return (printable(sheet), observation.row_no, observation.column_no, *printed)


def cells(
    observations: Iterable[Observation], source: Source, place: str, sheet: str = "", dataset: str = ""
) -> list[tuple]:
    """Turn many observations into rows.

    Raises:
        ReadError: the rows have so much text that they would fill the memory.
    """
    rows, characters = [], 0
    for each in observations:
        rows.append(cell(each, source, sheet, dataset))
        characters = weighed(rows[-1], characters, place)
    return rows


def weighed(row: tuple, characters: int, place: str) -> int:
    """Count the characters of all rows up to this one. Raises ReadError if they are too many."""
    characters += sum(map(len, row[3:]))
    if characters > MAX_CHARACTERS:
        raise ReadError(
            "too_large",
            f"{place}: found more than {MAX_CHARACTERS} characters in its cells, expected fewer; divide it",
        )
    return characters


def reject(place: tuple[str, int, int | None], printed: str, reason_code: str, reason: str) -> tuple:
    """One row of the rejects: sheet, row, column, text, reason code and reason. Long texts are cut."""
    sheet, row_no, column_no = place
    return (
        printable(sheet),
        row_no,
        column_no,
        printable(printed[:2000]),
        reason_code,
        printable(reason[:2000]),
    )


def printable(raw_text: str) -> str:
    """Write half characters (surrogates) as escapes: JSON can spell them, but a table cannot store them."""
    return raw_text.encode("utf-8", "backslashreplace").decode()


def day(printed: str) -> str:
    """ISO day of a printed date or time. Empty if there is none.

    >>> day("2024-05-01T10:00:00Z"), day("20240501 10:00"), day("May 2024")
    ('2024-05-01', '2024-05-01', '')
    """
    match = re.match(r"(\d{4})-?(\d{2})-?(\d{2})(?!\d)", printed.strip())
    return "-".join(match.groups()) if match else ""


def _area(observation: Observation, options: Mapping[str, Any]) -> tuple[str, str]:
    """Code and name of the area."""
    if "area" not in options:
        return "", options.get("default_area", "")
    code, scheme = observation.states[options["area"]].strip(), options.get("area_scheme", "")
    name = observation.states.get(options.get("area_name", ""), "") or observation.names.get(
        options["area"], ""
    )
    return ("", name or code) if scheme == "name" else (_prefixed(code, scheme, ":"), name)


def _indicator(states: Mapping[str, str], options: Mapping[str, Any]) -> str:
    """The label that columns.csv declares."""
    if any(states[name] not in codes for name, codes in options.get("slice", {}).items()):
        return OUTSIDE
    return JOINED_BY.join(states[name] for name in options["indicator"])


def _stated(name: str, code: str, raw_text: str) -> str:
    return f"{name}={code} ({raw_text})" if raw_text and raw_text != code else f"{name}={code}"


def _prefixed(code: str, scheme: str, joint: str) -> str:
    return f"{scheme}{joint}{code}" if scheme and code else code
