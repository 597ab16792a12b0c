"""The exchange formats: the same cube out of each of them, places and texts as printed, and what each must hold."""

from __future__ import annotations

import itertools
import json
import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.declarations.sources import sources as declared_sources
from pipelines.readers import detect as readers
from pipelines.readers.formats import cube
from pipelines.readers.text import ReadError
from tests.helpers import cubes
from tests.helpers.cubes import CUBE, FILES, OBSERVED
from tests.helpers.effort import examples
from tests.helpers.worlds import warehouse_of

PRINTED = {key: value for key, (value, _) in CUBE.items()}


@pytest.fixture
def read(tmp_path):
    """Read a text as the file of one of the formats, with options changed."""

    def _read(name, content=None, **options):
        source = cubes.source(name, tmp_path / name)
        source = source.model_copy(update={"options": {**source.options, **options}})
        content = FILES[name][3] if content is None else content
        content = content if isinstance(content, bytes) else content.encode()
        return readers.read(content, source, f"cube_{name}.{FILES[name][2]}")

    return _read


def refused(read, name, content=None, **options) -> ReadError:
    with pytest.raises(ReadError) as caught:
        read(name, content, **options)
    return caught.value


@pytest.mark.parametrize("name", FILES)
def test_each_format_gives_the_texts_as_printed(name, read):
    rows = read(name).rows.sort("row_no", "column_no")
    found = {
        (
            r["area_code_text"].removeprefix("ISO2:"),
            r["indicator_text"],
            r["period_text"].removesuffix("-A1"),
        ): r["value_text"]
        for r in rows.iter_rows(named=True)
    }
    sparse = {key: value for key, value in PRINTED.items() if value or name != "json_2"}
    assert found == sparse and rows.height == len(sparse)
    assert set(rows["area_name_text"]) <= {"", *cubes.AREA_NAMES.values()}


PLACES = {
    "csv_1": [(n, 6) for n in range(2, 10)],
    "csv_2": [(n, 10) for n in range(2, 10)],
    "generic": [(n, 1) for n in range(1, 9)],
    "specific": [(n, 1) for n in range(1, 9)],
    "json_1": [(n, 1) for n in range(1, 9)],
    "json_2": [(n, 1) for n in (1, 2, 3, 4, 5, 7, 8)],
    "px": [(row, column) for row in range(1, 5) for column in (1, 2)],
}


@pytest.mark.parametrize("name", FILES)
def test_places_and_rows_add_up(name, read):
    reading = read(name)
    assert reading.rows.select("row_no", "column_no").rows() == PLACES[name]
    assert reading.rejects.is_empty()
    counts = dict(reading.accounting)
    assert counts.pop("physical_rows") == sum(counts.values())
    assert counts["record_rows"] == reading.rows["row_no"].n_unique()


def test_a_sparse_cube_counts_what_it_does_not_list_as_blank(read):
    assert read("json_2").accounting["blank_rows"] == 1 and read("json_1").accounting["blank_rows"] == 0


@pytest.mark.parametrize("name", [n for n in FILES if not n.startswith("csv")])
def test_the_day_of_the_file_is_a_fact(name, read):
    assert read(name).facts == {"updated": "2024-03-01"}


@pytest.fixture(scope="module")
def observed(tmp_path_factory):
    """The cube as seven files; what core makes of each."""
    root = tmp_path_factory.mktemp("cubes")
    sources = {f"cube_{name}": cubes.source(name, root / name) for name in FILES}
    files = {
        f"cube_{name}{'_2024-03-01' if ending == 'csv' else ''}.{ending}": content.encode()
        for name, (_, _, ending, content) in FILES.items()
    }
    with warehouse_of(root, sources, files) as found:
        yield found


def test_every_format_lands(observed):
    _, landed = observed
    assert {(x.status, x.reason) for x in landed} == {("loaded", "")} and len(landed) == len(FILES)


