"""The data dictionary as Markdown, from the contracts.

Belongs here: laying the contracts out for a reader. Does not belong here: words of its own.
"""

from __future__ import annotations

from pipelines import lineage
from pipelines.contracts import ROOT, Table, tables

PATH = ROOT / "docs" / "dictionary.md"
HEAD = """# Data dictionary

Made from the contracts under `warehouse/` by `make dictionary`; the same words are the comments of the tables and
columns in DuckDB and the column schemas in Dagster. Types are DuckDB's. Money is CNY unless the unit says otherwise.
"""


def text() -> str:
    """The whole dictionary."""
    return "\n".join([HEAD, *(_section(table) for table in tables().values())])


def _section(table: Table) -> str:
    origins = lineage.column_origins(table.full_name)
    made = f" Made by `pipelines.metrics.{table.metric.function}`." if table.metric else ""
    head = f"## {table.full_name}\n\n{table.description}{made}\n\nOne row for each: {', '.join(table.grain) or 'row of the file'}.\n"
    rows = ["| column | type | what it is | comes from |", "|---|---|---|---|"]
    rows += [
        f"| {c.name} | {c.type.lower()} | {_cell(c.words)} | {', '.join(origins[c.name])} |"
        for c in table.columns
    ]
    return head + "\n" + "\n".join(rows) + "\n"


def _cell(words: str) -> str:
    return " ".join(words.split()).replace("|", "\\|")
