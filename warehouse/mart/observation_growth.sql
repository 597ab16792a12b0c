-- Year on year, both ends from one source's one vintage, of one scope and unit; where the year before stands elsewhere
-- only, the reason says across which break the growth would go.
with levels as (
    select
        o.*, cast(cast(substr(o.time_period, 1, 4) as integer) - 1 as varchar)
        || substr(o.time_period, 5) as previous_period
    from core.observation_latest as o
    join reference.indicator as i on i.indicator_id = o.indicator_id
    where i.nature in ('flow', 'stock') and o.freq not in ('T', 'N')
),
candidates as (
    select
        l.area_code, l.indicator_id, l.time_period, l.freq, l.scope,
        p.scope as previous_scope, p.obs_value as previous_value, p.unit as previous_unit,
        p.conversion as previous_conversion, p.source_id as previous_source_id, p.vintage as previous_vintage,
        p.file_sha256 as previous_file_sha256, p.sheet as previous_sheet, p.row_no as previous_row_no,
        p.column_no as previous_column_no, p.printed_text as previous_printed_text,
        count(distinct p.obs_value) over (
            partition by l.area_code, l.indicator_id, l.time_period, l.freq, l.scope, p.scope, p.file_sha256, p.vintage
        ) as different_values,
        row_number() over (
            partition by l.area_code, l.indicator_id, l.time_period, l.freq, l.scope
            order by
                p.scope = l.scope desc, p.unit = l.unit desc, p.source_id = l.source_id desc,
                p.vintage = l.vintage desc, p.vintage desc, p.sequence desc, p.sheet, p.row_no, p.column_no, p.scope
        ) as place
    from levels as l
    join core.observation as p
        on p.area_code = l.area_code and p.indicator_id = l.indicator_id and p.freq = l.freq
        and p.time_period = l.previous_period
    where p.obs_status in ('A', 'E') and p.bound = '='
),
judged as (
    select
        l.*, c.previous_scope, c.previous_value, c.previous_unit, c.previous_source_id, c.previous_vintage,
        c.previous_file_sha256, c.previous_sheet, c.previous_row_no, c.previous_column_no, c.previous_printed_text,
        case
            when l.obs_status not in ('A', 'E') then 'not_actual'
            when l.bound <> '=' then 'not_exact'
            when c.previous_value is null then 'no_previous_figure'
            when c.different_values > 1 then 'previous_conflicts'
            when c.previous_scope <> l.scope then 'scope_break'
            when c.previous_unit <> l.unit or (c.previous_conversion is null) <> (l.conversion is null)
                then 'unit_break'
            when c.previous_source_id <> l.source_id then 'source_break'
            when c.previous_vintage <> l.vintage then 'vintage_break'
            when c.previous_value <= 0 then 'previous_not_positive'
            when not isfinite(l.obs_value / c.previous_value) then 'growth_not_finite'
        end as reason_code
    from levels as l
    left join candidates as c
        on c.area_code = l.area_code and c.indicator_id = l.indicator_id and c.time_period = l.time_period
        and c.freq = l.freq and c.scope = l.scope and c.place = 1
)
select
    area_code, indicator_id, time_period, freq, scope, source_id, vintage, obs_value, unit,
    previous_period, previous_scope, previous_source_id, previous_vintage, previous_value, previous_unit,
    case when reason_code is null then obs_value / previous_value - 1 end as growth, reason_code,
    file_sha256, sheet, row_no, column_no, printed_text, previous_file_sha256, previous_sheet, previous_row_no,
    previous_column_no, previous_printed_text
from judged
