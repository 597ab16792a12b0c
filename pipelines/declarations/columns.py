"""Columns: their typed form, and the common columns that warehouse/columns.yml defines once.

The typed form of a column belongs here, and the way in which a contract takes over a common column. Tables
belong to tables.py.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from pydantic import Field

from pipelines.declarations import files
from pipelines.declarations.files import DeclarationError, Declared, load

PLACE = "warehouse/columns.yml"


class Column(Declared):
    """One column of a table: its meaning, its unit, the promises about its values, and where they come from.

    `from` is for a column that a metric makes. It lists the columns of the metric's input whose values enter
    the column. A column that only matches, groups or sorts rows is not listed. An empty list means that the
    column is a constant or a number of rows. If a SELECT makes the table, the SELECT gives the origin
    (`lineage.column_origins`).
    """

    name: str
    type: Literal["VARCHAR", "DOUBLE", "INTEGER", "BIGINT", "BOOLEAN", "DATE"]
    description: str = Field(min_length=3)
    unit: str | None = None
    required: bool = False
    values: list[str | int] | None = Field(default=None, min_length=1)
    min: float | None = None
    max: float | None = None
    pattern: str | None = None
    references: str | None = None
    comes_from: list[str] | None = Field(default=None, alias="from")
    compression: Literal["uncompressed"] | None = (
        None  # of long tables' texts that hardly repeat: packing them costs more than it saves
    )

    @property
    def full_description(self) -> str:
        """Description with the unit, as every catalogue of the columns shows it."""
        unit = {None: "", "1": " [dimensionless]"}.get(self.unit, f" [{self.unit}]")
        return self.description + unit


class CommonColumns(Declared):
    """The content of warehouse/columns.yml."""

    columns: dict[str, Column]


@cache
def common() -> dict[str, Column]:
    """The common columns, by name. Raises DeclarationError."""
    found: CommonColumns = load(files.ROOT / PLACE, CommonColumns, prepare=_named)
    return found.columns


def _named(_place: str, stated: dict[str, Any]) -> dict[str, Any]:
    return {"columns": {name: {"name": name, **fields} for name, fields in stated.items()}}


def whole(place: str, stated: str | dict[str, Any], shared: dict[str, Column]) -> dict[str, Any]:
    """Return all fields of a column: those of the contract, then those of the common column of that name.

    Args:
        place: the contract's file, for the message of an error.
        stated: a name alone, or a name with the fields that differ here.
        shared: the common columns, by name.

    Raises:
        DeclarationError: Nothing defines the column, or the contract repeats a field of the common column.

    >>> year = Column(name="year", type="VARCHAR", description="Calendar year", pattern="^[0-9]{4}$")
    >>> whole("x.yml", "year", {"year": year})["description"]
    'Calendar year'
    >>> whole("x.yml", {"name": "year", "pattern": None}, {"year": year})["pattern"]
    """
    alone = isinstance(stated, str)
    stated = {"name": stated} if isinstance(stated, str) else stated
    name = stated.get("name", "")
    if name not in shared and "type" not in stated:
        raise DeclarationError(
            f"{place}: column {name}: found no type, and {PLACE} does not define the column; state its type and "
            f"description here, or define it in {PLACE}"
        )
    if name not in shared:
        return stated
    fields = shared[name].model_dump(by_alias=True)
    if set(stated) == {"name"} and not alone:
        raise DeclarationError(f"{place}: column {name}: found nothing beside the name; write `- {name}`")
    repeated = [field for field in stated if field != "name" and stated[field] == fields.get(field)]
    if repeated:
        raise DeclarationError(
            f"{place}: column {name}: found the same {' and '.join(repeated)} as in {PLACE}; state only what differs"
        )
    return {**fields, **stated}
