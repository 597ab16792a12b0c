with employment as (
    select area_code, time_period, substr(indicator_id, 12) as industry_code, obs_value
    from core.observation_latest
    where indicator_id like 'employment\__' escape '\' and freq = 'A' and obs_status = 'A' and bound = '='
        and verification in ('seen', 'verified')
),
observed as (
    select distinct area_code, time_period from employment
)
select
    z.zone_code, o.time_period, i.industry_code, i.name_en as industry_name_en, i.name_zh as industry_name_zh,
    z.province_code, e.obs_value as employment_persons, z.latitude, z.longitude
from observed as o
join core.zone as z on z.zone_code = o.area_code
cross join reference.industry as i
left join employment as e
    on e.area_code = o.area_code and e.time_period = o.time_period and e.industry_code = i.industry_code
