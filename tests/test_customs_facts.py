"""Facts of customs exports: flow and vintage, overlapping exports, quantities, the English site, files of Comtrade's bulk service."""

from __future__ import annotations

import datetime as dt
import gzip

import pytest

from pipelines import file_names
from pipelines.database import build, connection
from pipelines.declarations.sources import sources
from pipelines.landing import land as landing
from pipelines.landing import vintages
from pipelines.readers.publishers import customs_query
from pipelines.readers.text import ReadError
from tests.helpers.worlds import copy_of

HEADER = '"数据年月","贸易伙伴编码","贸易伙伴名称","商品编码","商品名称","人民币",\n'
ENGLISH = (
    '"Date of data","Trading partner code","Trading partner","Commodity code","Commodity","Customs Regime code",'
    '"Customs Regime","Locations of importers and exporters code","Locations of importers and exporters","Quantity",'
    '"Unit","Supplimentary Quantity","Supplimentary Unit","US dollar",\n'
    '"202403","110","Hong Kong","85171300","Smart phones","10","Ordinary trade","44","Guangdong","7","Piece","2",'
    '"Kilogram","12,345",\n'
)
BULK = (
    "typeCode\tfreqCode\trefPeriodId\trefYear\trefMonth\tperiod\treporterCode\tflowCode\tpartnerCode\tpartner2Code\t"
    "classificationCode\tisOriginalClassification\tcmdCode\tcustomsCode\tmosCode\tmotCode\tqtyUnitCode\tqty\t"
    "isQtyEstimated\taltQtyUnitCode\taltQty\tisAltQtyEstimated\tnetWgt\tisNetWgtEstimated\tgrossWgt\t"
    "isGrossWgtEstimated\tcifvalue\tfobvalue\tprimaryValue\tlegacyEstimationFlag\tisReported\tisAggregate\n"
    "C\tA\t20220101\t2022\t52\t2022\t156\tX\t392\t0\tH6\t1\t850760\tC00\t0\t0\t5\t10\tFalse\t5\t10\tFalse\t3\tFalse\t0\t"
    "False\t\t700\t700\t0\tFalse\tTrue\n"
    "C\tA\t20220101\t2022\t52\t2022\t156\tX\t410\t0\tH6\t1\t850760\tC00\t0\t0\t5\t10\tFalse\t5\t10\tFalse\t3\tFalse\t0\t"
    "False\t\t300\t300\t0\tFalse\tTrue\n"
    "C\tA\t20220101\t2022\t52\t2022\t156\tX\t0\t0\tH6\t1\t850760\tC00\t0\t0\t5\t20\tFalse\t5\t20\tFalse\t6\tFalse\t0\t"
    "False\t\t1000\t1000\t0\tFalse\tTrue\n"
)
SOURCE = sources()["customs_query"]


def line(month: str, value: str, commodity: str = "01012100") -> str:
    return f'"{month}","110","香港","{commodity}","马","{value}",\n'


@pytest.fixture(params=[1 << 30, 1], ids=["small", "large"])
def world(request, resolved, tmp_path, monkeypatch):
    """What lands the given files (in this order) and decides on them."""
    paths = copy_of(resolved, tmp_path / "customs")
    monkeypatch.setattr(landing.readers, "LARGE_BYTES", request.param)
    with connection.connect(paths.work) as con:

        def land(*files: tuple[str, str | bytes]):
            for name, content in files:
                raw = content if isinstance(content, bytes) else content.encode("gb18030")
                (paths.inbox / name).write_bytes(raw)
                landing.land(con, paths.inbox / name, "inbox", paths)
            build.build_all(con, ["mart.file_accounting", "core.international_trade"])
            assert con.execute("select sum(unaccounted) from mart.file_accounting").fetchall() == [(0,)]
            return con

        yield land


FLOWS = {
    "exports_2024_tianjin.csv": "export",
    "Import_2024.csv": "import",
    "2024_Export.CSV": "export",
    "2024年1月出口.csv": "export",
    "进口2024.xlsx": "import",
    "soybean_2024in.csv": "import",
    "out-2024.csv": "export",
}


@pytest.mark.parametrize(("name", "flow"), FLOWS.items())
def test_whole_words_of_a_name_state_the_flow(name, flow):
    assert customs_query.flow_of(SOURCE, name) == flow


