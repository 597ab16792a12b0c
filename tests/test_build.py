"""Tables made from nothing: a registry that was withdrawn leaves empty tables behind it, and no failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.database import build, connection, lineage, select, sql_text, writing
from pipelines.declarations.tables import macros, tables


@pytest.mark.parametrize("name", [name for name, table in tables().items() if table.metric])
def test_a_metric_of_empty_tables_is_an_empty_table(name):
    table = tables()[name]
    with connection.connect(Path(":memory:")) as con:
        for each in (tables()[above] for above in lineage.upstream(name)):
            writing.recreate(con, each)
        assert build.build(con, table).row_count == 0 and writing.has_columns(con, table)


ENDINGS = ["", ";", " -- a remark", "; -- a remark", "\n;\n-- 备注;\n/* another; */\n"]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    "name", ["core.area", "core.resolved_cell", "mart.mode_fit", "core.observation_asof"]
)
def test_a_select_may_end_in_a_remark(monkeypatch, name, ending):
    """A table, a table made file by file, the input of a metric, a macro."""
    query = select.query
    monkeypatch.setattr(select, "query", lambda table: (query(table) or "").strip().rstrip(";") + ending)
    with connection.connect(Path(":memory:")) as con:
        for each in (tables()[above] for above in lineage.upstream(name)):
            writing.recreate(con, each)
        if name in macros():
            assert build.build_macro(con, macros()[name]).reason
        else:
            assert build.build(con, tables()[name]).row_count == 0


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_text_of_a_select_ends_with_its_last_word(ending):
    assert sql_text.bare(f"-- 第一\nselect ';--' as \"名\" -- b\nfrom t{ending}") == (
        "-- 第一\nselect ';--' as \"名\" -- b\nfrom t"
    )
    assert sql_text.bare(ending) == "" and sql_text.bare(f"from {{table}} {ending}") == "from {table}"


@pytest.mark.parametrize(
    ("text", "is_complete"),
    [
        ("", False),
        ("select 1", False),
        ("select 1 -- ;", False),
        ("select 'a;", False),
        ("select 1; -- x", True),
    ],
)
def test_a_semicolon_ends_a_statement_and_a_remark_does_not(text, is_complete):
    assert sql_text.is_complete(text) is is_complete