@pytest.mark.parametrize("name", FILES)
def test_the_same_observations_come_out_of_every_format(name, observed):
    con, _ = observed
    rows = con.execute(
        "select area_code, indicator_id, time_period, obs_value, obs_status, unit, vintage::varchar from core.observation "
        "where source_id = ?", [f"cube_{name}"]
    ).fetchall()  # fmt: skip
    found = {row[:3]: (row[3], "A" if name == "px" else row[4]) for row in rows}
    # PC-Axis has no status of a figure that is there
    wanted = {key: (value, "A" if name == "px" else status) for key, (value, status) in OBSERVED.items()}
    assert found == wanted and len(rows) == len(wanted)
    assert {row[5] for row in rows} == {"USD", "person"} and {row[6] for row in rows} == {"2024-03-01"}


def test_nothing_is_unaccounted_and_the_multiplier_is_named(observed):
    con, _ = observed
    assert con.execute("select distinct unaccounted from mart.file_accounting").fetchall() == [(0,)]
    said = con.execute(
        "select distinct conversion from core.observation where source_id = 'cube_generic' and indicator_id = 'gdp_usd'"
    ).fetchall()
    assert said == [("printed in units of 10^6",)]


# ---- what core makes of periods, statuses, multipliers and areas

PERIODS = {
    "2024": ("2024", "A"), "2024-A1": ("2024", "A"), "2024-Q1": ("2024-Q1", "Q"), "2024-Q4": ("2024-Q4", "Q"),
    "2024-M03": ("2024-03", "M"), "2024-12": ("2024-12", "M"), "2024M07": ("2024-07", "M"), "2024-S1": ("2024-S1", "S"),
    "2024-W05": ("2024-W05", "W"), "2024-T2": ("2024-05/P4M", "C"), "2024K3": ("2024-Q3", "Q"), "2024Q3": ("2024-Q3", "Q"),
}  # fmt: skip
WRONG_PERIODS = ("2024-13", "2024-Q5", "2024-M3", "2024-W54", "24", "2024-01-15", "1850")
STATUSES = {"A": "A", "": "A", "B": "A", "N": "A", "E": "E", "I": "E", "P": "E", "F": "P", "D": "S", "U": "S"}
NO_FIGURE = ("M", "O", "L", "Q", "H")
MULTIPLIERS = {"": 5.0, "0": 5.0, "3": 5e3, "9": 5e9, "-2": 0.05}
WRONG_MULTIPLIERS = ("x", "1.5", "16", "999999999999")
CODES = {"CN": "CN", "HK": "810000", "MO": "820000", "TW": "710000", "FJ": "FJI", "US": "USA"}


def _line(area="FJ", period="2024", value="5", multiplier="0", status="A") -> str:
    return f"dataflow,{cubes.FLOW},I,A,,{area},,GDP,{period},{value},USD,{multiplier},{status}\n"


LINES = [
    *(_line(period=period) for period in (*PERIODS, *WRONG_PERIODS)),
    *(_line(status=status) for status in (*STATUSES, *NO_FIGURE, "Y")),
    *(_line(multiplier=multiplier) for multiplier in (*MULTIPLIERS, *WRONG_MULTIPLIERS)),
    *(_line(area=area) for area in (*CODES, "ES13", "WLD")),
]


@pytest.fixture(scope="module")
def resolved(tmp_path_factory):
    """Lines that differ in one thing each: what became of every line, by its row."""
    root = tmp_path_factory.mktemp("lines")
    content = cubes.csv_2({}) + "".join(LINES)
    with warehouse_of(
        root,
        {"cube_csv_2": cubes.source("csv_2", root / "s")},
        {"cube_csv_2_2024-03-01.csv": content.encode()},
    ) as (con, _):
        rows = con.execute(
            "select area_code, time_period, freq, obs_status, obs_value, reason_code from core.resolved_cell order by row_no"
        ).fetchall()
        assert con.execute("select unaccounted from mart.file_accounting").fetchall() == [(0,)]
    return [
        dict(zip(("area", "period", "freq", "status", "value", "reason"), row, strict=True)) for row in rows
    ]


