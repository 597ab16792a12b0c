"""Bad input from the user's end: each file goes through the whole way, gets a clear word, and the rest goes on."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest

from pipelines import settings
from pipelines.database import connection, writing
from pipelines.declarations.files import ROOT
from pipelines.landing import kept_bytes, outcome
from pipelines.landing import land as landing
from tests.helpers.small_files import FIGURES, GOOD_FIGURE
from tests.helpers.worlds import RESOLVED, build_all, copy_of, query

NBS = "数据库：分省年度数据\r\n指标：地区生产总值(亿元)\r\n时间：最近2年\r\n地区,2024年,2023年\r\n"


def drop(paths: settings.Paths, name: str, content: bytes | str) -> list[outcome.Landed]:
    """Put one file into the inbox and resolve everything; what became of that file."""
    (paths.inbox / name).write_bytes(as_bytes(content))
    landed = [file for file in build_all(paths, RESOLVED) if file.file_name == name]
    assert_rest_went_on(paths)
    return landed


def as_bytes(content: bytes | str) -> bytes:
    return content if isinstance(content, bytes) else content.encode()


def assert_rest_went_on(paths: settings.Paths) -> None:
    """Nothing unaccounted, the embedded files loaded."""
    assert query(paths, "select count(*) from mart.file_accounting where unaccounted <> 0") == [(0,)]
    embedded = query(
        paths,
        "select count(*), count(*) filter (where status = 'loaded') from raw.file where origin = 'embedded'",
    )
    assert embedded[0][0] == embedded[0][1] == len(list((ROOT / "sources").glob("*/data/*")))


TRADE = next((ROOT / "sources" / "customs_query" / "data").glob("*import*")).read_bytes()
REFUSED = {
    "unknown file": ("holiday.csv", "a,b\n1,2\n", "unknown_file"),
    "empty file": ("zone_figures_empty.csv", "", "empty_file"),
    "wrong encoding": ("zone_figures_wrong.csv", (FIGURES + GOOD_FIGURE).encode() + b"\xff\xff\n", None),
    "changed header": ("zone_figures_changed.csv", FIGURES.replace("value", "valeu") + GOOD_FIGURE, None),
    "missing column": (
        "zone_figures_short.csv",
        FIGURES.replace("unit,", "") + GOOD_FIGURE.replace("billion CNY,", ""),
        None,
    ),
    "binary rubbish": ("china_city_statistical_yearbook_2031.csv", bytes(range(256)) * 4, None),
    # an NBS export ends with its origin; without it nobody knows how many provinces are missing
    "truncated export": (
        "分省年度数据_2026-01-05.csv",
        (NBS + "四川省,64697.0,60132.9\r\n云南省,31534.1,30").encode("gb18030"),
        "数据来源",
    ),
    "flow not told": ("customs_2024.csv", TRADE + b" ", "imports or exports"),
}


CELLS = {
    "unknown zone": (
        "999999,Atlantis,city,2022,annual,GDP,1,billion CNY,seen,,,,\n",
        "unknown_area",
        "999999",
    ),
    "unknown name": (",Atlantis,city,2022,annual,GDP,1,billion CNY,seen,,,,\n", "unknown_area", "Atlantis"),
    "ambiguous name": (",Suzhou,city,2022,annual,GDP,1,billion CNY,seen,,,,\n", "ambiguous_area", "320500"),
    "not a number": (
        "510100,成都市,city,2022,annual,GDP,about 2,billion CNY,seen,,,,\n",
        "not_a_number",
        "about 2",
    ),
    "nan is no number": (
        "510100,成都市,city,2022,annual,GDP,nan,billion CNY,seen,,,,\n",
        "not_a_number",
        "nan",
    ),
    "unknown unit": ("510100,成都市,city,2022,annual,GDP,2,furlongs,seen,,,,\n", "unknown_unit", "furlongs"),
    "unit of other kind": (
        "510100,成都市,city,2022,annual,GDP,2,万人,seen,,,,\n",
        "unit_of_other_kind",
        "万人",
    ),
    "unknown period": (
        "510100,成都市,city,2022,some day,GDP,2,billion CNY,seen,,,,\n",
        "unknown_period",
        "some day",
    ),
    "unknown indicator": (
        "510100,成都市,city,2022,annual,Happiness,2,billion CNY,seen,,,,\n",
        "unknown_indicator",
        "Happiness",
    ),
    "unknown status": (
        "510100,成都市,city,2022,annual,GDP,2,billion CNY,rumoured,,,,\n",
        "unknown_status",
        "rumoured",
    ),
}


TRUNCATED = {
    "zone_figures_cut.csv": FIGURES + GOOD_FIGURE + GOOD_FIGURE.replace("2022", "2021")[:30],
    "customs_2025_import.csv": TRADE.replace(b'"202401"', b'"202413"', 1),
}


@pytest.fixture(scope="module")
def world(resolved, tmp_path_factory) -> tuple[settings.Paths, dict[str, outcome.Landed]]:
    """All files of REFUSED and CELLS, a list and a trade file with one bad record, in one inbox; as far as the scores."""
    paths = copy_of(resolved, tmp_path_factory.mktemp("world"))
    cells = {cell_file(case): FIGURES + GOOD_FIGURE + line for case, (line, *_) in CELLS.items()}
    refused = {name: content for name, content, _ in REFUSED.values()}
    for name, content in {**refused, **cells, **TRUNCATED}.items():
        (paths.inbox / name).write_bytes(as_bytes(content))
    return paths, {file.file_name: file for file in build_all(paths, (*RESOLVED, "mart.mode_fit"))}


def cell_file(case: str) -> str:
    return f"zone_figures_{case.replace(' ', '_')}.csv"


def test_the_rest_goes_on_to_the_scores(world):
    paths, _ = world
    assert_rest_went_on(paths)
    assert query(paths, "select count(*) from mart.mode_fit where fit is not null")[0][0] > 1000


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_read_is_refused_with_its_reason(world, case):
    (paths, files), (name, content, word) = world, REFUSED[case]
    landed = files[name]
    assert landed.status == "refused" and name in landed.reason
    (row,) = query(paths, f"select reason_code, reason from core.quarantine where file_name = '{name}'")
    assert row[1] == landed.reason and (word is None or row[0] == word or word in row[1])
    kept = paths.landing / landed.file_sha256[:2] / landed.file_sha256
    assert kept.read_bytes() == as_bytes(content)


@pytest.mark.parametrize("case", CELLS)
def test_a_cell_that_does_not_resolve_is_held_with_place_and_reason(world, case):
    (paths, files), (line, code, word) = world, CELLS[case]
    landed = files[cell_file(case)]
    assert landed.status == "loaded"
    held = query(
        paths,
        "select row_no, column_no, printed_text, reason_code, reason from core.quarantine "
        f"where file_sha256 = '{landed.file_sha256}'",
    )
    assert held == [(3, 7, line.split(",")[6], code, held[0][4])]
    assert word in held[0][4] and "expected" in held[0][4]
    good = query(paths, f"select count(*) from core.observation where file_sha256 = '{landed.file_sha256}'")
    assert good == [(1,)]


def test_a_truncated_list_keeps_what_is_whole(world):
    paths, files = world
    landed = files["zone_figures_cut.csv"]
    accounting = query(
        paths,
        "select unaccounted, rejected_rows, cells_loaded from mart.file_accounting "
        f"where file_sha256 = '{landed.file_sha256}'",
    )
    assert landed.status == "loaded" and accounting == [(0, 1, 1)]
    held = query(
        paths, f"select row_no, printed_text from core.quarantine where file_sha256 = '{landed.file_sha256}'"
    )
    assert held[0][0] == 3 and held[0][1].startswith("510100,成都市")


def test_a_bad_trade_record_is_held_and_the_others_load(world):
    paths, files = world
    held = query(
        paths,
        "select row_no, reason_code, reason from core.quarantine "
        f"where file_sha256 = '{files['customs_2025_import.csv'].file_sha256}'",
    )
    assert [row[:2] for row in held] == [(2, "invalid_trade_record")] and "202413" in held[0][2]


def test_a_good_file_lands_and_the_same_bytes_twice_are_a_no_op(stocked):
    (first,) = drop(stocked, "zone_figures_mine.csv", FIGURES + GOOD_FIGURE)
    assert first.status == "loaded"
    value = "select obs_value, unit, row_no, column_no, printed_text from core.observation where file_sha256 = '{}'"
    assert query(stocked, value.format(first.file_sha256)) == [(2081.75e9, "CNY", 2, 7, "2081.75")]
    before = query(stocked, "select count(*) from core.observation")
    again = drop(stocked, "zone_figures_copy.csv", FIGURES + GOOD_FIGURE)
    assert [file.status for file in again] == ["known"]
    assert query(stocked, "select count(*) from core.observation") == before


def test_a_new_figure_for_an_old_cell_is_a_new_vintage_not_an_overwrite(stocked):
    drop(stocked, "zone_figures_old.csv", FIGURES + GOOD_FIGURE.replace("sentence,", "sentence,2023-01-31"))
    drop(
        stocked,
        "zone_figures_new.csv",
        FIGURES + GOOD_FIGURE.replace("2081.75", "2090").replace("sentence,", "sentence,2099-01-31"),
    )
    mine = "area_code = '510100' and indicator_id = 'gdp' and time_period = '2022'"
    printed = {row[0] for row in query(stocked, f"select printed_text from core.observation where {mine}")}
    assert {"2081.75", "2090"} <= printed
    latest = query(
        stocked,
        f"select printed_text, vintage_count from core.observation_latest where {mine} and scope = 'total'",
    )
    assert latest[0][0] == "2090" and latest[0][1] >= 2


TRADE_LABEL = "total goods imports and exports"
HANGZHOU, NATION = "330100,杭州市,city", "CN,China,nation"
IMPLAUSIBLE = {
    "a hundred million read as a billion": (
        [
            (HANGZHOU, "GDP", 2031, 2000),
            (HANGZHOU, "GDP", 2032, 21000),
            (HANGZHOU, "GDP", 2033, 2200),
        ],
        {("21000", "misread_money")},
    ),
    "a part above its whole": (
        [(HANGZHOU, "CBEC imports and exports", 2031, 1248), (HANGZHOU, TRADE_LABEL, 2031, 800)],
        {("1248", "cbec_above_trade")},
    ),
    "exports and imports that are not the trade": (
        [
            (HANGZHOU, "CBEC imports and exports", 2031, 800),
            (HANGZHOU, "CBEC exports", 2031, 500),
            (HANGZHOU, "CBEC imports", 2031, 400),
        ],
        {("800", "cbec_is_no_sum"), ("500", "cbec_is_no_sum"), ("400", "cbec_is_no_sum")},
    ),
    "a city above the nation": (
        [
            (HANGZHOU, "GDP", 2031, 2000),
            (NATION, "GDP", 2031, 1950),
            ("320500,苏州市,city", "GDP", 2031, 1900),
        ],
        {("2000", "above_the_nation")},
    ),
    "a nation below three of its cities": (
        [
            (HANGZHOU, "GDP", 2031, 2000),
            ("320500,苏州市,city", "GDP", 2031, 2500),
            ("440300,深圳市,city", "GDP", 2031, 3600),
            (NATION, "GDP", 2031, 150),
        ],
        {("150", "above_the_nation")},
    ),
}


@pytest.fixture(scope="module")
def beside_others(resolved, tmp_path_factory) -> dict[str, tuple[settings.Paths, str]]:
    """The figures of each case in a file and in a decade of their own: data folder, and hash of the file."""
    paths = copy_of(resolved, tmp_path_factory.mktemp("beside"))
    for number, (figures, _) in enumerate(IMPLAUSIBLE.values()):
        rows = [
            f"{area},{year + 10 * number},annual,{label},{value},billion CNY,seen,,,,\n"
            for area, label, year, value in figures
        ]
        (paths.inbox / f"zone_figures_{number}.csv").write_text(FIGURES + "".join(rows), encoding="utf-8")
    landed = {file.file_name: file.file_sha256 for file in build_all(paths, ["mart.zone_indicator"])}
    return {case: (paths, landed[f"zone_figures_{n}.csv"]) for n, case in enumerate(IMPLAUSIBLE)}


@pytest.mark.parametrize("case", IMPLAUSIBLE)
def test_a_figure_that_is_off_beside_others_is_suspect_and_does_not_score(beside_others, case):
    (paths, sha), (_, found) = beside_others[case], IMPLAUSIBLE[case]
    where = f"where file_sha256 = '{sha}'"
    marked = query(
        paths,
        f"select printed_text, rule_id from core.implausible join core.resolved_cell using (file_sha256, sheet, row_no, "
        f"column_no) {where}",
    )
    assert set(marked) == found
    suspect = {printed for printed, _ in found}
    status = dict(query(paths, f"select printed_text, obs_status from core.observation {where}"))
    assert {status.pop(printed) for printed in suspect} == {"S"} and set(status.values()) <= {"A"}
    scored = query(paths, f"select inputs from mart.zone_indicator where inputs like '%{sha}%'")
    assert not any(f'"printed_text":"{printed}"' in inputs for (inputs,) in scored for printed in suspect)


def test_no_source_and_no_indicator_takes_a_figure_outside_its_bounds(stocked):
    """Minus a billion and 1e300 under every label that the list of figures has; nothing of them is loaded."""
    labels = query(
        stocked,
        "select printed_text, any_value(coalesce(l.unit_text, u.unit_text)) from reference.source_label as l "
        "join reference.indicator as i using (indicator_id) join reference.unit as u on u.unit = i.unit "
        "where source_id = 'zone_figures' and nature in ('flow', 'stock') group by all",
    )
    assert len(labels) > 50
    rows = [
        f'{HANGZHOU},{year},annual,"{label}",{value},"{unit}",seen,,,,\n'
        for label, unit in labels
        for year, value in ((2031, "-1000000000"), (2032, "1e300"))
    ]
    (landed,) = drop(stocked, "zone_figures_mine.csv", FIGURES + "".join(rows))
    outcomes = query(
        stocked,
        f"select outcome, reason_code, count(*) from core.resolved_cell where file_sha256 = '{landed.file_sha256}' group by all",
    )
    assert [(o, r) for o, r, _ in outcomes] == [("quarantined", "out_of_range")] and outcomes[0][2] == len(
        rows
    )


PERIODS = {
    "2031": ("2031", "A"),
    "２０３１年": ("2031", "A"),
    "2031年度": ("2031", "A"),
    "2031年1-12月": ("2031", "A"),
    "2031年 1—12月": ("2031", "A"),
    "2031 1-12月": ("2031", "A"),
    "2031 ANNUAL": ("2031", "A"),
    "2031年上半年": ("2031-S1", "S"),
    "2031年1-6月": ("2031-S1", "S"),
    "2031 Jan-Jun cumulative": ("2031-S1", "S"),
    "2031年1-3月": ("2031-Q1", "Q"),
    "2031年一季度": ("2031-Q1", "Q"),
    "2031年第1季度": ("2031-Q1", "Q"),
    "2031年前3个月": ("2031-Q1", "Q"),
    "2031年1-2月": ("2031-01/P2M", "C"),
    "2031年3月": ("2031-03", "M"),
}


def test_a_period_has_one_code_however_it_is_written(stocked):
    """Each spelling in a file of its own, so that none is another's second figure."""
    for number, (text, _) in enumerate(PERIODS.items()):
        row = f"{HANGZHOU},{text},,GDP,{100 + number},billion CNY,seen,,,,\n"
        (stocked.inbox / f"zone_figures_{number}.csv").write_text(FIGURES + row, encoding="utf-8")
    build_all(stocked, ["core.resolved_cell"])
    found = dict(
        (printed, (period, freq))
        for printed, period, freq in query(
            stocked,
            "select printed_text, time_period, freq from core.resolved_cell where time_period >= '2031' and outcome = 'loaded'",
        )
    )
    assert found == {str(100 + number): code for number, code in enumerate(PERIODS.values())}


