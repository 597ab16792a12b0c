"""Typed readers of what is declared: sources, tables, modes, versions of the method.

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


class Argument(_Declared):
    """One argument of a table macro."""

    name: str = Field(pattern=r"^[a-z_]+$")
    type: Literal["VARCHAR", "DATE"]
    description: str = Field(min_length=3)


class AsOf(_Declared):
    """A macro that is the SELECT of a table over a part of what that SELECT reads: table read -> condition."""

    select: str
    where: dict[str, str]


class Metric(_Declared):
    """A table made by a pure function of `pipelines/metrics`: the table's SELECT is the function's frame."""

    function: str = Field(pattern=r"^[a-z_]+\.[a-z_]+$")
    parameters: dict[str, Any] = {}


class Table(_Declared):
    """The contract of one table; its path under warehouse/ is its name, its asset key and its place in DuckDB.

    With `arguments` it is a table macro: its SELECT is run by the reader, for the arguments that he gives.
    With `by_file` each of its rows comes from one file and from short lists: a run makes those of changed files only.
    """

    schema_name: str
    name: str
    description: str = Field(min_length=20)
    grain: list[str] = []
    columns: list[Column] = []
    arguments: list[Argument] = []
    as_of: AsOf | None = None
    rules: list[Rule] = []
    min_rows: int = 0
    metric: Metric | None = None
    by_file: bool = False

    @model_validator(mode="after")
    def _by_file_states_the_file(self) -> Table:
        if self.by_file and (self.metric or "file_sha256" not in self.grain):
            raise ValueError("a table made by file is a SELECT with file_sha256 in its grain")
        return self

    @model_validator(mode="after")
    def _has_columns_of_its_own_or_of_another(self) -> Table:
        if bool(self.columns) == (self.as_of is not None):
            raise ValueError("columns are declared, or are those of the table that `as_of` names")
        if self.as_of and not self.arguments:
            raise ValueError("only a macro, which has arguments, can be another table as of them")
        if self.arguments and (self.rules or self.min_rows or self.metric):
            raise ValueError("a macro has no rows to promise anything of, and no metric")
        return self

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
    def call(self) -> str:
        """How SQL names it: a macro with its arguments."""
        return self.full_name + (f"({', '.join(a.name for a in self.arguments)})" if self.arguments else "")

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


class Methodology(_Declared):
    """One version of the method, declared in warehouse/methodology/<version>.yml.

    A version that is `based_on` another takes from it every field that it does not state. `without` and `changed`
    are its own view of the modes: criteria left out, and fields of criteria (weight, direction ...) set anew.
    """

    methodology_version: str
    description: str
    is_default: bool = False
    based_on: str | None = None
    first_period: int
    last_period: int
    minimum_coverage: float = Field(ge=0, le=1)
    minimum_gate: float = Field(ge=0, le=1)
    skewness_limit: float = Field(gt=0)
    kurtosis_limit: float = Field(gt=0)
    winsorise_points: int = Field(ge=0)
    score_floor: float = Field(ge=0, lt=1)
    minimum_figures: int = Field(ge=2)
    minimum_zones: int = Field(ge=4)
    size_max_age_years: int = Field(ge=0)
    peer_minimum: int = Field(ge=1)
    weighting: Literal["nominal", "equal", "entropy", "critic", "pca"]
    goalposts: Literal["fixed", "per_year"]
    comparative_population: Literal["all", "gate_passing"]
    comparative_scale: Literal["raw", "standardised"]
    without: dict[str, list[str]] = {}
    changed: dict[str, dict[str, dict[str, Any]]] = {}

    def criteria(self, mode: Mode) -> list[Criterion]:
        """The mode's criteria as this version sees them. Raises DeclarationError for one that the mode has not."""
        left_out, changed = self.without.get(mode.mode_id, []), self.changed.get(mode.mode_id, {})
        known = {c.criterion_id for c in mode.criteria}
        if unknown := sorted({*left_out, *changed} - known):
            raise DeclarationError(
                f"warehouse/methodology/{self.methodology_version}.yml: found {mode.mode_id} criteria {unknown}, "
                f"expected some of {sorted(known)}"
            )
        return [
            Criterion.model_validate({**c.model_dump(), **changed.get(c.criterion_id, {})})
            for c in mode.criteria
            if c.criterion_id not in left_out
        ]


def _load(path: Path, model: type[BaseModel], taken: Mapping[str, Any] | None = None, **known: Any) -> Any:
    """A declaration as its model: the file's fields over those `taken` from elsewhere, `known` ones over both."""
    try:
        stated = yaml.safe_load(path.read_text(encoding="utf-8"))
        return model.model_validate({**(taken or {}), **stated, **known})
    except (ValidationError, yaml.YAMLError, TypeError) as error:
        raise DeclarationError(f"{path.relative_to(ROOT)}: {error}") from error


@cache
def _contracts() -> dict[str, Table]:
    paths = [p for schema in SCHEMAS for p in sorted((ROOT / "warehouse" / schema).glob("*.yml"))]
    loaded = [_load(p, Table, schema_name=p.parent.name, name=p.stem) for p in paths]
    return {table.full_name: table for table in loaded}


@cache
def tables() -> dict[str, Table]:
    """Every table contract under warehouse/, by full name, in the order reference, raw, core, mart."""
    return {name: table for name, table in _contracts().items() if not table.arguments}


@cache
def macros() -> dict[str, Table]:
    """Every table macro under warehouse/, by full name; one that is another table as of a day has its columns."""
    found = {name: table for name, table in _contracts().items() if table.arguments}
    of = {name: tables()[macro.as_of.select] for name, macro in found.items() if macro.as_of}
    return found | {
        name: found[name].model_copy(update={"columns": table.columns, "grain": table.grain})
        for name, table in of.items()
    }


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


@cache
def methodologies() -> dict[str, Methodology]:
    """The declared versions of the method, by version. Raises DeclarationError unless exactly one is the default."""
    folder = ROOT / "warehouse" / "methodology"
    versions = {path.stem: _methodology(folder, path.stem, ()) for path in sorted(folder.glob("*.yml"))}
    defaults = [name for name, version in versions.items() if version.is_default]
    if len(defaults) != 1:
        raise DeclarationError(f"warehouse/methodology: found the defaults {defaults}, expected exactly one")
    return versions


def _methodology(folder: Path, version: str, heirs: tuple[str, ...]) -> Methodology:
    """A version with what it takes from the one that it is based on."""
    path = folder / f"{version}.yml"
    if version in heirs or not path.exists():
        raise DeclarationError(
            f"warehouse/methodology/{heirs[-1]}.yml: found based_on {version!r}, expected another version's file name"
        )
    base = (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("based_on")
    taken = _methodology(folder, base, (*heirs, version)).model_dump() if base else {}
    return _load(path, Methodology, {**taken, "is_default": False}, methodology_version=version)


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
