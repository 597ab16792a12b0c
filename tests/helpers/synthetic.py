"""A small published warehouse made by hand for the report's tests.

The tables are those of the contracts under warehouse/, so a changed contract shows here first. The places are
invented and named so that nobody can take them for real: one with figures for every mode but one, one with
fewer, one with none, and one whose name is markup. Both years have the same scores.
"""

import json

import duckdb

from pipelines.database import connection, writing
from pipelines.declarations import reference_rows
from pipelines.declarations import tables as declared_tables
from pipelines.publishing.report import tables

GENERATION = {
    "generation_id": "synthetic-0001",
    "built_for": "2019-12-31",
    "methodology_version": "9.9",
    "program": "0.0 abc",
}
HOSTILE = "<script>alert(1)</script>"
RICH, SECOND, EMPTY, REVOKED = "990100", "990200", "990300", "990400"
MODES = ("mode_a", "mode_b", "mode_c", "mode_d", "mode_e")
PERIODS = ("2018", "2019")
TOO_FEW = "coverage 0.20 is below the declared minimum 0.60"
NO_SIZE = "no GDP is published"
BOOK = "invented_book"
TABLES = [*tables.COLUMNS, "core.observation", "mart.evaluation_association"]

# (code, name, Chinese name, latitude, longitude, active, latest period, best mode, fit, comparative fit)
ZONES = [
    (RICH, "Testhaven", "試港", 31.2, 121.4, True, "2019", "mode_a", 0.6342, 0.1234),
    (SECOND, "Samplefield", "樣原", 30.3, 120.2, True, "2019", "mode_b", 0.4111, -0.0567),
    (EMPTY, "Emptyford", "空渡", 43.8, 87.6, True, None, None, None, None),
    (REVOKED, HOSTILE, '"><img src=x>', 20.0, 110.3, False, None, None, None, None),
]
# zone -> per mode (gate, evidence, comparative fit, rank); fit is gate x evidence
FITS: dict[str, list[tuple | None]] = {
    RICH: [(0.9, 0.7047, 0.1234, 1), (1.0, 0.5, -0.02, 1), (0.8, 0.4, 0.01, 1), (1.0, 0.3, None, 1), None],
    SECOND: [(0.7, 0.6, -0.0123, 2), (0.9, 0.4568, -0.0567, 2), None, None, None],
}
# (criterion, label, role, dimension, indicator, unit, direction, weight, admits unverified)
CRITERIA = [
    ("c0", "Harbour city", "gate", "location", "harbour", "1", 1, 1.0, True),
    ("c1", "Trade against output", "evidence", "trade", "trade_to_gdp", "1", 1, 0.5, False),
    ("c2", "Output of the city", "evidence", "scale", "gdp", "CNY", 1, 0.3, False),
    ("c3", "Days of waiting", "evidence", "scale", "waiting_days", "count", -1, 0.2, False),
]
# criterion -> (value, verification, share of the fit)
SCORED = {"c0": (1.0, "recalled", None), "c1": (0.73519, "seen", 0.6), "c2": (124805e7, "seen", 0.4)}
CELL = {
    "source_id": BOOK,
    "file_name": "book_2019.csv",
    "file_sha256": "0123456789abcdef" * 4,
    "sheet": "",
    "row_no": 17,
    "column_no": 4,
    "printed_text": "12480.5<b>",
    "reference": "https://example.org/book; page 3",
    "verification": "seen",
    "vintage": "2020-12-31",
}
RECALLED = {**CELL, "printed_text": "yes", "reference": "javascript:alert(2)", "verification": "recalled"}
FIGURES = [
    ("gdp", 124805e7, "CNY", "gdp", "seen", [CELL]),
    ("gdp_twin", 1.5, "1", "gdp / gdp", "seen", [CELL]),
    ("trade_to_gdp", 0.73519, "1", "goods_trade / gdp", "seen", [CELL, {**CELL, "column_no": 9}]),
    ("harbour", 1.0, "1", "harbour", "recalled", [RECALLED]),
]


