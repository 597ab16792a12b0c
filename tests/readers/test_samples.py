"""Real published files, where the samples lie beside the project: all their lines are accounted for."""

from __future__ import annotations

import pytest

from pipelines import readers
from tests.readers.conftest import SAMPLES

NBS = {
    "renjiyi_分省年度数据 (1).csv": (31, 20, 3),
    "renjiyi_分省年度数据 (3).csv": (31, 20, 4),
    "renjiyi_分省年度数据_GDP.csv": (31, 19, 2),
    "xiehui_主要城市年度数据_上海.csv": (13, 20, 1),
}
GACC = {"soybean_2024in.csv": ("import", 36), "soybean_2024out.csv": ("export", 29)}

pytestmark = pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not here")


@pytest.mark.parametrize("name", NBS)
def test_nbs_exports(name, sources):
    rows, periods, notes = NBS[name]
    reading = readers.read((SAMPLES / "nbs" / name).read_bytes(), sources["nbs_province_gdp"], name)
    assert reading.rows.height == rows * periods and reading.rejects.is_empty()
    assert reading.accounting["note_rows"] == notes and reading.accounting["header_rows"] == 4
    assert reading.encoding == "gb18030"


@pytest.mark.parametrize("name", GACC)
def test_customs_exports(name, sources):
    flow, rows = GACC[name]
    content = (SAMPLES / "gacc" / name).read_bytes()
    assert readers.detect(content, name, sources.values()).source_id == "customs_query"
    reading = readers.read(content, sources["customs_query"], name)
    assert reading.rows.height == rows and set(reading.rows["flow_text"]) == {flow}
    assert set(reading.rows["quantity_2_unit_text"]) == {"?"} and reading.rejects.is_empty()


def test_embedded_provinces_carry_the_published_figures(sources):
    """Last ten years of the sample, cell by cell."""
    source = sources["nbs_province_gdp"]
    name = "renjiyi_分省年度数据_GDP.csv"
    key = ("area_name_text", "period_text", "value_text")
    sample = readers.read((SAMPLES / "nbs" / name).read_bytes(), source, name).rows.select(key).rows()
    path = next((source.folder / "data").iterdir())
    assert set(readers.read(path.read_bytes(), source, path.name).rows.select(key).rows()) <= set(sample)
