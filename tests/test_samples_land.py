"""Real published files go the whole way, dropped into the inbox as a user would; every row and cell is accounted for."""

from __future__ import annotations

import pytest

from pipelines import settings, store
from tests.conftest import build_all
from tests.readers.conftest import SAMPLES
from tests.readers.excel import zipped

pytestmark = pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not here")

# Sample, name it is dropped under (a day of export must be in it), cells that it has.
DROPPED = {
    "nbs/renjiyi_分省年度数据 (1).csv": ("人口_2026-01-05.csv", 620),
    "nbs/renjiyi_分省年度数据 (3).csv": ("就业_2026-01-05.csv", 620),
    "nbs/renjiyi_分省年度数据_GDP.csv": ("gdp_2026-01-05.csv", 589),
    "nbs/2020di_分省年度数据_GDP.xls": ("gdp_2020-06-30.xls", 155),
    "nbs/xiehui_主要城市年度数据_上海.csv": ("上海_2020-12-31.csv", 260),
    "nbs/xiehui_主要城市年度数据_上海.xls": ("上海_2020-12-31.xls", 260),
    "nbs/xiehui_年度数据_工资.xls": ("工资_2020-12-31.xls", 300),
    "nbs/test_stats_gdp.yaml": ("reply_2026-03-03.yaml", 12),
    "nbs/test_stats_multi_period.yaml": ("reply2_2026-03-03.yaml", 2),
    "nbs/test_invalid_query.yaml": ("reply3_2026-03-03.yaml", 0),
    "city/stvbaf_job_data_gb18030.csv": ("stvbaf_job_data_gb18030.csv", 66825),
    "city/gp_汇率.xlsx": ("gp_汇率.xlsx", 17),
    "gacc/soybean_2024in.csv": ("soybean_2024in.csv", 36),
    "gacc/soybean_2024out.csv": ("soybean_2024out.csv", 29),
}


@pytest.fixture(scope="module")
def landed(tmp_path_factory):
    """A warehouse built from the embedded data and the samples, some of them in an archive."""
    paths = settings.Paths(tmp_path_factory.mktemp("samples"))
    paths.inbox.mkdir()
    packed = {}
    for sample, (name, _) in DROPPED.items():
        content = (SAMPLES / sample).read_bytes()
        if sample.startswith("gacc/"):
            packed[f"海关/{name}"] = content
        else:
            (paths.inbox / name).write_bytes(content)
    (paths.inbox / "customs.zip").write_bytes(zipped(packed))
    build_all(paths)
    with store.connect(paths.work, read_only=True) as con:
        yield con


def test_every_cell_is_accounted_for(landed):
    rows = landed.execute(
        "select file_name, status, cells_total, unaccounted from mart.file_accounting "
        "where file_name not in (select file_name from raw.file where origin = 'embedded')"
    ).fetchall()
    found = {name.rpartition("/")[2]: (status, cells, missing) for name, status, cells, missing in rows}
    assert found.pop("customs.zip") == ("archive", 0, 0)
    refused = {"reply3_2026-03-03.yaml"}
    assert found == {
        name: ("refused" if name in refused else "loaded", cells, 0) for name, cells in DROPPED.values()
    }


def test_sample_years_are_suspect_and_others_are_not(landed):
    rows = landed.execute(
        "select distinct time_period, obs_status from core.observation where indicator_id = 'population_sampled'"
    ).fetchall()
    status = dict(rows)
    assert status.pop("2015") == "S" and set(status.values()) == {"A"} and len(status) == len(rows) - 1


def test_two_vintages_of_provincial_gdp_stand_side_by_side(landed):
    rows = landed.execute(
        "select vintage::varchar, printed_text from core.observation where area_code = '120000' "
        "and indicator_id = 'gdp' and time_period = '2017' and source_id = 'nbs_province_gdp' order by vintage"
    ).fetchall()
    assert ("2020-06-30", "18549.19") in rows and rows[-1][0] == "2026-01-05" and rows[-1][1] != "18549.19"


def test_missing_figures_of_the_query_service_are_blank(landed):
    (row,) = landed.execute(
        "select cells_blank, cells_not_used from mart.file_accounting where file_name = 'reply_2026-03-03.yaml'"
    ).fetchall()
    assert sum(row) == 12
