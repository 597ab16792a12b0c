"""Names and codes of areas by vintage: what a figure's year and its source's levels make of them, and what stays in doubt."""

from __future__ import annotations

import pytest

from pipelines.database import connection
from pipelines.declarations.files import ROOT, read_csv
from tests.helpers.worlds import RESOLVED, build_all, copy_of

AREAS = read_csv(ROOT / "warehouse" / "reference" / "area.csv")
LIST = "area_code,area_name,admin_level,year,period,indicator,value,unit,status,scope_note,source,quote,known_from\n"

# Code and name as printed, year, and the area that is meant in a list without levels; or why none is.
PRINTED = {
    ("", "杭州市", 2022): "330100",
    ("", "杭州", 2022): "330100",
    ("", "浙江省杭州市", 2022): "330100",
    ("", "浙江杭州市", 2022): "330100",
    ("", "浙江省杭州", 2022): "330100",
    ("", "浙江杭州", 2022): "330100",
    ("", "杭　州 市", 2022): "330100",
    ("", "内蒙古", 2022): "150000",
    ("", "广西壮族自治区", 2022): "450000",
    ("", "延边州", 2022): "222400",
    ("", "延边朝鲜族自治州", 2022): "222400",
    ("", "吉林市", 2022): "220200",
    ("", "吉林省", 2022): "220000",
    ("", "吉林", 2022): "ambiguous_area",
    ("", "海南", 2022): "ambiguous_area",
    ("", "青海海南", 2022): "632500",
    ("", "朝阳", 2022): "ambiguous_area",
    ("", "朝阳市", 2022): "211300",
    ("", "襄樊市", 2009): "420600",
    ("", "襄樊市", 2015): "420600",
    ("", "襄阳市", 2005): "420600",
    ("", "思茅", 2005): "530800",
    ("", "巢湖市", 2009): "341400",
    ("", "巢湖市", 2011): "ambiguous_area",
    ("", "巢湖市", 2015): "340181",
    ("341400", "巢湖市", 2009): "341400",
    ("341400", "巢湖市", 2011): "341400",
    ("341400", "巢湖市", 2015): "area_abolished",
    ("", "莱芜市", 2018): "371200",
    ("", "莱芜", 2020): "area_abolished",
    ("371200", "莱芜市", 2018): "371200",
    ("371200", "", 2021): "area_abolished",
    ("", "海东地区", 2010): "632100",
    ("", "海东市", 2015): "630200",
    ("", "海东", 2010): "632100",
    ("", "海东", 2013): "630200",
    ("", "海东", 2015): "630200",
    ("632100", "海东地区", 2010): "632100",
    ("630200", "海东市", 2005): "630200",
    ("", "毕节市", 2005): "522401",
    ("", "毕节市", 2015): "520500",
    ("", "毕节地区", 2005): "522400",
    ("", "儋州市", 2010): "469003",
    ("", "儋州市", 2020): "460400",
    ("", "济源", 2020): "419001",
    ("3301", "", 2022): "330100",
    ("330100000000", "", 2022): "330100",
    ("000000000000", "", 2022): "CN",
    ("", "亚特兰蒂斯", 2022): "unknown_area",
    ("330100", "宁波市", 2022): "code_and_name_differ",
    ("330100", "浙江宁波", 2022): "code_and_name_differ",
    ("CN", "杭州市", 2022): "code_and_name_differ",
    ("CN", "全国", 2022): "CN",
    ("330100", "杭州跨境电子商务综合试验区", 2022): "330100",
    ("630200", "海东地区", 2010): "630200",
    ("632100", "海东市", 2010): "632100",
    ("220200", "吉林", 2022): "220200",
}


@pytest.fixture(scope="module")
def decided(resolved, tmp_path_factory):
    """What became of a list of those names, and of a panel of cities and an export of provinces with doubtful ones."""
    paths = copy_of(resolved, tmp_path_factory.mktemp("names"))
    lines = [
        f"{code},{name},city,{year},annual,GDP,{n},billion CNY,seen,,,,\n"
        for n, (code, name, year) in enumerate(PRINTED, start=1)
    ]
    (paths.inbox / "zone_figures_names.csv").write_text(LIST + "".join(lines), encoding="utf-8")
    export = (
        "数据库：分省年度数据\n指标：地区生产总值(亿元)\n时间：最近1年\n地区,2024年\n吉林,1\n海南,2\n内蒙古,3\n北　京,4\n"
        "数据来源：国家统计局\n"
    )
    (paths.inbox / "gdp_2026-01-05.csv").write_bytes(export.encode("gb18030"))
    figures = read_csv(ROOT / "sources" / "city_employment_panel" / "columns.csv")
    header = [
        "年份",
        "省份",
        "城市",
        "省份代码",
        "城市代码",
        "胡焕庸线",
        *(row["printed_text"] for row in figures),
    ]
    cities = [(2020, "吉林"), (2020, "海南"), (2020, "朝阳"), (2005, "毕节市"), (2020, "北京")]
    rows = [[str(year), "", name, "", "", "", "7", *[""] * (len(figures) - 1)] for year, name in cities]
    panel = "\n".join(",".join(row) for row in [header, *rows]) + "\n"
    (paths.inbox / "job_data_mine.csv").write_text(panel, encoding="utf-8")
    build_all(paths, RESOLVED)
    with connection.connect(paths.work, read_only=True) as con:
        yield con


