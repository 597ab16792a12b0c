"""Reading declarations: YAML and CSV files under sources/ and warehouse/, with plain errors.

Loading a declaration and the message for a wrong one belong here. The meaning of a declaration belongs to the
other modules of this room.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ("reference", "raw", "core", "work", "mart")
NOT_PUBLISHED = "work"  # the schema of what only feeds a computation


class DeclarationError(Exception):
    """A declaration under sources/ or warehouse/ is wrong; the message names file, place, found, expected."""


class Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Prepare = Callable[[str, dict[str, Any]], dict[str, Any]]


def load(
    path: Path,
    model: type[BaseModel],
    taken: Mapping[str, Any] | None = None,
    prepare: Prepare | None = None,
    **known: Any,
) -> Any:
    """Read a declaration file and return it as its model.

    Args:
        path: the YAML file.
        model: the class of the result.
        taken: fields from elsewhere; the file's own fields replace them.
        prepare: completes the file's fields before the check. It gets the file's place for its error
            messages.
        known: fields that replace all others.

    Raises:
        DeclarationError: The file is wrong.
    """
    place = path.relative_to(ROOT).as_posix()
    stated = _stated(path, place)
    stated = prepare(place, stated) if prepare else stated
    return checked(place, model, {**(taken or {}), **stated, **known})


def checked(place: str, model: type[BaseModel], fields: Mapping[str, Any]) -> Any:
    """Return fields as their model.

    Raises DeclarationError, which names the place and each wrong key with its value.
    """
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        faults = [_fault(fault) for fault in error.errors(include_url=False)]
        raise DeclarationError("\n".join(f"{place}: {fault}" for fault in faults)) from error


def _stated(path: Path, place: str) -> dict[str, Any]:
    """Content of a YAML file, key by key. Raises DeclarationError."""
    try:
        stated = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise DeclarationError(
            f"{place}{line}: found text that is not YAML ({getattr(error, 'problem', error)}), expected keys with values"
        ) from error
    if not isinstance(stated, dict) or not all(isinstance(key, str) for key in stated):
        raise DeclarationError(f"{place}: found {_shown(stated)}, expected keys with values")
    return stated


# What a key must hold, by the kind of fault that pydantic reports of it.
EXPECTED = {
    "missing": "a value",
    "extra_forbidden": "only keys that are known here; is it spelled right?",
    "too_short": "at least {min_length}",
    "string_too_short": "at least {min_length} characters",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "literal_error": "{expected}",
    "value_error": "{error}",
}
EXPECTED_TYPES = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "finite": "a number",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "dict": "keys with values",
    "model": "keys with values",
    "too": "fewer items",
}
NAME = r"^[a-z0-9_]+$"
LETTERS = r"^[a-z_]+$"
FUNCTION = r"^[a-z_]+\.[a-z_]+\.[a-z_]+$"
PATTERNS = {
    NAME: "small letters, digits and underscores only",
    LETTERS: "small letters and underscores only",
    FUNCTION: "package.module.function, in small letters and underscores",
}
LONGEST_SHOWN = 80


def _fault(fault: Mapping[str, Any]) -> str:
    """One fault that pydantic reports, as a plain sentence with key, found and expected."""
    kind, ctx = fault["type"], fault.get("ctx", {})
    # where a key can hold one of several types, pydantic adds each type's name to the place
    place = [part for part in fault["loc"] if isinstance(part, int) or (part != "str" and "[" not in part)]
    key = ", ".join(f"item {part + 1}" if isinstance(part, int) else part for part in place)
    found = "nothing" if kind == "missing" else _shown(fault["input"])
    if kind == "string_pattern_mismatch":
        expected = PATTERNS[ctx["pattern"]]
    elif kind in EXPECTED:
        expected = EXPECTED[kind].format(**ctx)
        expected = expected.replace("'", "") if kind == "literal_error" else expected
    else:
        expected = EXPECTED_TYPES[kind.split("_")[0]]
    if kind == "value_error":
        return f"{key + ': ' if key else ''}{expected}"
    return f"{key}: found {found}, expected {expected}"


def _shown(value: Any) -> str:
    """Format a value of a declaration for a message."""
    if value is None:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + " ..."


def read_csv(path: Path) -> list[dict[str, str]]:
    """Rows of a declaration CSV (UTF-8, with header, every field as text).

    Raises:
        DeclarationError: A row has too many or too few fields; the message names its line.
    """
    with path.open(encoding="utf-8-sig", newline="") as handle:
        reader = csv.DictReader(handle, strict=True)
        rows = []
        for row in reader:
            if None in row or None in row.values():
                raise DeclarationError(
                    f"{path.relative_to(ROOT)} line {reader.line_num}: found {len([v for v in row.values() if v])} "
                    f"fields, expected {len(reader.fieldnames or [])}"
                )
            rows.append(row)
    return rows