def part(resolved, first, count):
    return resolved[first : first + count]


def test_periods_of_the_standards_resolve_and_others_are_held(resolved):
    good, bad = part(resolved, 0, len(PERIODS)), part(resolved, len(PERIODS), len(WRONG_PERIODS))
    assert [(row["period"], row["freq"]) for row in good] == list(PERIODS.values())
    assert {row["reason"] for row in good} == {None} and {row["reason"] for row in bad} == {"unknown_period"}


def test_a_provisional_figure_is_no_plan_and_a_forecast_is_no_observation(resolved):
    at = len(PERIODS) + len(WRONG_PERIODS)
    good = part(resolved, at, len(STATUSES))
    assert [row["status"] for row in good] == list(STATUSES.values()) and {row["value"] for row in good} == {
        5.0
    }
    held = part(resolved, at + len(STATUSES), len(NO_FIGURE) + 1)
    assert [row["reason"] for row in held] == ["said_to_be_missing"] * len(NO_FIGURE) + ["unknown_status"]


def test_multipliers_are_powers_of_ten(resolved):
    at = len(PERIODS) + len(WRONG_PERIODS) + len(STATUSES) + len(NO_FIGURE) + 1
    good, bad = (
        part(resolved, at, len(MULTIPLIERS)),
        part(resolved, at + len(MULTIPLIERS), len(WRONG_MULTIPLIERS)),
    )
    assert [row["value"] for row in good] == pytest.approx(list(MULTIPLIERS.values()), rel=1e-15)
    assert {row["reason"] for row in bad} == {"unknown_multiplier"}


def test_codes_of_the_declared_list_resolve_and_others_are_held(resolved):
    *good, region, world = resolved[-len(CODES) - 2 :]
    assert [row["area"] for row in good] == list(CODES.values())
    assert region["reason"] == world["reason"] == "unknown_area"


# ---- SDMX-CSV


def test_lines_that_delete_and_lines_of_another_flow_are_held(read):
    lines = cubes.csv_2().splitlines(keepends=True)
    lines[1] = lines[1].replace(",I,", ",D,")
    lines[2] = lines[2].replace("DF_CUBE", "DF_OTHER")
    lines[3] = lines[3].replace(",CN,", ",,")
    reading = read("csv_2", "".join(lines))
    held = reading.rejects.select("row_no", "reason_code").rows()
    assert held == [(2, "not_a_statement"), (3, "other_dataflow"), (4, "key_missing")]
    assert reading.rows["row_no"].to_list() == [5, 6, 7, 8, 9] and reading.accounting["rejected_rows"] == 3


def test_nan_is_a_blank_and_still_stands_in_what_the_line_states(read):
    row = read("csv_2").rows.filter(pl.col("value_text") == "").row(0, named=True)
    assert row["value_text"] == "" and "OBS_VALUE=NaN" in row["quote_text"] and row["status_text"] == "SDMX O"


@pytest.mark.parametrize("name", ["csv_2", "generic", "specific", "json_1", "px"])
def test_a_dimension_without_a_role_refuses_the_file(name, read):
    options = {"area": "INDICATOR", "indicator": ["INDICATOR"]}
    error = refused(read, name, **options)
    assert error.reason_code == "header_changed" and "REF_AREA" in str(error)


@pytest.mark.parametrize("name", FILES)
def test_a_declared_dimension_that_is_not_there_refuses_the_file(name, read):
    error = refused(read, name, slice={"ADJUSTMENT": ["N"]})
    assert error.reason_code == "header_changed" and "ADJUSTMENT" in str(error)


@pytest.mark.parametrize("name", FILES)
def test_what_is_outside_of_the_slice_is_no_series(name, read):
    only = {"slice": {**FILES[name][1].get("slice", {}), "TIME_PERIOD": ["2023", "2023-A1"]}}
    rows = read(name, **only).rows
    outside = rows.filter(rows["indicator_text"] == cube.OUTSIDE)
    assert set(outside["period_text"]) == {"2022"} and set(rows["period_text"]) == {"2022", "2023"}