def test_a_kill_while_landing_leaves_no_half_file(stocked, monkeypatch):
    """The transaction of a file is broken in its middle; afterwards nothing of it is there, and a rerun lands it."""
    (stocked.inbox / "zone_figures_mine.csv").write_text(FIGURES + GOOD_FIGURE, encoding="utf-8")
    real = writing.append

    def broken(con, table, rows):
        added = real(con, table, rows)
        if table.full_name == "raw.cell" and added == 1:
            raise KeyboardInterrupt
        return added

    monkeypatch.setattr(writing, "append", broken)
    with pytest.raises(KeyboardInterrupt), connection.connect(stocked.work) as con:
        landing.land_all(con, stocked)
    name = "select count(*) from raw.file where file_name = 'zone_figures_mine.csv'"
    assert query(stocked, name) == [(0,)]
    monkeypatch.setattr(writing, "append", real)
    build_all(stocked, RESOLVED)
    assert query(stocked, name) == [(1,)]
    assert_rest_went_on(stocked)


def test_the_work_database_is_locked_for_others_while_it_is_open(paths, monkeypatch):
    monkeypatch.setattr(connection, "LOCK_PATIENCE_SECONDS", 0)
    monkeypatch.setattr(duckdb, "connect", _refuse)
    with pytest.raises(connection.Busy, match="another process is writing"), connection.connect(paths.work):
        pass


