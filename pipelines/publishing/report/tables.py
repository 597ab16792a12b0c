"""The published tables a report reads, each read once.

Here belongs: which table and columns the pages rely on, and reading them. Not here: choosing and arranging
(overview, zone, quality, method). A table or column that is missing stops the report with its name.
"""

import duckdb
import polars as pl

from pipelines.declarations import tables as declared_tables

# table -> (key, other columns). Rows come ordered by the key first, so that a rerun gives the same pages.
COLUMNS: dict[str, tuple[str, str]] = {
    "mart.zone_profile": (
        "zone_code",
        "zone_name_en zone_name_zh province_code province_name_en province_name_zh admin_level batch"
        " document_number document_status approval_date approval_date_status membership_status valid_from"
        " valid_to is_active latitude longitude coordinate_status city_tier city_tier_status"
        " observation_count"
        " indicator_count first_period latest_period best_mode best_mode_fit best_mode_comparative_fit"
        " best_mode_reason only_mode only_mode_fit note",
    ),
    "mart.mode": (
        "mode_id",
        "name_en name_zh summary prerequisites limitations stated_zones not_available citation",
    ),
    "mart.mode_criterion": (
        "mode_id criterion_id",
        "label role dimension indicator_id unit formula direction weight max_age_years allows_unverified"
        " argument citation",
    ),
    "mart.zone_indicator": (
        "zone_code indicator_id time_period",
        "obs_value unit formula verification inputs",
    ),
    "mart.criterion_score": (
        "zone_code time_period mode_id criterion_id",
        "role dimension indicator_id obs_value unit observed_period score effective_weight verification"
        " is_unverified reason_code",
    ),
    "mart.mode_fit": (
        "zone_code time_period mode_id",
        "gate evidence fit comparative_fit coverage fit_rank comparative_rank zones_ranked zones_compared is_best_mode"
        " reason_code reason comparative_reason_code comparative_reason",
    ),
    "mart.mode_fit_uncertainty": (
        "zone_code time_period mode_id",
        "fit_p05 fit_p50 fit_p95 comparative_fit_p05 comparative_fit_p50 comparative_fit_p95 rank_p05 rank_p95"
        " probability_best_mode replications",
    ),
    "mart.mode_fit_sensitivity": ("time_period mode_id target choice", "total total_error"),
    "mart.mode_fit_contribution": ("zone_code time_period mode_id criterion_id", "contribution"),
    "mart.mode_backtest": (
        "zone_code stated_mode time_period basis",
        "stated_value mode_rank_of_zone modes_ranked zone_rank_in_mode zones_ranked gdp_rank best_mode"
        " verdict"
        " reason",
    ),
    "mart.mode_backtest_summary": (
        "time_period basis",
        "zones_stated zones_ranked first mean_reciprocal_rank random_reciprocal_rank random_p_value"
        " gdp_reciprocal_rank mean_zone_reciprocal_rank random_zone_reciprocal_rank gdp_zone_reciprocal_rank",
    ),
    "mart.mode_backtest_leave_one_out": (
        "time_period basis mode_id criterion_id",
        "zones_ranked first mean_reciprocal_rank change zone_change",
    ),
    "mart.mode_fit_lever": (
        "zone_code time_period mode_id criterion_id",
        "indicator_id direction obs_value unit observed_period peer_group peer_count peer_upper_quartile gain"
        " reason_code",
    ),
    "mart.peer_group": ("zone_code time_period place", "peer_basis peer_group member_count reason_code"),
    "mart.coupling_coordination": (
        "zone_code time_period",
        "coupling development coordination class_en class_zh weakest_subsystem reason_code",
    ),
    "mart.coupling_subsystem": (
        "zone_code time_period subsystem_id",
        "subsystem_name_en subsystem_name_zh score reason_code",
    ),
    "mart.cluster_industry": (
        "zone_code time_period industry_code",
        "industry_name_en industry_name_zh employment_persons zone_share reference_share location_quotient"
        " star_size star_specialisation star_focus is_strong_cluster"
        " relatedness_density local_moran_p local_moran_quadrant reason_code",
    ),
    "mart.cluster_zone": (
        "zone_code time_period",
        "employment_persons industries_observed hhi krugman_specialisation hoover_specialisation"
        " diversity stars strong_clusters strong_cluster_share eci"
        " reason_code eci_reason_code",
    ),
    "mart.suggestion_gap": (
        "zone_code time_period suggestion_id indicator_id",
        "suggestion_name_en suggestion_name_zh obs_value unit observed_period direction peer_group peer_count"
        " peer_median peer_upper_quartile gap reason_code",
    ),
    "mart.data_quality": (
        "source_id indicator_id time_period",
        "areas_expected areas_observed coverage suspect_count corrected_count recalled_count plan_count"
        " bound_count",
    ),
    "mart.file_accounting": (
        "source_id file_name file_sha256",
        "status encoding physical_rows header_rows note_rows blank_rows record_rows continuation_rows rejected_rows hidden_rows"
        " cells_total"
        " cells_loaded cells_blank cells_not_used cells_quarantined unaccounted",
    ),
    "core.quarantine": (
        "source_id file_name sheet row_no column_no",
        "printed_text reason_code reason",
    ),
    "reference.warehouse_schema": ("schema_name", "description description_zh"),
    "reference.glossary": ("term_en", "term_zh definition_en definition_zh stands_in"),
    "reference.derived_indicator": ("zone_indicator_id", "name_en name_zh"),
    "reference.indicator": ("indicator_id", "name_en name_zh"),
    "reference.metric_reason": ("metric reason_code", "meaning"),
    "reference.methodology": (
        "methodology_version",
        "minimum_coverage minimum_gate skewness_limit kurtosis_limit winsorise_points peer_minimum",
    ),
}
SUSPECTS = """
    select area_code, indicator_id, time_period, scope, obs_value, unit, source_id, sheet, row_no, column_no,
           printed_text, correction
    from core.observation
    where obs_status = 'S'
    order by all
"""
DEFAULT_VERSION = "(select methodology_version from reference.methodology where is_default)"
# Its columns are printed as they are: a table of a few rows of test statistics.
ASSOCIATION = f"""
    select * exclude (methodology_version) from mart.evaluation_association
    where methodology_version = {DEFAULT_VERSION} order by mode_id, basis
"""
# These are large and a page shows one year of them.
YEARLY = (
    "criterion_score",
    "mode_fit_uncertainty",
    "mode_fit_contribution",
    "mode_fit_lever",
    "coupling_coordination",
    "coupling_subsystem",
)


