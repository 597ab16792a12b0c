"""Ad hoc SQL writes nothing: each try is refused, and the folder of the published file has the same files and bytes after it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from pipelines.cli import app as cli
from pipelines.database import connection, sql_guard
from pipelines.publishing import generations

PLAIN = "format csv, use_tmp_file false"

# {file} is the published database, {folder} its folder, {other} a folder beside it.
WRITES = {
    "the file itself": f"copy (select 1) to '{{file}}' ({PLAIN})",
    "the file itself, as Parquet": "copy (select 1) to '{file}' (format parquet, use_tmp_file false)",
    "its log": f"copy (select 1) to '{{file}}.wal' ({PLAIN})",
    "its log at a checkpoint": f"copy (select 1) to '{{file}}.wal.checkpoint' ({PLAIN})",
    "its log at a recovery": f"copy (select 1) to '{{file}}.wal.recovery' ({PLAIN})",
    "a dump into its temporary folder": "export database '{file}.tmp/'",
    "a dump beside it": "export database '{folder}/dump'",
    "a file in its temporary folder": f"copy (select 1) to '{{file}}.tmp/x.csv' ({PLAIN})",
    "a file beside it": f"copy (select 1) to '{{folder}}/x.csv' ({PLAIN})",
    "a partitioned copy": "copy (select 1 as a) to '{file}.tmp' (format csv, partition_by (a), overwrite_or_ignore)",
    "a table": f"copy main.thing to '{{file}}' ({PLAIN})",
    "a whole database": "copy from database w to memory",
    "after a comment": f"-- select 1\n/* select */ copy (select 1) to '{{file}}' ({PLAIN})",
    "after a SELECT": f"select 1; copy (select 1) to '{{file}}' ({PLAIN})",
    "before a SELECT": f"copy (select 1) to '{{file}}' ({PLAIN}); select 1",
    "in capitals": f"COPY (SELECT 1) TO '{{file}}' ({PLAIN})",
    "COPY in a WITH": f"with x as (copy (select 1) to '{{file}}' ({PLAIN})) select * from x",
    "COPY in a WITH that nobody reads": f"with x as (copy (select 1) to '{{file}}.wal' ({PLAIN})) select 1",
    "COPY in the second WITH": f"with a as (select 1), x as (copy (select 1) to '{{file}}' ({PLAIN})) from x",
    "COPY in a WITH in a WITH": f"with a as (with x as (copy (select 1) to '{{file}}' ({PLAIN})) from x) from a",
    "COPY in a WITH, FROM first": f"with x as materialized (copy (select 1) to '{{file}}' ({PLAIN})) from x",
    "COPY in a WITH before a PIVOT": f"with x as (copy (select 1 as a) to '{{file}}' ({PLAIN})) pivot thing on a",
    "INSERT in a WITH": "with x as (insert into thing values (2) returning *) from x",
    "UPDATE in a WITH": "with x as (update thing set a = 2 returning *) from x",
    "DELETE in a WITH": "with x as (delete from thing returning *) from x",
    "WITH before INSERT": "with x as (select 2) insert into thing select * from x",
    "WITH before DELETE": "with x as (select 1) delete from thing",
    "EXPLAIN ANALYZE COPY": f"explain analyze copy (select 1) to '{{file}}' ({PLAIN})",
    "EXPLAIN (ANALYZE) COPY": f"explain (analyze) copy (select 1) to '{{file}}' ({PLAIN})",
    "EXPLAIN (ANALYZE, FORMAT) COPY": f"explain (analyze, format json) copy (select 1) to '{{file}}' ({PLAIN})",
    "EXPLAIN ANALYZE COPY in a WITH": f"explain analyze with x as (copy (select 1) to '{{file}}' ({PLAIN})) from x",
    "EXPLAIN after a comment": f"/* c */ explain analyze copy (select 1) to '{{file}}' ({PLAIN})",
    "EXPLAIN with comments in each other": (
        f"explain /* /* */ (analyze) select 1 -- */ analyze copy (select 1) to '{{file}}' ({PLAIN})"
    ),
    "EXPLAIN with a comment that a return ends": (
        f"explain --\ranalyze with x as (copy (select 1) to '{{file}}' ({PLAIN}))\n select 1"
    ),
    "EXPLAIN ANALYZE CREATE": "explain analyze create table thing2 as select 1",
    "EXPLAIN ANALYZE INSERT": "explain analyze insert into thing values (2)",
    "EXPLAIN ANALYZE CHECKPOINT": "explain analyze checkpoint",
    "EXPLAIN ANALYZE alone": "explain analyze",
    "PREPARE": f"prepare p as copy (select 1) to '{{file}}' ({PLAIN})",
    "PREPARE and EXECUTE": f"prepare p as copy (select 1) to '{{file}}' ({PLAIN}); execute p",
    "PREPARE a SELECT": "prepare p as select 1",
    "EXECUTE": "execute p",
    "DEALLOCATE": "deallocate p",
    "a statement in query()": f"from query('copy (select 1) to ''{{file}}'' ({PLAIN})')",
    "COPY in a WITH in query()": f"from query('with x as (copy (select 1) to ''{{file}}'' ({PLAIN})) from x')",
    "INSERT in a WITH in query()": "from query('with x as (insert into thing values (2) returning *) from x')",
    "a file in query_table()": "from query_table('{other}/secret.csv')",
    "an unfolded statement": (
        f"from json_execute_serialized_sql(json_serialize_sql('with x as (copy (select 1) to ''{{file}}'' ({PLAIN})) from x'))"
    ),
    "a macro": "create macro m() as table select 1",
    "a temporary macro": "create temp macro m() as 1",
    "a temporary table": "create temp table x as select 1",
    "a table in memory": "create table memory.main.x as select 1",
    "a view": "create temp view x as select 1",
    "a sequence": "create temp sequence x",
    "the next number of a sequence": "select nextval('numbers')",
    "a type": "create type x as enum ('a')",
    "a secret": "create secret s (type http, bearer_token 'x')",
    "an index": "create index i on thing (a)",
    "INSERT": "insert into thing values (2)",
    "UPDATE": "update thing set a = 2",
    "DELETE": "delete from thing",
    "MERGE": "merge into thing using thing as t on (t.a = thing.a) when matched then delete",
    "TRUNCATE": "truncate thing",
    "ALTER": "alter table thing add column b integer",
    "DROP": "drop table thing",
    "COMMENT": "comment on table thing is 'x'",
    "CHECKPOINT": "checkpoint",
    "FORCE CHECKPOINT": "force checkpoint",
    "a checkpoint as pragma": "pragma force_checkpoint",
    "VACUUM": "vacuum",
    "ANALYZE": "analyze",
    "BEGIN": "begin",
    "BEGIN, write, COMMIT": "begin; insert into thing values (2); commit",
    "ATTACH": "attach '{other}/other.duckdb' as o",
    "ATTACH of a new file": "attach '{folder}/new.duckdb' as o",
    "ATTACH of the log's name": "attach '{file}.wal' as o",
    "ATTACH in memory": "attach ':memory:' as o",
    "ATTACH of the file itself": "attach '{file}' as o",
    "DETACH": "detach w",
    "USE": "use memory",
    "IMPORT": "import database '{file}.tmp'",
    "INSTALL": "install httpfs",
    "LOAD": "load httpfs",
    "UPDATE EXTENSIONS": "update extensions",
    "SET": "set threads = 1",
    "SET of a folder": "set temp_directory = '{other}'",
    "SET VARIABLE": "set variable x = 1",
    "RESET": "reset temp_directory",
    "PRAGMA that reads": "pragma table_info('thing')",
    "PRAGMA that sets": "pragma memory_limit = '1GB'",
    "PRAGMA with a file": "pragma profiling_output = '{file}.wal'",
    "CALL": "call duckdb_tables()",
    "CALL of the logs": "call enable_logging(storage = 'file', storage_path = '{folder}')",
    "the logs in a SELECT": "from enable_logging(storage = 'file', storage_path = '{folder}')",
    "a profile in a SELECT": "from enable_profiling(save_location = '{file}.wal')",
    "COPY from a file": "copy thing from '{other}/secret.csv'",
}

READS_OTHERS = {
    "CSV": "from read_csv('{other}/secret.csv')",
    "CSV by its name": "from '{other}/secret.csv'",
    "text": "from read_text('{other}/secret.csv')",
    "bytes": "from read_blob('{other}/secret.csv')",
    "lines": "from read_json_objects('{other}/secret.csv')",
    "names of files": "from glob('{other}/*')",
    "its own bytes": "from read_blob('{file}')",
    "its own file as another database": "from read_duckdb('{file}')",
    "its own file by name": "from query_table('{file}')",
    "its folder": "from glob('{folder}/*')",
    "the same in a WITH": "with x as (from read_text('{other}/secret.csv')) from x",
    "the same explained": "explain analyze from read_text('{other}/secret.csv')",
    "the same summarized": "summarize from read_csv('{other}/secret.csv')",
    "the same described": "describe from read_csv('{other}/secret.csv')",
    "the same in query()": "from query('from read_text(''{other}/secret.csv'')')",
}

ADMITTED = (
    "select 1",
    "select 1;",
    "select 1; select 2;",
    "-- a comment\nselect 1 -- another",
    "/* a comment */ from thing",
    "from thing",
    "table thing",
    "values (1), (2)",
    "with x as (select 1 as a) select * from x",
    "with recursive x as (select 1 as a union all select a + 1 from x where a < 3) from x",
    "select a from thing union all select 2",
    "describe thing",
    "describe select 1",
    "desc thing",
    "show tables",
    "show all tables",
    "show thing",
    "show databases",
    "summarize thing",
    "summarize select 1",
    "explain select 1",
    "explain analyze select 1",
    "EXPLAIN ANALYZE FROM thing",
    "-- a comment\nexplain /* another */ select 1",
    "/* 某 /* of two */ levels */ explain select 1",
    "explain (format json) select 1",
    "explain (analyze, format json) select 1",
    "explain with x as (select 1) from x",
    "pivot thing on a in (1, 2) using count(*)",
    "from thing pivot (count(*) for a in (1, 2))",
    "unpivot thing on a",
    "from twice(2)",
    "from query('select 1')",
    "from query_table('thing')",
    "from duckdb_tables()",
    "select 'copy (select 1) to ''x''' as \"insert\"",
    """select '"type":"COPY_QUERY_NODE"'""",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A small database in a folder of its own, as a generation has it, with a folder beside it: the folder of both."""
    folder = tmp_path_factory.mktemp("made")
    found = folder / "000001" / "w.duckdb"
    with connection.connect(found) as con:
        con.execute("create table thing as select 1 as a; create sequence numbers")
        con.execute("create macro twice(n) as table select 2 * n as a")
    (folder / "other").mkdir()
    (folder / "other" / "secret.csv").write_text("a\nsecret\n")
    duckdb.connect(str(folder / "other" / "other.duckdb")).close()
    return folder


