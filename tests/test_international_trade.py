"""Code lists and international trade go the whole way: nothing unaccounted, editions side by side, each dollar once."""

from __future__ import annotations

import itertools

import pytest

from pipelines import settings
from pipelines.database import checks, connection, writing
from pipelines.declarations.tables import tables
from pipelines.landing import land as landing
from pipelines.landing import raw_rows
from pipelines.readers import detect as readers
from pipelines.readers.tables import record_pieces
from tests.helpers import trade_files as files
from tests.helpers.worlds import RESOLVED, build_all, copy_of

# Imports of China in 2022: partner, goods of 6 digits, procedure, transport -> value.
ATOMS = {
    atom: float(7 * number + 3)
    for number, atom in enumerate(
        itertools.product((842, 276), ("090210", "848610", "848620"), ("C01", "C04"), (1000, 2100, 2200))
    )
}
TOTAL = sum(ATOMS.values())
# The site gives no goods of 6 digits of this heading for this partner: the heading is all there is.
MISSING = (842, "848620")


def mixed() -> list[dict]:
    """The same trade at every level at once: World and partners, goods to total, all and single procedures, ways."""
    kinds: dict[tuple, float] = {}
    for (partner, goods, procedure, way), value in ATOMS.items():
        ways = (0, 2000, way) if way > 2000 else (0, way)
        levels = ("TOTAL", goods[:2], goods[:4], goods)
        for key in itertools.product((0, partner), levels, ("C00", procedure), ways):
            kinds[key] = kinds.get(key, 0) + value
    return [
        files.record(goods, value, partner, customsCode=procedure, motCode=way)
        for (partner, goods, procedure, way), value in kinds.items()
        if (partner, goods) != MISSING
    ]


EXPORT = {"flowCode": "X", "flowDesc": "Export"}
VALUES = {"cifvalue": None, "fobvalue": 100.0}
DROPPED = {
    "mixed_2024-03-01.json": files.reply(mixed()),
    "old_2023-01-01.csv": files.download([files.record("0902", 100.0, 276, period="2021", **EXPORT)]),
    "new_2024-01-01.csv": files.download([files.record("0902", 120.0, 276, period="2021", **EXPORT)]),
    "odd_2024-01-01.json": files.reply(
        [
            files.record("0902", 1.0, 276, period="2019"),
            files.record("0902", 2.0, 276, period="2019"),
            files.record("0902", 3.0, 276, period="2018"),
            files.record("0902", 3.0, 276, period="2018"),
            files.record("0902", 100.0, 276, period="2024"),
            files.record("0902", 4.0, 276, period="2017", typeCode="S"),
            files.record("902", 5.0, 276, period="2017", aggrLevel=4),
            files.record("0902", None, 276, period="2017"),
            files.record("0902", 6.0, 276, period="201703", freqCode="M", **EXPORT | VALUES),
            files.record("0902", -6.0, 276, period="2016"),
            files.record("0902", 6.0, 276, period="2015", flowCode="Q"),
            files.record("0902", 6.0, 276, period="2014", classificationCode="ZZ"),
            files.record("0902", 6.0, 276, period="2013", aggrLevel=6),
        ]
    ),
    "pub-20180131.csv": files.BULK_FILE.encode("windows-1252"),
    "site_2019-05-01.csv": files.SITE_FILE.encode(),
    "BACI_HS92_Y2022_V202401b.csv": files.BACI_CUT.encode(),
    "product_codes_HS92_V202401b.csv": files.PRODUCTS.encode(),
    "BACI_HS17_Y2022_V202401.csv": files.BACI_CUT.encode() + b"\n",
    "BACI_HS12_Y2022_V202401.csv": files.BACI_FILE.encode(),
    "DataWeb wide 2022-06-30.csv": files.DATAWEB_WIDE.encode(),
    "DataWeb charges 2024-03-01.csv": files.DATAWEB_WIDE.replace(
        "FAS Value,", "General Import Charges,"
    ).encode(),
    "DataWeb long 2024-03-01.csv": files.DATAWEB_LONG.encode(),
    "zh-hs8-2022.csv": files.GOODS_FILE.encode("gb18030"),
    "zh-hs8-2023.csv": files.GOODS_FILE.replace(",2022,", ",2023,")
    .replace("绿茶", "新绿茶")
    .encode("gb18030"),
    "CusDistrict_2024-05-01.json": files.DISTRICT_FILE.encode(),
    "CusDistrict_2025-05-01.json": files.DISTRICT_FILE.replace("某地", "宁波某地").encode(),
    "CusTrade_2024-05-01.json": '[{"TRADE_MODE": "1210", "FULL_TRADE": "保税跨境贸易电子商务"}]'.encode(),
    "zh-CustomsRegime_2024-05-01.csv": '"贸易方式编码","贸易方式名称",\n10,一般贸易,\n'.encode("gbk"),
    "en-CustomsRegime_2024-05-01.csv": b'"Customs Regime code","Customs Regime",\n10,Ordinary Trade,\n',
    "CusCountry_2024-05-01.json": '[{"COUNTRY_CODE": "304", "COUN_C_NAME": "德国", "ISO_E": "DEU"}]'.encode(),
    "zh-TradingPartner_2024-05-01.csv": '"贸易伙伴编码","贸易伙伴名称",\n304,德国,\n'.encode("gbk"),
    "CusDistrict.json": files.DISTRICT_FILE.encode() + b" ",
}


