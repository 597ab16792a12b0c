"""Tables made from nothing: a registry that was withdrawn leaves empty tables behind it, and no failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines import build, lineage, store
from pipelines.declarations.tables import tables


@pytest.mark.parametrize("name", [name for name, table in tables().items() if table.metric])
def test_a_metric_of_empty_tables_is_an_empty_table(name):
    table = tables()[name]
    with store.connect(Path(":memory:")) as con:
        for each in (tables()[above] for above in lineage.upstream(name)):
            store.recreate(con, each)
        assert build.build(con, table) == 0 and store.has_columns(con, table)
