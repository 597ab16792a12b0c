"""Excel is read by the same code as text: same rows, same places, cells as printed; hostile workbooks are refused."""

from __future__ import annotations

import csv
import io

import pytest

from pipelines.readers import detect as readers
from pipelines.readers import workbook
from pipelines.readers.text import ReadError
from tests.helpers.effort import cpu_below
from tests.helpers.excel import cells, ods, parts, sheet, xlsb, xlsx, zipped
from tests.helpers.nbs import adds_up
from tests.helpers.small_files import CUSTOMS_FILE, LIST_FILE, NBS_FILE, PANEL_FILE

FILES = {
    "panel": (PANEL_FILE, "panel_2020.csv"),
    "nbs_province_gdp": (NBS_FILE, "gdp_2025-06-30.csv"),
    "customs_query": (CUSTOMS_FILE, "tea_2024in.csv"),
    "zone_figures": (LIST_FILE, "zone_figures.csv"),
}
ERROR = '<c t="e"><v>#REF!</v></c>'


def refused(content: bytes, source, name: str = "panel_2020.xlsx") -> ReadError:
    with pytest.raises(ReadError) as caught:
        readers.read(content, source, name)
    assert name in str(caught.value)
    return caught.value


def sheets_of(reading: readers.Reading) -> set[str]:
    """Sheets that a reading names: with each row, or once for all of them (trade, of which a file has one table)."""
    return set(reading.rows["sheet"]) if "sheet" in reading.rows.columns else {reading.facts["sheet"]}


@pytest.mark.parametrize("family", FILES)
def test_every_family_reads_the_workbook_as_it_reads_the_text(family, panel, sources):
    text, name = FILES[family]
    source = panel if family == "panel" else sources[family]
    codec = source.encoding[-1]
    as_text = readers.read(text.encode(codec), source, name)
    content = xlsx({"表": cells(text)})
    as_sheet = readers.read(content, source, name.replace(".csv", ".xlsx"))
    assert as_sheet.rows.drop("sheet", strict=False).equals(as_text.rows.drop("sheet", strict=False))
    assert sheets_of(as_sheet) == {"表"} and sheets_of(as_text) == {""} and as_sheet.encoding == "xlsx"
    assert as_sheet.accounting == as_text.accounting and as_sheet.rejects.is_empty()


def test_a_registry_reads_the_workbook_too(sources):
    source = sources["trade_modes"]
    path = next((source.folder / "data").iterdir())
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    as_text = readers.read(path.read_bytes(), source, path.name)
    as_sheet = readers.read(xlsx({"codes": rows}), source, path.name)
    assert as_sheet.rows.drop("row_no").equals(as_text.rows.drop("row_no")) and adds_up(as_sheet)
    two = refused(xlsx({"a": rows, "b": rows}), source, path.name)
    assert two.reason_code == "ambiguous_file" and "on the sheets a, b" in str(two)


def test_detection_looks_into_the_sheets(panel):
    content = xlsx({"说明": [["编者的话"]], "表": cells(PANEL_FILE)})
    assert readers.detect(content, "panel_2020.xlsx", [panel]) is panel
    with pytest.raises(ReadError, match="the first lines lack"):
        readers.detect(xlsx({"表": [["a", "b"]]}), "panel_2020.xlsx", [panel])


PRINTED = {
    "an integer has no decimals": ("<c><v>24787600</v></c>", "24787600"),
    "an integer written as a double": ("<c><v>2.4787600E7</v></c>", "24787600"),
    "float32 noise stays": ("<c><v>619.27001953125</v></c>", "619.27001953125"),
    "the shortest text of the double": ("<c><v>2142.1999999999998</v></c>", "2142.2"),
    "a very large number": ("<c><v>1e22</v></c>", "1e+22"),
    "a text number keeps its form": ('<c t="str"><v>007,5</v></c>', "007,5"),
    "a formula gives its cached value": ("<c><f>1+1</f><v>2</v></c>", "2"),
    "a formula never calculated": ("<c><f>SUM(A1:A9)</f></c>", "=SUM(A1:A9)"),
    "an external link gives its cached value": ("<c><f>[1]Tabelle!A1</f><v>7.5</v></c>", "7.5"),
    "an external link that broke": ('<c t="e"><f>[1]Tabelle!A1</f><v>#REF!</v></c>', "#REF!"),
    "an error": ('<c t="e"><v>#DIV/0!</v></c>', "#DIV/0!"),
    "a formula whose result is an empty text": ('<c t="str"><f>""</f><v></v></c>', ""),
    "a truth value": ('<c t="b"><v>1</v></c>', "TRUE"),
    "a day": ('<c s="1"><v>45292</v></c>', "2024-01-01"),
    "a moment": ('<c s="1"><v>45292.5</v></c>', "2024-01-01T12:00:00"),
    "not a number": ("<c><v>NaN</v></c>", "nan"),
}