@pytest.fixture(scope="module")
def landed(resolved, tmp_path_factory):
    """A warehouse built from the embedded data and the files above."""
    paths = copy_of(resolved, tmp_path_factory.mktemp("trade"))
    for name, content in DROPPED.items():
        (paths.inbox / name).write_bytes(content)
    build_all(paths, RESOLVED)
    with connection.connect(paths.work) as con:
        yield con


def rows(con, sql: str, name: str = "") -> list[tuple]:
    """Answer of a query; `{file}` in it is the hash of the file of that name."""
    found = con.execute("select file_sha256 from raw.file where file_name = ?", [name]).fetchall()
    return con.execute(sql.replace("{file}", f"'{found[0][0]}'" if found else "")).fetchall()


def test_everything_is_accounted_for(landed):
    found = rows(
        landed,
        "select file_name, status, unaccounted from mart.file_accounting where file_sha256 in (select file_sha256 from raw.file where origin = 'inbox')",
    )
    assert {name: missing for name, _, missing in found} == dict.fromkeys(DROPPED, 0)
    assert {name for name, status, _ in found if status == "refused"} == {"CusDistrict.json"}
    why = rows(
        landed,
        "select reason_code, reason from core.quarantine where file_sha256 = {file}",
        "CusDistrict.json",
    )
    assert why[0][0] == "no_vintage" and "CusDistrict.json" in why[0][1]


@pytest.mark.parametrize(
    "name",
    [
        "code_record",
        "commodity",
        "customs_mode",
        "customs_district",
        "customs_partner",
        "hs_code",
        "international_trade_record",
        "international_trade_leaf",
        "international_trade",
    ],
)
def test_contracts_hold(landed, name):
    table = tables()[f"core.{name}"]
    assert writing.count(landed, table) > 0
    found = checks.validate(landed, table)
    assert [o for o in found if not o.passed and o.promise.severity == "error"] == []
    assert all(o.ran for o in found)


def test_each_dollar_counts_once_in_a_mixture_of_everything(landed):
    (found,) = rows(
        landed,
        "select sum(value_usd) filter (where is_leaf), sum(value_usd), count(*) filter (where is_leaf) from core.international_trade where file_sha256 = {file}",
        "mixed_2024-03-01.json",
    )
    assert found[0] == TOTAL and found[1] > 10 * TOTAL
    headings = rows(
        landed,
        "select partner, commodity_code, sum(value_usd) from core.international_trade where file_sha256 = {file} and is_leaf and length(commodity_code) < 6 group by all",
        "mixed_2024-03-01.json",
    )
    whole = sum(
        v for (partner, goods, _, _), v in ATOMS.items() if partner == MISSING[0] and goods.startswith("8486")
    )
    assert headings == [("842", "8486", whole)]
    partners = rows(
        landed,
        "select distinct partner from core.international_trade where file_sha256 = {file} and is_leaf order by 1",
        "mixed_2024-03-01.json",
    )
    assert partners == [("276",), ("842",)]


def test_world_and_the_sum_of_partners_are_compared(landed):
    outcomes = {o.promise.name: o for o in checks.validate(landed, tables()["core.international_trade"])}
    assert outcomes["partners_exceed_world"].passed
    # tea of the legacy file, and the missing goods in 3 procedures (all, two) by 5 ways (all, air, water, two of it)
    assert outcomes["partners_short_of_world"].unexpected == 1 + 3 * 5


def test_vintages_stand_side_by_side_and_the_latest_counts(landed):
    found = rows(
        landed,
        "select vintage::varchar, value_usd, is_latest, is_leaf from core.international_trade where time_period = '2021' and reporter = '156' order by 1",
    )
    assert found == [("2023-01-01", 100.0, False, False), ("2024-01-01", 120.0, True, True)]