@pytest.mark.parametrize(
    "name",
    [
        "tianjin_2024.csv",
        "2024年进出口.csv",
        "import_export.csv",
        "porting.csv",
        "进口和出口.csv",
        "dout.csv",
    ],
)
def test_a_name_that_says_both_or_nothing_asks_for_the_flow(name):
    with pytest.raises(ReadError, match="flow: import") as caught:
        customs_query.flow_of(SOURCE, name)
    assert caught.value.reason_code == "flow_unknown" and f"{name}.yml" in str(caught.value)
    assert customs_query.flow_of(SOURCE.with_facts({"flow": "export"}), name) == "export"


TODAY, LAST = dt.date(2026, 12, 1), dt.date(2024, 2, 29)
VINTAGES = {
    "1210_2024_import.csv": dt.date(2024, 12, 31),
    "2024H1_2024_export.csv": dt.date(2024, 12, 31),
    "2019-2024_import.csv": dt.date(2024, 12, 31),  # several years: the inside decides
    "import.csv": dt.date(2024, 12, 31),
    "20190101_import.csv": dt.date(2024, 12, 31),
    "2023_import.csv": LAST,  # never before the last period
    "2026_import.csv": LAST,  # never after today
}


@pytest.mark.parametrize(("name", "day"), VINTAGES.items())
def test_a_derived_vintage_lies_between_the_last_period_and_today(name, day):
    assert vintages.vintage(SOURCE, name, {}, LAST, TODAY) == day


@pytest.mark.parametrize("day", ["2024-02-28", "2026-12-02"])
def test_a_stated_vintage_that_is_impossible_is_refused(day):
    with pytest.raises(ReadError, match=r"2024-02-29.*2026-12-01.*vintage: YYYY-MM-DD") as caught:
        vintages.vintage(SOURCE.with_facts({"vintage": day}), "import.csv", {}, LAST, TODAY)
    assert caught.value.reason_code == "impossible_vintage"


def test_the_year_of_a_name_is_bounded():
    names = ["a_2024.csv", "1210.csv", "12024.csv", "2024_2024.csv", "2023_2024.csv"]
    assert [file_names.year_in(name) for name in names] == ["2024", "", "", "2024", ""]


def totals(con, files: str) -> list[tuple]:
    return con.execute(
        "select time_period, sum(value_cny) from core.trade join raw.file using (file_sha256) "
        f"where is_latest and origin = 'inbox' and file_name like '{files}' group by 1 order by 1"
    ).fetchall()


def test_overlapping_exports_count_once(world):
    quarter = HEADER + line("202401", "100") + line("202402", "200")
    con = world(("q_2024_export.csv", quarter), ("h_2024_export.csv", quarter + line("202403", "300")))
    assert totals(con, "%") == [("2024-01", 100.0), ("2024-02", 200.0), ("2024-03", 300.0)]
    con = world(("later_2025_export.csv", HEADER + line("202401", "101")))
    assert totals(con, "%") == [("2024-01", 101.0), ("2024-02", 200.0), ("2024-03", 300.0)]


@pytest.mark.parametrize("half_last", [False, True])
def test_a_file_copied_in_part_gives_way_to_the_whole_one(world, half_last):
    """The last figure of the half lost its end; the order in which the two land does not matter."""
    bare = (HEADER + line("202401", "100") + line("202402", "2345")).replace('"', "").replace(",\n", "\n")
    files = [("half_2024_export.csv", bare.rstrip("\n")[:-2]), ("whole_2024_export.csv", bare)]
    con = world(*(files[::-1] if half_last else files))
    assert totals(con, "%") == [("2024-01", 100.0), ("2024-02", 2345.0)]


def test_other_goods_currencies_and_dimensions_do_not_overlap(world):
    con = world(
        ("a_2024_export.csv", HEADER + line("202401", "100")),
        ("b_2024_export.csv", HEADER + line("202401", "50", "02012000")),
        ("c_2024_export.csv", (HEADER + line("202401", "15")).replace("人民币", "美元")),
        ("d_2024_export.csv", '"数据年月","人民币",\n"202401","150",\n'),
        ("e_2024_import.csv", HEADER + line("202401", "7")),
    )
    assert con.execute("select count(*) from core.trade_superseded").fetchall() == [(0,)]


