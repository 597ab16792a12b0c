-- Where does a zone lag behind its peers on the paper's suggestions?
select
    suggestion_name_en, indicator_name_en, obs_value, unit, observed_period, peer_group, peer_count,
    peer_upper_quartile, gap, reason_code
from mart.suggestion_gap
where zone_code = '340100' and time_period = '2022'
order by suggestion_id, indicator_id;