def test_a_header_that_says_how_several_values_stand_in_a_cell(read):
    content = cubes.csv_2().replace("STRUCTURE,", "STRUCTURE[;],", 1).replace("Frequency", "TITLE[en;fr]", 1)
    rows = read("csv_2", content.replace(",Annual,", ",en:Annual;fr:Annuel,"), ignored=["TITLE"]).rows
    assert rows.height == 8 and "TITLE=en:Annual;fr:Annuel" in rows.row(0, named=True)["quote_text"]


def test_two_columns_of_one_name_are_refused(read):
    error = refused(read, "csv_2", cubes.csv_2().replace("Frequency", "REF_AREA", 1))
    assert error.reason_code == "header_changed" and "twice" in str(error)


def with_name_columns(named: dict[str, str], tail: str = "") -> str:
    """SDMX-CSV 2.0 with labels=name: a column of names behind each column of codes, called as `named` says."""
    columns = [
        "FREQ",
        "REF_AREA",
        "INDICATOR",
        "TIME_PERIOD",
        "OBS_VALUE",
        "UNIT_MEASURE",
        "UNIT_MULT",
        "OBS_STATUS",
    ]
    head = ["STRUCTURE,STRUCTURE_ID,STRUCTURE_NAME,ACTION", *(f"{c},{named.get(c, '')}" for c in columns)]
    lines = []
    for (area, series, year), (value, status) in CUBE.items():
        codes = ["A", area, series, year, value or "NaN", *cubes.UNITS[series], status]
        names = ["Annual", f'"{cubes.AREA_NAMES[area]}"', "x", "", "", "x", "", ""]
        pairs = [f"{code},{name}" for code, name in zip(codes, names, strict=True)]
        lines.append(",".join([f"dataflow,{cubes.FLOW},A cube,I", *pairs]) + tail)
    return "\n".join([",".join(head), *lines]) + "\n"


NAMED = {
    "as the concepts": {"FREQ": "Frequency", "REF_AREA": "Area", "INDICATOR": "Series", "OBS_VALUE": "Observation value"},
    "not at all": {},
    "all alike": dict.fromkeys(["FREQ", "REF_AREA", "INDICATOR", "TIME_PERIOD"], "Name"),
    "as a column of codes that has no role": {"FREQ": "SEX"},
}  # fmt: skip


@pytest.mark.parametrize("named", NAMED)
def test_columns_of_names_may_be_called_anything(named, read):
    """OECD, SPC and others write such files; some leave the names of these columns blank."""
    rows = read("csv_2", with_name_columns(NAMED[named])).rows
    plain = read("csv_2").rows
    key = [
        "area_code_text",
        "area_name_text",
        "indicator_text",
        "period_text",
        "value_text",
        "unit_text",
        "status_text",
    ]
    assert rows.select(key).rows() == plain.select(key).rows()
    assert "FREQ=A (Annual)" in rows.row(0, named=True)["quote_text"]


def test_without_pairs_a_column_without_a_role_still_refuses_the_file(read):
    lines = with_name_columns({}).splitlines()
    content = "\n".join([lines[0] + ",SEX", *(line + ",F" for line in lines[1:])]) + "\n"
    assert refused(read, "csv_2", content).reason_code == "header_changed"


def test_a_line_may_leave_out_blank_fields_at_its_end_only_where_nothing_needs_them(read):
    whole = with_name_columns({})
    short = whole.replace(",O,\n", ",O\n")
    assert short != whole and read("csv_2", whole).rejects.is_empty()
    assert set(read("csv_2", short).rejects["reason_code"]) == {"wrong_field_count"}
    header, *lines = whole.splitlines()
    noted = "\n".join([f"{header},OBS_COMMENT,,DATA_SOURCE,", *(f"{line},,," for line in lines)]) + "\n"
    reading = read("csv_2", noted, notes=["OBS_COMMENT", "DATA_SOURCE"])
    assert reading.rejects.is_empty() and reading.rows.height == len(lines)
    cut = read("csv_2", noted[:-1], notes=["OBS_COMMENT", "DATA_SOURCE"])
    assert cut.rejects["row_no"].to_list() == [len(lines) + 1]


