"""Expectations that break are noticed, and a check that cannot run is neither passed nor bad data."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipelines.database import checks as database_checks
from pipelines.database import connection, writing
from pipelines.declarations.tables import Table
from pipelines.defs import checks

COLUMNS = [
    {"name": "code", "type": "VARCHAR", "description": "the key", "required": True, "pattern": "^[a-z]$"},
    {
        "name": "kind",
        "type": "VARCHAR",
        "description": "a code",
        "values": ["x", "y"],
        "references": "core.kinds.kind",
    },
    {"name": "share", "type": "DOUBLE", "description": "a share", "min": 0, "max": 1},
]
RULES = [
    {
        "name": "no_half",
        "description": "never half",
        "unexpected_rows": "select * from {table} as t where t.share = 0.5",
    },
    {
        "name": "cannot",
        "description": "broken",
        "severity": "warning",
        "unexpected_rows": "select nothing from {table}",
    },
]
GOOD = {"code": ["a", "b"], "kind": ["x", "y"], "share": [0.1, None]}


def outcomes(rows: dict, severity: str = "error") -> dict[str, database_checks.Outcome]:
    table = Table(
        schema_name="core",
        name="t",
        description="a table made for this test",
        grain=["code"],
        columns=COLUMNS,
        rules=RULES,
        min_rows=1,
    )
    frame = pl.DataFrame(rows, schema={"code": pl.String, "kind": pl.String, "share": pl.Float64})
    with connection.connect(Path(":memory:")) as con:
        con.execute("create table core.kinds as select unnest(['x', 'y']) as kind")
        writing.create(con, table, frame)
        return {outcome.name: outcome for outcome in database_checks.validate(con, table, severity)}


def test_good_rows_keep_every_promise():
    found = outcomes(GOOD)
    assert len(found) == 9 and all(o.passed and o.ran for o in found.values())


@pytest.mark.parametrize(
    ("broken", "promise", "count"),
    [
        ({"code": ["a", "a"]}, "grain_unique", 1),
        ({"code": ["a", None]}, "code_present", 1),
        ({"code": ["a", "B"]}, "code_matches", 1),
        ({"kind": ["x", "z"]}, "kind_in_code_list", 1),
        ({"kind": ["x", "z"]}, "kind_known", 1),
        ({"share": [0.1, 1.5]}, "share_in_range", 1),
        ({"share": [float("nan"), 0.1]}, "share_finite", 1),
        ({"share": [0.5, 0.5]}, "no_half", 2),
    ],
)
def test_each_kind_of_broken_promise_is_noticed(broken, promise, count):
    found = outcomes({**GOOD, **broken})[promise]
    assert found.ran and not found.passed and found.unexpected_count == count


def test_too_few_rows_are_noticed():
    assert not outcomes({"code": [], "kind": [], "share": []})["row_count"].passed


def test_a_check_that_cannot_run_is_said_to_be_so():
    found = outcomes(GOOD, "warning")["cannot"]
    assert not found.ran and not found.passed and "could not run" in found.detail
    result = checks.result([found], "warning")
    assert not result.passed and result.metadata["could not run"].value == 1
