"""The contracts of the tables: the content of warehouse/<schema>/<table>.yml.

The typed form of a contract and the list of all contracts belong here. Columns belong to columns.py; running
SQL and Dagster do not belong here.
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
    """A promise or a doubt about more than one column: a SELECT of the rows that break it.

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
    """A macro that runs the SELECT of a table on a part of its inputs.

    `where` maps an input table to a condition.
    """

    select: str
    where: dict[str, str] = Field(min_length=1)


class Metric(Declared):
    """A table that a pure function of `pipelines/metrics` makes.

    `<table>.input.sql` gives the function's frame.
    """

    function: str = Field(pattern=files.FUNCTION)
    parameters: dict[str, Any] = {}


class Table(Declared):
    """The contract of one table.

    Its path under warehouse/ gives its name, its asset key and its place in DuckDB. With `arguments` it is a
    table macro: a reader calls it with arguments, and DuckDB runs its SELECT. With `by_file`, each row comes
    from one file and from short lists: a run makes only the rows of changed files.
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
            raise ValueError(
                "found `by_file`, expected a table made by a SELECT with file_sha256 in its grain"
            )
        return self

    @model_validator(mode="after")
    def _has_columns_of_its_own_or_of_another(self) -> Table:
        if bool(self.columns) == (self.as_of is not None):
            raise ValueError("expected either `columns` or `as_of`, found both or neither")
        if self.as_of and not self.arguments:
            raise ValueError(
                "found `as_of` without `arguments`; only a macro can have `as_of`, so add its arguments"
            )
        if self.arguments and (self.rules or self.min_rows or self.metric):
            raise ValueError(
                "found `rules`, `min_rows` or `metric` in a macro; a macro has no rows of its own, so remove them"
            )
        return self

    @model_validator(mode="after")
    def _grain_is_declared(self) -> Table:
        missing = [name for name in self.grain if name not in self.column_names]
        if missing:
            raise ValueError(
                f"found columns in `grain` that are not declared: {', '.join(missing)}; declare them or correct the grain"
            )
        return self

    @model_validator(mode="after")
    def _origins_are_declared_where_no_select_tells_them(self) -> Table:
        for column in self.columns:
            if self.metric and column.comes_from is None:
                raise ValueError(
                    f"column {column.name}: found no `from`, but a metric makes it; list the columns of {self.name}.input.sql "
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
    def summary(self) -> str:
        """First sentence of the description, for lists of tables."""
        return self.description.strip().split(". ")[0].rstrip(".")

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def references(self) -> dict[str, tuple[str, str]]:
        """Foreign keys: column -> the table, by full name, and its column in which each code of the column stands."""
        parts = {
            column.name: column.references.rpartition(".") for column in self.columns if column.references
        }
        return {name: (table, column) for name, (table, _, column) in parts.items()}

    @property
    def key(self) -> list[str]:
        return [self.schema_name, self.name]

    @property
    def call(self) -> str:
        """The name in SQL; for a macro, the name with its arguments."""
        return self.full_name + (f"({', '.join(a.name for a in self.arguments)})" if self.arguments else "")

    @property
    def contract_place(self) -> str:
        """Where the contract stands in the project, for messages."""
        return f"warehouse/{self.schema_name}/{self.name}.yml"

    @property
    def select_path(self) -> Path:
        """Path of the SELECT. For a table of a metric, it is the SELECT of the metric's input."""
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
    """Message about a SELECT to which no contract belongs."""
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
    """Complete the columns of a contract with the fields that warehouse/columns.yml defines."""
    if "columns" not in stated:
        return stated
    return stated | {
        "columns": [columns.whole(place, column, columns.common()) for column in stated["columns"]]
    }


@cache
def tables() -> dict[str, Table]:
    """Every table contract under warehouse/, by full name, in the order reference, raw, core, work, mart."""
    return {name: table for name, table in _contracts().items() if not table.arguments}


@cache
def macros() -> dict[str, Table]:
    """Every table macro under warehouse/, by full name. A macro with `as_of` has the columns of its table."""
    found = {name: table for name, table in _contracts().items() if table.arguments}
    of = {name: tables()[macro.as_of.select] for name, macro in found.items() if macro.as_of}
    return found | {
        name: found[name].model_copy(update={"columns": table.columns, "grain": table.grain})
        for name, table in of.items()
    }
