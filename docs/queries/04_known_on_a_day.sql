-- What was known of the national cross-border e-commerce total on two days? A later revision is left out.
select '2023-02-01' as known_on, time_period, obs_value / 1e12 as trillion_cny, vintage, reference
from core.observation_asof('2023-02-01')
where area_code = 'CN' and indicator_id = 'cbec_trade' and freq = 'A'
union all
select '2024-02-01', time_period, obs_value / 1e12, vintage, reference
from core.observation_asof('2024-02-01')
where area_code = 'CN' and indicator_id = 'cbec_trade' and freq = 'A'
order by known_on, time_period;