def fill(con: duckdb.DuckDBPyConnection) -> None:
    """The published tables with all invented rows."""
    con.execute(connection.STATE.format(version=connection.VERSION))  # transactions count themselves
    for schema in ("reference", "core", "mart"):
        con.execute(f"create schema {schema}")
    for name in TABLES:
        con.execute(writing.ddl(declared_tables.tables()[name]))
    for name in ("reference.warehouse_schema", "reference.glossary"):
        writing.append(
            con, declared_tables.tables()[name], reference_rows.rows(declared_tables.tables()[name])
        )
    for step in (
        fill_modes,
        fill_zones,
        fill_fits,
        fill_sensitivity,
        fill_peers,
        fill_figures,
        fill_clusters,
        fill_tests,
        fill_accounts,
    ):
        step(con)


def insert(con: duckdb.DuckDBPyConnection, table: str, **values: object) -> None:
    """One row by column name; a column that is not named is NULL, and rows of the method are of its one version."""
    if "methodology_version" in declared_tables.tables()[table].column_names:
        values = {"methodology_version": GENERATION["methodology_version"], **values}
    marks = ", ".join("?" for _ in values)
    con.execute(f"insert into {table} ({', '.join(values)}) values ({marks})", list(values.values()))


def fill_modes(con: duckdb.DuckDBPyConnection) -> None:
    for mode in MODES:
        insert(
            con,
            "mart.mode",
            mode_id=mode,
            name_en=f"Invented {mode[-1].upper()}",
            name_zh=f"模式{mode[-1]}",
            summary=f"What {mode} is.",
            prerequisites="Needs a port.",
            limitations="Limited.",
            stated_zones=json.dumps([RICH]),
            not_available="Trains by hour.",
            citation="https://example.org/paper",
        )
        for criterion, label, role, dimension, indicator, unit, direction, weight, unverified in CRITERIA:
            insert(
                con,
                "mart.mode_criterion",
                mode_id=mode,
                criterion_id=criterion,
                label=label,
                role=role,
                dimension=dimension,
                indicator_id=indicator,
                unit=unit,
                formula=indicator,
                direction=direction,
                weight=weight,
                max_age_years=3,
                allows_unverified=unverified,
                argument="So.",
                citation="Page 1",
            )
    insert(
        con,
        "reference.metric_reason",
        metric="levers",
        reason_code="already_above",
        meaning="Nothing to gain.",
    )
    insert(
        con,
        "reference.methodology",
        is_default=True,
        minimum_coverage=0.6,
        minimum_gate=0.3,
        skewness_limit=2.0,
        kurtosis_limit=3.5,
        winsorise_points=5,
        peer_minimum=3,
    )


def fill_zones(con: duckdb.DuckDBPyConnection) -> None:
    for code, en, zh, latitude, longitude, active, latest, best, fit, comparative in ZONES:
        insert(
            con,
            "mart.zone_profile",
            zone_code=code,
            zone_name_en=en,
            zone_name_zh=zh,
            province_code="990000",
            province_name_en="Nowhere",
            province_name_zh="無處省",
            admin_level="prefecture-level city",
            batch=3,
            document_number="测函〔2018〕1号",
            document_status="verified",
            approval_date="2018-07-24",
            approval_date_status="month verified, day recalled",
            membership_status="recalled",
            valid_from="2018-07-24",
            valid_to=None if active else "2025-04-25",
            is_active=active,
            latitude=latitude,
            longitude=longitude,
            coordinate_status="verified",
            city_tier=3,
            city_tier_status="reasoned",
            observation_count=12 if latest else 0,
            indicator_count=5 if latest else 0,
            first_period="2018" if latest else None,
            latest_period=latest,
            best_mode=best,
            best_mode_fit=fit,
            best_mode_comparative_fit=comparative,
            best_mode_reason=None if best else f"insufficient data: {TOO_FEW}",
        )


