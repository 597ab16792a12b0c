"""Real published files, where the samples lie beside the project: all their lines are accounted for."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.declarations import files
from pipelines.readers import detect as readers
from tests.helpers.small_files import SAMPLES

# File: name that it lands under, source, rows x periods, lines of preamble and header, of notes and origin.
NBS = {
    "renjiyi_分省年度数据 (1).csv": ("nbs_province_population_sample", (31, 20), 4, 3),
    "renjiyi_分省年度数据 (3).csv": ("nbs_province_employment", (31, 20), 4, 4),
    "renjiyi_分省年度数据_GDP.csv": ("nbs_province_gdp", (31, 19), 4, 2),
    "2020di_分省年度数据_GDP.xls": ("nbs_province_gdp", (31, 5), 4, 3),
    "xiehui_主要城市年度数据_上海.csv": ("nbs_major_city", (13, 20), 4, 1),
    "xiehui_主要城市年度数据_上海.xls": ("nbs_major_city", (13, 20), 4, 1),
    "xiehui_年度数据_工资.xls": ("nbs_nation_wages", (15, 20), 3, 2),
}
REPLIES = {"test_stats_gdp.yaml": (12, 10), "test_stats_multi_period.yaml": (2, 2)}
GACC = {"soybean_2024in.csv": ("import", 36), "soybean_2024out.csv": ("export", 29)}

pytestmark = pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not here")


def dated(name: str) -> str:
    """The name with a day of export, which a file must state to land."""
    stem, _, suffix = name.rpartition(".")
    return f"{stem}_2026-01-05.{suffix}"


@pytest.mark.parametrize("name", NBS)
def test_nbs_exports(name, sources):
    source_id, (rows, periods), header, notes = NBS[name]
    content = (SAMPLES / "nbs" / name).read_bytes()
    source = readers.detect(content, dated(name), sources.values())
    assert source.source_id == source_id
    reading = readers.read(content, source, dated(name))
    assert reading.rows.height == rows * periods and reading.rejects.is_empty()
    assert reading.accounting["note_rows"] == notes and reading.accounting["header_rows"] == header
    assert reading.encoding == ("xls" if name.endswith("xls") else "gb18030")
    declared = {row["printed_text"] for row in files.read_csv(source.folder / "columns.csv")}
    assert set(reading.rows["indicator_text"]) <= declared


def test_the_same_table_as_text_and_as_workbook(sources):
    """Cell by cell the same place and number; the workbook has lost the zeros at the end (2152.40)."""
    found = []
    for suffix in ("csv", "xls"):
        name = f"xiehui_主要城市年度数据_上海.{suffix}"
        rows = readers.read((SAMPLES / "nbs" / name).read_bytes(), sources["nbs_major_city"], name).rows
        number = pl.col("value_text").replace("", None).cast(pl.Float64)
        found.append(rows.drop("sheet").with_columns(number))
    assert found[0].equals(found[1]) and found[0]["value_text"].null_count() == 14


def test_the_sample_years_are_flagged(sources):
    name = "renjiyi_分省年度数据 (1).csv"
    content = (SAMPLES / "nbs" / name).read_bytes()
    rows = readers.read(content, sources["nbs_province_population_sample"], dated(name)).rows
    assert set(rows.filter(pl.col("status_text") != "")["period_text"]) == {"2015年"}


def test_two_vintages_of_provincial_gdp_differ(sources):
    source, found = sources["nbs_province_gdp"], []
    for name in ("2020di_分省年度数据_GDP.xls", "renjiyi_分省年度数据_GDP.csv"):
        rows = readers.read((SAMPLES / "nbs" / name).read_bytes(), source, dated(name)).rows
        found.append(
            dict(rows.filter(pl.col("period_text") == "2018年")["area_name_text", "value_text"].rows())
        )
    assert found[0].keys() == found[1].keys() and found[0]["北京市"] == "33105.97" != found[1]["北京市"]


@pytest.mark.parametrize("name", REPLIES)
def test_nbs_replies(name, sources):
    nodes, figures = REPLIES[name]
    content = (SAMPLES / "nbs" / name).read_bytes()
    assert readers.detect(content, dated(name), sources.values()).source_id == "nbs_easyquery"
    reading = readers.read(content, sources["nbs_easyquery"], dated(name))
    assert reading.rows.height == nodes and (reading.rows["value_text"] != "").sum() == figures
    assert set(reading.rows["known_from_text"]) == {"2026-03-03"} and reading.rejects.is_empty()


def test_an_nbs_error_reply_is_refused_with_the_publishers_words(sources):
    content = (SAMPLES / "nbs" / "test_invalid_query.yaml").read_bytes()
    with pytest.raises(readers.ReadError, match="501: 对不起，未能找到符合查询条件的信息。"):
        readers.read(content, sources["nbs_easyquery"], "test_invalid_query_2026-03-03.yaml")


@pytest.mark.parametrize("name", GACC)
def test_customs_exports(name, sources):
    flow, rows = GACC[name]
    content = (SAMPLES / "gacc" / name).read_bytes()
    assert readers.detect(content, name, sources.values()).source_id == "customs_query"
    reading = readers.read(content, sources["customs_query"], name)
    assert reading.rows.height == rows and reading.facts["flow_text"] == flow
    assert set(reading.rows["quantity_2_unit_text"]) == {"?"} and reading.rejects.is_empty()


def test_embedded_provinces_carry_the_published_figures(sources):
    """Last ten years of the sample, cell by cell."""
    source = sources["nbs_province_gdp"]
    name = "renjiyi_分省年度数据_GDP.csv"
    key = ("area_name_text", "period_text", "value_text")
    sample = readers.read((SAMPLES / "nbs" / name).read_bytes(), source, name).rows.select(key).rows()
    path = next((source.folder / "data").iterdir())
    assert set(readers.read(path.read_bytes(), source, path.name).rows.select(key).rows()) <= set(sample)


def test_the_panel_of_297_cities_with_an_empty_last_row(sources):
    name = "stvbaf_job_data_gb18030.csv"
    content = (SAMPLES / "city" / name).read_bytes()
    source = readers.detect(content, name, sources.values())
    assert source.source_id == "city_employment_panel"
    reading = readers.read(content, source, name)
    assert reading.accounting == {
        "physical_rows": 7427,
        "header_rows": 1,
        "note_rows": 0,
        "blank_rows": 1,
        "record_rows": 7425,
        "continuation_rows": 0,
        "rejected_rows": 0,
        "hidden_rows": 0,
    }
    assert reading.rows.height == 7425 * 9 and reading.rejects.is_empty() and reading.encoding == "gb18030"
    assert reading.rows["area_code_text"].n_unique() == 297


def test_the_workbook_of_exchange_rates(sources):
    name = "gp_汇率.xlsx"
    content = (SAMPLES / "city" / name).read_bytes()
    assert readers.detect(content, name, sources.values()).source_id == "exchange_rate_table"
    reading = readers.read(content, sources["exchange_rate_table"], name)
    assert reading.rows.height == 17 and reading.rejects.is_empty()
    first = reading.rows.row(0, named=True)
    assert (first["sheet"], first["row_no"], first["column_no"]) == ("Sheet1", 2, 2)
    assert (first["area_name_text"], first["period_text"], first["value_text"]) == ("全国", "2007", "7.604")