# ---- SDMX-ML


@pytest.mark.parametrize("name", ["generic", "specific"])
def test_a_data_set_that_deletes_is_held(name, read):
    reading = read(name, getattr(cubes, name)(action="Delete"))
    assert set(reading.rejects["reason_code"]) == {"not_a_statement"} and reading.rejects.height == 8
    assert reading.rows.is_empty() and reading.accounting["rejected_rows"] == 8


BOMB = '<!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>\n<mes:GenericData'
OUTSIDE_FILE = '<!DOCTYPE m [<!ENTITY a SYSTEM "file:///etc/hostname">]>\n<mes:GenericData'


@pytest.mark.parametrize("trick", [BOMB, OUTSIDE_FILE])
def test_a_document_type_is_refused(trick, read):
    error = refused(read, "generic", cubes.generic().replace("<mes:GenericData", trick, 1))
    assert error.reason_code == "broken_xml" and "document type" in str(error)


def test_broken_and_cut_xml_are_told_apart(read):
    whole = cubes.generic()
    assert refused(read, "generic", whole[:-40]).reason_code == "truncated_file"
    assert (
        refused(read, "generic", whole.replace("</gen:Series>", "</gen:Serie>")).reason_code == "broken_xml"
    )
    assert refused(read, "generic", "<a>" * 1_000).reason_code == "header_changed"
    deep = whole.replace("<gen:Series>", "<gen:Series>" * 100, 1)
    assert refused(read, "generic", deep).reason_code == "broken_xml"


def test_the_encoding_that_the_text_was_decoded_from_counts(read):
    """The source's encodings decide, as everywhere; what the XML says of itself cannot garble a text."""
    content = cubes.generic().replace('encoding="UTF-8"', 'encoding="ISO-8859-1"').replace('"USD"', '"元"')
    assert "元" in set(read("generic", content).rows["unit_text"])


def test_structure_specific_3_0_with_complex_values(read):
    xml = cubes.specific().replace("v2_1", "v3_0")
    xml = xml.replace(
        '<Ref agencyID="XX" id="DF_CUBE" version="1.0"/>',
        f"urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow={cubes.FLOW}",
    )
    texts = "<Value><Text>one</Text><Text>un</Text></Value><Value>two</Value>"
    comp = f'OBS_STATUS="A"><Comp id="NOTE">{texts}</Comp></Obs>'
    xml = xml.replace('OBS_STATUS="A"/>', comp, 1)
    row = read("specific", xml, notes=["NOTE"]).rows.row(0, named=True)
    assert (
        row["scope_text"] == "one; un; two"
        and row["value_text"] == "17963170.50"
        and row["multiplier_text"] == "6"
    )


def test_a_flat_generic_message_gives_the_same_cells(read):
    """Observations with a whole key each, and the unit at the data set."""
    flat = "".join(
        f"<gen:Obs><gen:ObsKey>{_values(FREQ='A', REF_AREA=area, INDICATOR=series, TIME_PERIOD=year)}</gen:ObsKey>"
        f'<gen:ObsValue value="{value or "NaN"}"/><gen:Attributes>{_values(OBS_STATUS=status)}</gen:Attributes></gen:Obs>'
        for (area, series, year), (value, status) in CUBE.items()
    )
    of_set = f"<gen:Attributes>{_values(UNIT_MEASURE='USD', UNIT_MULT='6')}</gen:Attributes>"
    xml = cubes._message("GenericData", of_set + flat, "Append").replace(
        'tion="TIME_PERIOD"', 'tion="AllDimensions"'
    )
    columns = ("row_no", "area_code_text", "indicator_text", "period_text", "status_text", "value_text")
    found, series = read("generic", xml).rows, read("generic").rows
    assert found.select(columns).rows() == series.select(columns).rows()
    assert set(found["unit_text"]) == {"USD"} and set(found["multiplier_text"]) == {"6"}