def fill_fits(con: duckdb.DuckDBPyConnection) -> None:
    for code, *_ in ZONES:
        for period in PERIODS:
            for mode, known in zip(MODES, FITS.get(code, [None] * 5), strict=True):
                key = {"zone_code": code, "time_period": period, "mode_id": mode}
                fill_fit(con, key, known)
                fill_scores(con, key, known)


def fill_fit(con: duckdb.DuckDBPyConnection, key: dict, known: tuple | None) -> None:
    if known is None:
        reasons = {f"{kind}reason{code}": TOO_FEW for kind in ("", "comparative_") for code in ("", "_code")}
        insert(
            con, "mart.mode_fit", **key, gate=1.0, coverage=0.2, zones_ranked=2, is_best_mode=False, **reasons
        )
        return
    gate, evidence, comparative, rank = known
    insert(
        con,
        "mart.mode_fit",
        **key,
        gate=gate,
        evidence=evidence,
        fit=gate * evidence,
        comparative_fit=comparative,
        coverage=0.8,
        fit_rank=rank,
        comparative_rank=None if comparative is None else rank,
        zones_ranked=2,
        zones_compared=2,
        is_best_mode=key["mode_id"] == "mode_a",
        comparative_reason=NO_SIZE if comparative is None else None,
    )
    fill_interval(con, key, gate * evidence, comparative)


def fill_interval(con: duckdb.DuckDBPyConnection, key: dict, fit: float, comparative: float | None) -> None:
    """The fit give or take a tenth of itself, the rank from 1 to 2, and the best mode in 87 of 100 replications."""
    about = {"p05": -0.01, "p50": 0.0, "p95": 0.01}
    compared = {f"comparative_fit_{k}": comparative + v for k, v in about.items()} if comparative else {}
    insert(
        con,
        "mart.mode_fit_uncertainty",
        **key,
        **{f"fit_{k}": fit * (1 + 10 * v) for k, v in about.items()},
        **compared,
        rank_p05=1.0,
        rank_p95=2.0,
        probability_best_mode=0.87 if comparative else None,
        replications=1000,
    )


def fill_scores(con: duckdb.DuckDBPyConnection, key: dict, known: tuple | None) -> None:
    for criterion, _, role, dimension, indicator, unit, *_ in CRITERIA:
        row = key | {
            "criterion_id": criterion,
            "role": role,
            "dimension": dimension,
            "indicator_id": indicator,
        }
        value, verification, part = SCORED.get(criterion, (None, None, None))
        if value is None or not (known or role == "gate"):
            insert(con, "mart.criterion_score", **row, reason_code="not_observed")
            continue
        insert(
            con,
            "mart.criterion_score",
            **row,
            obs_value=value,
            unit=unit,
            observed_period="2018",
            score=0.51987,
            effective_weight=0.55,
            verification=verification,
            is_unverified=verification == "recalled",
        )
        if known and part:
            amount = part * known[0] * known[1]
            insert(con, "mart.mode_fit_contribution", **key, criterion_id=criterion, contribution=amount)


def fill_sensitivity(con: duckdb.DuckDBPyConnection) -> None:
    """The weights move the fits of the first mode most, its ranks less."""
    for target, choice, total in (
        ("fit", "weights", 0.61),
        ("fit", "aggregation", 0.3),
        ("rank_shift", "aggregation", 0.9),
    ):
        key = {"time_period": "2019", "mode_id": "mode_a", "target": target, "choice": choice}
        insert(con, "mart.mode_fit_sensitivity", **key, total=total, zones=2, evaluations=1792)


