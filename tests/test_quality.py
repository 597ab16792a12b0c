"""Broken promises are noticed with their rows, doubts have a level, and what cannot run is neither kept nor bad data."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import polars as pl
import pytest
from pydantic import ValidationError

from pipelines.database import build, connection, failing_rows, lineage, writing
from pipelines.database import checks as database_checks
from pipelines.database.promises import promises, reads
from pipelines.declarations.tables import Rule, Table, tables
from pipelines.defs import checks

SHA = "a" * 64
COLUMNS = [
    {
        "name": "code",
        "type": "VARCHAR",
        "description": "the key",
        "required": True,
        "pattern": "^[a-z]{1}(:x)?$",
    },
    {
        "name": "kind",
        "type": "VARCHAR",
        "description": "a code",
        "values": ["x", "y", "it's"],
        "references": "core.kinds.kind",
    },
    {"name": "share", "type": "DOUBLE", "description": "a share", "min": 0, "max": 1},
    {"name": "file_sha256", "type": "VARCHAR", "description": "its file"},
    {"name": "row_no", "type": "INTEGER", "description": "its row"},
]
RULES = [
    {
        "name": "no_half",
        "description": "never half",
        "unexpected_rows": "select code from {table} as t where t.share = 0.5 and code not like '{:b'",
    },
    {
        "name": "few_fifths",
        "description": "a fifth is doubtful",
        "severity": "warning",
        "expected_at_most": 1,
        "unexpected_rows": "select * from {table} where share = 0.2",
    },
]
CANNOT = {
    "name": "cannot",
    "description": "misspelt",
    "unexpected_rows": "select kind from core.kinds where code = 'a'",
}
GOOD = {
    "code": ["a", "b"],
    "kind": ["x", "y"],
    "share": [0.1, None],
    "file_sha256": [SHA, SHA],
    "row_no": [2, 3],
}  # fmt: skip
BROKEN = [
    ({"code": ["a", "a"]}, "grain_unique", 1, "row 2: code 'a'"),
    ({"code": ["a", None]}, "code_present", 1, "row 3: code empty"),
    ({"code": ["a", "B"]}, "code_matches", 1, "row 3: code 'B'"),
    ({"code": ["a", "ab"]}, "code_matches", 1, "row 3: code 'ab'"),
    ({"kind": ["x", "z"]}, "kind_in_code_list", 1, "row 3: kind 'z', code 'b'"),
    ({"kind": ["x", "it's"]}, "kind_known", 1, "row 3: kind \"it's\", code 'b'"),
    ({"share": [0.1, 1.5]}, "share_in_range", 1, "row 3: share 1.5, code 'b'"),
    ({"share": [-0.1, 0.1]}, "share_in_range", 1, "row 2: share -0.1, code 'a'"),
    ({"share": [float("nan"), 0.1]}, "share_finite", 1, "row 2: share nan, code 'a'"),
    ({"share": [float("-inf"), 0.1]}, "share_finite", 1, "row 2: share -inf, code 'a'"),
    ({"share": [0.5, 0.5]}, "no_half", 2, "row 2: code 'a', share 0.5"),
    ({"share": [0.2, 0.2]}, "few_fifths", 2, "row 2: share 0.2, code 'a'"),
]


@pytest.fixture
def con():
    with connection.connect(Path(":memory:")) as found:
        found.execute("create table core.kinds as select unnest(['x', 'y']) as kind")
        found.execute(f"create table raw.file as select '{SHA}' as file_sha256, 'shares.csv' as file_name")
        yield found


def made(con: duckdb.DuckDBPyConnection, rows: dict, *more: dict) -> Table:
    """A table with a promise of each kind, filled."""
    table = Table(
        schema_name="core",
        name="t",
        description="a table made for this test",
        grain=["code"],
        columns=COLUMNS,
        rules=[*RULES, *more],
        min_rows=1,
    )
    types = [pl.String, pl.String, pl.Float64, pl.String, pl.Int32]
    writing.create(con, table, pl.DataFrame(rows, schema=dict(zip(table.column_names, types, strict=True))))
    return table


def outcomes(con: duckdb.DuckDBPyConnection, table: Table) -> dict[str, database_checks.Outcome]:
    return {outcome.promise.name: outcome for outcome in database_checks.validate(con, table)}


def same_both_ways(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """The one query and the expectations one by one agree on what ran, what is kept and how many rows break it."""
    from tests.helpers import expectation_by_expectation  # noqa: PLC0415 - loads Great Expectations, which costs seconds

    expected = expectation_by_expectation.verdicts(con, table)
    for name, found in outcomes(con, table).items():
        ran, kept, count = expected.pop(name)
        assert found.ran == ran, name
        assert (found.unexpected == 0) == kept, name
        assert count is None or found.unexpected == count, name
    assert not expected


def test_good_rows_keep_every_promise(con):
    found = outcomes(con, made(con, GOOD))
    assert len(found) == 10 and {o.state for o in found.values()} == {"kept"}


@pytest.mark.parametrize(("broken", "promise", "count", "row"), BROKEN)
def test_each_kind_of_broken_promise_is_noticed_with_its_rows(con, broken, promise, count, row):
    table = made(con, {**GOOD, **broken})
    found = outcomes(con, table)[promise]
    assert found.state == "broken" and found.unexpected == count
    rows = failing_rows.failing_rows(con, table, found.promise)
    assert f"shares.csv, {row}" in [each.description for each in rows]
    message = failing_rows.explain(table, found, rows)
    assert (
        f"found {count} rows" in message and "What to do: " in message and "warehouse/core/t.yml" in message
    )
    assert "[a-z]" not in message


@pytest.mark.parametrize("broken", [{}, *(case[0] for case in BROKEN)])
def test_one_query_and_one_by_one_agree_on_injected_faults(con, broken):
    # the way one by one takes no brace and no colon of SQL as they are
    table = made(con, {**GOOD, **broken})
    plain = [
        rule.model_copy(update={"unexpected_rows": rule.unexpected_rows.replace("'{:b'", "'c'")})
        for rule in table.rules
    ]
    same_both_ways(con, table.model_copy(update={"rules": plain}))


def test_the_query_of_a_rule_may_end_in_a_remark(con):
    table = made(con, {**GOOD, "share": [0.5, 0.5]})
    ended = [
        rule.model_copy(update={"unexpected_rows": f"{rule.unexpected_rows}; -- a remark"})
        for rule in table.rules
    ]
    table = table.model_copy(update={"rules": ended})
    found = outcomes(con, table)["no_half"]
    assert found.unexpected == 2 and len(failing_rows.failing_rows(con, table, found.promise)) == 2


@pytest.mark.slow
def test_one_query_and_one_by_one_agree_on_the_embedded_data(warehouse):
    for table in tables().values():
        same_both_ways(warehouse, table)


def test_too_few_rows_are_noticed_and_counted(con):
    found = outcomes(con, made(con, {name: [] for name in GOOD}))["row_count"]
    assert found.state == "broken" and found.unexpected == 1


def test_a_promise_that_cannot_run_is_said_to_be_so_and_the_others_are_counted(con):
    """Its SELECT asks another table for a column that only the table around it has."""
    table = made(con, {**GOOD, "kind": ["x", "z"]}, CANNOT)
    found = outcomes(con, table)
    states = {name: o.state for name, o in found.items() if o.state != "kept"}
    assert states == {"cannot": "could not run", "kind_in_code_list": "broken", "kind_known": "broken"}
    assert "code" in found["cannot"].problem
    result = checks.result(con, table, "contract", list(found.values()))
    assert not result.passed and result.metadata["could not run"].value == 1
    assert (
        "misspelt: could not be checked" in result.description
        and "cannot in warehouse/core/t.yml" in result.description
    )


def test_a_column_that_is_missing_passes_nothing_that_asks_for_it(con):
    table = made(con, GOOD)
    con.execute("alter table core.t drop column share")
    states = {name: o.state for name, o in outcomes(con, table).items() if o.state != "kept"}
    assert states == dict.fromkeys(
        ["share_in_range", "share_finite", "no_half", "few_fifths"], "could not run"
    )


def test_a_failed_check_shows_at_most_twenty_rows_in_a_table(con):
    many = {"code": [None] * 30, "kind": ["x"] * 30, "share": [0.1] * 30, "file_sha256": [SHA] * 30}
    table = made(con, {**many, "row_no": list(range(2, 32))})
    result = checks.result(con, table, "contract", database_checks.validate(con, table))
    assert result.metadata["broken"].value == 2  # no code is present, and the key stands thirty times
    shown = [r.data for r in result.metadata["failing rows"].records if r.data["promise"] == "code_present"]
    assert len(shown) == failing_rows.AT_MOST
    assert shown[0] == {"promise": "code_present", "file": "shares.csv", "sheet": "", "row": "2", "column": "", "states": "code empty"}  # fmt: skip


def test_a_doubt_within_its_level_passes_and_above_it_says_level_and_found(con):
    table = made(con, {**GOOD, "share": [0.2, 0.1]})
    found = checks.result(con, table, "doubts", database_checks.validate(con, table))
    assert found.passed and found.description == "1 promises kept; accepted: few_fifths 1 of at most 1"
    table = made(con, {**GOOD, "share": [0.2, 0.2]})
    found = checks.result(con, table, "doubts", database_checks.validate(con, table))
    assert not found.passed and "found 2 rows, accepted are 1" in found.description
    assert "set expected_at_most of few_fifths in warehouse/core/t.yml to 2" in found.description


def test_only_a_doubt_has_a_level():
    with pytest.raises(ValidationError, match="warning only"):
        Rule(name="a", description="a", unexpected_rows="select 1", expected_at_most=1)


def test_the_accepted_levels_are_what_the_embedded_data_hold(warehouse):
    """No doubt stands above its level, and no level is higher than needed: who changes the data looks at the level."""
    found = {
        f"{table.full_name} {o.promise.name}": (o.unexpected, o.promise.expected_at_most)
        for table in tables().values()
        if any(promise.severity == "warning" for promise in promises(table))
        for o in database_checks.validate(warehouse, table)
        if o.promise.severity == "warning"
    }
    assert {name: pair for name, pair in found.items() if pair[0] != pair[1]} == {}


def test_a_new_doubt_on_the_embedded_data_stands_out(built, tmp_path):
    work = shutil.copyfile(built.work, tmp_path / "copy.duckdb")
    table = tables()["core.quarantine"]
    with connection.connect(Path(work)) as con:
        con.execute(
            "insert into core.quarantine by name select * replace (row_no + 1 as row_no) from core.quarantine"
        )
        found = checks.result(con, table, "doubts", database_checks.validate(con, table))
    level = table.rules[0].expected_at_most
    assert not found.passed and f"found {2 * level} rows, accepted are {level}" in found.description


def test_promises_are_named_once_in_a_table_and_all_counts_fit_into_one_answer():
    for table in tables().values():
        names = [promise.name for promise in promises(table)]
        assert len(set(names)) == len(names) < 200  # Great Expectations keeps 200 rows of an answer


def test_promises_of_raw_tables_read_what_lands_with_them():
    for name, table in tables().items():
        if name.startswith("raw."):
            assert all(read.startswith("raw.") for read in reads(table))
        else:
            assert name not in {behind for read in reads(table) for behind in lineage.order(read)}


def test_the_outcomes_go_into_the_metadata_as_a_table(con):
    table = made(con, GOOD)
    record = (
        checks.result(con, table, "contract", database_checks.validate(con, table))
        .metadata["outcomes"]
        .records[0]
    )
    assert json.loads(json.dumps(record.data))["state"] == "kept"


# Codes of SDMX's list CL_OBS_STATUS.
CL_OBS_STATUS = set("ABDEFGHIJKLMNOPQSUVW")


def test_each_status_of_ours_has_one_code_of_sdmx(con):
    table = tables()["reference.status"]
    build.build(con, table)
    codes = con.execute("select distinct obs_status, sdmx_code from reference.status").fetchall()
    assert sorted(codes) == [("A", "A"), ("E", "E"), ("M", "O"), ("P", "F"), ("S", "U")]
    assert {code for _, code in codes} <= CL_OBS_STATUS
    assert {o.state for o in outcomes(con, table).values()} == {"kept"}


@pytest.mark.parametrize(
    ("code", "promise"),
    [("P", "one_sdmx_code"), ("X", "sdmx_code_in_code_list"), (None, "sdmx_code_present")],
)
def test_a_second_code_or_one_that_sdmx_has_not_is_noticed(con, code, promise):
    table = tables()["reference.status"]
    build.build(con, table)
    con.execute("alter table reference.status alter sdmx_code drop not null")
    con.execute(
        "update reference.status set sdmx_code = ? where status_text = 'seen (plan target, not actual)'",
        [code],
    )
    assert outcomes(con, table)[promise].state == "broken"