def test_what_does_not_resolve_is_held_with_its_reason(landed):
    held = rows(
        landed,
        "select row_no, reason_code from core.quarantine where file_sha256 = {file} order by 1",
        "odd_2024-01-01.json",
    )
    assert held == [
        (1, "contradicting_records"),
        (2, "contradicting_records"),
        (5, "period_not_over"),
        (6, "not_goods"),
        (10, "not_a_number"),
        (11, "unknown_flow"),
        (12, "unknown_classification"),
        (13, "unknown_commodity"),
    ]
    words = rows(
        landed, "select reason from core.quarantine where file_sha256 = {file}", "odd_2024-01-01.json"
    )
    assert all("found" in reason and "expected" in reason for (reason,) in words)
    twice = rows(
        landed,
        "select row_no, is_leaf from core.international_trade where file_sha256 = {file} and time_period = '2018' order by 1",
        "odd_2024-01-01.json",
    )
    assert twice == [(3, True), (4, False)]
    (month,) = rows(
        landed,
        "select freq, time_period, flow, valuation, fob_value_usd from core.international_trade where file_sha256 = {file} and freq = 'M'",
        "odd_2024-01-01.json",
    )
    assert month == ("M", "2017-03", "export", "not stated", 100.0)
    blank = rows(
        landed,
        "select cells_total, cells_blank from mart.file_accounting where file_sha256 = {file}",
        "odd_2024-01-01.json",
    )
    assert blank == [(13, 1)]


def test_a_cut_code_is_mended_only_where_a_list_of_its_edition_knows_it(landed):
    by_list = rows(
        landed,
        "select commodity_code, correction is not null, value_usd, net_weight_kg from core.international_trade where file_sha256 = {file} order by 1",
        "BACI_HS92_Y2022_V202401b.csv",
    )
    assert by_list == [("010121", True, 1500.0, 250.0), ("854231", False, 7000.0, 1000.0)]
    held = rows(
        landed,
        "select row_no, reason_code, reason from core.quarantine where file_sha256 = {file} order by 1",
        "BACI_HS92_Y2022_V202401b.csv",
    )
    assert [row[:2] for row in held] == [(3, "cut_commodity_code")] and "90299" in held[0][2]
    without = rows(
        landed,
        "select row_no from core.quarantine where file_sha256 = {file} order by 1",
        "BACI_HS17_Y2022_V202401.csv",
    )
    assert without == [(2,), (3,)]
    # 902 of the edition H6: the national list of 2022 knows the heading 0902
    mended = rows(
        landed,
        "select commodity_code, correction from core.international_trade where file_sha256 = {file} and correction is not null",
        "odd_2024-01-01.json",
    )
    assert mended[0][0] == "0902" and "H6" in mended[0][1]


def test_baci_is_in_thousand_dollars_and_tons_and_missing_is_missing(landed):
    found = rows(
        landed,
        "select commodity_code, reporter_iso3, partner_iso3, flow, valuation, value_usd, net_weight_kg, is_leaf from core.international_trade where file_sha256 = {file} order by 1",
        "BACI_HS12_Y2022_V202401.csv",
    )
    assert found == [
        ("010121", "CHN", "USA", "export", "FOB", 1500.0, 250.0, True),
        ("090210", "CHN", "DEU", "export", "FOB", 2000.0, None, True),
        ("090220", "AFG", None, "export", "FOB", 3000.0, None, True),
    ]


def test_legacy_records(landed):
    found = rows(
        landed,
        "select partner, commodity_code, quantity, quantity_unit, value_usd, is_leaf from core.international_trade where file_sha256 = {file} order by 1, 2",
        "pub-20180131.csv",
    )
    assert found == [
        ("000", "09", None, None, 300.0, False),
        ("000", "0902", 50.0, "Weight in kilograms", 300.0, True),
        ("384", "0902", 5.0, "Weight in kilograms", 30.0, False),
    ]
    site = rows(
        landed,
        "select time_period, valuation, partner_2_code, customs_procedure, transport_mode, classification from core.international_trade where file_sha256 = {file}",
        "site_2019-05-01.csv",
    )
    assert site == [("2016-03", "CIF", "000", "C00", "0", "HS")]


def test_dataweb_records_and_the_year_that_had_not_ended(landed):
    wide = rows(
        landed,
        "select time_period, flow, valuation, reporter, partner_iso3, value_usd from core.international_trade where file_sha256 = {file} order by 5",
        "DataWeb wide 2022-06-30.csv",
    )
    assert wide == [
        ("2021", "export", "FAS", "842", "CHN", 1000.0),
        ("2021", "export", "FAS", "842", "DEU", 5.0),
    ]
    held = rows(
        landed,
        "select row_no, column_no, reason_code from core.quarantine where file_sha256 = {file} order by 1",
        "DataWeb wide 2022-06-30.csv",
    )
    assert held == [(4, 6, "period_not_over"), (5, 6, "period_not_over")]
    long = rows(
        landed,
        "select time_period, flow, valuation, value_usd from core.international_trade where file_sha256 = {file} order by 1",
        "DataWeb long 2024-03-01.csv",
    )
    assert long == [("2021", "import", "customs value", 40.0), ("2022", "import", "customs value", 50.0)]