def fill_peers(con: duckdb.DuckDBPyConnection) -> None:
    """Levers of the rich zone's best mode, peer groups of two zones, and one zone's linkage."""
    for criterion, direction, gain, reason in (
        ("c1", 1, 0.0432, None),
        ("c2", 1, None, "already_above"),
        ("c3", -1, None, "not_sought"),
    ):
        insert(
            con,
            "mart.mode_fit_lever",
            zone_code=RICH,
            time_period="2019",
            mode_id="mode_a",
            criterion_id=criterion,
            indicator_id="trade_to_gdp",
            direction=direction,
            obs_value=0.73519,
            unit="1",
            observed_period="2018",
            peer_group="batch 3",
            peer_count=9,
            peer_upper_quartile=0.91,
            gain=gain,
            reason_code=reason,
        )
    for code in (RICH, SECOND):
        key = {"zone_code": code, "time_period": "2019"}
        insert(con, "mart.peer_group", **key, peer_basis="mode", place=1, reason_code="no_best_mode")
        insert(
            con, "mart.peer_group", **key, peer_basis="batch", place=2, peer_group="batch 3", member_count=2
        )
    key = {"zone_code": RICH, "time_period": "2019"}
    linked = {"coupling": 0.98, "development": 0.4, "coordination": 0.626, "weakest_subsystem": "talent"}
    insert(
        con,
        "mart.coupling_coordination",
        **key,
        **linked,
        class_en="primary coordination",
        class_zh="初级协调",
    )
    insert(
        con,
        "mart.coupling_subsystem",
        **key,
        subsystem_id="talent",
        subsystem_name_en="Talent",
        subsystem_name_zh="人才",
        score=0.321,
    )


def fill_figures(con: duckdb.DuckDBPyConnection) -> None:
    for code in (RICH, SECOND):
        for indicator, value, unit, formula, verification, inputs in FIGURES:
            insert(
                con,
                "mart.zone_indicator",
                zone_code=code,
                time_period="2018",
                indicator_id=indicator,
                obs_value=value,
                unit=unit,
                formula=formula,
                verification=verification,
                inputs=json.dumps(inputs),
            )
    for table, column in (("derived_indicator", "zone_indicator_id"), ("indicator", "indicator_id")):
        insert(con, f"reference.{table}", **{column: "gdp"}, name_en="Invented output", name_zh="生产总值")
    peers = {"peer_group": "same batch: 3", "peer_count": 9, "peer_median": 1.25, "peer_upper_quartile": 2.25}
    for suggestion, indicator, known in (
        ("s1", "gdp_twin", {**peers, "gap": 0.75}),
        ("s3", "training", None),
    ):
        values = (
            {"obs_value": 1.5, "observed_period": "2018", **known} if known else {"reason_code": "no_peers"}
        )
        insert(
            con,
            "mart.suggestion_gap",
            zone_code=RICH,
            time_period="2019",
            suggestion_id=suggestion,
            indicator_id=indicator,
            suggestion_name_en=f"Suggestion {suggestion}",
            suggestion_name_zh="建议",
            unit="1",
            direction=1,
            **values,
        )


def fill_clusters(con: duckdb.DuckDBPyConnection) -> None:
    for i in range(19):
        known = {
            "employment_persons": 1000.0 * (i + 1),
            "zone_share": 0.05,
            "reference_share": 0.05,
            "location_quotient": 0.2 + 0.15 * i,
            "star_size": i == 17,
            "star_specialisation": i > 12,
            "star_focus": False,
            "is_strong_cluster": i == 17,
            "relatedness_density": 0.4,
            "local_moran_p": 0.04,
            "local_moran_quadrant": "HL",
        }
        insert(
            con,
            "mart.cluster_industry",
            zone_code=RICH,
            time_period="2019",
            industry_code=chr(65 + i),
            industry_name_en=f"Invented sector {i}",
            industry_name_zh=f"行业{i}",
            **(known if i < 18 else {"reason_code": "no_employment"}),
        )
    insert(
        con,
        "mart.cluster_zone",
        zone_code=RICH,
        time_period="2019",
        employment_persons=171000.0,
        industries_observed=18,
        hhi=0.08765,
        krugman_specialisation=0.4321,
        hoover_specialisation=0.21605,
        diversity=7,
        stars=6,
        strong_clusters=1,
        strong_cluster_share=0.1234,
        eci=-0.3456,
    )


