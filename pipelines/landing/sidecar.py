"""Sidecars: the file `<data file>.yml` beside a data file states facts that the data file itself does not state.

Belongs here: the allowed keys, the errors of a wrong sidecar, which file is the sidecar of which. Does not belong here:
how a layout uses a fact (readers/), keeping the sidecar with the bytes (land.py).

The sidecar of an archive states facts of all members. Under `members` it states facts of single members, by their path
inside the archive. If the archive holds a sidecar of a member, that sidecar comes first.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails

from pipelines.readers.text import ReadError

SUFFIX = ".yml"
MAX_BYTES = 16 * 1024
# What the value of a key must be, for the message of an error.
EXPECTED = {
    "flow": "import or export",
    "vintage": "a day as YYYY-MM-DD",
    "source": "the name of a declared source",
    "indicator": "the name of an indicator",
    "area": "a code or a name of a region, such as 110000 or 北京市",
    "unit": "a unit, such as 亿元",
    "members": "a path inside the archive with facts below it",
}
MAX_DEPTH = 3  # keys, members, the facts of one member
# A file that ends in one of these and .yml is a sidecar, even if its data file is missing.
DATA_SUFFIXES = {
    ".csv",
    ".txt",
    ".tsv",
    ".xls",
    ".xlsx",
    ".xlsm",
    ".xlsb",
    ".ods",
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
    area: str | None = Field(default=None, min_length=1)
    unit: str | None = Field(default=None, min_length=1)

    @field_validator("vintage", mode="before")
    @classmethod
    def _is_a_day(cls, value: object) -> object:
        """Accept a day only: pydantic would take a number for seconds since 1970."""
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return value
        raise ValueError("expected a day as YYYY-MM-DD")


class SidecarFacts(_Facts):
    """The facts that a sidecar states of a file."""

    members: dict[str, _Facts] = {}

    def of(self, member: str) -> dict[str, str]:
        """Facts of one member of an archive. A fact under `members` replaces the fact of the whole archive."""
        own = self.members.get(member, _Facts())
        return self.facts | _stated(own)

    @property
    def facts(self) -> dict[str, str]:
        """Facts of the file, as text."""
        return _stated(self)


def _stated(facts: _Facts) -> dict[str, str]:
    found = {name: getattr(facts, name) for name in _Facts.model_fields}
    return {name: str(value) for name, value in found.items() if value is not None}


def is_name(name: str, others: Iterable[str] = ()) -> bool:
    """Whether a name is that of a sidecar: the name of a data file, or of one of `others`, with .yml at the end.

    >>> is_name("trade_2024.csv.yml"), is_name("notes.yml")
    (True, False)
    """
    stem = name.removesuffix(SUFFIX)
    return name.endswith(SUFFIX) and (stem in others or PurePosixPath(stem).suffix.lower() in DATA_SUFFIXES)


def text_of(**facts: str) -> str:
    """Write facts as the text of a sidecar. Empty values are left out.

    >>> text_of(flow="import", vintage="")
    'flow: import\\n'
    """
    stated = {name: value for name, value in facts.items() if value}
    return yaml.safe_dump(stated, sort_keys=False) if stated else ""


def name_of(file_name: str) -> str:
    """The name of a file's sidecar.

    >>> name_of("trade_2024.csv")
    'trade_2024.csv.yml'
    """
    return file_name + SUFFIX


def parse(text: str, place: str) -> SidecarFacts:
    """Read the text of a sidecar.

    >>> parse("flow: import", "trade_2024.csv.yml").facts
    {'flow': 'import'}

    Args:
        text: the text of the sidecar.
        place: the name of the sidecar, for the message of an error.

    Raises:
        ReadError: the text is no sidecar; the message names place, key, found and expected.
    """
    if len(text) > MAX_BYTES:
        raise _bad(place, f"found {len(text)} characters, expected a few lines")
    try:
        _check_plain(text, place)
        _check_once(yaml.compose(text, Loader=yaml.BaseLoader), place)
        found = yaml.load(text, Loader=yaml.BaseLoader)  # texts, lists and mappings only
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise _bad(
            f"{place}{where}", "found a text that is not YAML, expected lines such as `flow: import`"
        ) from error
    if found in (None, ""):
        return SidecarFacts()
    if not isinstance(found, dict):
        raise _bad(place, f"found {str(found)[:80]!r}, expected lines such as `flow: import`")
    try:
        return SidecarFacts.model_validate(found)
    except ValidationError as error:
        raise _bad(place, "; ".join(map(_fault, error.errors()))) from error


def _check_plain(text: str, place: str) -> None:
    """Refuse aliases and deep nesting, because they turn a small text into a large structure."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > MAX_DEPTH:
            raise _bad(place, "found an alias (*name) or lists inside lists, expected plain keys and values")


def _check_once(node: yaml.Node | None, place: str) -> None:
    """Refuse a key that stands twice: the parser would take the last one without a word."""
    seen: set[str] = set()
    for key, value in node.value if isinstance(node, yaml.MappingNode) else []:
        if str(key.value) in seen:
            line = key.start_mark.line + 1
            raise _bad(
                f"{place}, line {line}",
                f"found the key {str(key.value)[:80]!r} twice, expected each key once",
            )
        seen.add(str(key.value))
        _check_once(value, place)


def _fault(error: ErrorDetails) -> str:
    key = ".".join(str(part) for part in error["loc"])[:200]
    if error["type"] == "extra_forbidden":
        return f"found the key {key!r}, expected one of: {', '.join(SidecarFacts.model_fields)}"
    of_a_member = len(error["loc"]) == 2  # members, path: the value must be a set of facts
    expected = (
        "facts such as `flow: import`" if of_a_member else EXPECTED.get(str(error["loc"][-1]), "one text")
    )
    return f"key {key!r}: found {str(error['input'])[:80]!r}, expected {expected}"


def _bad(place: str, message: str) -> ReadError:
    return ReadError("bad_sidecar", f"{place}: {message}")
