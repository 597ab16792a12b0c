"""A small published warehouse made by hand for the report's tests.

The places are invented and named so that nobody can take them for real: one with figures for every mode, one
with fewer, one with none, and one with a name that is markup.
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

ZONES = [
    (RICH, "Testhaven", "試港", 31.2, 121.4, True, "2019", "mode_a", 0.6342, 0.1234, None),
    (SECOND, "Samplefield", "樣原", 30.3, 120.2, True, "2019", "mode_b", 0.4111, -0.0567, None),
    (EMPTY, "Emptyford", "空渡", 43.8, 87.6, True, None, None, None, None, TOO_FEW),
    (REVOKED, HOSTILE, '"><img src=x>', 20.0, 110.3, False, None, None, None, None, TOO_FEW),
]
# zone -> mode -> (gate, evidence, comparative fit, rank); fit is gate x evidence
FITS = {
    RICH: [(0.9, 0.7047, 0.1234, 1), (1.0, 0.5, -0.02, 1), (0.8, 0.4, 0.01, 1), (1.0, 0.3, -0.1, 1), None],
    SECOND: [(0.7, 0.6, -0.0123, 2), (0.9, 0.4568, -0.0567, 2), None, None, None],
}


def insert(con: duckdb.DuckDBPyConnection, table: str, rows: list[tuple], columns: str = "") -> None:
    marks = ", ".join("?" for _ in rows[0])
    con.executemany(f"insert into {table} {f'({columns})' if columns else ''} values ({marks})", rows)


def fill(con: duckdb.DuckDBPyConnection) -> None:
    """The published schemas with all invented rows."""
    con.execute((Path(__file__).parent / "schema.sql").read_text(encoding="utf-8"))
    for step in (fill_modes, fill_zones, fill_fits, fill_figures, fill_accounts):
        step(con)


def fill_modes(con: duckdb.DuckDBPyConnection) -> None:
    insert(con, "mart.mode", [
        (mode, "1", f"Invented {mode[-1].upper()}", f"模式{mode[-1]}", f"What {mode} is.", "Needs a port.",
         f"Limit of {mode}.", json.dumps([RICH]), "https://example.org/paper") for mode in MODES])
    insert(con, "mart.mode_criterion", [
        (mode, criterion, label, role, dimension, indicator, unit, direction, weight, 3, unverified, "Because.", None)
        for mode in MODES
        for criterion, label, role, dimension, indicator, unit, direction, weight, unverified in (
            ("c0", "Harbour city", "gate", "location", "harbour", "1", 1, 1.0, True),
            ("c1", "Trade against output", "evidence", "trade", "trade_to_gdp", "1", 1, 0.5, False),
            ("c2", "Output of the city", "evidence", "scale", "gdp", "CNY", 1, 0.3, False),
            ("c3", "Days of waiting", "evidence", "scale", "waiting_days", "count", -1, 0.2, False))])


def fill_zones(con: duckdb.DuckDBPyConnection) -> None:
    insert(con, "mart.zone_profile", [
        (code, en, zh, "990000", "Nowhere", "無處省", "prefecture-level city", 3, "測函〔2018〕1号", "verified",
         "2018-07-24", "month verified, day recalled", "recalled", "2018-07-24", None if active else "2025-04-25",
         active, lat, lon, "verified", "3", "reasoned", 12 if latest else 0, 40, "2018" if latest else None, latest,
         best, fit, comparative, reason, None)
        for code, en, zh, lat, lon, active, latest, best, fit, comparative, reason in ZONES])


def fill_fits(con: duckdb.DuckDBPyConnection) -> None:
    for code, *_, in ZONES:
        for period in PERIODS:
            for mode, known in zip(MODES, FITS.get(code, [None] * 5), strict=True):
                fill_fit(con, code, period, mode, known)


def fill_fit(con: duckdb.DuckDBPyConnection, code: str, period: str, mode: str, known: tuple | None) -> None:
    active = code != REVOKED
    if known is None:
        row = (1.0, None, None, None, 0.2, None, None, None, False, active, "coverage_below_minimum", TOO_FEW)
    else:
        gate, evidence, comparative, rank = known
        row = (gate, evidence, gate * evidence, comparative, 0.8, rank, rank, 2, mode == "mode_a", active, None, None)
    insert(con, "mart.mode_fit", [("9.9", code, period, mode, *row)])
    for criterion, role, indicator, value, unit, share in (
        ("c0", "gate", "harbour", 1.0, "1", None), ("c1", "evidence", "trade_to_gdp", 0.73519, "1", 0.6),
        ("c2", "evidence", "gdp", 124805e7, "CNY", 0.4)):
        there = known is not None or criterion == "c0"
        insert(con, "mart.criterion_score", [(
            code, period, mode, criterion, role, "trade", indicator, value if there else None, unit,
            "2018" if there else None, value if there else None, 0.51987 if there else None, 0.5,
            0.55 if there else None, "recalled" if criterion == "c0" else "seen", criterion == "c0",
            None if there else "no_observation")])
        if known and share:
            insert(con, "mart.mode_fit_contribution",
                   [(code, period, mode, criterion, share * gate * evidence, share)])
    insert(con, "mart.criterion_score", [(
        code, period, mode, "c3", "evidence", "scale", "waiting_days", None, "count", None, None, None, 0.2, None,
        None, False, "observation_too_old")])


def fill_figures(con: duckdb.DuckDBPyConnection) -> None:
    cell = {"source_id": "invented_book", "file_name": "book_2019.csv", "sheet": None, "row_no": 17, "column_no": 4,
            "printed_text": "12480.5<b>", "reference": "https://example.org/book; page 3", "verification": "seen"}
    recalled = {**cell, "printed_text": "yes", "reference": "javascript:alert(2)", "verification": "recalled"}
    insert(con, "mart.zone_indicator", [
        (code, period, indicator, value, unit, formula, "2018", 1, mark, "total", json.dumps(inputs))
        for code in (RICH, SECOND) for period in PERIODS
        for indicator, value, unit, formula, mark, inputs in (
            ("gdp", 124805e7, "CNY", None, "seen", [cell]),
            ("trade_to_gdp", 0.73519, "1", "goods_trade / gdp", "seen", [cell, {**cell, "column_no": 9}]),
            ("harbour", 1.0, "1", None, "recalled", [recalled]))])
    insert(con, "reference.derived_indicator", [("gdp", "Invented output", "生产总值")])
    insert(con, "mart.cluster_industry", [
        (RICH, "2019", chr(65 + i), f"Invented sector {i}", f"行业{i}", 1000.0 * (i + 1), 0.05, 0.05, 0.2 + 0.15 * i,
         0.4, 0.1, 0.04, "high_low" if i % 4 == 0 else None, None) for i in range(18)] + [
        (RICH, "2019", "S", "Invented sector 18", "行业18", None, None, None, None, None, None, None, None,
         "no_employment")])
    insert(con, "mart.cluster_zone", [(RICH, "2019", 171000.0, 0.08765, 0.4321, 0.21605, 7, -0.3456, None)])
    insert(con, "mart.suggestion_gap", [
        (RICH, "2019", suggestion, "patents_per_head", f"Suggestion {suggestion}", 12.5, "count", 1, "mode_a_batch_3",
         9, 14.0, 20.25, -7.75, None) for suggestion in ("s1", "s2")] + [
        (RICH, "2019", "s3", "training", "Suggestion s3", None, "count", 1, "mode_a_batch_3", 0, None, None, None,
         "no_peers")])
    insert(con, "mart.mode_backtest", [
        (RICH, "mode_a", "2019", "fit", 0.6342, 1, 4, 1, 2, "mode_a", "first", None),
        (RICH, "mode_a", "2019", "comparative_fit", 0.1234, 1, 4, 1, 2, "mode_a", "first", None),
        (SECOND, "mode_b", "2019", "fit", 0.4111, 2, 2, 2, 2, "mode_a", "not first", None),
        (SECOND, "mode_b", "2019", "comparative_fit", -0.0567, 2, 2, 2, 2, "mode_a", "not first", None),
        (EMPTY, "mode_c", "2019", "fit", None, None, 0, None, 0, None, "insufficient data", TOO_FEW),
        (EMPTY, "mode_c", "2019", "comparative_fit", None, None, 0, None, 0, None, "insufficient data", TOO_FEW)])
    insert(con, "mart.evaluation_association", [("mode_a", "2019", 3, 4, 2.5, 5.25, -0.75, None)])


def fill_accounts(con: duckdb.DuckDBPyConnection) -> None:
    insert(con, "mart.data_quality", [
        ("invented_book", indicator, period, 4, seen, seen / 4, 1, 0, 2, 0)
        for indicator, period, seen in (("gdp", "2018", 4), ("gdp", "2019", 3), ("goods_trade", "2019", 1))])
    insert(con, "mart.file_accounting",
           [("ab" * 32, "invented_book", "book_2019.csv", "utf-8-sig", 5, 1, 0, 0, 4, 40, 30, 9, 1, 0)])
    insert(con, "core.quarantine",
           [("invented_book", "book_2019.csv", None, 3, 7, "12<i>", "not_a_number", "expected a number")])
    insert(con, "core.observation",
           [(RICH, "gdp", "2019", "A", "total", 1.2e12, "CNY", "S", "=", "seen", "invented_book", 3, 7, "1.2 trillion")],
           "area_code, indicator_id, time_period, freq, scope, obs_value, unit, obs_status, bound, verification,"
           " source_id, row_no, column_no, printed_text")
