"""Tables made from nothing: a registry that was withdrawn leaves empty tables behind it, and no failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.database import build, connection, lineage, writing
from pipelines.declarations.tables import tables


@pytest.mark.parametrize("name", [name for name, table in tables().items() if table.metric])
def test_a_metric_of_empty_tables_is_an_empty_table(name):
    table = tables()[name]
    with connection.connect(Path(":memory:")) as con:
        for each in (tables()[above] for above in lineage.upstream(name)):
            writing.recreate(con, each)
        assert build.build(con, table).row_count == 0 and writing.has_columns(con, table)
