"""Ad hoc SQL: what a user may run on the published warehouse, and nothing else.

Belongs here: the judgement of a statement before it runs. Does not belong here: the connection and what it refuses by
itself (connection.py), the answer's form (publishing/exports.py).

A read-only connection is not enough. DuckDB counts the database's own file and its logs as allowed paths, so a COPY can
overwrite them; and a SELECT can hold a COPY in its WITH. The statement's type is asked for, and then its parts.
"""

from __future__ import annotations

import re

import duckdb

ADMITTED = "SELECT, FROM, VALUES, WITH, TABLE, DESCRIBE, SHOW, SUMMARIZE, or EXPLAIN of one of these"
READING_PARTS = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}

# What follows is judged by DuckDB itself. No comment may stand among these words: a comment that ends elsewhere for DuckDB
# than for this expression would hide a statement.
EXPLAIN = re.compile(
    r"\s*explain\b\s*(?:analyze\b|\((?:\s|,|analyze\b|format\b|text\b|json\b|html\b)*\))?", re.I
)


class Refused(Exception):
    """A text holds a statement that does more than read."""


def ask(con: duckdb.DuckDBPyConnection, text: str) -> duckdb.DuckDBPyRelation | None:
    """The rows of the last statement of a text; None where it has no statement.

    Args:
        con: A connection that `connection.connect(..., read_only=True)` gave.
        text: What the user typed.

    Raises:
        Refused: A statement of the text does more than read. None of them has run then.
        duckdb.Error: A statement is wrong, or fails.
    """
    for statement in con.extract_statements(text):
        _admit(con, statement)
    return con.sql(text)


# DuckDB's message for a file or network address that its settings do not allow.
DISABLED = re.compile(
    r"has been disabled by configuration|disabled through configuration|disabled by configuration", re.I
)


def message_of(error: Exception) -> str:
    """The message of a failed query, for the user.

    DuckDB's own message stays where it names the place in the query. Its message about a file or an address that the
    settings forbid does not help a user, so a plain one takes its place.

    >>> message_of(duckdb.PermissionException("File system LocalFileSystem has been disabled by configuration"))
    'found a file or a network address in the query, expected tables of the warehouse only'
    """
    if DISABLED.search(str(error)):
        return "found a file or a network address in the query, expected tables of the warehouse only"
    return str(error)


def _admit(con: duckdb.DuckDBPyConnection, statement: duckdb.Statement) -> None:
    kind = _kind(statement)
    if kind == "EXPLAIN":
        _admit_explained(con, statement.query)
    elif kind == "MULTI":
        raise Refused(
            "found PIVOT without its values, expected them named: PIVOT ... ON column IN (value, value). "
            "Without them DuckDB creates a type first. Nothing has run."
        )
    elif kind != "SELECT":
        raise Refused(f"found {kind}, expected a statement that only reads: {ADMITTED}. Nothing has run.")
    else:
        _admit_parts(con, statement.query)


def _admit_explained(con: duckdb.DuckDBPyConnection, text: str) -> None:
    """Judge the statement inside EXPLAIN like any other statement, because EXPLAIN ANALYZE runs it."""
    text = _without_comments_before(text)
    start = EXPLAIN.match(text)
    rest = text[start.end() :] if start else ""
    found = [_kind(part) for part in con.extract_statements(rest)]
    if found != ["SELECT"]:
        named = ", ".join(found) or "nothing"
        raise Refused(f"found EXPLAIN of {named}, expected EXPLAIN of a SELECT. Nothing has run.")
    _admit_parts(con, rest)


def _without_comments_before(text: str) -> str:
    """The text from its first word on. DuckDB decides where a comment ends; it counts in bytes."""
    first = next((at for at, kind in duckdb.tokenize(text) if kind != duckdb.token_type.comment), 0)
    return text.encode()[first:].decode()


def _admit_parts(con: duckdb.DuckDBPyConnection, query: str) -> None:
    """Refuse a SELECT that contains a COPY, INSERT, UPDATE or DELETE in a WITH at any depth.

    DuckDB writes the tree of the query as JSON. A text in the query cannot imitate or hide a part, because
    the JSON escapes its quotation marks.
    """
    tree = con.execute("select json_serialize_sql($1::varchar)::varchar", [query]).fetchall()[0][0]
    parts = set(re.findall(r'"type":"(\w+_NODE)"', tree))
    writing = sorted(part.split("_")[0] for part in parts - READING_PARTS)
    if writing or not parts:
        found = (
            f"a SELECT that holds {', '.join(writing)}" if writing else "a SELECT whose parts cannot be read"
        )
        raise Refused(f"found {found}, expected a statement that only reads: {ADMITTED}. Nothing has run.")


def _kind(statement: duckdb.Statement) -> str:
    """Type of a statement in DuckDB's terms: SELECT, COPY, SET and others."""
    try:
        return statement.type.name
    except ValueError:  # a type that the Python package does not know
        return "a statement of an unknown type"
