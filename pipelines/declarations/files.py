"""Reading declarations: YAML and CSV files under sources/ and warehouse/, with plain errors.

Belongs here: how a declaration is loaded and what is said of a wrong one. Does not belong here: what it declares.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ("reference", "raw", "core", "mart")


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
    """A declaration as its model: the file's fields over those `taken` from elsewhere, `known` ones over both.

    `prepare` completes the file's fields before they are checked; it is told the file's place for its errors.
    """
    place = path.relative_to(ROOT).as_posix()
    try:
        stated = yaml.safe_load(path.read_text(encoding="utf-8"))
        stated = prepare(place, stated) if prepare else stated
        return model.model_validate({**(taken or {}), **stated, **known})
    except (ValidationError, yaml.YAMLError, TypeError) as error:
        raise DeclarationError(f"{place}: {error}") from error


def read_csv(path: Path) -> list[dict[str, str]]:
    """Rows of a declaration CSV (UTF-8, header, every field text); a ragged row is an error that names its line."""
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
