with years as (
    select m.*, cast(unnest(generate_series(m.first_period, m.last_period)) as integer) as year
    from reference.methodology as m
    where m.is_default
),
ranked as (
    select
        y.year, c.subsystem_id, c.indicator_id, x.zone_code, x.obs_value, x.unit, x.time_period, x.verification,
        row_number() over (
            partition by y.year, c.subsystem_id, c.indicator_id, x.zone_code
            order by x.time_period desc
        ) as place
    from years as y
    cross join reference.coupling_indicator as c
    join mart.zone_indicator as x on x.indicator_id = c.indicator_id
    where y.year - cast(x.time_period as integer) between 0 and c.max_age_years
        and x.verification in ('seen', 'verified')
)
select
    y.methodology_version, z.zone_code, cast(y.year as varchar) as time_period, 'industrial_linkage' as mode_id,
    c.indicator_id as criterion_id, 'evidence' as role, c.subsystem_id as dimension, c.subsystem_name_en,
    c.subsystem_name_zh, c.indicator_id, c.direction, c.weight, 'value' as scale, cast(null as varchar) as membership,
    r.obs_value, r.unit, r.time_period as observed_period, y.year - cast(r.time_period as integer) as age_years,
    r.verification, false as is_unverified, false as has_unverified, y.skewness_limit, y.kurtosis_limit,
    y.winsorise_points, y.score_floor, y.minimum_figures, 'nominal' as weighting, y.goalposts, y.minimum_coverage
from years as y
cross join core.zone as z
cross join reference.coupling_indicator as c
left join ranked as r
    on r.year = y.year and r.zone_code = z.zone_code and r.subsystem_id = c.subsystem_id
    and r.indicator_id = c.indicator_id and r.place = 1