def _refuse(*_, **__):
    raise duckdb.IOException('Could not set lock on file "x": Conflicting lock is held')


def damage(kept, kind):
    """Change, cut or remove kept bytes."""
    content = kept.read_bytes()
    kept.unlink()
    if kind != "removed":
        kept.write_bytes(content[:-1] if kind == "cut" else content[:-1] + bytes([content[-1] ^ 1]))


@pytest.mark.parametrize("kind", ["changed", "cut", "removed"])
def test_damaged_kept_bytes_are_told_keep_their_rows_and_are_mended_by_the_file(stocked, kind, tmp_path):
    name = "zone_figures_mine.csv"
    (landed,) = drop(stocked, name, FIGURES + GOOD_FIGURE)
    mine = (stocked.inbox / name).rename(tmp_path / name)
    kept = kept_bytes.place_of(landed.file_sha256, stocked)
    damage(kept, kind)
    with connection.connect(stocked.work) as con:
        (told,) = landing.reread(con, landed.file_sha256, stocked)
        assert told.status == "unreadable" and name in told.reason and "zonescope ingest" in told.reason
        rows = con.execute("select count(*) from raw.cell where file_sha256 = ?", [landed.file_sha256])
        assert rows.fetchall() == [(1,)]
        landing.land(con, mine, "ingest", stocked)
        assert not kept_bytes.fault_of(landed.file_sha256, stocked)
        assert [file.status for file in landing.reread(con, landed.file_sha256, stocked)] == ["loaded"]


def test_a_file_whose_kept_bytes_are_gone_can_be_withdrawn(stocked, tmp_path):
    name = "zone_figures_mine.csv"
    (landed,) = drop(stocked, name, FIGURES + GOOD_FIGURE)
    (stocked.inbox / name).unlink()
    kept_bytes.place_of(landed.file_sha256, stocked).unlink()
    with connection.connect(stocked.work) as con:
        done = landing.withdraw(con, landed.file_sha256, "wrong", dt.date(2026, 1, 5), stocked)
    assert done.status == "withdrawn"
    assert query(stocked, f"select count(*) from raw.cell where file_sha256 = '{landed.file_sha256}'") == [
        (0,)
    ]
