"""Assets of all schemas but raw: one for each contract of a table or macro, all made alike."""

import dagster as dg

from pipelines.database import build, lineage, promises
from pipelines.declarations.tables import Table, macros, tables
from pipelines.defs import checks
from pipelines.defs.resources import POOL, Warehouse


def table_asset(table: Table) -> dg.AssetsDefinition:
    """The asset of one table, made and checked in one step, after the tables that its SELECT and its promises read."""
    reads = {*lineage.upstream(table.full_name), *promises.reads(table)}

    @dg.asset(
        key=table.key,
        deps=[dg.AssetKey(name.split(".")) for name in sorted(reads)],
        check_specs=checks.specs(table),
        pool=POOL,
    )
    def make(warehouse: Warehouse) -> dg.MaterializeResult:
        with warehouse.connect() as con:
            made = build.build(con, table)
            metadata = {"dagster/row_count": made.row_count, "state": made.state}
            return checks.checked(con, table, made.data_version, metadata)

    return make


def macro_asset(macro: Table) -> dg.AssetsDefinition:
    """The asset of one table macro; its upstream assets are the tables that its SELECT reads."""

    @dg.asset(
        key=macro.key,
        deps=[dg.AssetKey(name.split(".")) for name in lineage.upstream(macro.full_name)],
        pool=POOL,
    )
    def make(warehouse: Warehouse) -> dg.MaterializeResult:
        with warehouse.connect() as con:
            made = build.build_macro(con, macro)
        return dg.MaterializeResult(
            data_version=dg.DataVersion(made.data_version), metadata={"state": made.state}
        )

    return make


assets = [
    *(table_asset(table) for table in tables().values() if table.schema_name != "raw"),
    *(macro_asset(macro) for macro in macros().values()),
]
