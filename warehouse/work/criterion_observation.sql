-- The observation that counts as of each scored year: the newest that is not later and not too old; facts that hold
-- for every year are taken whatever their year.
with years as (
    select m.*, cast(unnest(generate_series(m.first_period, m.last_period)) as integer) as year
    from reference.methodology as m
    where m.is_computed
),
candidates as (
    select
        y.methodology_version, y.year, c.mode_id, c.criterion_id, x.zone_code, x.obs_value, x.unit, x.time_period,
        x.verification,
        case when d.timeless then null else y.year - cast(x.time_period as integer) end as age_years,
        c.allows_unverified or x.verification in ('seen', 'verified') as is_admitted
    from years as y
    join reference.mode_criterion as c on c.methodology_version = y.methodology_version
    join reference.derived_indicator as d on d.zone_indicator_id = c.indicator_id
    join mart.zone_indicator as x on x.indicator_id = c.indicator_id
    where d.timeless or y.year - cast(x.time_period as integer) between 0 and c.max_age_years
),
ranked as (
    select
        *, row_number() over (
            partition by methodology_version, year, mode_id, criterion_id, zone_code
            order by is_admitted desc, time_period desc
        ) as place
    from candidates
)
select
    y.methodology_version, z.zone_code, cast(y.year as varchar) as time_period, c.mode_id, c.criterion_id, c.role,
    c.dimension, c.indicator_id, c.direction, c.weight, c.scale, c.membership,
    case when r.is_admitted then r.obs_value end as obs_value,
    case when r.is_admitted then r.unit end as unit,
    case when r.is_admitted then r.time_period end as observed_period,
    case when r.is_admitted then r.age_years end as age_years,
    case when r.is_admitted then r.verification end as verification,
    case when r.is_admitted then r.verification in ('recalled', 'reasoned') end as is_unverified,
    coalesce(not r.is_admitted, false) as has_unverified,
    y.skewness_limit, y.kurtosis_limit, y.winsorise_points, y.score_floor, y.minimum_figures,
    y.weighting, y.goalposts
from years as y
cross join core.zone as z
join reference.mode_criterion as c on c.methodology_version = y.methodology_version
left join ranked as r
    on r.methodology_version = y.methodology_version and r.year = y.year and r.zone_code = z.zone_code
    and r.mode_id = c.mode_id and r.criterion_id = c.criterion_id
    and r.place = 1