def read(con: duckdb.DuckDBPyConnection) -> dict[str, pl.DataFrame]:
    """All tables as frames under their names without schema, and `shown`: the year of each zone's page."""
    frames = {table.split(".")[1]: _read(con, table, *names) for table, names in COLUMNS.items()}
    frames["suspect"] = con.sql(SUSPECTS).pl()
    frames["evaluation_association"] = con.sql(ASSOCIATION).pl()
    frames["shown"] = shown_periods(frames["zone_profile"], frames["mode_fit"])
    for name in YEARLY:
        frames[name] = frames[name].join(
            frames["shown"], on=["zone_code", "time_period"], how="semi", maintain_order="left"
        )
    return frames


def _read(con: duckdb.DuckDBPyConnection, table: str, key: str, others: str) -> pl.DataFrame:
    """Rows of a table.

    A table that depends on the version of the method gives the rows of the default version.
    """
    columns = ", ".join(f"{key} {others}".split())
    versioned = "methodology_version" in declared_tables.tables()[table].grain
    shown = f"where methodology_version = {DEFAULT_VERSION}" if versioned else ""
    rows: pl.DataFrame = con.sql(f"select {columns} from {table} {shown} order by all nulls first").pl()
    return rows


def shown_periods(profiles: pl.DataFrame, fits: pl.DataFrame) -> pl.DataFrame:
    """The latest year with a fit of each zone.

    A zone without a fit gets the latest year tried, which has its reasons.
    """
    tried = fits.group_by("zone_code").agg(pl.col("time_period").max().alias("tried"))
    return profiles.join(tried, on="zone_code", how="left").select(
        "zone_code", pl.coalesce("latest_period", "tried").alias("time_period")
    )


def grouped(frame: pl.DataFrame, *by: str) -> dict:
    """Rows as dicts in lists under their group; a single column gives plain keys, several give tuples."""
    groups: dict = {}
    for row in frame.iter_rows(named=True):
        key = row[by[0]] if len(by) == 1 else tuple(row[column] for column in by)
        groups.setdefault(key, []).append(row)
    return groups