def _values(**said) -> str:
    return "".join(f'<gen:Value id="{name}" value="{value}"/>' for name, value in said.items())


def test_a_group_counts_less_than_the_series_and_comes_before_it(read):
    late = cubes.generic().replace("</mes:DataSet>", "<gen:Group/></mes:DataSet>")
    assert "after the first observation" in str(refused(read, "generic", late))
    other = cubes.specific().replace('UNIT_MULT="6"/>', 'UNIT_MULT="6" UNIT_MEASURE="EUR"/>')
    assert set(read("specific", other).rows["unit_text"]) == {"USD", "PERSONS"}


# ---- JSON-stat


def changed(**parts) -> str:
    return json.dumps({**json.loads(cubes.json_2()), **parts})


LIES = {
    "wrong_cell_count": [
        changed(value=[1] * 7), changed(value=[1] * 9), changed(value=[]), changed(value={"8": 1}), changed(value={"-1": 1}),
        changed(value={"99999999999999999999999999": 1}), changed(value={"01": 1}), changed(value={"a": 1}),
    ],
    "header_changed": [
        changed(size=[1, 2, 2]), changed(size=[1, 2, 2, 10**9]), changed(size=[1, 2, 2, -2]), changed(size=["x"] * 4),
        changed(id=["FREQ"] * 4), changed(dimension={}), changed(value=None), changed(value=7), "[]", "1", '"a"',
        changed(size=[10**6, 10**6, 2, 2]), changed(status=["A", "E"]),
    ],
    "broken_json": ["{", '{"a":1,"a":2}', "[" * 100_000],
}  # fmt: skip


@pytest.mark.parametrize(("code", "content"), [(code, c) for code, found in LIES.items() for c in found])
def test_json_that_lies_is_refused(code, content, read):
    found = refused(read, "json_2", content).reason_code
    assert found in ({code, "truncated_file", "empty_file"} if code == "broken_json" else {code})


@pytest.mark.parametrize("status", ["E", ["E"]])
def test_one_status_holds_for_all_cells(status, read):
    assert set(read("json_2", changed(status=status)).rows["status_text"]) == {"SDMX E"}


def test_a_number_that_is_none_is_left_for_core_to_hold(read):
    content = cubes.json_1().replace("17963170.50", "NaN").replace("17794780", "true")
    assert read("json_1", content).rows["value_text"].to_list()[:2] == ["NaN", "true"]


def test_several_data_sets_are_sheets_and_one_without_a_role_is_held(read):
    one = json.loads(cubes.json_2())
    other = {"dimension": {}, "value": []}
    reading = read(
        "json_2", json.dumps({"class": "collection", "link": {"item": [{**one, "label": "A"}, other]}})
    )
    assert set(reading.rows["sheet"]) == {"1 A"}
    assert reading.rejects.select("sheet", "row_no", "reason_code").rows() == [("2", 1, "header_changed")]


# ---- PC-Axis


def keyed() -> str:
    head = cubes.px().partition("DATA=")[0]
    keys = 'KEYS("REF_AREA")=CODES;\nKEYS("INDICATOR")=VALUES;\n'
    return f'{head}{keys}DATA=\n"FJ","Series GDP",4980 ".."\n"CN","Series POP",141217.5 141071.0;\n'


def test_rows_with_keys_say_where_they_stand(read):
    reading = read("px", keyed())
    assert reading.rows.select("row_no", "column_no", "value_text").rows() == [
        (3, 1, "4980"), (3, 2, ""), (2, 1, "141217.5"), (2, 2, "141071.0"),
    ]  # fmt: skip
    assert reading.accounting["blank_rows"] == 2 and reading.accounting["record_rows"] == 2


