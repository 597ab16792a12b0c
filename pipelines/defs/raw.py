"""Assets of the way in: the publishers' files (external) and the raw tables, filled in one step."""

from collections import Counter
from collections.abc import Iterator

import dagster as dg

from pipelines.database import versions, writing
from pipelines.declarations.sources import Source, sources
from pipelines.defs import checks
from pipelines.defs.resources import POOL, Warehouse
from pipelines.landing import land as landing
from pipelines.landing import raw_rows


def source_spec(source: Source) -> dg.AssetSpec:
    """A publisher's file family as an external asset: shown in the lineage, made by nobody here."""
    return dg.AssetSpec(
        ["source", source.source_id],
        description=f"{source.title}. Publisher: {source.publisher}. Licence: {source.licence}. {source.notes}",
        metadata={"cadence": source.cadence, "layout": source.layout, "homepage": source.homepage},
    )


# A run names these files in its log; of a loaded one the reason names what is hidden in it.
TOLD = ("refused", "unreadable", "alone", "loaded")
source_specs = [source_spec(source) for source in sources().values()]


@dg.multi_asset(
    specs=[dg.AssetSpec(t.key, deps=[s.key for s in source_specs]) for t in raw_rows.raw_tables()],
    check_specs=[spec for t in raw_rows.raw_tables() for spec in checks.specs(t)],
    name="land",
    pool=POOL,
)
def land(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Iterator[dg.MaterializeResult]:
    """Land the embedded files and the inbox; each file enters all raw tables in one transaction."""
    with warehouse.connect() as con:
        landed = landing.land_all(con, warehouse.paths)
        for file in (f for f in landed if f.reason and f.status in TOLD):
            context.log.warning(f"{file.status} {file.file_name}: {file.reason}")
        files = dict(Counter(file.status for file in landed))
        for table in raw_rows.raw_tables():
            metadata = {"dagster/row_count": writing.count(con, table), "files": files}
            yield checks.checked(con, table, versions.data_version(con, table), metadata)
