-- Where is there no growth, and across which break would it go? Both figures stand there with their basis.
select
    reason_code, count(*) as figures, any_value(indicator_id) as for_instance, any_value(area_code) as area_code,
    any_value(time_period) as time_period
from mart.observation_growth
where growth is null
group by reason_code
order by figures desc;
