"""Downloads and answers of the World Bank: preamble, years as columns, sums among the countries, words that are notes."""

from __future__ import annotations

import json

import pytest

from pipelines.declarations import sources as declared_sources
from pipelines.readers import detect as readers
from pipelines.readers.text import ReadError
from tests.helpers import cubes
from tests.helpers.excel import xlsx, zipped
from tests.helpers.worlds import warehouse_of

NAME = "API_NY.GDP.MKTP.CD_DS2_en_csv_v2_1.csv"


@pytest.fixture
def source(sources):
    return sources["world_bank_wdi"]


def test_a_download_is_read_with_its_places(source, sources):
    content = cubes.WORLD_BANK.encode()
    assert readers.detect(content, NAME, sources.values()) is source
    reading = readers.read(content, source, NAME)
    assert reading.facts["updated"] == "2024-06-28" and reading.rejects.is_empty()
    assert reading.accounting == {
        "physical_rows": 8,
        "header_rows": 3,
        "note_rows": 0,
        "blank_rows": 2,
        "record_rows": 3,
        "continuation_rows": 0,
        "rejected_rows": 0,
        "hidden_rows": 0,
    }
    rows = reading.rows.select(
        "row_no", "column_no", "area_code_text", "indicator_text", "period_text", "value_text"
    )
    assert rows.rows()[:3] == [
        (6, 5, "CHN", "NY.GDP.MKTP.CD", "2021", "17820459508852.2"),
        (6, 6, "CHN", "NY.GDP.MKTP.CD", "2022", "17881783387000.9"),
        (6, 7, "CHN", "NY.GDP.MKTP.CD", "2023", ""),
    ]
    assert rows.height == 9 and set(reading.rows["area_name_text"]) == {"China", "World", "Korea, Rep."}


def test_a_workbook_has_the_same_figures_and_its_words_are_notes(source):
    cells = [line.split("|") for line in cubes.WORLD_BANK_CELLS]
    words = [
        ["Country Code", "Region", "IncomeGroup", "SpecialNotes", "TableName"],
        ["CHN", "x", "y", "z", "China"],
    ]
    reading = readers.read(
        xlsx({"Data": cells, "Metadata - Countries": words}), source, NAME.replace("csv", "xlsx")
    )
    text = readers.read(cubes.WORLD_BANK.encode(), source, NAME)
    key = ("row_no", "column_no", "area_code_text", "period_text", "value_text")
    assert reading.rows.select(key).rows() == text.rows.select(key).rows()
    assert set(reading.rows["sheet"]) == {"Data"} and reading.rejects.is_empty()
    assert reading.accounting["note_rows"] == 2 and reading.facts["updated"] == "2024-06-28"


def test_words_that_come_in_a_file_of_their_own_are_notes(sources):
    name, content = "Metadata_Country_API_NY.GDP.MKTP.CD_DS2_en_csv_v2_1.csv", cubes.WORLD_BANK_WORDS.encode()
    found = readers.detect(content, name, sources.values())
    assert found.source_id == "world_bank_descriptions"
    reading = readers.read(content, found, name)
    assert reading.rows.is_empty() and reading.rejects.is_empty() and reading.accounting["note_rows"] == 4


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('"2021"', '"YR2021"', "header_changed"),
        ("Country Code", "Kod", "column_missing"),
        ('"Indicator Code","2021","2022","2023",', '"Indicator Code","2021","2022",', None),
    ],
)
def test_another_header_is_refused_or_its_lines_are_held(old, new, code, source):
    content = cubes.WORLD_BANK.replace(old, new).encode()
    if code is None:
        reading = readers.read(content, source, NAME)
        assert reading.rows.is_empty() and set(reading.rejects["reason_code"]) == {"wrong_field_count"}
        return
    with pytest.raises(ReadError) as caught:
        readers.read(content, source, NAME)
    assert caught.value.reason_code == code


def test_an_answer_is_read_as_printed(sources):
    content = cubes.WORLD_BANK_ANSWER.encode()
    source = readers.detect(content, "gdp.json", sources.values())
    assert source.source_id == "world_bank_api"
    reading = readers.read(content, source, "gdp.json")
    assert reading.facts == {"updated": "2024-06-28"}
    found = reading.rows.select(
        "row_no", "area_code_text", "area_name_text", "indicator_text", "period_text", "value_text"
    )
    assert found.rows() == [
        (1, "CHN", "China", "SP.POP.TOTL", "2023", "1410710000"),
        (2, "", "High income", "SP.POP.TOTL", "2023", "1.40E9"),
        (3, "CHN", "China", "SP.POP.TOTL", "2022", ""),
    ]


