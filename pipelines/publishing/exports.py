"""The answer of an ad hoc query as CSV, JSON, Parquet or a workbook.

The conversion of values into files belongs here, and the rules that keep a spreadsheet program from running a
value as a formula. The connection belongs to database/connection.py, tables on a screen to cli/.
"""

from __future__ import annotations

import csv
import datetime as dt
import decimal
import io
import itertools
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from pipelines.publishing import workbook

WHOLE_NUMBER_LIMIT = (
    2**53
)  # a workbook keeps numbers as doubles; a longer code or count would lose its last digits
WIDTH = 18  # characters of a column


class TooLong(Exception):
    """The answer has more rows than the format can hold."""


def content(relation: duckdb.DuckDBPyRelation, form: str, query: str) -> bytes:
    """Return the rows of a relation as bytes in the format `form`: csv, json, parquet or xlsx.

    Raises:
        TooLong: The answer has more rows than the format can hold.
    """
    return FORMS[form](relation, query)


def _csv(relation: duckdb.DuckDBPyRelation, _query: str) -> bytes:
    """CSV in UTF-8. A text that a spreadsheet program would read as a formula gets an apostrophe in front."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([workbook.plain(name) for name in relation.columns])
    for row in relation.fetchall():
        writer.writerow([workbook.plain(_flat(value)) for value in row])
    return out.getvalue().encode()


def _json(relation: duckdb.DuckDBPyRelation, _query: str) -> bytes:
    """A list of objects. Dates are in ISO 8601. A number that JSON does not know is a text."""
    names = _unique(relation.columns)
    rows = [
        {name: _plain(value) for name, value in zip(names, row, strict=True)} for row in relation.fetchall()
    ]
    return (json.dumps(rows, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def _parquet(relation: duckdb.DuckDBPyRelation, _query: str) -> bytes:
    out = io.BytesIO()
    relation.pl().write_parquet(out)
    return out.getvalue()


def _xlsx(relation: duckdb.DuckDBPyRelation, query: str) -> bytes:
    """One sheet with the rows and one with the query.

    Numbers stay numbers; a text never becomes a formula.
    """
    rows = relation.fetchall()
    if len(rows) > workbook.MAX_ROWS:
        raise TooLong(
            f"found {len(rows):,} rows, expected at most {workbook.MAX_ROWS:,} for a workbook; take parquet"
        )
    book = workbook.empty()
    cells = ([_cell(value) for value in row] for row in rows)
    workbook.list_sheet(book, "answer", relation.columns, cells, [WIDTH] * len(relation.columns))
    workbook.list_sheet(book, "query", ["query"], [[query]], [100])
    return workbook.content(book)


FORMS: dict[str, Callable[[duckdb.DuckDBPyRelation, str], bytes]] = {
    "csv": _csv,
    "json": _json,
    "parquet": _parquet,
    "xlsx": _xlsx,
}


def form_of(form: str, output: Path | None) -> str:
    """Return the format: the named one, else the one of the file's ending, else a table on the screen."""
    return form or (output.suffix.lower().lstrip(".") if output else "table")


def write(path: Path, form: str, data: bytes) -> None:
    """Write an answer to a file.

    CSV gets a byte order mark, because Excel does not read Chinese without it.
    """
    workbook.write(path, b"\xef\xbb\xbf" + data if form == "csv" else data)


def _unique(names: list[str]) -> list[str]:
    """Make column names unique: the second `a` becomes `a_1`, as in Parquet."""
    found: list[str] = []
    for name in names:
        candidates = (name if number == 0 else f"{name}_{number}" for number in itertools.count())
        found.append(next(candidate for candidate in candidates if candidate not in found))
    return found


def _plain(value: Any) -> Any:
    """Convert a value to a type that JSON knows."""
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _flat(value: Any) -> Any:
    """Convert a value for one cell: a list or struct becomes JSON text."""
    return json.dumps(_plain(value), ensure_ascii=False) if isinstance(value, list | dict | tuple) else value


def _cell(value: Any) -> Any:
    """Convert a value to a type that a workbook knows; a value that a workbook would round or refuse
    becomes text.
    """
    flat = _flat(value)
    if isinstance(flat, int) and not isinstance(flat, bool) and abs(flat) > WHOLE_NUMBER_LIMIT:
        return str(flat)
    if isinstance(flat, float) and not math.isfinite(flat):
        return str(flat)
    kept = bool | int | float | str | decimal.Decimal | dt.date
    return (
        flat
        if flat is None or (isinstance(flat, kept) and getattr(flat, "tzinfo", None) is None)
        else str(flat)
    )
