with covered as (
    select source_id, count(distinct area_code) as areas_expected from core.observation group by source_id
)
select
    o.source_id, o.indicator_id, substr(o.time_period, 1, 4) as time_period,
    cast(any_value(c.areas_expected) as integer) as areas_expected,
    cast(count(distinct o.area_code) as integer) as areas_observed,
    count(distinct o.area_code) / any_value(c.areas_expected) as coverage,
    cast(count(*) as integer) as figure_count,
    cast(count(*) filter (where o.obs_status = 'S') as integer) as suspect_count,
    cast(count(*) filter (where o.correction is not null) as integer) as corrected_count,
    cast(count(*) filter (where o.verification = 'recalled') as integer) as recalled_count,
    cast(count(*) filter (where o.obs_status = 'P') as integer) as plan_count,
    cast(count(*) filter (where o.bound <> '=') as integer) as bound_count
from core.observation as o
join covered as c on c.source_id = o.source_id
group by o.source_id, o.indicator_id, substr(o.time_period, 1, 4)
