"""The declarations: everything described, SELECTs that keep to their contracts, errors that name file and field."""

from __future__ import annotations

import pytest
import sqlglot

from pipelines.database import build, connection, lineage, writing
from pipelines.declarations import columns, files, reference_rows
from pipelines.declarations import tables as declared_tables
from pipelines.declarations.files import ROOT, DeclarationError
from pipelines.declarations.modes import modes
from pipelines.declarations.sources import sources
from pipelines.declarations.tables import Table, macros, tables

MARTS = (
    "zone_profile",
    "mode_fit",
    "mode_fit_contribution",
    "mode_backtest",
    "cluster_industry",
    "cluster_zone",
    "suggestion_gap",
    "data_quality",
)


def test_the_promised_tables_are_declared():
    assert {f"mart.{name}" for name in MARTS} <= set(tables())
    assert {"agglomeration", "trade_upgrade", "b2c_import", "silk_road", "bilateral_local"} <= set(modes())
    assert len(sources()) >= 11


@pytest.mark.parametrize("name", sorted(tables()))
def test_every_table_of_the_database_has_its_words_and_units(name, warehouse):
    table = tables()[name]
    (comment,) = warehouse.execute(
        "select comment from duckdb_tables() where schema_name = ? and table_name = ?", table.key
    ).fetchall()[0]
    columns = warehouse.execute(
        "select column_name, data_type, comment from duckdb_columns() where schema_name = ? and table_name = ? "
        "order by column_index",
        table.key,
    ).fetchall()
    assert comment.split() == table.description.replace("''", "'").split()
    assert [(n, t) for n, t, _ in columns] == [(c.name, c.type) for c in table.columns]
    assert all(comment for _, _, comment in columns)


UNDESCRIBED = """
select 'table', schema_name || '.' || table_name from duckdb_tables() where coalesce(trim(comment), '') = ''
union all
select 'view', schema_name || '.' || view_name from duckdb_views() where not internal and coalesce(trim(comment), '') = ''
union all
select 'column', schema_name || '.' || table_name || '.' || column_name from duckdb_columns()
where not internal and coalesce(trim(comment), '') = ''
union all
select 'macro', schema_name || '.' || function_name from duckdb_functions()
where not internal and database_name = current_database() and coalesce(trim(comment), '') = ''
union all
select 'schema', schema_name from duckdb_schemas()
where not internal and schema_name <> 'main' and schema_name not in (select schema_name from reference.warehouse_schema)
"""


def test_nothing_public_of_the_database_is_undescribed(warehouse):
    assert warehouse.execute(UNDESCRIBED).fetchall() == []
    found = "select schema_name || '.' || function_name, comment from duckdb_functions() where not internal"
    words = {name: " ".join(macro.description.split()) for name, macro in macros().items()}
    assert dict(warehouse.execute(found).fetchall()) == words


def test_an_undescribed_column_is_noticed(tmp_path):
    """The test above is no empty one."""
    with connection.connect(tmp_path / "x.duckdb") as con:
        build.build(con, tables()["reference.warehouse_schema"])
        con.execute("create table core.bare as select 1 as a")
        con.execute("create macro core.naked(b) as table select b as a")
        con.execute("create schema odd")
        assert sorted(con.execute(UNDESCRIBED).fetchall()) == [
            ("column", "core.bare.a"),
            ("macro", "core.naked"),
            ("schema", "odd"),
            ("table", "core.bare"),
        ]


@pytest.mark.parametrize("name", sorted(tables() | macros()))
def test_a_description_says_more_than_the_name(name):
    for column in (tables() | macros())[name].columns:
        words, own = column.description.strip(" .").lower(), column.name.replace("_", " ")
        assert words not in (own, own.removesuffix(" id"), own.removesuffix(" text"), "parameter"), (
            column.name
        )


def test_every_term_of_the_glossary_stands_where_it_says():
    known = set(tables() | macros())
    known |= {f"{name}.{column}" for name in known for column in (tables() | macros())[name].column_names}
    rows = reference_rows.rows(tables()["reference.glossary"])
    assert set(rows["stands_in"].drop_nulls()) <= known
    assert all(any("\u4e00" <= c <= "\u9fff" for c in text) or text.isascii() for text in rows["term_zh"])


@pytest.mark.parametrize("name", sorted(n for n in tables() if n.split(".")[0] in ("core", "work", "mart")))
def test_every_core_and_mart_table_is_one_select_with_known_origins(name):
    sql = tables()[name].sql
    assert [type(s) for s in sqlglot.parse(sql, dialect="duckdb")] in (
        [sqlglot.exp.Select],
        [sqlglot.exp.Union],
    )
    assert lineage.upstream(name), f"{name} reads no table"
    origins = lineage.column_origins(name)
    known = {f"{t.full_name}.{c}" for t in tables().values() for c in t.column_names}
    assert set().union(*origins.values()) <= known


def test_data_flow_one_way():
    """Nothing reads back up: raw and reference read nothing, core never reads mart."""
    level = {"reference": 0, "raw": 0, "core": 1, "work": 2, "mart": 2}
    for name in tables():
        for other in lineage.upstream(name):
            assert level[other.split(".")[0]] <= level[name.split(".")[0]], f"{name} reads {other}"