@pytest.mark.parametrize("case", PRINTED)
def test_a_cell_becomes_text_by_one_rule(case, panel):
    xml, printed = PRINTED[case]
    rows = cells(PANEL_FILE)
    rows[1][4] = xml
    reading = readers.read(xlsx({"表": rows}), panel, "panel_2020.xlsx")
    found = reading.rows.row(0, named=True)
    assert (found["sheet"], found["row_no"], found["column_no"]) == ("表", 2, 5)
    assert found["value_text"] == printed and reading.rows.height == 4


def test_an_error_in_the_last_row_or_column_is_not_lost(panel):
    rows = [*cells(PANEL_FILE), ["2019", "甲省", "丙市", "990300", None, ERROR]]
    rows[0].append(ERROR)
    reading = readers.read(xlsx({"表": rows}), panel, "panel_2020.xlsx")
    assert reading.rows["value_text"].to_list()[-2:] == ["", "#REF!"] and adds_up(reading)


def test_leading_and_inner_blank_rows_and_columns_keep_the_places(panel):
    rows = [[], [None], *([None, *row] for row in cells(PANEL_FILE)[:2]), [], [None, *cells(PANEL_FILE)[2]]]
    reading = readers.read(xlsx({"表": rows}), panel, "panel_2020.xlsx")
    assert reading.rows.select("row_no", "column_no").rows() == [(4, 6), (4, 7), (6, 6), (6, 7)]
    assert reading.accounting["blank_rows"] == 3 and reading.accounting["physical_rows"] == 6


def test_a_remark_beside_the_table_is_held_and_the_figures_load(panel):
    rows = cells(PANEL_FILE)
    rows[1].append("见注")
    reading = readers.read(xlsx({"表": rows}), panel, "panel_2020.xlsx")
    assert reading.rejects.select("sheet", "row_no", "column_no", "printed_text", "reason_code").rows() == [
        ("表", 2, 7, "见注", "unknown_column")
    ]
    assert reading.rows.height == 4 and adds_up(reading)


def test_several_sheets_are_read_and_a_sheet_of_notes_is_held(panel):
    content = xlsx(
        {"甲": cells(PANEL_FILE), "空": [], "说明": [["广告"], [], ["更多"]], "乙": cells(PANEL_FILE)}
    )
    reading = readers.read(content, panel, "panel_2020.xlsx")
    assert reading.rows.group_by("sheet", maintain_order=True).len().rows() == [("甲", 4), ("乙", 4)]
    assert reading.rejects.select("sheet", "row_no", "printed_text").rows() == [
        ("说明", 1, "广告"),
        ("说明", 3, "更多"),
    ]
    assert adds_up(reading) and reading.accounting["physical_rows"] == 9


def test_a_label_merged_over_rows_holds_for_each_and_a_number_does_not(panel):
    rows = [*cells(PANEL_FILE)[:2], ["2020", None, None, None, None, 6]]
    reading = readers.read(xlsx({"表": rows}, ("C2:C3", "D2:D3", "E2:E3")), panel, "panel_2020.xlsx")
    assert reading.rows["area_name_text"].to_list() == ["甲市"] * 4
    assert reading.rows["value_text"].to_list() == ["100", "5", "", "6"]


def test_the_preamble_of_an_export_may_be_merged(sources):
    rows = cells(NBS_FILE)
    reading = readers.read(
        xlsx({"a": rows}, ("A1:D1", "A2:D2", "A7:D7")), sources["nbs_province_gdp"], "x_2025-01-01.xlsx"
    )
    assert reading.rows.height == 6 and reading.accounting["header_rows"] == 4 and adds_up(reading)