def test_charges_are_no_trade(landed):
    counts = rows(
        landed,
        "select cells_total, cells_not_used, cells_loaded from mart.file_accounting where file_sha256 = {file}",
        "DataWeb charges 2024-03-01.csv",
    )
    assert counts == [(4, 4, 0)]


def test_dollars_become_yuan_at_the_rate_of_the_year(landed):
    (found,) = rows(
        landed,
        "select t.value_cny / t.value_usd - e.cny_per_unit, t.conversion from core.international_trade t join reference.exchange_rate e on e.currency = 'USD' and e.time_period = '2015' where t.file_sha256 = {file} and t.is_leaf",
        "pub-20180131.csv",
    )
    assert found[0] == pytest.approx(0) and "average of 2015" in found[1]


def test_goods_of_two_years_stand_side_by_side(landed):
    found = rows(
        landed,
        "select valid_year, name_zh, is_cross_border_ecommerce, correction from core.commodity order by commodity_code, valid_year",
    )
    horse, parcel = "line break in the name made a blank", "NUL byte in the name left out"
    assert found == [
        (2022, "改良 种用马", False, horse),
        (2023, "改良 种用马", False, horse),
        (2022, "绿茶", False, None),
        (2023, "新绿茶", False, None),
        (2022, "跨境电商", True, parcel),
        (2023, "跨境电商", True, parcel),
    ]
    held = rows(
        landed,
        "select row_no, reason_code, reason from core.quarantine where file_sha256 = {file} order by 1",
        "zh-hs8-2022.csv",
    )
    assert [row[:2] for row in held] == [(5, "wrong_field_count"), (7, "invalid_registry_record")]
    assert "(NUL)" in held[1][2]


def test_districts_resolve_to_cities_by_name_or_not_at_all(landed):
    found = rows(
        landed,
        "select district_code, name_zh, city_code, resolved_by, is_latest from core.customs_district where vintage = '2024-05-01' order by 1",
    )
    assert found == [
        ("11059", "朝阳区", "110000", "municipality", False),
        ("33012", "杭州经济技术开发区", "330100", "beginning of the name", False),
        ("3316W", "杭州保税物流中心", "330100", "beginning of the name", False),
        ("33909", "浙江其他", None, None, False),
        ("33999", "某地", None, None, False),
    ]
    later = rows(
        landed,
        "select city_code, is_latest from core.customs_district where vintage = '2025-05-01' and district_code = '33999'",
    )
    assert later == [("330200", True)]


def test_two_code_systems_of_modes_are_never_mixed(landed):
    found = rows(
        landed,
        "select code_system, code, name_zh, name_en, is_listed, counts_as_cbec from core.customs_mode where is_listed order by 1",
    )
    assert found == [
        ("statistical trade mode (2 digits)", "10", "一般贸易", "Ordinary Trade", True, "no"),
        ("supervision mode (4 digits)", "1210", "保税跨境贸易电子商务", None, True, "yes"),
    ]
    compiled = rows(landed, "select count(*) from core.trade_mode")[0][0]
    assert rows(landed, "select count(*) from core.customs_mode") == [(compiled,)]


def test_partner_codes_meet_the_compiled_partners(landed):
    found = rows(
        landed,
        "select customs_code, code_list, iso3, iso3_from, compiled_customs_code from core.customs_partner order by 2",
    )
    assert found == [
        ("304", "country", "DEU", "the list itself", "304"),
        ("304", "partner", "DEU", "list of countries", "304"),
    ]


def test_a_large_file_lands_piece_by_piece_as_a_small_one_does(tmp_path, monkeypatch):
    lines = [f"2022,156,842,{number:06d},{number}.5,NA\n" for number in range(500)]
    content = ("t,i,j,k,v,q\n" + "".join(lines[:250]) + "2022,156\n\n" + "".join(lines[250:])).encode()
    found = []
    for pieces in (True, False):
        monkeypatch.setattr(readers, "LARGE_BYTES", 1000 if pieces else 1 << 30)
        monkeypatch.setattr(record_pieces, "PIECE_RECORDS", 100)
        paths = settings.Paths(tmp_path / str(pieces))
        paths.inbox.mkdir(parents=True)
        file = paths.inbox / "BACI_HS17_Y2022_V202401.csv"
        file.write_bytes(content)
        with connection.connect(paths.work) as con:
            raw_rows.ensure_tables(con)
            (landed,) = landing.land(con, file, "inbox", paths)
            assert landed.status == "loaded"
            selects = ("raw.international_trade order by row_no", "raw.reject order by row_no", "raw.file")
            found.append([con.execute(f"select * from {select}").fetchall() for select in selects])
    assert found[0] == found[1] and len(found[0][0]) == 500 and len(found[0][1]) == 1