def test_duplicates_inside_a_file_are_quarantined(world):
    content = (
        HEADER + line("202401", "1") * 2 + line("202402", "2") + line("202402", "3") + line("202403", "4")
    )
    con = world(("twice_2024_export.csv", content))
    held = (
        "select row_no, reason_code from core.quarantine where file_name = 'twice_2024_export.csv' order by 1"
    )
    assert con.execute(held).fetchall() == [
        (3, "duplicate_record"),
        (4, "contradicting_records"),
        (5, "contradicting_records"),
    ]
    assert totals(con, "twice%") == [("2024-01", 1.0), ("2024-03", 4.0)]


def test_months_beyond_the_vintage_are_impossible(world):
    con = world(("far_2024_export.csv", HEADER + line("202401", "1") + line("209901", "2")))
    held = "select row_no, reason_code from core.quarantine where file_name = 'far_2024_export.csv'"
    assert con.execute(held).fetchall() == [(3, "period_not_over")]
    day = "select vintage from raw.file where file_name = 'far_2024_export.csv'"
    assert con.execute(day).fetchall() == [(dt.date(2024, 12, 31),)]


QUANTITIES = {
    "5": 5.0, "1,234": 1234.0, "１２": 12.0, "": None, "--": None, "…": None,
    "1,23": "held", "1.234,5": "held", "12 345": "held", "x": "held", "5千克": "held", "(5)": "held",
}  # fmt: skip


def test_a_quantity_is_a_number_or_blank_or_quarantined(world):
    top = HEADER.replace('"人民币"', '"第一数量","第一计量单位","人民币"')
    rows = [
        f'"202401","110","香港","{10000000 + n}","马","{quantity}","头","7",\n'
        for n, quantity in enumerate(QUANTITIES)
    ]
    con = world(("many_2024_export.csv", top + "".join(rows)))
    found = dict(
        con.execute(
            "select row_no - 2, quantity_1 from core.trade join raw.file using (file_sha256) where file_name like 'many%'"
        ).fetchall()
    )
    assert [found.get(n, "held") for n in range(len(QUANTITIES))] == list(QUANTITIES.values())
    reasons = "select distinct reason_code from core.quarantine where file_name like 'many%'"
    assert con.execute(reasons).fetchall() == [("not_a_number",)]


def test_cells_that_end_in_tabs_or_blanks(world):
    bare = (HEADER + line("202401", "5")).replace('"', "").replace(",\n", "\n")
    tabs = bare.replace(",", "\t,").replace("5\n", '"1,000"\t\n')
    con = world(
        ("tabs_2024_export.csv", tabs), ("last_2024_import.csv", bare.replace("马,5", '马 ,"2,000" '))
    )
    query = "select flow, commodity_code, value_cny from core.trade join raw.file using (file_sha256) where origin = 'inbox' order by 1"
    assert con.execute(query).fetchall() == [("export", "01012100", 1000.0), ("import", "01012100", 2000.0)]


def test_an_export_of_the_english_site(world):
    con = world(("downloadData_import.csv", ENGLISH.encode()))
    columns = (
        "flow, partner_code, partner_name_zh, partner_name_en, commodity_code, commodity_name_en, trade_mode_code, "
        "trade_mode_name_en, registration_place_code, registration_place_en, quantity_1, quantity_2_unit, value_usd, vintage"
    )
    query = f"select {columns} from core.trade join raw.file using (file_sha256) where origin = 'inbox'"
    assert con.execute(query.replace("vintage", "core.trade.vintage")).fetchall() == [
        ("import", "110", None, "Hong Kong", "85171300", "Smart phones", "10", "Ordinary trade", "44", "Guangdong",
         7.0, "Kilogram", 12345.0, dt.date(2024, 12, 31))
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("COMTRADE-FINAL-CA156202201H6[2024-06-30].txt", bytes),
        ("COMTRADE-FINAL-CA156202201H6[2024-06-30].gz", gzip.compress),
    ],
)
def test_files_of_the_bulk_service(world, name, pack):
    con = world((name, pack(BULK.encode())))
    rows = con.execute(
        "select flow, reporter_iso3, partner_iso3, commodity_code, value_usd, vintage from core.international_trade "
        "where file_sha256 in (select file_sha256 from raw.file where origin = 'inbox') and partner <> '000' order by value_usd"
    ).fetchall()
    day = dt.date(2024, 6, 30)
    assert rows == [
        ("export", "CHN", "KOR", "850760", 300.0, day),
        ("export", "CHN", "JPN", "850760", 700.0, day),
    ]
    leaves = "select sum(value_usd) from core.international_trade where is_leaf and commodity_code = '850760'"
    assert con.execute(leaves).fetchall() == [(1000.0,)]
