"""The data dictionary as Markdown, from the contracts.

Belongs here: laying the contracts out for a reader. Does not belong here: words of its own, HTML (reports/).
"""

from __future__ import annotations

from pipelines import declared, lineage
from pipelines.contracts import ROOT, Table, macros, tables

PATH = ROOT / "docs" / "dictionary.md"
HEAD = """# Data dictionary

Made from the contracts under `warehouse/` by `make dictionary`; the same words are the comments of the tables, columns
and macros in DuckDB, the column schemas in Dagster and a page of the report. Types are DuckDB's. Money is CNY unless the
unit says otherwise. Schemas, tables, then [macros](#macros) and the [glossary](#glossary).
"""


def text() -> str:
    """The whole dictionary."""
    sections = [_section(table) for table in tables().values()]
    calls = [_section(macro) for macro in macros().values()]
    macros_head = "# Macros\n\nCalled like a table: `from core.observation_asof('2024-06-30')`.\n"
    return "\n".join([HEAD, _schemas(), *sections, macros_head, *calls, _glossary()])


def _section(table: Table) -> str:
    origins = lineage.column_origins(table.full_name)
    made = f" Made by `pipelines.metrics.{table.metric.function}`." if table.metric else ""
    head = f"## {table.call}\n\n{table.description}{made}\n\nOne row for each: {', '.join(table.grain) or 'row of the file'}.\n"
    arguments = "".join(f"\n- `{a.name}` ({a.type.lower()}): {a.description}" for a in table.arguments)
    rows = ["| column | type | what it is | comes from |", "|---|---|---|---|"]
    rows += [
        f"| {c.name} | {c.type.lower()} | {_cell(c.words)} | {', '.join(origins[c.name])} |"
        for c in table.columns
    ]
    return head + (arguments + "\n" if arguments else "") + "\n" + "\n".join(rows) + "\n"


def _schemas() -> str:
    rows = declared.rows(tables()["reference.warehouse_schema"])
    return _list("## Schemas", ["schema", "holds", "内容"], rows.rows())


def _glossary() -> str:
    rows = declared.rows(tables()["reference.glossary"])
    return _list("# Glossary", ["term", "术语", "meaning", "含义", "stands in"], rows.rows())


def _list(title: str, header: list[str], rows: list[tuple]) -> str:
    lines = [f"| {' | '.join(header)} |", "|---" * len(header) + "|"]
    lines += [f"| {' | '.join(_cell(value or '') for value in row)} |" for row in rows]
    return f"{title}\n\n" + "\n".join(lines) + "\n"


def _cell(words: str) -> str:
    return " ".join(words.split()).replace("|", "\\|")
