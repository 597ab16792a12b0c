"""What the exchange formats (SDMX, JSON-stat, PC-Axis, World Bank) share: observations of a cube become cells.

Belongs here: the roles that a source gives to the dimensions and attributes of a cube, and the cell that follows
from them. Does not belong here: one format's syntax (sdmx_csv.py, sdmx_ml.py, json_stat.py, px.py, world_bank.py);
what a code means (warehouse/reference); numbers.

Options of a source, the same for all formats. Each names a dimension, an attribute or a column of the file:
`area` (without it `default_area`), `area_scheme` (what its codes are: none for codes of the warehouse, `name` to go by
the names, else a word such as ISO2 or M49 that is put before each code), `area_name` (column of the names, where they
stand in one), `period`, `indicator` (one or more: their codes joined by " | " are the label of columns.csv), `slice`
(the only codes of a dimension that the source is about; all else becomes the label OUTSIDE, to be declared or held),
`unit`, `multiplier` (a power of ten), `status` with `status_scheme` (the word before each status), `notes` (free
text), `ignored` (known, without a role).
Nothing is guessed: a name in the file that has no role refuses the file, for it may be a dimension.
All that an observation states stands in `quote_text`, name by name, so that the raw table lacks nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.readers import text
from pipelines.readers.text import MAX_NAMES_SHOWN, ReadError

COLUMNS = (*text.CELL_COLUMNS, "multiplier_text")
OUTSIDE = "(outside the declared slice)"
JOINED_BY = " | "
MAX_CELLS = 1_000_000  # of one cube: about 1 GB while it is read
MAX_CHARACTERS = 500_000_000  # of all cells of a file: a label may stand in each of them


@dataclass(frozen=True)
class Observation:
    """One value with its place, what it states (name -> code or text), and the names of its codes."""

    row_no: int
    column_no: int
    states: Mapping[str, str]
    value: str
    names: Mapping[str, str]


def dimensions(options: Mapping[str, Any]) -> list[str]:
    """What every observation must state: area, period, the parts of the indicator, the slice."""
    single = [options[role] for role in ("area", "period") if role in options]
    return [*single, *options["indicator"], *options.get("slice", {})]


def attributes(options: Mapping[str, Any]) -> list[str]:
    """What else has a role."""
    single = [options[role] for role in ("area_name", "unit", "multiplier", "status") if role in options]
    return [*single, *options.get("notes", []), *options.get("ignored", [])]


def check_names(found: Iterable[str], source: Any, place: str) -> None:
    """Refuse a file that lacks a declared dimension, or has a name to which the source gives no role."""
    found, wanted = list(found), dimensions(source.options)
    declared = {*wanted, *attributes(source.options)}
    unknown = [name for name in found if name not in declared][:MAX_NAMES_SHOWN]
    missing = [name for name in wanted if name not in found]
    if unknown or missing:
        raise ReadError(
            "header_changed",
            f"{place}: missing {missing}, without a role {unknown}; found {found[:MAX_NAMES_SHOWN]}, expected {wanted} "
            f"and nothing that sources/{source.source_id}/source.yml does not name",
        )


def coded(options: Mapping[str, Any]) -> set[str]:
    """Names whose texts are codes, all that have a role but free texts."""
    single = [options[role] for role in ("unit", "multiplier", "status") if role in options]
    return {*dimensions(options), *single}


def missing_dimensions(states: Mapping[str, str], options: Mapping[str, Any]) -> list[str]:
    """Declared dimensions that an observation leaves blank."""
    return [name for name in dimensions(options) if not states.get(name, "").strip()]


def cell(observation: Observation, source: Any, sheet: str = "", dataset: str = "") -> tuple:
    """The row of `COLUMNS` of one observation."""
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
    if not "".join(found).isascii():
        found = tuple(printable(raw_text) for raw_text in found)
    return (printable(sheet), observation.row_no, observation.column_no, *found)


def cells(
    observations: Iterable[Observation], source: Any, place: str, sheet: str = "", dataset: str = ""
) -> list[tuple]:
    """The rows of many observations. Raises ReadError where one long text, repeated in each, would fill the memory."""
    rows, characters = [], 0
    for each in observations:
        rows.append(cell(each, source, sheet, dataset))
        characters = weighed(rows[-1], characters, place)
    return rows


def weighed(row: tuple, characters: int, place: str) -> int:
    """The characters of all rows up to this one. Raises ReadError where they are too many."""
    characters += sum(map(len, row[3:]))
    if characters > MAX_CHARACTERS:
        raise ReadError("too_large", f"{place}: found more than {MAX_CHARACTERS} characters in its cells")
    return characters


def reject(place: tuple[str, int, int | None], printed: str, reason_code: str, reason: str) -> tuple:
    """One row of the rejects: sheet, row and column, text, why."""
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
    """Half characters (surrogates) that JSON can spell but no table can hold, as escapes."""
    return raw_text.encode("utf-8", "backslashreplace").decode()


def day(printed: str) -> str:
    """ISO day of a printed date or time (2024-05-01T10:00:00Z, 20240501 10:00); empty where there is none."""
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