def fill_tests(con: duckdb.DuckDBPyConnection) -> None:
    tested: dict[tuple[str, str], tuple[dict[str, float | None], int | None, str]] = {
        (RICH, "mode_a"): ({"fit": 0.6342, "comparative_fit": 0.1234}, 1, "first"),
        (SECOND, "mode_b"): ({"fit": 0.4111, "comparative_fit": -0.0567}, 2, "not first"),
        (EMPTY, "mode_c"): ({"fit": None, "comparative_fit": None}, None, "insufficient data"),
    }
    for (code, mode), (values, rank, verdict) in tested.items():
        for basis, value in values.items():
            insert(
                con,
                "mart.mode_backtest",
                zone_code=code,
                stated_mode=mode,
                time_period="2019",
                basis=basis,
                stated_value=value,
                mode_rank_of_zone=rank,
                modes_ranked=4,
                zone_rank_in_mode=rank,
                zones_ranked=2,
                gdp_rank=rank,
                best_mode="mode_a" if rank else None,
                verdict=verdict,
                reason=None if rank else TOO_FEW,
            )
    for basis, found in (("fit", 0.75), ("comparative_fit", 0.5)):
        key = {"time_period": "2019", "basis": basis}
        ranks = {
            "zones_ranked": 2,
            "first": 1,
            "mean_reciprocal_rank": found,
            "mean_zone_reciprocal_rank": found,
        }
        baselines = {"random_reciprocal_rank": 0.521, "random_p_value": 0.183, "gdp_reciprocal_rank": 0.493}
        zones = {"random_zone_reciprocal_rank": 0.084, "gdp_zone_reciprocal_rank": 0.169}
        insert(con, "mart.mode_backtest_summary", **key, zones_stated=3, **ranks, **baselines, **zones)
        for criterion, change in (("c1", -0.25), ("c2", 0.0)):
            left = {"mode_id": "mode_a", "criterion_id": criterion, "change": change, "zone_change": 0.0}
            insert(con, "mart.mode_backtest_leave_one_out", **key, **ranks, **left)
    insert(
        con,
        "mart.evaluation_association",
        mode_id="best",
        basis="fit",
        tier_1_zones=3,
        tier_2_zones=4,
        probability_of_superiority=0.625,
    )


def fill_accounts(con: duckdb.DuckDBPyConnection) -> None:
    for indicator, period, seen in (("gdp", "2018", 4), ("gdp", "2019", 3), ("goods_trade", "2019", 1)):
        insert(
            con,
            "mart.data_quality",
            source_id=BOOK,
            indicator_id=indicator,
            time_period=period,
            areas_expected=4,
            areas_observed=seen,
            coverage=seen / 4,
            suspect_count=1,
            corrected_count=0,
            recalled_count=2,
            plan_count=0,
            bound_count=3,
        )
    insert(
        con,
        "mart.file_accounting",
        file_sha256="ab" * 32,
        source_id=BOOK,
        file_name="book_2019.csv",
        status="loaded",
        encoding="utf-8-sig",
        physical_rows=5,
        header_rows=1,
        note_rows=0,
        blank_rows=0,
        record_rows=4,
        continuation_rows=0,
        rejected_rows=0,
        hidden_rows=0,
        cells_total=40,
        cells_loaded=25,
        cells_blank=9,
        cells_not_used=5,
        cells_quarantined=1,
        unaccounted=0,
    )
    insert(
        con,
        "core.quarantine",
        source_id=BOOK,
        file_name="book_2019.csv",
        row_no=3,
        column_no=7,
        printed_text="12<i>",
        reason_code="not_a_number",
        reason="expected a number",
    )
    insert(
        con,
        "core.observation",
        area_code=RICH,
        indicator_id="gdp",
        time_period="2019",
        scope="total",
        obs_value=1.2e12,
        unit="CNY",
        obs_status="S",
        source_id=BOOK,
        sheet="",
        row_no=3,
        column_no=7,
        printed_text="1.2 trillion",
        correction="ten times the year before",
    )
