-- A source's own figure for one meaning beside the one that it published before. Files that print a meaning twice with
-- different values tell no figure; plans are no figures.
with printed as (
    select
        o.*,
        count(distinct o.obs_value) over (
            partition by o.file_sha256, o.area_code, o.indicator_id, o.scope, o.unit, o.freq, o.time_period, o.vintage
        ) as different_values,
        -- of one day the file landed last counts
        row_number() over (
            partition by o.source_id, o.area_code, o.indicator_id, o.scope, o.unit, o.freq, o.time_period, o.vintage
            order by o.sequence desc, o.sheet, o.row_no, o.column_no
        ) as place
    from core.observation as o
    where o.obs_status <> 'P'
),
followed as (
    select
        p.*, lag(p.obs_value) over series as old_value, lag(p.bound) over series as old_bound,
        lag(p.vintage) over series as old_vintage, lag(p.obs_status) over series as old_status,
        lag(p.verification) over series as old_verification, lag(p.conversion) over series as old_conversion,
        lag(p.file_sha256) over series as old_file_sha256,
        lag(p.sheet) over series as old_sheet, lag(p.row_no) over series as old_row_no,
        lag(p.column_no) over series as old_column_no, lag(p.printed_text) over series as old_printed_text
    from printed as p
    where p.different_values = 1 and p.place = 1
    window series as (
        partition by p.source_id, p.area_code, p.indicator_id, p.scope, p.unit, p.freq, p.time_period
        order by p.vintage
    )
),
revised as (
    select
        *,
        case
            when bound <> '=' or old_bound <> '=' then 'not_exact'
            when (conversion is distinct from old_conversion) then 'converted_otherwise'
            when unit = 'pct' then 'in_percent'
            when old_value <= 0 then 'old_value_not_positive'
        end as reason_code
    from followed
    -- digits beyond what a double holds are no revision
    where abs(obs_value - old_value) > 1e-12 * greatest(abs(obs_value), abs(old_value)) or bound <> old_bound
)
select
    source_id, area_code, indicator_id, scope, unit, freq, time_period, old_value, obs_value as new_value,
    old_bound, bound as new_bound,
    case when reason_code is null then obs_value / old_value - 1 end as relative_change, reason_code,
    old_vintage, vintage as new_vintage, cast(vintage - old_vintage as integer) as days_between,
    old_status, obs_status as new_status, old_verification, verification as new_verification,
    old_file_sha256, old_sheet, old_row_no, old_column_no, old_printed_text,
    file_sha256 as new_file_sha256, sheet as new_sheet, row_no as new_row_no, column_no as new_column_no,
    printed_text as new_printed_text
from revised
