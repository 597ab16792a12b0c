"""Where a text of SQL ends, by DuckDB's own reading of it.

Belongs here: questions about a text as a text. Does not belong here: what a text may do (sql_guard.py), which SELECT makes
a table (select.py).
"""

from __future__ import annotations

from itertools import takewhile

import duckdb

COMMENT, SEMICOLON, OTHER = "comment", "semicolon", "other"


def bare(text: str) -> str:
    """A SELECT without the comments and semicolons after it, so that it can stand in parentheses.

    >>> bare("select ';' as a; -- the end")
    "select ';' as a"
    """
    after = list(takewhile(lambda part: part[1] != OTHER, reversed(_parts(text))))
    content = text.encode()
    return content[: after[-1][0] if after else len(content)].decode().strip()


def is_complete(text: str) -> bool:
    """Whether a semicolon ends a text; a comment may follow it.

    >>> is_complete("select 1; -- the end"), is_complete("select 1 -- no end;")
    (True, False)
    """
    return [kind for _, kind in _parts(text) if kind != COMMENT][-1:] == [SEMICOLON]


def _parts(text: str) -> list[tuple[int, str]]:
    """Place in bytes and kind of each word, number, text, sign and comment."""
    content = text.encode()
    return [(at, _kind(kind, content[at : at + 1])) for at, kind in duckdb.tokenize(text)]


def _kind(token: duckdb.token_type, sign: bytes) -> str:
    if token == duckdb.token_type.comment:
        return COMMENT
    return SEMICOLON if sign == b";" else OTHER
