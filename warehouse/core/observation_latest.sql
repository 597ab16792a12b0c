-- The winner among the figures of one meaning: actual before others, exact before bounds, better verified first; then
-- the latest vintage, the file landed last, the first cell. A conflict is between figures of equal standing of one
-- file.
with ranked as (
    select
        o.*,
        row_number() over (
            partition by area_code, indicator_id, time_period, freq, scope
            order by
                obs_status = 'A' desc, obs_status = 'E' desc, bound = '=' desc,
                case verification when 'verified' then 1 when 'seen' then 2 when 'reasoned' then 3 else 4 end,
                vintage desc, sequence desc, row_no, column_no
        ) as place,
        count(*) over (partition by area_code, indicator_id, time_period, freq, scope) as figures
    from core.observation as o
),
printed_by_file as (
    select
        area_code, indicator_id, time_period, freq, scope, file_sha256, vintage, obs_status, bound, verification,
        count(distinct obs_value) as different_values
    from core.observation
    group by all
),
vintages as (
    select area_code, indicator_id, time_period, freq, scope, count(distinct vintage) as vintage_count
    from core.observation
    group by all
)
select
    r.area_code, r.indicator_id, r.time_period, r.freq, r.scope, r.obs_value, r.unit,
    case when f.different_values > 1 then 'S' else r.obs_status end as obs_status,
    r.bound, r.verification, r.vintage, r.sequence, r.source_id, r.file_sha256, r.sheet, r.row_no, r.column_no,
    r.printed_text, r.reference, r.quote, r.correction, r.conversion,
    cast(f.different_values as integer) as conflict_count, cast(v.vintage_count as integer) as vintage_count
from ranked as r
join printed_by_file as f
    using (
        area_code, indicator_id, time_period, freq, scope, file_sha256, vintage, obs_status,
        bound, verification
    )
join vintages as v using (area_code, indicator_id, time_period, freq, scope)
where r.place = 1
