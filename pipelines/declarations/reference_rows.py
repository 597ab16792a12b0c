"""The declared lists as frames: code lists, source labels, modes and criteria become tables of schema `reference`.

Belongs here: laying declarations out as rows, among them the reasons that the metrics state. Does not belong here: reading publishers' files.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from pathlib import Path

import polars as pl

from pipelines import metrics
from pipelines.declarations.files import NOT_PUBLISHED, ROOT, SCHEMAS, read_csv
from pipelines.declarations.groups import groups
from pipelines.declarations.modes import Criterion, methodologies, modes
from pipelines.declarations.sources import sources
from pipelines.declarations.tables import Table


def rows(table: Table) -> pl.DataFrame:
    """Rows of a reference table, cast to its contract's types; empty text becomes NULL.

    A list that is not one of the special ones below is the CSV of the table's own name.
    """
    special = {
        "source": _sources,
        "source_label": lambda: _per_source("columns.csv"),
        "source_scope_note": lambda: _per_source("scope_notes.csv"),
        "source_correction": lambda: _per_source("corrections.csv"),
        "source_limit": lambda: _per_source("limits.csv"),
        "methodology": _methodologies,
        "metric_reason": metric_reasons,
        "mode": _modes,
        "mode_stated_zone": _stated_zones,
        "mode_criterion": _criteria,
        "warehouse_table": _published_tables,
        "warehouse_key": _keys,
    }
    found = special.get(
        table.name, lambda: read_csv(ROOT / "warehouse" / "reference" / f"{table.name}.csv")
    )()
    frame = pl.DataFrame(found, schema={c.name: pl.String for c in table.columns}, strict=True)
    frame = frame.with_columns(pl.all().replace("", None))
    types = {"DOUBLE": pl.Float64, "INTEGER": pl.Int32, "BIGINT": pl.Int64, "BOOLEAN": pl.Boolean}
    casts = [_cast(c.name, types[c.type]) for c in table.columns if c.type in types]
    return frame.with_columns(casts)


CONTRACTS = [
    "warehouse/columns.yml",
    *(f"warehouse/{name}/*.yml" for name in SCHEMAS if name != NOT_PUBLISHED),
]
# What the rows of a list that is not the CSV of its own name are declared in: patterns from the root of the project.
DECLARED_IN = {
    "source": ["sources/*/source.yml"],
    "source_label": ["sources/*/source.yml", "sources/*/columns.csv"],
    "source_scope_note": ["sources/*/source.yml", "sources/*/scope_notes.csv"],
    "source_correction": ["sources/*/source.yml", "sources/*/corrections.csv"],
    "source_limit": ["sources/*/source.yml", "sources/*/limits.csv"],
    "methodology": ["warehouse/methodology/*.yml"],
    "metric_reason": ["warehouse/reference/metric_reason.csv", "pipelines/metrics/**/*.py"],
    "mode": ["warehouse/modes/*.yml"],
    "mode_stated_zone": ["warehouse/modes/*.yml"],
    "mode_criterion": ["warehouse/methodology/*.yml", "warehouse/modes/*.yml"],
    "warehouse_table": ["warehouse/groups.yml", *CONTRACTS],
    "warehouse_key": ["warehouse/groups.yml", *CONTRACTS],
}


def declared_in(table: Table) -> list[Path]:
    """Files that the rows of a reference table are declared in, sorted."""
    patterns = DECLARED_IN.get(table.name, [f"warehouse/reference/{table.name}.csv"])
    return sorted(path for pattern in patterns for path in ROOT.glob(pattern))


def _cast(name: str, type_: type[pl.DataType]) -> pl.Expr:
    if type_ == pl.Boolean:
        return (
            pl.col(name)
            .str.to_lowercase()
            .replace_strict({"true": True, "false": False, "1": True, "0": False})
        )
    return pl.col(name).cast(type_, strict=True)


def _per_source(file_name: str) -> list[dict[str, str]]:
    found = []
    for source in sources().values():
        path = source.folder / file_name
        if path.exists():
            found += [{"source_id": source.source_id, **row} for row in read_csv(path)]
    return found


def _sources() -> list[dict[str, str]]:
    fields = (
        "source_id",
        "title",
        "title_zh",
        "publisher",
        "licence",
        "cadence",
        "homepage",
        "layout",
        "raw_table",
        "scope",
        "priority",
        "notes",
    )
    return [
        {name: str(getattr(source, name)) for name in fields} | {"area_levels": ",".join(source.area_levels)}
        for source in sources().values()
    ]


def _modes() -> list[dict[str, str]]:
    fields = ("mode_id", "name_en", "name_zh", "summary", "prerequisites", "limitations", "citation")
    return [
        {name: getattr(mode, name) for name in fields}
        | {"stated_zones": json.dumps(mode.stated_zones), "not_available": "; ".join(mode.not_available)}
        for mode in modes().values()
    ]


def _stated_zones() -> list[dict[str, str]]:
    return [
        {"mode_id": mode.mode_id, "zone_code": code}
        for mode in modes().values()
        for code in mode.stated_zones
    ]


def metric_reasons() -> list[dict[str, str]]:
    """Every reason that a metric can give: those of SELECTs from metric_reason.csv, the others from their
    modules.
    """
    found = read_csv(ROOT / "warehouse" / "reference" / "metric_reason.csv")
    modules = pkgutil.walk_packages(metrics.__path__, f"{metrics.__name__}.")
    for full_name in sorted((module.name for module in modules), key=lambda name: name.split(".")[-1]):
        stated = getattr(importlib.import_module(full_name), "REASONS", {})
        metric = full_name.split(".")[-1]
        found += [{"metric": metric, "reason_code": code, "meaning": stated[code]} for code in sorted(stated)]
    return found


def _methodologies() -> list[dict[str, str]]:
    """All versions.

    `is_computed` marks the default, which a run computes; `publishing/compared.py` marks another.
    """
    stated = [m.model_dump(exclude={"without", "changed"}) for m in methodologies().values()]
    return [
        {name: "" if value is None else str(value) for name, value in version.items()}
        | {"is_computed": str(version["is_default"])}
        for version in stated
    ]


def _criteria() -> list[dict[str, str]]:
    return [
        _criterion(version.methodology_version, mode.mode_id, criterion)
        for version in methodologies().values()
        for mode in modes().values()
        for criterion in version.criteria(mode)
    ]


def _criterion(version: str, mode_id: str, criterion: Criterion) -> dict[str, str]:
    values = criterion.model_dump()
    values["membership"] = json.dumps(values["membership"]) if values["membership"] else ""
    return {
        "methodology_version": version,
        "mode_id": mode_id,
        **{name: str(value) for name, value in values.items()},
    }


def _published_tables() -> list[dict[str, str]]:
    """Every published table with its group, in the order of reading."""
    return [
        {
            "table_name": table.full_name,
            "summary": table.summary,
            "group_id": group.id,
            "group_title": group.title,
            "group_title_zh": group.title_zh,
            "group_no": str(group_no),
            "table_no": str(table_no),
        }
        for group_no, group in enumerate(groups(), start=1)
        for table_no, table in enumerate(group.contracts, start=1)
    ]


def _keys() -> list[dict[str, str]]:
    """A row for each column of each primary key and for each foreign key of the published tables."""
    published = [table for group in groups() for table in group.contracts]
    return [row for table in published for row in (*_primary_key(table), *_foreign_keys(table))]


def _primary_key(table: Table) -> list[dict[str, str]]:
    return [
        _key(table, "primary", name) | {"position": str(position)}
        for position, name in enumerate(table.grain, start=1)
    ]


def _foreign_keys(table: Table) -> list[dict[str, str]]:
    return [
        _key(table, "foreign", name) | {"position": "1", "referenced_table": target, "referenced_column": key}
        for name, (target, key) in table.references.items()
    ]


def _key(table: Table, kind: str, name: str) -> dict[str, str]:
    required = next(column.required for column in table.columns if column.name == name)
    return {
        "table_name": table.full_name,
        "key_type": kind,
        "column_name": name,
        "may_be_empty": str(not required),
        "referenced_table": "",
        "referenced_column": "",
    }
