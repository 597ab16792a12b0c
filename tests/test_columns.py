"""Columns that recur are defined once, in warehouse/columns.yml, and a contract says only what differs."""

from __future__ import annotations

from collections import Counter

import pytest
import yaml

from pipelines.declarations import columns
from pipelines.declarations.columns import Column, whole
from pipelines.declarations.files import ROOT, DeclarationError
from pipelines.declarations.tables import macros, tables

CONTRACTS = {name: t for name, t in (tables() | macros()).items() if t.as_of is None}
RECURS = 3  # tables from which on a column is defined once
YEAR = Column(name="year", type="VARCHAR", description="Calendar year", required=True, pattern="^[0-9]{4}$")
SHARED = {"year": YEAR}


def test_a_name_alone_is_the_common_column():
    assert Column.model_validate(whole("x.yml", "year", SHARED)) == YEAR


def test_what_differs_goes_over_the_common_column_and_null_takes_a_field_away():
    stated = {"name": "year", "description": "Evaluated year", "required": False, "pattern": None}
    found = Column.model_validate(whole("x.yml", stated, SHARED))
    assert found == Column(name="year", type="VARCHAR", description="Evaluated year")


def test_a_column_of_one_table_only_is_as_stated():
    stated = {"name": "hhi", "type": "DOUBLE", "description": "Concentration"}
    assert whole("x.yml", stated, SHARED) == stated


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("month", "warehouse/x.yml: column month: found no type, and warehouse/columns.yml does not"),
        ({"name": "year"}, "warehouse/x.yml: column year: found nothing beside the name; write `- year`"),
        (
            {"name": "year", "type": "VARCHAR", "description": "Evaluated year"},
            "warehouse/x.yml: column year: found the same type as in warehouse/columns.yml; state only what differs",
        ),
        ({"name": "year", "min": None}, "found the same min as in warehouse/columns.yml"),
        (
            {"name": "month", "required": True},
            "column month: found no type, and warehouse/columns.yml does not",
        ),
    ],
)
def test_an_error_names_the_file_and_the_column(stated, expected):
    with pytest.raises(DeclarationError) as caught:
        whole("warehouse/x.yml", stated, SHARED)
    assert expected in str(caught.value)


def _stated() -> list[tuple[str, str, dict | str]]:
    """Columns as the contracts' files state them: table, name, statement."""
    found = []
    for table in CONTRACTS.values():
        path = ROOT / "warehouse" / table.schema_name / f"{table.name}.yml"
        for column in yaml.safe_load(path.read_text(encoding="utf-8")).get("columns", []):
            name = column if isinstance(column, str) else column["name"]
            found.append((table.full_name, name, column))
    return found


def test_a_column_that_recurs_with_one_meaning_is_defined_once():
    spelled = Counter(
        (name, column["type"], column["description"])
        for _, name, column in _stated()
        if isinstance(column, dict) and name not in columns.common()
    )
    assert [key for key, count in spelled.items() if count >= RECURS] == []


def test_what_is_defined_once_recurs():
    meanings = Counter((column.name, column.description) for t in CONTRACTS.values() for column in t.columns)
    rare = [name for name, column in columns.common().items() if meanings[name, column.description] < RECURS]
    assert rare == []
