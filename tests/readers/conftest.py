"""Sources and small files in the real layouts, written by hand. Does not belong here: assertions."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from pipelines.declarations import sources as declared_sources


@pytest.fixture
def panel(tmp_path: Path) -> SimpleNamespace:
    """A wide panel with two declared indicators, in a folder of its own."""
    (tmp_path / "columns.csv").write_text(
        "printed_text,indicator_id\n地区生产总值(万元),gdp\n户籍人口(万人),population_registered\n",
        encoding="utf-8",
    )
    return SimpleNamespace(
        source_id="panel",
        title="Panel",
        layout="wide_panel",
        encoding=["utf-8-sig", "gb18030"],
        file_pattern=r"panel_(?P<edition>\d{4})\.(?:csv|xlsx?)",
        signature=["年份", "城市代码"],
        folder=tmp_path,
        options={"area_code": "城市代码", "area_name": "城市", "period": "年份", "ignored": ["省份"]},
    )


@pytest.fixture(scope="session")
def sources() -> dict[str, declared_sources.Source]:
    """The declared sources of the project."""
    return declared_sources.sources()
