"""Files of international trade: the same record from JSON, CSV and Excel, wide and long, and what is refused."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.readers import detect as readers
from pipelines.readers.text import ReadError
from tests.helpers import trade_files as files
from tests.helpers.excel import xlsx
from tests.helpers.small_files import SAMPLES

ONE = [files.record("0902", 5.5, 276, netWgt=1.0), files.record("TOTAL", 7.0)]
NAME = "reply_2024-03-01"


def read(content: bytes, name: str, sources, source_id: str) -> readers.Reading:
    source = readers.detect(content, name, sources.values())
    assert source.source_id == source_id
    return readers.read(content, source, name)


def sheet(records: list[dict]) -> list[list]:
    """Rows of a workbook; blank cells for what is not there."""
    return [list(files.RECORD), *(["" if v is None else v for v in row.values()] for row in records)]


def test_json_csv_and_excel_give_the_same_records(sources):
    columns = ("row_no", "column_no", "sheet")
    made = {
        "json": read(files.reply(ONE), f"{NAME}.json", sources, "un_comtrade"),
        "csv": read(files.download(ONE), f"{NAME}.csv", sources, "un_comtrade"),
        "whole": read(files.download(ONE, ""), f"{NAME}.csv", sources, "un_comtrade"),
        "xlsx": read(xlsx({"Sheet1": sheet(ONE)}), f"{NAME}.xlsx", sources, "un_comtrade"),
    }
    texts = {
        kind: reading.rows.drop(columns).select("commodity_code_text", "partner_iso3_text").rows()
        for kind, reading in made.items()
    }
    assert set(map(tuple, texts.values())) == {(("0902", "DEU"), ("TOTAL", "W00"))}
    values = {kind: [float(v) for v in reading.rows["value_text"]] for kind, reading in made.items()}
    assert set(map(tuple, values.values())) == {(5.5, 7.0)}
    assert [r["row_no"].to_list() for r in (made["json"].rows, made["csv"].rows)] == [[1, 2], [2, 3]]
    assert all(r.rejects.is_empty() and set(r.rows["value_unit_text"]) == {"US$"} for r in made.values())
    assert made["csv"].rows["column_no"].unique().to_list() == [44]


def test_numbers_of_json_stay_as_printed_and_null_is_empty(sources):
    content = files.reply(ONE).replace(b"5.5", b"6804128143.0")
    row = read(content, f"{NAME}.json", sources, "un_comtrade").rows.row(0, named=True)
    assert (row["value_text"], row["fob_value_text"], row["is_reported_text"]) == ("6804128143.0", "", "true")


def test_a_minified_reply_is_recognised(sources):
    content = files.reply(ONE).replace(b"\n", b"")
    assert read(content, f"{NAME}.json", sources, "un_comtrade").rows.height == 2


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"count": 5}, "truncated_file"),
        ({"error": "rate limit"}, "error_reply"),
        ({"data": {}}, "header_changed"),
    ],
)
def test_a_reply_that_is_not_whole_is_refused(other, code, sources):
    with pytest.raises(ReadError) as caught:
        readers.read(files.reply(ONE, **other), sources["un_comtrade"], f"{NAME}.json")
    assert caught.value.reason_code == code


@pytest.mark.parametrize(
    ("source_id", "name", "day"),
    [
        ("un_comtrade", "TradeData_2_20_2025_10_30_9.csv", dt.date(2025, 2, 20)),
        ("un_comtrade", "TradeData_12_8_2024_1_3_4 (1).csv", dt.date(2024, 12, 8)),
        ("un_comtrade", "q3_2024_2025-11-20.xlsx", dt.date(2025, 11, 20)),
        (
            "un_comtrade_legacy",
            "type-C_r-156_ps-201001_freq-M_pub-20180131_fmt-csv.csv",
            dt.date(2018, 1, 31),
        ),
        ("baci", "BACI_HS92_Y2022_V202401b.csv", dt.date(2024, 1, 28)),
        ("usitc_dataweb", "DataWeb-Query-Export 2025-08-07.xlsx", dt.date(2025, 8, 7)),
    ],
)
def test_vintages_come_from_the_name(source_id, name, day, sources):
    assert sources[source_id].vintage_of(name) == day


def test_legacy_files_of_both_kinds(sources):
    bulk = read(files.BULK_FILE.encode("windows-1252"), "pub-20180131.csv", sources, "un_comtrade_legacy")
    names = ("commodity_code_text", "flow_text", "partner_name_text", "value_text", "net_weight_text")
    assert bulk.rows.select(names).rows() == [
        ("09", "Export", "World", "300", ""),
        ("0902", "Export", "World", "300", "50"),
        ("0902", "Export", "Côte d'Ivoire", "30", "5"),
    ]
    site = read(files.SITE_FILE.encode(), "c_2019-05-01.csv", sources, "un_comtrade_legacy")
    row = site.rows.row(0, named=True)
    assert (row["period_text"], row["cif_value_text"], row["transport_code_text"]) == ("201603", "70", "")
    assert bulk.rejects.is_empty() and site.rejects.is_empty()


def test_baci_takes_the_edition_from_the_name(sources):
    reading = read(files.BACI_FILE.encode(), "BACI_HS17_Y2022_V202401.csv", sources, "baci")
    assert reading.rows.select("commodity_code_text", "classification_text", "net_weight_text").rows() == [
        ("010121", "HS17", "0.25"),
        ("090210", "HS17", "          NA"),
        ("090220", "HS17", ""),
    ]
    with pytest.raises(ReadError, match="fits no declared source"):
        readers.detect(files.BACI_FILE.encode(), "trade.csv", sources.values())


def test_dataweb_wide_gives_a_record_a_year_and_no_total(sources):
    reading = read(files.DATAWEB_WIDE.encode(), "DataWeb 2024-03-01.csv", sources, "usitc_dataweb")
    names = ("row_no", "column_no", "partner_name_text", "period_text", "value_text", "value_name_text")
    assert reading.rows.select(names).rows() == [
        (4, 5, "China", "2021", "1,000", "FAS Value"),
        (4, 6, "China", "2022", "1200", "FAS Value"),
        (5, 5, "Germany", "2021", "5", "FAS Value"),
        (5, 6, "Germany", "2022", "", "FAS Value"),
    ]
    assert reading.accounting["header_rows"] == 3 and reading.accounting["note_rows"] == 1
    assert reading.accounting["record_rows"] == 2


def test_dataweb_long_takes_the_name_of_the_value_from_its_heading(sources):
    table = [line.split(",") for line in files.DATAWEB_LONG.splitlines()]
    content = xlsx({"Query Parameters": [["Download Date", "2024-03-01"]], "General Customs Value": table})
    reading = read(content, "DataWeb 2024-03-01.xlsx", sources, "usitc_dataweb")
    names = ("sheet", "row_no", "period_text", "value_text", "value_name_text", "reporter_iso3_text")
    assert reading.rows.select(names).rows() == [
        ("General Customs Value", 4, "2021", "40", "General Customs Value", "USA"),
        ("General Customs Value", 5, "2022", "50", "General Customs Value", "USA"),
    ]
    assert reading.accounting["note_rows"] == 2 and reading.rejects.is_empty()


def test_a_further_dimension_of_the_dataweb_refuses_the_file(sources):
    content = (
        files.DATAWEB_LONG.replace("Year,", "Year,Month,")
        .replace("2021,", "2021,1,")
        .replace("2022,", "2022,1,")
    )
    with pytest.raises(ReadError, match="a further dimension") as caught:
        readers.read(content.encode(), sources["usitc_dataweb"], "DataWeb 2024-03-01.csv")
    assert caught.value.reason_code == "header_changed"


def test_a_file_without_a_value_column_is_refused(sources):
    content = files.DATAWEB_LONG.replace("Year,General Customs Value", "Year,General First Unit of Quantity")
    with pytest.raises(ReadError, match="expected a value column"):
        readers.read(content.encode(), sources["usitc_dataweb"], "DataWeb 2024-03-01.csv")


def test_an_undeclared_column_of_comtrade_is_held_cell_by_cell(sources):
    rows = [{**row, "newKey": "x"} for row in ONE]
    reading = read(files.reply(rows), f"{NAME}.json", sources, "un_comtrade")
    assert reading.rows.height == 2 and reading.rejects["reason_code"].to_list() == ["unknown_column"] * 2


def test_a_row_without_the_comma_of_the_others_is_held(sources):
    """It may as well lack a field."""
    content = files.download(ONE) + files.download(ONE, "").split(b"\r\n")[1] + b"\r\n"
    reading = read(content, f"{NAME}.csv", sources, "un_comtrade")
    assert reading.rows.height == 2
    assert reading.rejects.select("row_no", "reason_code").rows() == [(4, "wrong_field_count")]


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not here")
def test_published_records(sources):
    reply = read(next(SAMPLES.glob("comtrade/*.json")).read_bytes(), f"{NAME}.json", sources, "un_comtrade")
    assert reply.rows["value_text"].to_list()[0] == "6804128143.0" and set(reply.rows["period_text"]) == {
        "2010"
    }
    book = read(next(SAMPLES.glob("comtrade/*.xlsx")).read_bytes(), f"{NAME}.xlsx", sources, "un_comtrade")
    assert book.rows.height == 368 and set(book.rows["sheet"]) == {"Sheet1"} and book.rejects.is_empty()
    assert {"8486", "848610"} <= set(book.rows["commodity_code_text"])
