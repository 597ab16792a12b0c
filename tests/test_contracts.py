"""The declarations: everything described, SELECTs that keep to their contracts, errors that name file and field."""

from __future__ import annotations

import pytest
import sqlglot

from pipelines import contracts, declared, lineage, store
from pipelines.contracts import ROOT, DeclarationError, Table, modes, sources, tables

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


@pytest.mark.parametrize("name", sorted(n for n in tables() if n.split(".")[0] in ("core", "mart")))
def test_every_core_and_mart_table_is_one_select_with_known_origins(name):
    sql = tables()[name].sql
    assert [type(s) for s in sqlglot.parse(sql, dialect="duckdb")] in (
        [sqlglot.exp.Select],
        [sqlglot.exp.Union],
    )
    assert lineage.upstream(name), f"{name} reads no table"
    origins = lineage.column_origins(name)
    if tables()[name].metric is None:
        known = {f"{t.full_name}.{c}" for t in tables().values() for c in t.column_names}
        assert set().union(*origins.values()) <= known
        assert any(origins.values())


def test_data_flow_one_way():
    """Nothing reads back up: raw and reference read nothing, core never reads mart."""
    level = {"reference": 0, "raw": 0, "core": 1, "mart": 2}
    for name in tables():
        for other in lineage.upstream(name):
            assert level[other.split(".")[0]] <= level[name.split(".")[0]], f"{name} reads {other}"


def test_weights_of_each_mode_sum_to_one():
    for mode in modes().values():
        total = sum(c.weight for c in mode.criteria if c.role == "evidence")
        assert total == pytest.approx(1), mode.mode_id


def test_a_wrong_declaration_names_file_and_field(tmp_path, monkeypatch):
    monkeypatch.setattr(contracts, "ROOT", tmp_path)
    path = tmp_path / "bad.yml"
    path.write_text(
        "description: long enough to be accepted\ngrain: [a]\ncolumns: [{name: a, type: MONEY, description: abc}]\n"
    )
    with pytest.raises(DeclarationError, match=r"bad\.yml.*(?s:.)*columns\.0\.type"):
        contracts._load(path, Table, schema_name="core", name="bad")


def test_a_ragged_list_names_its_line(tmp_path, monkeypatch):
    monkeypatch.setattr(contracts, "ROOT", tmp_path)
    path = tmp_path / "list.csv"
    path.write_text("a,b\n1,2\n3\n")
    with pytest.raises(DeclarationError, match=r"list\.csv line 3"):
        contracts.read_csv(path)


def test_a_select_with_other_columns_than_declared_is_refused(tmp_path):
    table = tables()["core.area"]
    with (
        store.connect(tmp_path / "x.duckdb") as con,
        pytest.raises(store.ContractError, match="missing.*name_zh"),
    ):
        store.create(con, table, "select 'CN' as area_code, 1 as surplus")


def test_columns_are_stored_by_name_not_by_place(tmp_path):
    table = tables()["reference.mode_stated_zone"]
    rows = declared.rows(table)
    with store.connect(tmp_path / "x.duckdb") as con:
        store.create(con, table, rows.select(reversed(rows.columns)))
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
