"""The data dictionary, the criteria of the modes and the reason codes as Markdown, from the declarations.

The layout of declarations for a reader belongs here. Texts about single modes or tables belong to warehouse/;
HTML belongs to report/.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipelines.database import lineage
from pipelines.declarations import reference_rows
from pipelines.declarations.files import NOT_PUBLISHED, ROOT
from pipelines.declarations.groups import Group, groups
from pipelines.declarations.modes import Criterion, Mode, methodologies, modes
from pipelines.declarations.tables import Table, macros, tables

PATH = ROOT / "docs" / "dictionary.md"
HEAD = """# Data dictionary

Made from the contracts under `warehouse/` by `make dictionary`; the same words are the comments of the tables, columns
and macros in DuckDB, the column schemas in Dagster and a page of the report. Types are DuckDB's. Money is CNY unless the
unit says otherwise. The checks of each run prove the keys, in which an empty cell counts as a value; the database does
not declare them ([decision 14](decisions/0014-keys.md)). `reference.warehouse_table` and `reference.warehouse_key` have
groups and keys for queries. After the tables: [macros](#macros) and the [glossary](#glossary).
"""


CRITERIA_HEAD = """# Criteria of the modes

Made from `warehouse/modes` and `warehouse/methodology` by `make dictionary`. Weights are those that the modes declare;
a version whose weighting is not nominal takes the same criteria with weights from their scores
([versions](versions.md), [weighting](weighting.md)). "Recalled facts" says whether a fact that nobody has seen in a
source may score, with a mark.
"""
REASONS_HEAD = """# Reason codes

Made from the metrics by `make dictionary`; the same list is the table `reference.metric_reason`. A figure that cannot
be given is NULL with one of these codes, never 0, NaN or a missing row. Codes of held files and cells are another list,
`reference.reason`.

| metric | code | meaning |
|---|---|---|
"""


WORK_HEAD = """# Not published

The tables of the schema `work`: they only feed a computation.
"""


def documents() -> dict[Path, Callable[[], str]]:
    """Every generated document, with the function that makes its text."""
    method = ROOT / "docs" / "method"
    return {PATH: text, method / "criteria.md": criteria_text, method / "reasons.md": reasons_text}


def criteria_text() -> str:
    """All modes with their criteria, arguments and citations."""
    return "\n".join([CRITERIA_HEAD, *(_mode(mode) for mode in modes().values())])


def reasons_text() -> str:
    """The closed list of reason codes."""
    rows = [
        f"| {r['metric']} | `{r['reason_code']}` | {_cell(r['meaning'])} |"
        for r in reference_rows.metric_reasons()
    ]
    return REASONS_HEAD + "\n".join(rows) + "\n"


def _mode(mode: Mode) -> str:
    cities = ", ".join(f"`{code}`" for code in mode.stated_zones) or "none by name"
    head = (
        f"## {mode.name_en} ({mode.name_zh}), `{mode.mode_id}`\n\n{mode.summary.strip()}\n\n"
        f"- Needs: {mode.prerequisites}\n- Limits: {mode.limitations}\n- Zones that the paper names: {cities}\n"
        f"- Source: {mode.citation}\n"
    )
    missing = "".join(f"- {text}\n" for text in mode.not_available)
    parts = "\n".join(_criterion(mode, criterion) for criterion in mode.criteria)
    return f"{head}\n{parts}\nNot published for zones, so not scored:\n\n{missing}"


def _criterion(mode: Mode, c: Criterion) -> str:
    if c.role == "gate":
        points = ", ".join(f"{x:g}: {y:g}" for x, y in c.membership or [])
        over = "percentile among the zones" if c.scale == "percentile" else "value"
        how = f"gate; membership over the {over}: {points}"
    else:
        how = f"evidence, dimension {c.dimension}, weight {c.weight:g}; {'less' if c.direction < 0 else 'more'} is fitter"
    only = [
        v.methodology_version for v in methodologies().values() if not _has(v.criteria(mode), c.criterion_id)
    ]
    lacking = f"; not in version {', '.join(only)}" if only else ""
    facts = "admitted" if c.allows_unverified else "not admitted"
    return (
        f"### {c.label}, `{c.criterion_id}`\n\n{how}{lacking}. Indicator `{c.indicator_id}`, at most {c.max_age_years} "
        f"years old; recalled facts {facts}.\n\nWhy: {c.argument.strip()}\n\nCited from: {c.citation}.\n"
    )


def _has(criteria: list[Criterion], criterion_id: str) -> bool:
    return any(c.criterion_id == criterion_id for c in criteria)


def text() -> str:
    """The whole dictionary."""
    sections = [part for group in groups() for part in (_group(group), *map(_section, group.contracts))]
    work = [_section(table) for table in tables().values() if table.schema_name == NOT_PUBLISHED]
    calls = [_section(macro) for macro in macros().values()]
    macros_head = "# Macros\n\nCalled like a table: `from core.observation_asof('2024-06-30')`.\n"
    parts = [HEAD, _start(), _groups(), _schemas(), *sections, WORK_HEAD, *work, macros_head, *calls]
    return "\n".join([*parts, _glossary()])


def _start() -> str:
    """The tables to start with: what each is for, and its key."""
    group = groups()[0]
    rows = [(_link(t.full_name), t.summary, ", ".join(t.grain)) for t in group.contracts]
    return _list(f"## {_title(group)}", ["table", "what it has", "one row for each"], rows)


def _groups() -> str:
    rows = [(g.title, g.title_zh, g.description, ", ".join(map(_link, g.tables))) for g in groups()]
    return _list("## All published tables by group", ["group", "组", "holds", "tables"], rows)


def _group(group: Group) -> str:
    first = group.id == groups()[0].id
    return f"# {_title(group)}{', column by column' if first else ''}\n\n{group.description}\n"


def _title(group: Group) -> str:
    return f"{group.title} ({group.title_zh})"


def _link(name: str) -> str:
    """A link to the section of a table; a heading's anchor has no dot.

    >>> _link("core.zone")
    '[core.zone](#corezone)'
    """
    return f"[{name}](#{name.replace('.', '')})"


def _keys(table: Table) -> str:
    """The keys of a table in one paragraph."""
    if not table.grain:
        return "One row for each row of the file; no primary key."
    name = "One row for each" if table.arguments else "Primary key (one row for each)"
    targets = [f"{column} in {_link(target)}" for column, (target, _) in table.references.items()]
    foreign = f" Foreign keys: {', '.join(targets)}." if targets else ""
    return f"{name}: {', '.join(table.grain)}.{foreign}"


def _section(table: Table) -> str:
    origins = lineage.column_origins(table.full_name)
    made = f" Made by `pipelines.metrics.{table.metric.function}`." if table.metric else ""
    head = f"## {table.call}\n\n{table.description}{made}\n\n{_keys(table)}\n"
    arguments = "".join(f"\n- `{a.name}` ({a.type.lower()}): {a.description}" for a in table.arguments)
    rows = ["| column | type | what it is | comes from |", "|---|---|---|---|"]
    rows += [
        f"| {c.name} | {c.type.lower()} | {_cell(c.full_description)} | {', '.join(origins[c.name])} |"
        for c in table.columns
    ]
    return head + (arguments + "\n" if arguments else "") + "\n" + "\n".join(rows) + "\n"


def _schemas() -> str:
    rows = reference_rows.rows(tables()["reference.warehouse_schema"])
    return _list("## Schemas", ["schema", "holds", "内容"], rows.rows())


def _glossary() -> str:
    rows = reference_rows.rows(tables()["reference.glossary"])
    return _list("# Glossary", ["term", "术语", "meaning", "含义", "stands in"], rows.rows())


def _list(title: str, header: list[str], rows: list[tuple]) -> str:
    lines = [f"| {' | '.join(header)} |", "|---" * len(header) + "|"]
    lines += [f"| {' | '.join(_cell(value or '') for value in row)} |" for row in rows]
    return f"{title}\n\n" + "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