@pytest.mark.parametrize("mark", ["-", ".", "..", "...", "......"])
@pytest.mark.parametrize("quote", ['"', ""])
def test_a_missing_mark_is_a_blank_with_its_mark(mark, quote, read):
    rows = read("px", cubes.px().replace("17963170.50", quote + mark + quote)).rows
    assert (
        rows.row(0, named=True)["value_text"] == "" and rows.row(0, named=True)["status_text"] == f"PX {mark}"
    )


TIMES = {
    'TLIST(A1),"2022","2023"': ["2022", "2023"],
    'TLIST(A1,"2022"-"2023")': ["2022", "2023"],
    'TLIST(Q1),"20224","20231"': ["2022-Q4", "2023-Q1"],
    'TLIST(Q1,"20224"-"20231")': ["2022-Q4", "2023-Q1"],
    'TLIST(M1,"202212"-"202301")': ["2022-M12", "2023-M01"],
    'TLIST(H1),"20222","20231"': ["2022-S2", "2023-S1"],
    'TLIST(W1),"202252","202301"': ["2022-W52", "2023-W01"],
}


@pytest.mark.parametrize("printed", TIMES)
def test_times_of_timeval(printed, read):
    content = cubes.px().replace('TLIST(A1),"2022","2023"', printed)
    assert read("px", content).rows["period_text"].to_list()[:2] == TIMES[printed]


WRONG = {
    "wrong_cell_count": [("141071.0 ", ""), ("141071.0 ", "141071.0 5 ")],
    "header_changed": [
        ('"Series GDP","Series POP"', '"Series GDP"'), ('TIMEVAL("TIME_PERIOD")=TLIST(A1)', 'TIMEVAL("TIME_PERIOD")=TLIST(M1)'),
        ('STUB="REF_AREA","INDICATOR"', 'STUB="REF_AREA","REF_AREA"'), ('MATRIX="CUBE"', 'CONTENTS="CUBE"'), ("TITLE=", "TITLE"),
        ('TLIST(A1),"2022","2023"', 'TLIST(A1,"2023"-"2022")'), ('"2022","2023"', '"2022","2023","2024"'),
    ],
    "truncated_file": [("93.6 \n;", "93.6 \n"), ("DATA=", "DAT=")],
    "wrong_encoding": [('CHARSET="ANSI"', 'CODEPAGE="punycode"'), ('CHARSET="ANSI"', 'CODEPAGE="nonsense"')],
    "unterminated_quote": [('".."', '"..')],
}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "old", "new"), [(code, *pair) for code, found in WRONG.items() for pair in found]
)
def test_px_that_is_not_whole_is_refused(code, old, new, read):
    assert old in cubes.px()
    assert refused(read, "px", cubes.px().replace(old, new)).reason_code == code


def test_a_declared_cube_of_a_thousand_million_cells_is_refused(read):
    values = ",".join(f'"{n}"' for n in range(1000))
    names = ("REF_AREA", "INDICATOR", "TIME_PERIOD")
    content = 'STUB="REF_AREA","INDICATOR";\nHEADING="TIME_PERIOD";\n'
    content += "".join(f'VALUES("{name}")={values};\n' for name in names) + "DATA=\n1 2 3;\n"
    assert refused(read, "px", content).reason_code == "too_large"


def test_the_codepage_of_the_file_goes_before_the_encodings_of_the_source(read):
    content = cubes.px().replace('CHARSET="ANSI"', 'CODEPAGE="iso-8859-5"').replace("Fiji", "Фиджи")
    reading = read("px", content.encode("iso-8859-5"))
    assert reading.encoding == "iso-8859-5" and "Фиджи" in set(reading.rows["area_name_text"])


def test_the_real_sources_know_their_roles():
    layouts = {"sdmx_csv", "sdmx_ml", "json_stat", "px", "world_bank_json"}
    for source in declared_sources().values():
        if source.layout in layouts:
            assert source.options["indicator"] and cube.dimensions(source.options), source.source_id


