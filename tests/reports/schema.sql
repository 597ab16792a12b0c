-- The published tables as the team's interface sheet declares them; the report's tests fill them by hand.
create schema mart;
create schema core;
create schema reference;
create table mart.zone_profile (
    zone_code varchar, zone_name_en varchar, zone_name_zh varchar, province_code varchar, province_name_en varchar,
    province_name_zh varchar, admin_level varchar, batch integer, document_number varchar, document_status varchar,
    approval_date date, approval_date_status varchar, membership_status varchar, valid_from date, valid_to date,
    is_active boolean, latitude double, longitude double, coordinate_status varchar, city_tier varchar,
    city_tier_status varchar, observation_count bigint, indicator_count bigint, first_period varchar,
    latest_period varchar, best_mode varchar, best_mode_fit double, best_mode_comparative_fit double,
    best_mode_reason varchar, note varchar);
create table mart.mode (
    mode_id varchar, mode_version varchar, name_en varchar, name_zh varchar, summary varchar, prerequisites varchar,
    limitations varchar, stated_zones varchar, citation varchar);
create table mart.mode_criterion (
    mode_id varchar, criterion_id varchar, label varchar, role varchar, dimension varchar, indicator_id varchar,
    unit varchar, direction integer, weight double, max_age_years integer, allows_unverified boolean,
    argument varchar, citation varchar);
create table mart.zone_indicator (
    zone_code varchar, time_period varchar, indicator_id varchar, obs_value double, unit varchar, formula varchar,
    observed_period varchar, age_years integer, verification varchar, scope varchar, inputs varchar);
create table mart.criterion_score (
    zone_code varchar, time_period varchar, mode_id varchar, criterion_id varchar, role varchar, dimension varchar,
    indicator_id varchar, obs_value double, unit varchar, observed_period varchar, treated_value double,
    score double, nominal_weight double, effective_weight double, verification varchar, is_unverified boolean,
    reason_code varchar);
create table mart.mode_fit (
    methodology_version varchar, zone_code varchar, time_period varchar, mode_id varchar, gate double,
    evidence double, fit double, comparative_fit double, coverage double, fit_rank integer,
    comparative_rank integer, zones_ranked integer, is_best_mode boolean, is_zone_active boolean,
    reason_code varchar, reason varchar);
create table mart.mode_fit_contribution (
    zone_code varchar, time_period varchar, mode_id varchar, criterion_id varchar, contribution double,
    share_of_fit double);
create table mart.mode_backtest (
    zone_code varchar, stated_mode varchar, time_period varchar, basis varchar, fit_value double,
    mode_rank_of_zone integer, modes_ranked integer, zone_rank_in_mode integer, zones_ranked integer,
    best_mode varchar, verdict varchar, reason varchar);
create table mart.evaluation_association (
    mode_id varchar, time_period varchar, tier1_count integer, tier2_count integer, tier1_mean_rank double,
    tier2_mean_rank double, statistic double, reason_code varchar);
create table mart.cluster_industry (
    zone_code varchar, time_period varchar, industry_code varchar, industry_name_en varchar,
    industry_name_zh varchar, employment_persons double, zone_share double, reference_share double,
    location_quotient double, relatedness_density double, local_moran_i double, local_moran_p double,
    local_moran_quadrant varchar, reason_code varchar);
create table mart.cluster_zone (
    zone_code varchar, time_period varchar, employment_persons double, hhi double, krugman_specialisation double,
    hoover_specialisation double, diversity integer, eci double, reason_code varchar);
create table mart.suggestion_gap (
    zone_code varchar, time_period varchar, suggestion_id varchar, indicator_id varchar, suggestion_name_en varchar,
    obs_value double, unit varchar, direction integer, peer_group varchar, peer_count integer, peer_median double,
    peer_upper_quartile double, gap double, reason_code varchar);
create table mart.data_quality (
    source_id varchar, indicator_id varchar, time_period varchar, areas_expected integer, areas_observed integer,
    coverage double, suspect_count integer, corrected_count integer, recalled_count integer, plan_count integer);
create table mart.file_accounting (
    file_sha256 varchar, source_id varchar, file_name varchar, encoding varchar, physical_rows integer,
    header_rows integer, note_rows integer, blank_rows integer, record_rows integer, cells_total integer,
    cells_loaded integer, cells_blank integer, cells_quarantined integer, unaccounted integer);
create table core.quarantine (
    source_id varchar, file_name varchar, sheet varchar, row_no integer, column_no integer, printed_text varchar,
    reason_code varchar, reason varchar);
create table core.observation (
    area_code varchar, indicator_id varchar, time_period varchar, freq varchar, scope varchar, obs_value double,
    unit varchar, obs_status varchar, bound varchar, verification varchar, vintage date, source_id varchar,
    file_sha256 varchar, sheet varchar, row_no integer, column_no integer, printed_text varchar,
    reference varchar, quote varchar);
create table reference.derived_indicator (zone_indicator_id varchar, name_en varchar, name_zh varchar);
