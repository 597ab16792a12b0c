"""A small published warehouse made by hand for the report's tests.

The places are invented and named so that nobody can take them for real: one with figures for every mode but
one, one with fewer, one with none, and one whose name is markup. Both years have the same scores.
"""

import json
from pathlib import Path

import duckdb

GENERATION = {"generation_id": "synthetic-0001", "built_for": "2019-12-31", "methodology_version": "9.9"}
HOSTILE = "<script>alert(1)</script>"
RICH, SECOND, EMPTY, REVOKED = "990100", "990200", "990300", "990400"
MODES = ("mode_a", "mode_b", "mode_c", "mode_d", "mode_e")
PERIODS = ("2018", "2019")
TOO_FEW = "coverage 0.20 is below the declared minimum 0.60"
NO_DATA = "insufficient data"
BOOK = "invented_book"

# fmt: off
ZONES = [
    (RICH, "Testhaven", "試港", 31.2, 121.4, True, "2019", "mode_a", 0.6342, 0.1234, None),
    (SECOND, "Samplefield", "樣原", 30.3, 120.2, True, "2019", "mode_b", 0.4111, -0.0567, None),
    (EMPTY, "Emptyford", "空渡", 43.8, 87.6, True, None, None, None, None, TOO_FEW),
    (REVOKED, HOSTILE, '"><img src=x>', 20.0, 110.3, False, None, None, None, None, TOO_FEW),
]
# zone -> per mode (gate, evidence, comparative fit, rank); fit is gate x evidence
FITS = {
    RICH: [(0.9, 0.7047, 0.1234, 1), (1.0, 0.5, -0.02, 1), (0.8, 0.4, 0.01, 1), (1.0, 0.3, -0.1, 1), None],
    SECOND: [(0.7, 0.6, -0.0123, 2), (0.9, 0.4568, -0.0567, 2), None, None, None],
}
CRITERIA = [
    ("c0", "Harbour city", "gate", "location", "harbour", "1", 1, 1.0, 3, True, "So.", None),
    ("c1", "Trade against output", "evidence", "trade", "trade_to_gdp", "1", 1, 0.5, 3, False, "So.", None),
    ("c2", "Output of the city", "evidence", "scale", "gdp", "CNY", 1, 0.3, 3, False, "So.", None),
    ("c3", "Days of waiting", "evidence", "scale", "waiting_days", "count", -1, 0.2, 3, False, "So.", None),
]
# criterion -> (role, indicator, value, unit, share of the fit)
SCORED = {
    "c0": ("gate", "harbour", 1.0, "1", None),
    "c1": ("evidence", "trade_to_gdp", 0.73519, "1", 0.6),
    "c2": ("evidence", "gdp", 124805e7, "CNY", 0.4),
}
CELL = {"source_id": BOOK, "file_name": "book_2019.csv", "sheet": None, "row_no": 17, "column_no": 4,
        "printed_text": "12480.5<b>", "reference": "https://example.org/book; page 3", "verification": "seen"}
RECALLED = {**CELL, "printed_text": "yes", "reference": "javascript:alert(2)", "verification": "recalled"}
FIGURES = [
    ("gdp", 124805e7, "CNY", None, "seen", [CELL]),
    ("trade_to_gdp", 0.73519, "1", "goods_trade / gdp", "seen", [CELL, {**CELL, "column_no": 9}]),
    ("harbour", 1.0, "1", None, "recalled", [RECALLED]),
]
BACKTEST = [
    (RICH, "mode_a", "2019", "fit", 0.6342, 1, 4, 1, 2, "mode_a", "first", None),
    (RICH, "mode_a", "2019", "comparative_fit", 0.1234, 1, 4, 1, 2, "mode_a", "first", None),
    (SECOND, "mode_b", "2019", "fit", 0.4111, 2, 2, 2, 2, "mode_a", "not first", None),
    (SECOND, "mode_b", "2019", "comparative_fit", -0.0567, 2, 2, 2, 2, "mode_a", "not first", None),
    (EMPTY, "mode_c", "2019", "fit", None, None, 0, None, 0, None, NO_DATA, TOO_FEW),
    (EMPTY, "mode_c", "2019", "comparative_fit", None, None, 0, None, 0, None, NO_DATA, TOO_FEW),
]
SECTORS = [
    (RICH, "2019", chr(65 + i), f"Sector {i}", f"行业{i}", 1000.0 * (i + 1), 0.05, 0.05,
     0.2 + 0.15 * i, 0.4, 0.1, 0.04, "high_low" if i % 4 == 0 else None, None) for i in range(18)
] + [(RICH, "2019", "S", "Invented sector 18", "行业18", *[None] * 8, "no_employment")]
GAPS = [
    (RICH, "2019", "s1", "patents", "Suggestion s1", 12.5, "count", 1, "mode_a_batch_3", 9, 14.0, 20.25, -7.75,
     None),
    (RICH, "2019", "s3", "training", "Suggestion s3", None, "count", 1, "mode_a_batch_3", 0, None, None, None,
     "no_peers"),
]
# fmt: on


def fill(con: duckdb.DuckDBPyConnection) -> None:
    """The published schemas with all invented rows."""
    con.execute((Path(__file__).parent / "schema.sql").read_text(encoding="utf-8"))
    for step in (fill_modes, fill_zones, fill_fits, fill_figures, fill_accounts):
        step(con)


