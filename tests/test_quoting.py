"""Names and texts in SQL: whatever characters they have, DuckDB reads back what was meant, and nothing else runs."""

from __future__ import annotations

import ast
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.database import connection, writing
from pipelines.declarations.files import ROOT
from pipelines.declarations.tables import Column, Table
from pipelines.quoting import identifier, identifiers, literal

HOSTILE = ("'", '"', "\\", "x'; drop table t; --", 'x"; drop table t; --', "$$", "\n", "\0", "面", "{", "?")
PIECES = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=["Cs"]), max_size=5))
TEXTS = st.lists(PIECES, max_size=6).map("".join)
NAMES = TEXTS.filter(bool)


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as found:
        yield found


@given(TEXTS)
def test_a_text_is_read_back_as_it_is(con, text):
    assert con.execute(f"select {literal(text)}").fetchall() == [(text,)]


@given(NAMES)
def test_a_name_is_read_back_as_it_is(con, name):
    found = con.execute(f"select {identifier(name)} from (select 1 as {identifier(name)})")
    assert [column[0] for column in found.description] == [name]


@given(st.lists(NAMES, min_size=1, max_size=4, unique_by=str.casefold))
@example(["a", 'b"', "'c'"])
def test_names_are_read_back_in_order(con, names):
    values = ", ".join(f"{index} as {identifier(name)}" for index, name in enumerate(names))
    assert con.execute(f"select {identifiers(names)} from (select {values})").fetchall() == [
        tuple(range(len(names)))
    ]


@pytest.mark.parametrize("folder", ["it's", 'say "x"', "a'; select 1; --"])
def test_a_path_is_found_by_its_literal(con, tmp_path, folder):
    path = tmp_path / folder / "one.parquet"
    path.parent.mkdir()
    con.execute(f"copy (select 7 as seven) to {literal(path)} (format parquet)")
    assert con.execute(f"from read_parquet({literal(path)})").fetchall() == [(7,)]


def test_a_frame_enters_a_table_whatever_stands_under_its_name(tmp_path):
    """A table `frame` in the database, and columns with hostile names; nothing of the frame is left behind."""
    names = ["key", 'rate "per" day', "it's"]
    table = Table(
        schema_name="core",
        name="hostile",
        description="A table whose columns have odd names: it's so",
        grain=names[:2],
        columns=[Column(name=name, type="VARCHAR", description=f"the '{name}' column") for name in names],
    )
    rows = pl.DataFrame([["a", "b", "c"], ["d", "e", "f"]], schema=names, orient="row")
    with connection.connect(tmp_path / "x.duckdb") as con:
        con.execute(
            'create table frame as select \'wrong\' as key, \'wrong\' as "rate ""per"" day", \'wrong\' as "it\'s"'
        )
        before = con.execute("select view_name from duckdb_views() where not internal").fetchall()
        assert writing.create(con, table, rows) == 2
        assert writing.append(con, table, rows.with_columns(key=pl.lit("g"))) == 2
        with pytest.raises(writing.ContractError):
            writing.append(con, table, rows.drop("key"))
        assert con.execute("from core.hostile order by all").fetchall()[:2] == rows.rows()
        assert con.execute("select view_name from duckdb_views() where not internal").fetchall() == before
        comments = "select comment from duckdb_columns() where table_name = 'hostile' order by column_index"
        assert con.execute(comments).fetchall() == [(f"the '{name}' column",) for name in names]


@pytest.mark.parametrize("read_only", [False, True])
def test_a_variable_of_the_code_is_no_table(tmp_path, read_only):
    with connection.connect(tmp_path / "x.duckdb"):
        pass
    rows = pl.DataFrame({"key": ["a"]})
    with (
        connection.connect(tmp_path / "x.duckdb", read_only=read_only),
        connection.connect(tmp_path / "x.duckdb", read_only=read_only) as con,
        pytest.raises(duckdb.CatalogException, match="rows"),
    ):
        con.execute("select * from rows")
    assert rows.height == 1


def _quotes_itself(node: ast.AST) -> bool:
    """Whether an expression puts quotes around a value or doubles them: the work of pipelines/quoting.py."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "replace":
        return [a.value for a in node.args if isinstance(a, ast.Constant)][:2] in (["'", "''"], ['"', '""'])
    return False


def test_quotes_are_doubled_in_one_module_only():
    paths = [p for folder in ("pipelines", "benchmarks") for p in (ROOT / folder).rglob("*.py")]
    found = [
        str(path.relative_to(ROOT))
        for path in paths
        for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8")))
        if _quotes_itself(node)
    ]
    assert set(found) == {"pipelines/quoting.py"}