def outcome(con, file_name: str) -> list[tuple]:
    return con.execute(
        "select r.row_no, coalesce(r.reason_code, r.area_code), r.reason from core.resolved_cell as r "
        "join raw.file as f using (file_sha256) where f.file_name = ? and r.outcome in ('loaded', 'quarantined') order by 1",
        [file_name],
    ).fetchall()


def test_a_name_or_code_means_the_area_of_the_figures_year(decided):
    found = outcome(decided, "zone_figures_names.csv")
    assert [(key, row[1]) for key, row in zip(PRINTED, found, strict=True)] == list(PRINTED.items())


def test_what_stays_in_doubt_is_held_with_the_candidates(decided):
    found = outcome(decided, "zone_figures_names.csv")
    reasons = {key[1:]: row[2] for key, row in zip(PRINTED, found, strict=True) if row[2]}
    assert "220000, 220200" in reasons["吉林", 2022] and "expected a division code" in reasons["吉林", 2022]
    assert "340181, 341400" in reasons["巢湖市", 2011] and "110105, 211300, 220104" in reasons["朝阳", 2022]
    assert "330100" in reasons["宁波市", 2022] and "another area" in reasons["宁波市", 2022]
    assert "2018-12-25" in reasons["", 2021] and "2021" in reasons["", 2021]


def test_the_levels_of_a_source_decide_between_areas_of_one_name(decided):
    assert [row[1] for row in outcome(decided, "gdp_2026-01-05.csv")] == [
        "220000",
        "460000",
        "150000",
        "110000",
    ]
    panel = [row[1] for row in outcome(decided, "job_data_mine.csv")]
    assert panel == ["220200", "632500", "211300", "520500", "110000"]


def test_all_prefectures_are_there():
    """China has had 333 prefectures since 2019: a count of the world, not of our files."""
    assert sum(not row["valid_to"] for row in AREAS if row["level"] == "prefecture") == 333


def test_a_day_of_change_says_how_far_it_is_known():
    for row in AREAS:
        assert bool(row["valid_from"] or row["valid_to"]) == bool(row["validity_status"]), row
        assert row["validity_status"] in {"", "recalled"} and row["status"] in {
            "verified",
            "seen",
            "reasoned",
        }, row
    by_code = {row["area_code"]: row for row in AREAS}
    for row in (row for row in AREAS if row["successor_code"]):
        assert row["valid_to"] < by_code[row["successor_code"]]["valid_from"], row


def test_a_name_has_a_row_for_each_area_that_it_can_mean(warehouse):
    rows = warehouse.execute(
        "select area_code, origin from core.area_name where name = '巢湖市' order by 1"
    ).fetchall()
    assert rows == [("340181", "rule"), ("341400", "rule")]


def test_the_full_name_after_its_province_means_one_area_in_any_year(warehouse):
    """Today's prefectures, and those of 2010, each by the longest form of its name."""
    doubtful = (
        "select n.name from core.area_name as n where n.level in ('prefecture', 'county') and n.name in ("
        "select p.name_zh || a.name_zh from core.area as a join core.area as p on p.area_code = substr(a.area_code, 1, 2) || '0000' "
        "where a.level in ('prefecture', 'county') and p.level = 'province') "
        "and coalesce(n.valid_from, '') <= ? and coalesce(n.valid_to, '9') >= ? group by n.name having count(distinct n.area_code) > 1"
    )
    for day in ("2000-06-30", "2010-10-01", "2015-06-30", "2018-10-01", "2023-06-30", "2026-06-30"):
        assert warehouse.execute(doubtful, [day, day]).fetchall() == [], day


def test_every_prefecture_has_its_six_names_and_more(warehouse):
    """Full and short, alone, after the full and after the short name of the province."""
    rows = warehouse.execute(
        "select a.area_code, count(distinct n.name) from core.area as a join core.area_name as n using (area_code) "
        "where a.level = 'prefecture' and n.origin = 'rule' group by a.area_code, a.name_zh "
        "having count(distinct n.name) <> case when a.name_zh like '%自治州' then 9 else 6 end"
    ).fetchall()
    assert rows == []