def insert(con: duckdb.DuckDBPyConnection, table: str, rows: list[tuple], columns: str = "") -> None:
    marks = ", ".join("?" for _ in rows[0])
    con.executemany(f"insert into {table} {columns} values ({marks})", rows)


def fill_modes(con: duckdb.DuckDBPyConnection) -> None:
    texts = ("Needs a port.", "Limited.", json.dumps([RICH]), "https://example.org/paper")
    modes = [(m, "1", f"Invented {m[-1].upper()}", f"模式{m[-1]}", f"What {m} is.", *texts) for m in MODES]
    insert(con, "mart.mode", modes)
    insert(con, "mart.mode_criterion", [(mode, *criterion) for mode in MODES for criterion in CRITERIA])


def fill_zones(con: duckdb.DuckDBPyConnection) -> None:
    province = ("990000", "Nowhere", "無處省", "prefecture-level city", 3, "測函〔2018〕1号", "verified")
    dates = ("2018-07-24", "month verified, day recalled", "recalled", "2018-07-24")
    for code, en, zh, lat, lon, active, latest, *best in ZONES:
        validity = (None if active else "2025-04-25", active)
        place = (lat, lon, "verified", "3", "reasoned")
        figures = (12 if latest else 0, 40, "2018" if latest else None, latest)
        row = (code, en, zh, *province, *dates, *validity, *place, *figures, *best, None)
        insert(con, "mart.zone_profile", [row])


def fill_fits(con: duckdb.DuckDBPyConnection) -> None:
    for code, *_ in ZONES:
        for period in PERIODS:
            for mode, known in zip(MODES, FITS.get(code, [None] * 5), strict=True):
                fill_fit(con, (code, period, mode), known)
                fill_scores(con, (code, period, mode), known)


def fill_fit(con: duckdb.DuckDBPyConnection, key: tuple, known: tuple | None) -> None:
    active = key[0] != REVOKED
    if known is None:
        reason = ("coverage_below_minimum", TOO_FEW)
        row = (1.0, None, None, None, 0.2, None, None, None, False, active, *reason)
    else:
        gate, evidence, comparative, rank = known
        numbers = (gate, evidence, gate * evidence, comparative, 0.8, rank, rank, 2)
        row = (*numbers, key[2] == "mode_a", active, None, None)
    insert(con, "mart.mode_fit", [("9.9", *key, *row)])


def fill_scores(con: duckdb.DuckDBPyConnection, key: tuple, known: tuple | None) -> None:
    for criterion, (role, indicator, value, unit, part) in SCORED.items():
        head = (*key, criterion, role, "trade", indicator)
        gate = role == "gate"
        if known or gate:
            verified = ("recalled" if gate else "seen", gate, None)
            row = (*head, value, unit, "2018", value, 0.51987, 0.5, 0.55, *verified)
        else:
            row = (*head, None, unit, None, None, None, 0.5, None, None, False, "no_observation")
        insert(con, "mart.criterion_score", [row])
        if known and part:
            insert(con, "mart.mode_fit_contribution", [(*key, criterion, part * known[0] * known[1], part)])
    old = (None, "count", None, None, None, 0.2, None, None, False, "observation_too_old")
    insert(con, "mart.criterion_score", [(*key, "c3", "evidence", "scale", "waiting_days", *old)])


def fill_figures(con: duckdb.DuckDBPyConnection) -> None:
    for code in (RICH, SECOND):
        for period in PERIODS:
            for indicator, value, unit, formula, mark, inputs in FIGURES:
                figure = (indicator, value, unit, formula, "2018", 1, mark, "total", json.dumps(inputs))
                insert(con, "mart.zone_indicator", [(code, period, *figure)])
    insert(con, "reference.derived_indicator", [("gdp", "Invented output", "生产总值")])
    insert(con, "mart.cluster_industry", SECTORS)
    insert(con, "mart.cluster_zone", [(RICH, "2019", 171000.0, 0.08765, 0.4321, 0.21605, 7, -0.3456, None)])
    insert(con, "mart.suggestion_gap", GAPS)
    insert(con, "mart.mode_backtest", BACKTEST)
    insert(con, "mart.evaluation_association", [("mode_a", "2019", 3, 4, 2.5, 5.25, -0.75, None)])


def fill_accounts(con: duckdb.DuckDBPyConnection) -> None:
    covered = (("gdp", "2018", 4), ("gdp", "2019", 3), ("goods_trade", "2019", 1))
    rows = [(BOOK, indicator, period, 4, n, n / 4, 1, 0, 2, 0) for indicator, period, n in covered]
    insert(con, "mart.data_quality", rows)
    counts = ("utf-8-sig", 5, 1, 0, 0, 4, 40, 30, 9, 1, 0)
    insert(con, "mart.file_accounting", [("ab" * 32, BOOK, "book_2019.csv", *counts)])
    fault = ("12<i>", "not_a_number", "expected a number")
    insert(con, "core.quarantine", [(BOOK, "book_2019.csv", None, 3, 7, *fault)])
    columns = (
        "(area_code, indicator_id, time_period, scope, obs_value, unit, obs_status, source_id, row_no,"
        " column_no, printed_text)"
    )
    suspect = (RICH, "gdp", "2019", "total", 1.2e12, "CNY", "S", BOOK, 3, 7, "1.2 trillion")
    insert(con, "core.observation", [suspect], columns)