@pytest.fixture
def file(made, tmp_path) -> Path:
    """The database in a copy of these folders."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path / "000001" / "w.duckdb"


@pytest.fixture
def con(file) -> Iterator[duckdb.DuckDBPyConnection]:
    with connection.connect(file, read_only=True) as found:
        yield found


def bytes_of(folder: Path) -> dict[Path, bytes | None]:
    """Every file and folder below a folder, with its bytes."""
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def filled(attempt: str, file: Path) -> str:
    places = {"{file}": file, "{folder}": file.parent, "{other}": file.parent.parent / "other"}
    for name, place in places.items():
        attempt = attempt.replace(name, str(place))
    return attempt


@pytest.mark.parametrize("attempt", [*WRITES.values(), *READS_OTHERS.values()], ids=[*WRITES, *READS_OTHERS])
def test_what_does_more_than_read_the_warehouse_is_refused(attempt, file, con, tmp_path):
    before = bytes_of(tmp_path)
    with pytest.raises((sql_guard.Refused, duckdb.Error)):
        sql_guard.ask(con, filled(attempt, file)).fetchall()
    assert bytes_of(tmp_path) == before


@pytest.mark.parametrize("attempt", [*WRITES.values(), *READS_OTHERS.values()], ids=[*WRITES, *READS_OTHERS])
def test_the_connection_alone_writes_no_file_either(attempt, file, con, tmp_path):
    """The second defence: what the guard would let through by mistake finds no file system."""
    before = bytes_of(tmp_path)
    try:
        rows = con.sql(filled(attempt, file)).fetchall()
    except (duckdb.Error, AttributeError):  # a statement without rows gives None
        rows = []
    assert bytes_of(tmp_path) == before and "secret" not in str(rows)


@pytest.mark.parametrize("query", ADMITTED)
def test_what_reads_is_admitted(query, con):
    assert sql_guard.ask(con, query).fetchall()


@pytest.mark.parametrize("nothing", ["", "  ", ";", "-- a comment", "/* a comment */"])
def test_a_text_without_a_statement_has_no_rows(nothing, con):
    assert sql_guard.ask(con, nothing) is None


@pytest.mark.parametrize(
    ("attempt", "found"),
    [
        ("set threads = 1", "found SET, expected a statement that only reads"),
        ("select 1; drop table thing", "found DROP, expected"),
        ("update extensions", "found a statement of an unknown type, expected"),
        ("explain analyze drop table thing", "found EXPLAIN of DROP, expected EXPLAIN of a SELECT"),
        ("with x as (delete from thing) select 1", "found a SELECT that holds DELETE, expected"),
        ("pivot thing on a", "found PIVOT without its values, expected them named"),
    ],
)
def test_a_refusal_names_what_was_found(attempt, found, con):
    with pytest.raises(sql_guard.Refused, match=found):
        sql_guard.ask(con, attempt)


def test_nothing_of_a_refused_text_runs(con):
    with pytest.raises(sql_guard.Refused):
        sql_guard.ask(con, "create temp table x as select 1; select 1; checkpoint")
    assert con.sql("select count(*) from duckdb_tables() where temporary").fetchall() == [(0,)]


def test_connections_of_one_process_are_all_closed_off(file):
    with connection.connect(file, read_only=True) as one, connection.connect(file, read_only=True) as two:
        for each in (one, two):
            assert each.sql("from thing").fetchall() == [(1,)]
            with pytest.raises(duckdb.PermissionException):
                each.sql(f"copy (select 1) to '{file}.wal' ({PLAIN})")
    with connection.connect(file) as writer:
        writer.execute("insert into thing values (2)")


@pytest.mark.parametrize("form", ["table", "csv", "json", "xlsx"])
@pytest.mark.parametrize(
    "name",
    [
        "the file itself",
        "its log",
        "a dump into its temporary folder",
        "COPY in a WITH",
        "EXPLAIN ANALYZE COPY",
    ],
)
def test_the_command_refuses_in_every_form(name, form, published, monkeypatch, tmp_path):
    monkeypatch.setenv("ZONESCOPE_DATA", str(published.root))
    generation = generations.current(published)
    before = sorted(published.published.rglob("*"))
    words = ["sql", filled(WRITES[name], generation.database), "--format", form]
    told = CliRunner().invoke(cli.app, [*words, *(["--output", str(tmp_path / "out")] * (form != "table"))])
    assert told.exit_code == 1 and "expected" in told.stdout and not list(tmp_path.iterdir())
    assert generations.verify(generation) == [] and sorted(published.published.rglob("*")) == before


def test_a_remark_may_follow_the_semicolon(published, monkeypatch):
    monkeypatch.setenv("ZONESCOPE_DATA", str(published.root))
    lines = "select 41 + 1; -- a remark\nselect 50 + -- not yet;\n5;\n"
    told = CliRunner().invoke(cli.app, ["sql"], input=lines)
    assert "42" in told.stdout and "55" in told.stdout
    told = CliRunner().invoke(cli.app, ["sql", "select 41 + 1; -- a remark", "--format", "csv"])
    assert told.exit_code == 0 and "42" in told.stdout


def test_the_prompt_refuses_and_goes_on(published, monkeypatch):
    monkeypatch.setenv("ZONESCOPE_DATA", str(published.root))
    generation = generations.current(published)
    lines = f"{filled(WRITES['the file itself'], generation.database)};\nselect 41 + 1;\n"
    told = CliRunner().invoke(cli.app, ["sql"], input=lines)
    assert "found COPY, expected" in told.stdout and "42" in told.stdout
    assert generations.verify(generation) == []
