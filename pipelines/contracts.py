"""Typed readers of what is declared: sources, tables, modes.

Belongs here: the shapes of the YAML and CSV declarations under `sources/` and `warehouse/`, and the errors
of a wrong declaration. Does not belong here: reading publishers' files, SQL, Dagster.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

ROOT = Path(__file__).resolve().parents[1]
SCHEMAS = ("reference", "raw", "core", "mart")


class DeclarationError(Exception):
    """A declaration under sources/ or warehouse/ is wrong; the message names file, place, found, expected."""


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Declared):
    """One column of a table: what it means, in which unit, and what is promised of its values."""

    name: str
    type: Literal["VARCHAR", "DOUBLE", "INTEGER", "BIGINT", "BOOLEAN", "DATE"]
    description: str = Field(min_length=3)
    unit: str | None = None
    required: bool = False
    values: list[str | int] | None = None
    min: float | None = None
    max: float | None = None
    pattern: str | None = None
    references: str | None = None
    compression: Literal["uncompressed"] | None = (
        None  # of long tables' texts that hardly repeat: packing them costs more than it saves
    )

    @property
    def words(self) -> str:
        """Description with the unit, as every catalogue of the columns shows it."""
        unit = {None: "", "1": " [dimensionless]"}.get(self.unit, f" [{self.unit}]")
        return self.description + unit


class Rule(_Declared):
    """A promise or a doubt that one column alone cannot state: a SELECT of the rows that break it.

    `{table}` in the query stands for the table itself.
    """

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    description: str
    severity: Literal["error", "warning"] = "error"
    unexpected_rows: str


class Metric(_Declared):
    """A table made by a pure function of `pipelines/metrics`: the table's SELECT is the function's frame."""

    function: str = Field(pattern=r"^[a-z_]+\.[a-z_]+$")
    parameters: dict[str, Any] = {}


class Table(_Declared):
    """The contract of one table; its path under warehouse/ is its name, its asset key and its place in DuckDB."""

    schema_name: str
    name: str
    description: str = Field(min_length=20)
    grain: list[str]
    columns: list[Column]
    rules: list[Rule] = []
    min_rows: int = 0
    metric: Metric | None = None

    @model_validator(mode="after")
    def _grain_is_declared(self) -> Table:
        missing = [name for name in self.grain if name not in self.column_names]
        if missing:
            raise ValueError(f"grain names columns that are not declared: {missing}")
        return self

    @property
    def full_name(self) -> str:
        return f"{self.schema_name}.{self.name}"

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def key(self) -> list[str]:
        return [self.schema_name, self.name]

    @property
    def sql(self) -> str | None:
        path = ROOT / "warehouse" / self.schema_name / f"{self.name}.sql"
        return path.read_text(encoding="utf-8") if path.exists() else None


class Source(_Declared):
    """What a publisher gives us: who, how often, in which layout, and how to recognise the file."""

    source_id: str = Field(pattern=r"^[a-z0-9_]+$")
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
    encoding: list[str]
    file_pattern: str
    vintage: str
    scope: str = "total"
    priority: int = Field(default=50, ge=1)
    signature: list[str | list[str]] = []  # a list in it: any one of these
    area_levels: list[str] = []
    options: dict[str, Any] = {}
    notes: str = ""
    _said: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def said(self) -> dict[str, str]:
        """What a sidecar says of the file that is being read."""
        return self._said

    def told(self, said: dict[str, str]) -> Source:
        """The source for one file, with what its sidecar says."""
        told = self.model_copy()
        told._said = said
        return told

    def vintage_of(self, file_name: str, facts: Mapping[str, str] | None = None) -> dt.date:
        """Date from which the file's figures are known, by the declared rule: a template over the groups of the name
        and the facts that the file says of itself, which go before the name."""
        match = re.fullmatch(self.file_pattern, file_name)
        groups = {k: v for k, v in match.groupdict().items() if v} if match else {}
        groups |= facts or {}
        try:
            return dt.date.fromisoformat(self.vintage.format(**groups))
        except (KeyError, ValueError) as error:
            raise DeclarationError(
                f"sources/{self.source_id}/source.yml: vintage {self.vintage!r} does not give an ISO date for the "
                f"file name {file_name!r} (found in name and file: {groups}): {error}"
            ) from error

    @property
    def folder(self) -> Path:
        return ROOT / "sources" / self.source_id

    @property
    def raw_columns(self) -> list[str]:
        """Columns of its raw table that a reader fills; landing adds the stamps."""
        return [
            name
            for name in tables()[f"raw.{self.raw_table}"].column_names
            if name not in ("file_sha256", "source_id")
        ]


class Criterion(_Declared):
    """One criterion of a mode: an indicator, its direction, weight, role and why the paper asks for it."""

    criterion_id: str = Field(pattern=r"^[a-z0-9_]+$")
    label: str
    role: Literal["gate", "evidence"]
    dimension: str = "gate"
    indicator_id: str
    direction: Literal[1, -1] = 1
    weight: float = Field(default=1.0, gt=0)
    max_age_years: int = Field(default=3, ge=0)
    allows_unverified: bool = False
    scale: Literal["value", "percentile"] = "value"
    membership: list[tuple[float, float]] | None = None
    argument: str
    citation: str

    @model_validator(mode="after")
    def _gate_has_membership(self) -> Criterion:
        if (self.role == "gate") != (self.membership is not None):
            raise ValueError("a gate needs `membership` points, evidence must have none")
        if self.membership and not all(0 <= m <= 1 for _, m in self.membership):
            raise ValueError("membership values must lie in [0, 1]")
        return self


class Mode(_Declared):
    """One development mode, declared in warehouse/modes/<mode_id>.yml."""

    mode_id: str = Field(pattern=r"^[a-z0-9_]+$")
    name_en: str
    name_zh: str
    summary: str
    prerequisites: str
    limitations: str
    stated_zones: list[str]
    not_available: list[str] = []
    citation: str
    criteria: list[Criterion]


def _load(path: Path, model: type[BaseModel], **known: Any) -> Any:
    try:
        return model.model_validate({**yaml.safe_load(path.read_text(encoding="utf-8")), **known})
    except (ValidationError, yaml.YAMLError, TypeError) as error:
        raise DeclarationError(f"{path.relative_to(ROOT)}: {error}") from error


@cache
def tables() -> dict[str, Table]:
    """Every table contract under warehouse/, by full name, in the order reference, raw, core, mart."""
    paths = [p for schema in SCHEMAS for p in sorted((ROOT / "warehouse" / schema).glob("*.yml"))]
    loaded = [_load(p, Table, schema_name=p.parent.name, name=p.stem) for p in paths]
    return {table.full_name: table for table in loaded}


@cache
def sources() -> dict[str, Source]:
    """Every declared source, by id."""
    paths = sorted((ROOT / "sources").glob("*/source.yml"))
    return {p.parent.name: _load(p, Source) for p in paths}


@cache
def modes() -> dict[str, Mode]:
    """The declared development modes, by id."""
    paths = sorted((ROOT / "warehouse" / "modes").glob("*.yml"))
    return {p.stem: _load(p, Mode) for p in paths}


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
