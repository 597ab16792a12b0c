"""The synthetic warehouse and the report built from it, once for all tests of this folder."""

from pathlib import Path

import duckdb
import pytest

from pipelines.publishing.report import site
from tests.helpers import synthetic


@pytest.fixture(scope="session")
def warehouse():
    con = duckdb.connect(":memory:")
    synthetic.fill(con)
    yield con
    con.close()


@pytest.fixture(scope="session")
def report(warehouse, tmp_path_factory) -> Path:
    """The folder of the built report."""
    out_dir = tmp_path_factory.mktemp("report")
    site.build(warehouse, out_dir, synthetic.GENERATION)
    return out_dir
