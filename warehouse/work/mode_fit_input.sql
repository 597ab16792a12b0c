with size as (
    select
        k.methodology_version, k.zone_code, k.scored_period, g.obs_value as gdp, p.obs_value as population,
        row_number() over (
            partition by k.methodology_version, k.zone_code, k.scored_period
            order by g.time_period desc
        ) as place
    from (select distinct methodology_version, zone_code, time_period as scored_period from mart.criterion_score) as k
    join mart.zone_indicator as g
        on g.zone_code = k.zone_code and g.indicator_id = 'gdp'
    join reference.methodology as m
        on m.methodology_version = k.methodology_version
        and cast(k.scored_period as integer) - cast(g.time_period as integer) between 0 and m.size_max_age_years
    join mart.zone_indicator as p
        on p.zone_code = k.zone_code and p.indicator_id = 'population' and p.time_period = g.time_period
)
select
    s.methodology_version, s.zone_code, s.time_period, s.mode_id, s.criterion_id, s.role, s.dimension, s.score,
    s.nominal_weight, s.effective_weight, size.gdp, size.population,
    z.valid_from <= make_date(cast(s.time_period as integer), 12, 31)
    and (z.valid_to is null or z.valid_to > make_date(cast(s.time_period as integer), 12, 31)) as is_zone_active,
    m.minimum_coverage, m.minimum_gate, m.minimum_zones, m.comparative_population, m.comparative_scale
from mart.criterion_score as s
join core.zone as z on z.zone_code = s.zone_code
join reference.methodology as m on m.methodology_version = s.methodology_version
left join size
    on size.methodology_version = s.methodology_version and size.zone_code = s.zone_code
    and size.scored_period = s.time_period and size.place = 1
