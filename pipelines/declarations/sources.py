"""The declared sources: the content of sources/<source_id>/source.yml.

The typed form of a source and the list of all sources belong here. Reading publishers' files belongs to
readers.
"""

from __future__ import annotations

import codecs
import datetime as dt
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PrivateAttr

from pipelines import file_names
from pipelines.declarations import files
from pipelines.declarations.files import DeclarationError, Declared, load
from pipelines.declarations.tables import tables


def _is_known(encoding: str) -> str:
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise ValueError(
            f"found {encoding!r}, expected the name of an encoding, such as utf-8-sig or gb18030"
        ) from None
    return encoding


Encoding = Annotated[str, AfterValidator(_is_known)]


class Source(Declared):
    """One source: its publisher, its cadence, its layout, and the signs by which a file is recognised."""

    source_id: str = Field(pattern=files.NAME)
    title: str
    title_zh: str = ""
    publisher: str
    licence: str
    cadence: str
    homepage: str = ""
    layout: Literal[
        "wide_panel",
        "nbs_export",
        "nbs_json",
        "figure_list",
        "customs_query",
        "registry",
        "record_list",
        "zone_return",
        "sdmx_csv",
        "sdmx_ml",
        "json_stat",
        "px",
        "world_bank",
        "world_bank_json",
    ]
    raw_table: str
    encoding: list[Encoding] = Field(default=["utf-8-sig", "gb18030"], min_length=1)
    file_pattern: str
    vintage: str
    scope: str = "total"
    priority: int = Field(default=50, ge=1)
    signature: list[str | Annotated[list[str], Field(min_length=1)]] = []  # a list in it: any one of these
    area_levels: list[str] = []
    options: dict[str, Any] = {}
    notes: str = ""
    _facts: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def facts(self) -> dict[str, str]:
        """Facts that a sidecar states of the file that is being read."""
        return self._facts

    def with_facts(self, facts: dict[str, str]) -> Source:
        """Return the source for one file, with the facts of the file's sidecar."""
        copy = self.model_copy()
        copy._facts = facts
        return copy

    def vintage_of(self, file_name: str, facts: Mapping[str, str] | None = None) -> dt.date:
        """Date from which the file's figures are known, by the declared rule.

        The rule is a template. Its fields come from the file name and from the facts of the file; the facts
        go first. A year that the name states once needs no part in the pattern.
        """
        year = file_names.year_in(file_name)
        groups = {"year": year} if year else {}
        groups |= file_names.groups(self.file_pattern, file_name) | dict(facts or {})
        try:
            return dt.date.fromisoformat(self.vintage.format(**groups))
        except (KeyError, ValueError) as error:
            known = ", ".join(f"{name} = {value}" for name, value in groups.items()) or "none"
            raise DeclarationError(
                f"sources/{self.source_id}/source.yml, vintage: found {self.vintage}, which does not give an ISO date "
                f"(such as 2024-06-30) for the file {file_name}; facts of its name and content: {known}. Correct the "
                "template, or state the missing fact"
            ) from error

    @property
    def folder(self) -> Path:
        return files.ROOT / "sources" / self.source_id

    @property
    def raw_columns(self) -> list[str]:
        """Columns of the raw table that a reader fills. Landing adds the stamps."""
        return [
            name
            for name in tables()[f"raw.{self.raw_table}"].column_names
            if name not in ("file_sha256", "source_id")
        ]


@cache
def sources() -> dict[str, Source]:
    """Every declared source, by id."""
    paths = sorted((files.ROOT / "sources").glob("*/source.yml"))
    return {p.parent.name: load(p, Source) for p in paths}