def bomb(member: str, replacement: str) -> bytes:
    members = parts({"表": cells(PANEL_FILE)})
    return zipped({**members, member: replacement})


ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a "'
    + "ha" * 500
    + '">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{("&" + chr(97 + i) + ";") * 50}">' for i in range(6))
)
SHEET = "xl/worksheets/sheet1.xml"
HOSTILE = {
    "far cell": (SHEET, sheet([[1]]).replace("</row>", '</row><row r="1048576"><c r="XFD1048576"/></row>')),
    "too many rows": (SHEET, sheet([["<c/>"] * 3]).replace('r="1"', 'r="9999999"')),
    "entity bomb": (SHEET, ENTITIES + "]>" + sheet([["&g;"]]).replace("&amp;", "&")),
    "cut off": (SHEET, sheet(cells(PANEL_FILE))[:-40]),
    "place that is none": (SHEET, sheet([[1]]).replace('r="A1"', 'r="A-B"')),
    "deep": (SHEET, "<worksheet>" + "<a>" * 100_000),
    "no sheets": ("xl/workbook.xml", "<workbook/>"),
    "no workbook": ("xl/workbook.xml", "x"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_workbook_is_refused_in_time(case, panel):
    with cpu_below(20):
        error = refused(bomb(*HOSTILE[case]), panel)
    assert error.reason_code in {"too_large", "broken_workbook", "empty_file"}


def test_a_zip_bomb_is_refused_before_it_is_opened(panel, monkeypatch):
    """One of full size is among the monsters of test_fuzz.py."""
    monkeypatch.setattr(workbook, "MAX_UNZIPPED_BYTES", 1 << 24)
    content = bomb(SHEET, " " * (workbook.MAX_UNZIPPED_BYTES + 1))
    assert len(content) < 2_000_000
    assert refused(content, panel).reason_code == "too_large"


def test_shared_text_that_fills_the_memory_costs_one_process_only(panel, monkeypatch):
    monkeypatch.setattr(workbook, "MAX_PROCESS_BYTES", 400 * 1024 * 1024)
    members = parts({"表": [['<c t="s"><v>0</v></c>'] * 500] * 400})
    members["xl/sharedStrings.xml"] = (
        f'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>{"x" * 30_000}</t></si></sst>'
    )
    error = refused(zipped(members), panel)
    assert error.reason_code in {"too_large", "broken_workbook"}


@pytest.mark.parametrize(
    "content", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 2000, xlsx({"a": []})[:300]]
)
def test_a_broken_container_is_refused(content, panel):
    error = refused(content, panel)
    assert error.reason_code in {"broken_workbook", "wrong_encoding", "truncated_file"}


@pytest.mark.parametrize("as_sheet", [True, False])
def test_declared_notes_around_a_panel_are_notes_and_its_figures_load(as_sheet, panel):
    panel.options |= {"notes": ["注", "数据来源", "说明"]}
    text = "说明：编者\n\n" + PANEL_FILE + "注：1.万元。\n数据来源：年鉴,,,,,\n广告\n"
    reading = readers.read(xlsx({"表": cells(text)}) if as_sheet else text.encode(), panel, "panel_2020.xlsx")
    assert reading.accounting["note_rows"] == 3 and reading.accounting["blank_rows"] == 1 and adds_up(reading)
    assert reading.rows["row_no"].unique().to_list()[:2] == [4, 5]
    reason = "key_missing" if as_sheet else "wrong_field_count"
    assert reading.rejects.select("row_no", "printed_text", "reason_code").rows() == [(8, "广告", reason)]
    assert reading.rows.height == 4


def test_a_table_without_areas_is_of_the_declared_area(panel):
    panel.options = {"period": "年份", "default_area": "全国", "ignored": ["省份", "城市", "城市代码"]}
    content = PANEL_FILE.replace("2019,甲省,乙市", "2020,甲省,乙市").encode()
    reading = readers.read(content, panel, "panel_2020.csv")
    assert set(reading.rows["area_name_text"]) == {"全国"}


PERCENT = '<table:table-cell office:value-type="percentage" office:value="0.352"><text:p>35.2%</text:p></table:table-cell>'
DIVIDED = '<table:table-cell office:value-type="float" office:value="123456"><text:p>123</text:p></table:table-cell>'
OFF = '<table:table table:name="x" table:style-name="off"><table:table-row><table:table-cell office:value-type="float" office:value="1"/></table:table-row></table:table>'


def test_an_open_document_spreadsheet_is_read_as_it_is_shown():
    content = ods([["a", 1.5, PERCENT, DIVIDED], ["b", 2, None, None]], hidden=(1,), extra=OFF)
    first, off = workbook.sheets(content)
    assert first.rows == [["a", "1.5", "35.2%", "123.456 [stored: 123456]"], ["b", "2", "", ""]]
    assert first.hidden_rows == [1] and not first.hidden and off.hidden


def test_a_binary_workbook_is_read_as_it_is_shown():
    content = xlsb([["a", 1.5, (0.352, 1)], ["b", (123456, 2), 3]], ("General", "0.0%", '0!.0,"万"'), (1,))
    (sheet,) = workbook.sheets(content)
    assert sheet.rows == [["a", "1.5", "35.2%"], ["b", "12.3456万 [stored: 123456]", "3"]]
    assert sheet.hidden_rows == [1] and not sheet.hidden


@pytest.mark.parametrize("write", [ods, xlsb])
def test_every_kind_of_workbook_gives_the_same_panel(write, panel):
    wanted = readers.read(xlsx({"表": cells(PANEL_FILE)}), panel, "panel_2020.xlsx")
    content = write(cells(PANEL_FILE))
    assert readers.detect(content, "panel_2020.ods", [panel]) is panel
    found = readers.read(content, panel, "panel_2020.ods")
    assert found.rows.equals(wanted.rows) and found.accounting == wanted.accounting


def test_a_sheet_as_wide_as_a_billion_columns_is_refused():
    cell = '<table:table-cell table:number-columns-repeated="999999999" office:value-type="float" office:value="1"/>'
    with pytest.raises(ReadError) as caught:
        workbook.sheets(ods([[cell]]))
    assert caught.value.reason_code == "too_large"