# ---- a long text in each of many cells


def test_a_long_text_that_stands_in_every_cell_is_bounded(read, monkeypatch):
    monkeypatch.setattr(cube, "MAX_CHARACTERS", 100_000)
    word = "x" * 20_000
    for name, content in {
        "generic": cubes.generic().replace(
            'id="UNIT_MEASURE" value="USD"', f'id="UNIT_MEASURE" value="{word}"'
        ),
        "specific": cubes.specific(action="Delete").replace('FREQ="A"', f'FREQ="{word}"'),
        "json_1": cubes.json_1().replace("Fiji", word * 2),
        "px": cubes.px().replace("Fiji", word * 2),
    }.items():
        if name == "specific":
            assert max(map(len, read(name, content).rejects["printed_text"])) <= 2000
        else:
            assert refused(read, name, content).reason_code == "too_large", name


def test_ever_so_many_attributes_are_refused_at_the_first_observation(read):
    many = " ".join(f'a{n}="1"' for n in range(100_000))
    error = refused(read, "specific", cubes.specific().replace('FREQ="A"', f'FREQ="A" {many}'))
    assert error.reason_code == "header_changed" and "a99" in str(error)


# ---- properties


FIGURE = st.one_of(
    st.none(), st.integers(-(10**6), 10**6).map(str), st.decimals(-1000, 1000, places=3).map("{:f}".format)
)


@given(sizes=st.lists(st.integers(1, 4), min_size=2, max_size=4), data=st.data())
@examples(60)
def test_any_cube_is_the_same_dense_sparse_and_as_px(sizes, data, tmp_path):
    """Whatever the sizes and the blanks, every cell keeps its codes and its text, in all three forms."""
    places = math.prod(sizes)
    figures = data.draw(st.lists(FIGURE, min_size=places, max_size=places))
    names = [f"D{n}" for n in range(len(sizes))]
    codes = [[f"{name}-{n}" for n in range(size)] for name, size in zip(names, sizes, strict=True)]
    expected = {
        " | ".join(key): figure or "" for key, figure in zip(itertools.product(*codes), figures, strict=True)
    }
    options = {"indicator": names, "default_area": "China"}
    found = {}
    for name, content in {
        "json_1": _json_cube(names, codes, figures, dense=True),
        "json_2": _json_cube(names, codes, figures, dense=False),
        "px": _px_cube(names, codes, figures),
    }.items():
        source = cubes.source(name, tmp_path / name).model_copy(update={"options": options})
        if any(figures) or name != "json_2":
            rows = readers.read(content.encode(), source, f"cube_{name}.x").rows
            found[name] = dict(rows.select("indicator_text", "value_text").rows())
    assert found["json_1"] == found["px"] == expected
    assert found.get("json_2", {}) == {key: figure for key, figure in expected.items() if figure}


def _json_cube(names, codes, figures, dense) -> str:
    dimension = {name: {"category": {"index": of}} for name, of in zip(names, codes, strict=True)}
    head = json.dumps({"id": names, "size": [len(of) for of in codes], "dimension": dimension})
    if dense:
        return f'{head[:-1]}, "value": [{", ".join(figure or "null" for figure in figures)}]}}'
    listed = ", ".join(f'"{n}": {figure}' for n, figure in enumerate(figures) if figure)
    return f'{head[:-1]}, "value": {{{listed}}}}}'


def _px_cube(names, codes, figures) -> str:
    values = "".join(
        f'VALUES("{name}")={",".join(f"{chr(34)}{code}{chr(34)}" for code in of)};\n'
        for name, of in zip(names, codes, strict=True)
    )
    stub = ",".join(f'"{name}"' for name in names[:-1])
    cells = " ".join(figure or '".."' for figure in figures)
    return f'STUB={stub};\nHEADING="{names[-1]}";\n{values}DATA=\n{cells};\n'
