"""Names and texts as they stand in SQL.

Belongs here: the one way to put a name or a text into a statement that takes no parameter. Does not belong here:
statements. It is in no room, because readers, which know no database, write a SELECT too.
"""

from __future__ import annotations


def identifier(name: str) -> str:
    """A name of a column, table or view, whatever characters it has; an empty name is none for DuckDB.

    >>> identifier('rate "per" day')
    '"rate ""per"" day"'
    """
    return '"' + name.replace('"', '""') + '"'


def identifiers(names: list[str]) -> str:
    """Several names, as a list of columns.

    >>> identifiers(["zone_code", "order"])
    '"zone_code", "order"'
    """
    return ", ".join(map(identifier, names))


def literal(text: object) -> str:
    """A text, or a path as text.

    >>> literal("Xi'an")
    "'Xi''an'"
    """
    return "'" + str(text).replace("'", "''") + "'"
