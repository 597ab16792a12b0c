"""The contracts of the tables: what warehouse/<schema>/<table>.yml promises.

Belongs here: the typed form of a contract and the list of all contracts. Does not belong here: columns
(columns.py), SQL that is run, Dagster.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from pipelines.declarations import columns, files
from pipelines.declarations.columns import Column
from pipelines.declarations.files import SCHEMAS, DeclarationError, Declared, load


class Rule(Declared):
    """A promise or a doubt that one column alone cannot state: a SELECT of the rows that break it.

    `{table}` in the query stands for the table itself. `expected_at_most` rows of a doubt are accepted; its description
    says why.
    """

    name: str = Field(pattern=files.NAME)
    description: str
    severity: Literal["error", "warning"] = "error"
    unexpected_rows: str
    expected_at_most: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _only_doubts_have_a_level(self) -> Rule:
        if self.expected_at_most and self.severity == "error":
            raise ValueError(
                f"rule {self.name}: found expected_at_most beside severity error, expected it beside severity "
                "warning only: a promise that blocks is kept by all rows"
            )
        return self


class Argument(Declared):
    """One argument of a table macro."""

    name: str = Field(pattern=files.LETTERS)
    type: Literal["VARCHAR", "DATE"]
    description: str = Field(min_length=3)


class AsOf(Declared):
    """A macro that is the SELECT of a table over a part of what that SELECT reads: table read -> condition."""

    select: str
    where: dict[str, str] = Field(min_length=1)


class Metric(Declared):
    """A table made by a pure function of `pipelines/metrics`: `<table>.input.sql` gives the function's frame."""

    function: str = Field(pattern=files.FUNCTION)
    parameters: dict[str, Any] = {}


class Table(Declared):
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

    @model_validator(mode="after")
    def _origins_are_declared_where_no_select_tells_them(self) -> Table:
        for column in self.columns:
            if self.metric and column.comes_from is None:
                raise ValueError(
                    f"column {column.name}: found no `from`; a metric makes it, so list the columns of {self.name}.input.sql "
                    "that it is computed from, [] for none"
                )
            if not self.metric and column.comes_from:
                raise ValueError(
                    f"column {column.name}: found `from: {column.comes_from}`, but no metric makes the table; its SELECT "
                    "says where the column comes from"
                )
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
    def select_path(self) -> Path:
        """Where its SELECT stands: that of a metric's table is the metric's input, not the table."""
        ending = "input.sql" if self.metric else "sql"
        return files.ROOT / "warehouse" / self.schema_name / f"{self.name}.{ending}"

    @property
    def sql(self) -> str | None:
        return self.select_path.read_text(encoding="utf-8") if self.select_path.exists() else None


@cache
def _contracts() -> dict[str, Table]:
    paths = [p for schema in SCHEMAS for p in sorted((files.ROOT / "warehouse" / schema).glob("*.yml"))]
    loaded = [
        load(p, Table, prepare=_with_common_columns, schema_name=p.parent.name, name=p.stem) for p in paths
    ]
    expected = {table.select_path for table in loaded}
    for path in (p for schema in SCHEMAS for p in sorted((files.ROOT / "warehouse" / schema).glob("*.sql"))):
        if path not in expected:
            raise DeclarationError(_misplaced(path))
    return {table.full_name: table for table in loaded}


def _misplaced(path: Path) -> str:
    """What is wrong with a SELECT that no contract has under this name."""
    place, stem = path.relative_to(files.ROOT).as_posix(), path.name.removesuffix(".sql")
    table = stem.removesuffix(".input")
    if not path.with_name(f"{table}.yml").exists():
        return f"{place}: found no contract {table}.yml beside it; write one, or remove the SELECT"
    if stem != table:
        return (
            f"{place}: found the input of a metric, but {table}.yml names no `metric`; name it, or rename the file to "
            f"{table}.sql"
        )
    return (
        f"{place}: found the SELECT of a table, but {table}.yml names a `metric`; the input of a metric is "
        f"{table}.input.sql"
    )


def _with_common_columns(place: str, stated: dict[str, Any]) -> dict[str, Any]:
    """A contract's fields with its columns whole: those that recur are defined in warehouse/columns.yml."""
    if "columns" not in stated:
        return stated
    return stated | {
        "columns": [columns.whole(place, column, columns.common()) for column in stated["columns"]]
    }


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
