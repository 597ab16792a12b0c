"""Ad hoc SQL: the examples run, the answer comes in every form, and no text becomes a formula."""

from __future__ import annotations

import csv
import io
import json
import re

import duckdb
import openpyxl
import polars as pl
import pytest
from typer.testing import CliRunner

from pipelines.cli import app as cli
from pipelines.declarations.files import ROOT
from pipelines.publishing import exports, generations

QUERIES = sorted((ROOT / "docs" / "queries").glob("*.sql"))
DOC = (ROOT / "docs" / "sql.md").read_text(encoding="utf-8")
HOSTILE = ["=1+1", "+1", "-1", "@sum(a1)", "\tx", "\rx"]
ANSWER = (
    "select 'a' as \"=cmd\", -1.5 as number, 10 as whole, date '2024-01-31' as day, null as nothing, true as yes, "
    "[1, 2] as list, {'k': '北京'} as struct, 9007199254740993 as long, unnest(['=1+1', '-1', 'plain']) as text"
)


@pytest.fixture
def run(published, monkeypatch):
    monkeypatch.setenv("ZONESCOPE_DATA", str(published.root))
    return lambda *words: CliRunner().invoke(cli.app, ["sql", *map(str, words)])


@pytest.mark.parametrize("path", QUERIES, ids=lambda p: p.stem)
def test_every_example_has_a_comment_and_an_answer(path, warehouse):
    query = path.read_text(encoding="utf-8")
    assert re.match(r"-- [A-Z][^\n]+\?", query)
    assert warehouse.execute(query).fetchall()


def test_there_are_about_fifteen_examples_and_the_document_counts_them():
    words = {15: "Fifteen", 16: "Sixteen", 17: "Seventeen", 18: "Eighteen"}
    assert f"{words[len(QUERIES)]} commented examples" in DOC


@pytest.mark.parametrize("number", range(len(re.findall(r"```python\n(.*?)```", DOC, flags=re.DOTALL))))
def test_the_python_of_the_document_runs(number, published):
    code = re.findall(r"```python\n(.*?)```", DOC, flags=re.DOTALL)[number]
    generation = generations.current(published)
    code = code.replace("PATH/warehouse-000001.duckdb", str(generation.database))
    names: dict = {}
    exec(code.replace("PARQUET", str(generation.folder / "parquet")), names)  # noqa: S102 - our own document
    assert all(len(names[n]) for n in ("fits", "same", "best", "wide") if n in names and n != "fits")


def test_a_query_may_begin_with_a_comment_like_those_of_the_documents(run):
    told = run("-- 1. How = well?\nselect 42 as answer", "--format", "csv")
    assert told.exit_code == 0 and told.stdout.split() == ["answer", "42"]
    assert run("--formt", "csv").exit_code == 2  # an option that is misspelled is still noticed


def test_json_keeps_types_and_says_dates_in_iso(run):
    rows = json.loads(run(ANSWER, "--format", "json").stdout_bytes)
    assert rows[0] == {
        "=cmd": "a",
        "number": -1.5,
        "whole": 10,
        "day": "2024-01-31",
        "nothing": None,
        "yes": True,
        "list": [1, 2],
        "struct": {"k": "北京"},
        "long": 9007199254740993,
        "text": "=1+1",
    }
    assert json.loads(run("select 1 as a, 2 as a, 1/0 as b", "--format", "json").stdout) == [
        {"a": 1, "a_1": 2, "b": "inf"}
    ]


def test_csv_neutralises_formulas_and_leaves_numbers(run, tmp_path):
    told = run(ANSWER, "--output", tmp_path / "a.csv")
    assert told.exit_code == 0, told.stdout
    data = (tmp_path / "a.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    header, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert header[0] == "'=cmd" and [row[-1] for row in rows] == ["'=1+1", "'-1", "plain"]
    assert rows[0][1:8] == ["-1.5", "10", "2024-01-31", "", "True", "[1, 2]", '{"k": "北京"}']
    assert not run(ANSWER, "--format", "csv").stdout_bytes.startswith(b"\xef\xbb\xbf")


def test_a_workbook_holds_text_as_text_and_numbers_as_numbers(run, tmp_path):
    assert run(ANSWER, "--output", tmp_path / "a.xlsx").exit_code == 0
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    rows = list(book["answer"].iter_rows())
    assert [c.data_type for c in rows[1]] == ["s", "n", "n", "d", "n", "b", "s", "s", "s", "s"]
    assert rows[0][0].value == "=cmd" and rows[0][0].data_type == "s" and rows[0][0].quotePrefix
    assert rows[1][-1].value == "=1+1" and rows[1][-1].quotePrefix and rows[1][1].value == -1.5
    assert rows[1][-2].value == "9007199254740993"
    assert book["query"]["A2"].value == ANSWER


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_left_as_a_formula(text):
    relation = duckdb.sql("select ? as x", params=[text])
    assert next(
        csv.reader(io.StringIO(exports.content(relation, "csv", "").decode().split("\r\n", 1)[1], newline=""))
    )[0].startswith("'")
    sheet = openpyxl.load_workbook(io.BytesIO(exports.content(relation, "xlsx", "=1")))["answer"]
    assert sheet["A2"].data_type == "s" and sheet["A2"].quotePrefix


def test_parquet_is_that_of_the_table(run, tmp_path, warehouse):
    assert run("from core.zone order by zone_code", "--output", tmp_path / "zones.parquet").exit_code == 0
    assert pl.read_parquet(tmp_path / "zones.parquet").equals(
        warehouse.sql("from core.zone order by zone_code").pl()
    )


def test_a_workbook_that_is_too_long_is_refused(monkeypatch):
    monkeypatch.setattr(exports.workbook, "MAX_ROWS", 2)
    with pytest.raises(exports.TooLong, match="3 rows.*parquet"):
        exports.content(duckdb.sql("from range(3)"), "xlsx", "")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["select 1", "--format", "pdf"], "expected table, csv, json, parquet or xlsx"),
        (["select 1", "--format", "xlsx"], "expected --output"),
        (["select 1", "--output", "a.txt"], "expected table, csv"),
        (["select 1", "--format", "table", "--output", "a.csv"], "found --output"),
        (["selct 1", "--format", "csv"], "syntax error"),
        (["select nothing from mart.mode", "--format", "json"], "nothing"),
    ],
)
def test_what_cannot_be_answered_is_said_in_one_line(run, words, why):
    told = run(*words)
    assert told.exit_code == 1 and why in told.stdout and "Traceback" not in told.stdout


def test_an_output_that_fails_leaves_the_old_file(run, tmp_path):
    (tmp_path / "a.csv").write_text("kept")
    assert run("select error('no')", "--output", tmp_path / "a.csv").exit_code == 1
    assert (tmp_path / "a.csv").read_text() == "kept" and len(list(tmp_path.iterdir())) == 1