def test_an_observation_of_another_form_is_held_and_a_message_refuses(sources):
    source, page = sources["world_bank_api"], json.loads(cubes.WORLD_BANK_ANSWER)
    page[1][0] = {"indicator": None}
    reading = readers.read(json.dumps(page).encode(), source, "gdp.json")
    assert reading.rejects.select("row_no", "reason_code").rows() == [(1, "malformed_node")]
    message = b'[{"message":[{"id":"120","value":"The provided parameter value is not valid"}]}]'
    with pytest.raises(ReadError, match="not valid"):
        readers.read(message, source, "gdp.json")


@pytest.fixture(scope="module")
def landed(tmp_path_factory):
    """A download as it comes (an archive of three members) and an answer, the whole way to core."""
    words = "Metadata_Country_API_NY.GDP.MKTP.CD_DS2_en_csv_v2_1.csv"
    files = {
        "API_NY.zip": zipped({NAME: cubes.WORLD_BANK.encode(), words: cubes.WORLD_BANK_WORDS.encode()}),
        "population.json": cubes.WORLD_BANK_ANSWER.encode(),
    }
    found = {
        name: source for name, source in declared_sources.sources().items() if name.startswith("world_bank")
    }
    with warehouse_of(tmp_path_factory.mktemp("bank"), found, files) as (con, _):
        yield con


def test_a_download_lands_with_all_its_members(landed):
    rows = landed.execute(
        "select file_name, status, vintage::varchar, cells_loaded, cells_blank, cells_quarantined, unaccounted "
        "from mart.file_accounting order by file_name"
    ).fetchall()
    assert [(row[0].rpartition("!")[2], *row[1:]) for row in rows] == [
        ("API_NY.zip", "archive", None, 0, 0, 0, 0),
        (NAME, "loaded", "2024-06-28", 6, 3, 0, 0),
        ("Metadata_Country_API_NY.GDP.MKTP.CD_DS2_en_csv_v2_1.csv", "loaded", None, 0, 0, 0, 0),
        ("population.json", "loaded", "2024-06-28", 2, 1, 0, 0),
    ]


def test_china_is_the_nation_and_a_sum_of_countries_is_no_country(landed):
    rows = landed.execute(
        "select distinct area_code, level from core.observation join core.area using (area_code) order by all"
    ).fetchall()
    assert rows == [("CN", "nation"), ("HIC", "aggregate"), ("KOR", "country"), ("WLD", "aggregate")]


def test_the_countries_of_the_world_are_each_there_once(landed):
    (row,) = landed.execute(
        "select count(*) filter (level = 'country'), count(*) filter (level = 'nation'), "
        "count(*) filter (area_code in ('CHN', 'HKG', 'MAC', 'TWN')) from core.area"
    ).fetchall()
    # 249 of ISO 3166-1, of which China, Hong Kong, Macao and Taiwan stand under their own codes; and Kosovo
    assert row == (249 - 4 + 1, 1, 0)
    aliases = landed.execute(
        "select alias, area_code from reference.area_alias where alias in ('CHN', 'ISO2:CN', 'M49:156', 'ISO2:HK', 'TWN')"
    ).fetchall()
    assert dict(aliases) == {
        "CHN": "CN",
        "ISO2:CN": "CN",
        "M49:156": "CN",
        "ISO2:HK": "810000",
        "TWN": "710000",
    }


# ---- DataBank


def test_an_extract_of_databank_has_its_day_at_its_foot_and_two_dots_for_a_blank(sources):
    source = sources["world_bank_databank"]
    for name in ("P_Data_Extract_From_World_Development_Indicators.csv", "b7f1_Data.CSV".lower()):
        assert readers.detect(cubes.DATABANK.encode(), name, sources.values()) is source
    reading = readers.read(cubes.DATABANK.encode(), source, "x_Data.csv")
    assert reading.facts["updated"] == "2024-06-28" and reading.rejects.is_empty()
    rows = reading.rows.select("row_no", "column_no", "area_code_text", "period_text", "value_text").rows()
    assert rows == [
        (2, 5, "CHN", "2022", "17881783387000.9"),
        (2, 6, "CHN", "2023", "17794783039552.5"),
        (3, 5, "FJI", "2022", ""),
        (3, 6, "FJI", "2023", "5442046565.2"),
    ]
    counts = dict(reading.accounting)
    assert counts["note_rows"] == 2 and counts["blank_rows"] == 2
    assert counts.pop("physical_rows") == sum(counts.values()) == 7


def test_an_extract_with_its_foot_cut_off_says_that_its_day_is_missing(sources):
    source = sources["world_bank_databank"]
    content = cubes.DATABANK.partition('"Data from')[0].encode()
    reading = readers.read(content, source, "x_Data.csv")
    assert "updated" not in reading.facts and reading.rows.height == 4


def test_a_databank_column_that_is_no_year_refuses_the_file(sources):
    content = cubes.DATABANK.replace("2022 [YR2022]", "2022 [YR2021]").encode()
    with pytest.raises(ReadError, match="expected years"):
        readers.read(content, sources["world_bank_databank"], "x_Data.csv")
