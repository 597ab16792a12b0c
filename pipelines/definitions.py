"""The code location: everything in defs/, with the same policies applied to every asset.

`policy` gives owner, kinds, group and code version; `description` what the contract says and where columns come from.
"""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg

from pipelines.database import lineage, versions
from pipelines.declarations.groups import group_of
from pipelines.declarations.tables import Table, macros, tables
from pipelines.defs import automation, publish, raw
from pipelines.defs import tables as table_assets
from pipelines.defs.resources import Warehouse
from pipelines.landing import recognition

OWNER = "team:zonescope"
# Dagster's group is the schema; the group in which a reader meets the table is a tag, by which the catalogue can be filtered.
GROUP_TAG = "zonescope/group"
GROUP_KINDS = {
    "source": {"csv"},
    "raw": {"duckdb", "polars"},
    "reference": {"duckdb", "yaml"},
    "core": {"duckdb", "sql"},
    "work": {"duckdb", "sql"},
    "mart": {"duckdb", "sql"},
    "published": {"duckdb", "parquet"},
    "report": {"html"},
}


def policy(spec: dg.AssetSpec) -> dg.AssetSpec:
    """Owner, kinds and group for every asset; the code version of every table and macro."""
    group = spec.key.path[0]
    table = _declared(spec)
    kinds = GROUP_KINDS[group] | ({"python"} if table and table.metric else set())
    spec = spec.replace_attributes(owners=[OWNER], kinds=kinds, group_name=group)
    return spec.replace_attributes(code_version=code_version(table)) if table else spec


def description(spec: dg.AssetSpec) -> dg.AssetSpec:
    """Description, column schema and origin of each column for every table and macro, from the contract."""
    table = _declared(spec)
    if table is None:
        return spec
    group = group_of(table.full_name)
    return spec.replace_attributes(description=describe(table)).merge_attributes(
        metadata={
            "dagster/column_schema": column_schema(table),
            "dagster/column_lineage": column_lineage(table),
            "dagster/table_name": table.full_name,
        },
        tags={GROUP_TAG: group} if group else {},
    )


def _declared(spec: dg.AssetSpec) -> Table | None:
    return (tables() | macros()).get(".".join(spec.key.path))


def code_version(table: Table) -> str:
    """What the web interface compares to say that an asset is stale; of the raw tables the hash of all that reads files."""
    return recognition.fingerprint(None) if table.schema_name == "raw" else versions.code_version(table)


def column_schema(table: Table) -> dg.TableSchema:
    """Columns with type, description, unit, keys and promises, as the UI shows them."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                c.name,
                c.type.lower(),
                description=c.full_description,
                constraints=dg.TableColumnConstraints(
                    nullable=not c.required,
                    unique=table.grain == [c.name],
                    other=[f"stands in {c.references}"] if c.references else [],
                ),
            )
            for c in table.columns
        ],
        constraints=dg.TableConstraints(
            [f"primary key: {', '.join(table.grain)}"] if table.grain and not table.arguments else []
        ),
    )


def column_lineage(table: Table) -> dg.TableColumnLineage:
    """For each column the columns it is computed from."""
    origins = lineage.column_origins(table.full_name)
    return dg.TableColumnLineage(
        {name: [_dep(origin) for origin in found] for name, found in origins.items() if found}
    )


def _dep(origin: str) -> dg.TableColumnDep:
    schema, name, column = origin.split(".")
    return dg.TableColumnDep(asset_key=[schema, name], column_name=column)


def describe(table: Table) -> str:
    """Description with grain and a 'where each column comes from' table (the open-source UI draws no columns)."""
    origins = lineage.column_origins(table.full_name)
    lines = [f"| {name} | {', '.join(found)} |" for name, found in origins.items() if found]
    call = f"Call it as `{table.call}`. " if table.arguments else ""
    made = f"\n\nMade by `pipelines.metrics.{table.metric.function}` from its SELECT." if table.metric else ""
    columns = "\n\n| column | comes from |\n|---|---|\n" + "\n".join(lines) if lines else ""
    return f"{table.description}\n\n{call}One row for each: {', '.join(table.grain) or 'row of the file'}.{made}{columns}"


@dg.definitions
def defs() -> dg.Definitions:
    """Everything Dagster needs to know."""
    return definitions(policy, description)


def definitions(*policies: Callable[[dg.AssetSpec], dg.AssetSpec]) -> dg.Definitions:
    """The graph with these policies applied to every asset.

    A run on the command line does without `description`, which takes seconds to compute.
    """
    assets: list[dg.AssetsDefinition | dg.AssetSpec] = [
        *raw.source_specs,
        raw.land,
        *table_assets.assets,
        *publish.assets,
    ]
    for apply in policies:
        assets = list(dg.map_asset_specs(apply, assets))
    return dg.Definitions(
        assets=assets,
        jobs=[automation.refresh],
        schedules=automation.schedules,
        sensors=automation.sensors,
        resources={"warehouse": Warehouse()},
        executor=dg.in_process_executor,
    )
