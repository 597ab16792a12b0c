"""Assets of the way out: the published generation and the report made from it."""

import dagster as dg

from pipelines.declarations.tables import macros, tables
from pipelines.defs.resources import POOL, Warehouse
from pipelines.publishing import generations
from pipelines.publishing.report import write


@dg.asset(
    key=["published", "generation"],
    deps=[dg.AssetKey(t.key) for t in (tables() | macros()).values()],
    pool=POOL,
    description="Read-only DuckDB file and Parquet of all tables, with manifest; switched to atomically.",
)
def generation(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    if not _checks_all(context):
        generations.must_be_checked(warehouse.paths)
    made, is_new = generations.publish_changes(warehouse.paths)
    return dg.MaterializeResult(
        metadata={
            "generation": made.generation_id,
            "state": "published" if is_new else "unchanged",
            "dagster/row_count": made.row_count,
            "tables": len(made.manifest["tables"]),
            "path": dg.MetadataValue.path(str(made.database)),
        }
    )


def _checks_all(context: dg.AssetExecutionContext) -> bool:
    """Whether this run makes and checks every table; a user of the web interface can choose a few assets."""
    wanted = {dg.AssetKey(table.key) for table in (tables() | macros()).values()}
    return wanted <= context.job_def.asset_layer.selected_asset_keys


@dg.asset(
    key=["report", "site"],
    deps=[generation],
    description="Static HTML report of the published generation: overview, one page a zone, method, quality.",
)
def site(warehouse: Warehouse) -> dg.MaterializeResult:
    made = write.report(warehouse.paths)
    return dg.MaterializeResult(
        metadata={
            "pages": made.pages,
            "state": "written" if made.is_new else "unchanged",
            "index": dg.MetadataValue.path(str(made.index)),
        }
    )


assets = [generation, site]