def test_weights_of_each_mode_sum_to_one():
    for mode in modes().values():
        total = sum(c.weight for c in mode.criteria if c.role == "evidence")
        assert total == pytest.approx(1), mode.mode_id


def test_a_wrong_declaration_names_file_and_field(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "ROOT", tmp_path)
    path = tmp_path / "bad.yml"
    path.write_text(
        "description: long enough to be accepted\ngrain: [a]\ncolumns: [{name: a, type: MONEY, description: abc}]\n"
    )
    with pytest.raises(DeclarationError, match=r"bad\.yml.*(?s:.)*columns, item 1, type"):
        files.load(path, Table, schema_name="core", name="bad")


def test_a_ragged_list_names_its_line(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "ROOT", tmp_path)
    path = tmp_path / "list.csv"
    path.write_text("a,b\n1,2\n3\n")
    with pytest.raises(DeclarationError, match=r"list\.csv line 3"):
        files.read_csv(path)


def test_a_select_with_other_columns_than_declared_is_refused(tmp_path):
    table = tables()["core.area"]
    with (
        connection.connect(tmp_path / "x.duckdb") as con,
        pytest.raises(writing.ContractError, match="missing.*name_zh"),
    ):
        writing.create(con, table, "select 'CN' as area_code, 1 as surplus")


def test_a_macro_with_other_columns_than_declared_is_refused(tmp_path):
    macro = macros()["core.observation_asof"]
    with connection.connect(tmp_path / "x.duckdb") as con:
        refused = pytest.raises(writing.ContractError, match=r"observation_asof.*missing.*area_code")
        with refused, connection.transaction(con):
            writing.create_macro(con, macro, "select cast(known_on as date) as day")
        assert (
            con.execute(
                "select * from duckdb_functions() where not internal and database_name = current_database()"
            ).fetchall()
            == []
        )


@pytest.mark.parametrize(
    ("declared_as", "why"),
    [
        ("grain: []\ncolumns: []\n", "expected either `columns` or `as_of`"),
        ("as_of: {select: core.area, where: {raw.cell: vintage}}\n", "only a macro"),
        (
            "arguments: [{name: a, type: DATE, description: abc}]\nmin_rows: 1\n"
            "columns: [{name: a, type: DATE, description: abc}]\n",
            "a macro has no rows of its own",
        ),
    ],
)
def test_a_wrong_macro_declaration_says_what_is_wrong(tmp_path, monkeypatch, declared_as, why):
    monkeypatch.setattr(files, "ROOT", tmp_path)
    (tmp_path / "bad.yml").write_text("description: long enough to be accepted\n" + declared_as)
    with pytest.raises(DeclarationError, match=why):
        files.load(tmp_path / "bad.yml", Table, schema_name="core", name="bad")


def test_columns_are_stored_by_name_not_by_place(tmp_path):
    table = tables()["reference.mode_stated_zone"]
    rows = reference_rows.rows(table)
    with connection.connect(tmp_path / "x.duckdb") as con:
        writing.create(con, table, rows.select(reversed(rows.columns)))
        assert con.execute("select distinct mode_id from reference.mode_stated_zone").fetchall() != []
        assert set(con.sql("select zone_code from reference.mode_stated_zone").pl()["zone_code"]) == set(
            rows["zone_code"]
        )


def test_no_city_in_code():
    """Cities, codes and names are data: no module knows one."""
    names = [
        n.lower()
        for n in ("Hangzhou", "Shenzhen", "Zhengzhou", "Chengdu", "Ningbo", "330100", "440300", "410100")
    ]
    for path in (ROOT / "pipelines").rglob("*.py"):
        text = path.read_text(encoding="utf-8").lower()
        assert not [n for n in names if n in text], path


CONTRACT = "description: long enough to be accepted\ncolumns: [{name: a, type: DOUBLE, description: abc}]\n"
METRIC = CONTRACT.replace("abc", "abc, from: [b]") + "metric: {function: fit.mode_fit.fit}\n"


@pytest.mark.parametrize(
    ("contract", "select", "expected"),
    [
        (METRIC, "x.sql", "the input of a metric is x.input.sql"),
        (CONTRACT, "x.input.sql", "x.yml names no `metric`"),
        (CONTRACT, "y.sql", "mart/y.sql: found no contract y.yml"),
    ],
)
def test_a_select_stands_under_the_name_that_tells_what_it_gives(
    tmp_path, monkeypatch, contract, select, expected
):
    folder = tmp_path / "warehouse" / "mart"
    folder.mkdir(parents=True)
    (folder / "x.yml").write_text(contract)
    (folder / select).write_text("select 1.0 as a")
    monkeypatch.setattr(files, "ROOT", tmp_path)
    monkeypatch.setattr(columns, "common", dict)
    with pytest.raises(DeclarationError) as caught:
        declared_tables._contracts.__wrapped__()
    assert expected in str(caught.value)
