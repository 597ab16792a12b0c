"""Sidecars: `<data file>.yml` beside a data file states what the file itself does not.

Belongs here: the closed set of keys, the errors of a wrong sidecar, which file is a sidecar of which. Does not belong
here: what a layout does with a fact (readers/), keeping it with the bytes (land.py).

A sidecar states facts of its file; that of an archive states them for all members and, under `members`, for single
ones by their path inside the archive. A member's own sidecar inside the archive goes before both.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pipelines.readers.text import ReadError

SUFFIX = ".yml"
MAX_BYTES = 16 * 1024
MAX_DEPTH = 3  # keys, members, the facts of one
# A .yml behind one of these is a sidecar even where its data file is not there.
DATA_SUFFIXES = {
    ".csv",
    ".txt",
    ".tsv",
    ".xls",
    ".xlsx",
    ".zip",
    ".gz",
    ".json",
    ".yaml",
    ".yml",
    ".xml",
    ".px",
}


class _Facts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str | None = Field(default=None, min_length=1)
    flow: Literal["import", "export"] | None = None
    vintage: dt.date | None = None
    indicator: str | None = Field(default=None, min_length=1)

    @field_validator("vintage", mode="before")
    @classmethod
    def _is_a_day(cls, value: object) -> object:
        """A number alone would be taken for seconds since 1970."""
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return value
        raise ValueError("expected a day as YYYY-MM-DD")


class SidecarFacts(_Facts):
    """What a sidecar says of a file."""

    members: dict[str, _Facts] = {}

    def of(self, member: str) -> dict[str, str]:
        """Facts of one member of an archive: its own under `members` before those of all."""
        own = self.members.get(member, _Facts())
        return self.facts | _stated(own)

    @property
    def facts(self) -> dict[str, str]:
        """Facts of the file itself, as text."""
        return _stated(self)


def _stated(facts: _Facts) -> dict[str, str]:
    found = {name: getattr(facts, name) for name in _Facts.model_fields}
    return {name: str(value) for name, value in found.items() if value is not None}


def is_name(name: str, others: Iterable[str] = ()) -> bool:
    """Whether a file of this name is a sidecar: .yml behind the whole name of one of `others`, or of a data file."""
    stem = name.removesuffix(SUFFIX)
    return name.endswith(SUFFIX) and (stem in others or PurePosixPath(stem).suffix.lower() in DATA_SUFFIXES)


def text_of(**facts: str) -> str:
    """The text of a sidecar that states these facts; empty values are left out."""
    stated = {name: value for name, value in facts.items() if value}
    return yaml.safe_dump(stated, sort_keys=False) if stated else ""


def name_of(file_name: str) -> str:
    """Name of the sidecar of a file."""
    return file_name + SUFFIX


def parse(text: str, place: str) -> SidecarFacts:
    """Read the text of a sidecar. Raises ReadError (bad_sidecar) that names the place, key, found and expected."""
    if len(text) > MAX_BYTES:
        raise _bad(place, f"found {len(text)} characters, expected a few lines")
    try:
        _check_plain(text, place)
        found = yaml.load(text, Loader=yaml.BaseLoader)  # texts, lists and mappings only
    except (yaml.YAMLError, ValueError) as error:
        message = " ".join(str(error).split())[:300]
        raise _bad(place, f"found no YAML, expected lines such as `flow: import`: {message}") from error
    if found in (None, ""):
        return SidecarFacts()
    if not isinstance(found, dict):
        raise _bad(place, f"found {str(found)[:80]!r}, expected lines such as `flow: import`")
    try:
        return SidecarFacts.model_validate(found)
    except ValidationError as error:
        raise _bad(place, "; ".join(map(_fault, error.errors()))) from error


def _check_plain(text: str, place: str) -> None:
    """Refuse what makes a small text a large structure: aliases and deep nesting."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > MAX_DEPTH:
            raise _bad(place, "found an alias (*name) or lists in lists, expected plain keys and values")


def _fault(error: dict) -> str:
    key = ".".join(str(part) for part in error["loc"])[:200]
    if error["type"] == "extra_forbidden":
        return f"found the key {key!r}, expected one of {list(SidecarFacts.model_fields)}"
    return f"key {key!r}: found {str(error['input'])[:80]!r}: {error['msg']}"


def _bad(place: str, message: str) -> ReadError:
    return ReadError("bad_sidecar", f"{place}: {message}")
