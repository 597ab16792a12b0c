"""Groups of tables: each published table stands in one, and a wrong declaration is refused in plain words."""

from __future__ import annotations

import re
import shutil

import pytest

from pipelines.database import checks, connection
from pipelines.declarations import groups as declared
from pipelines.declarations.files import ROOT, DeclarationError
from pipelines.declarations.groups import Group, groups
from pipelines.declarations.tables import tables


def group(name: str, *names: str) -> Group:
    return Group(
        id=name, title="A title", title_zh="标题", description="A sentence of some length.", tables=[*names]
    )


def test_each_published_table_stands_in_one_group_and_no_other_table_does():
    placed = [name for each in groups() for name in each.tables]
    assert sorted(placed) == sorted(n for n, table in tables().items() if table.schema_name != "work")
    assert groups()[0].id == "start_here" and len(groups()[0].tables) <= 10


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        (
            [group("start_here", "a.b", "c.d", "a.x")],
            "group start_here: found a.x, expected a published table",
        ),
        (
            [group("start_here", "a.b", "c.d"), group("more", "a.b")],
            "a.b: found the table in start_here and more",
        ),
        ([group("start_here", "a.b", "a.b", "c.d")], "a.b: found the table in start_here and start_here"),
        ([group("start_here", "a.b")], "c.d: found the table in no group, expected it in one"),
        ([group("more", "a.b", "c.d")], "group 1: found more, expected start_here"),
        (
            [group("start_here", "a.b"), group("start_here", "c.d")],
            "group start_here: found 2 groups with this id",
        ),
        (
            [group("start_here", *["a.b"] * 11, "c.d")],
            "group start_here: found 12 tables, expected at most 10",
        ),
    ],
)
def test_wrong_groups_are_refused(stated, message):
    with pytest.raises(DeclarationError, match=re.escape(f"warehouse/groups.yml: {message}")):
        declared.check(stated, ["a.b", "c.d"])


def test_every_foreign_key_leads_to_a_primary_key_without_empty_cells():
    for table in tables().values():
        for name, key in table.references.values():
            assert tables()[name].grain == [key], (table.full_name, name, key)
            assert [c.required for c in tables()[name].columns if c.name == key] == [True], (name, key)


def test_the_list_of_tables_gives_the_groups(warehouse):
    listed = "select group_id, list(table_name order by table_no) from reference.warehouse_table group by all"
    assert dict(warehouse.execute(listed).fetchall()) == {each.id: each.tables for each in groups()}


def test_the_list_of_keys_has_all_keys(warehouse):
    keys = "select list(column_name order by position) from reference.warehouse_key"
    for table in (contract for each in groups() for contract in each.contracts):
        primary = f"{keys} where key_type = 'primary' and table_name = '{table.full_name}'"
        assert warehouse.execute(primary).fetchall()[0][0] == (table.grain or None)
        foreign = (
            "select column_name, (referenced_table, referenced_column) from reference.warehouse_key "
            f"where key_type = 'foreign' and table_name = '{table.full_name}'"
        )
        assert dict(warehouse.execute(foreign).fetchall()) == table.references


def test_listed_primary_keys_stand_in_one_row_each(warehouse):
    listed = (
        "select table_name, string_agg(column_name, ', ' order by position), bool_or(may_be_empty) "
        "from reference.warehouse_key where key_type = 'primary' group by all order by all"
    )
    for name, key, may_be_empty in warehouse.execute(listed).fetchall():
        twice = f"select {key} from {name} group by all having count(*) > 1"
        assert warehouse.execute(twice).fetchall() == [], name
        empty = f"from {name} where {' is null or '.join(key.split(', '))} is null"
        assert may_be_empty or warehouse.execute(empty).fetchall() == [], name


def test_listed_foreign_keys_resolve(warehouse):
    listed = (
        "select table_name, column_name, referenced_table, referenced_column, may_be_empty "
        "from reference.warehouse_key where key_type = 'foreign' order by all"
    )
    rows = warehouse.execute(listed).fetchall()
    assert rows
    for name, column, target, key, may_be_empty in rows:
        alone = f"select a.{column} from {name} as a left join {target} as b on b.{key} = a.{column} where b.{key} is null"
        found = {value for (value,) in warehouse.execute(alone).fetchall()}
        assert found <= ({None} if may_be_empty else set()), (name, column)


@pytest.mark.parametrize(
    ("name", "broken", "promise"),
    [
        ("mart.mode", "insert into mart.mode from mart.mode limit 1", "grain_unique"),
        (
            "reference.mode_stated_zone",
            "update reference.mode_stated_zone set mode_id = 'no_such_mode'",
            "mode_id_known",
        ),
    ],
)
def test_a_broken_key_fails_the_check_of_its_table(name, broken, promise, built, tmp_path):
    shutil.copyfile(built.work, tmp_path / "broken.duckdb")
    with connection.connect(tmp_path / "broken.duckdb") as con:
        con.execute(broken)
        found = {outcome.promise.name: outcome for outcome in checks.validate(con, tables()[name])}
    assert found[promise].state == "broken" and found[promise].promise.severity == "error"


def test_the_readme_names_the_tables_to_start_with():
    part = (ROOT / "README.md").read_text(encoding="utf-8").split("## Start here")[1].split("\n## ")[0]
    assert re.findall(r"^\| `([a-z_.]+)` \|", part, flags=re.MULTILINE) == groups()[0].tables


def test_the_links_of_the_dictionary_lead_to_its_headings():
    text = (ROOT / "docs" / "dictionary.md").read_text(encoding="utf-8")
    headings = {re.sub(r"[^a-z0-9_ -]", "", h.lower()) for h in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]*)\)", text)) <= headings
