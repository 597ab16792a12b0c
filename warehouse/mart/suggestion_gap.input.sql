with years as (
    select
        m.methodology_version, m.peer_minimum,
        cast(unnest(generate_series(m.first_period, m.last_period)) as integer) as year
    from reference.methodology as m
    where m.is_default
),
figures as (
    select zone_code, time_period, indicator_id, obs_value, unit from mart.zone_indicator
    union all
    select c.zone_code, c.time_period, i.zone_indicator_id, c.coordination, i.unit
    from mart.coupling_coordination as c
    join reference.derived_indicator as i on i.zone_indicator_id = 'coupling_coordination'
    where c.coordination is not null
),
ranked as (
    select
        y.year, s.suggestion_id, s.indicator_id, x.zone_code, x.obs_value, x.unit, x.time_period as observed_period,
        row_number() over (
            partition by y.year, s.suggestion_id, s.indicator_id, x.zone_code
            order by x.time_period desc
        ) as place
    from years as y
    cross join reference.suggestion as s
    join figures as x on x.indicator_id = s.indicator_id
    where y.year - cast(x.time_period as integer) between 0 and s.max_age_years
)
select
    y.methodology_version, g.zone_code, g.time_period, s.suggestion_id, s.suggestion_name_en, s.suggestion_name_zh,
    s.indicator_id, i.name_en as indicator_name_en, s.direction, r.obs_value, r.unit, r.observed_period, g.peer_basis,
    g.place, g.peer_group, y.peer_minimum
from years as y
cross join reference.suggestion as s
join mart.peer_group as g on g.methodology_version = y.methodology_version and g.time_period = cast(y.year as varchar)
left join ranked as r
    on r.year = y.year and r.suggestion_id = s.suggestion_id and r.indicator_id = s.indicator_id
    and r.zone_code = g.zone_code and r.place = 1
left join reference.derived_indicator as i on i.zone_indicator_id = s.indicator_id
