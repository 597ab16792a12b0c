select
    o.methodology_version, o.zone_code, o.time_period, o.mode_id, o.criterion_id, o.role, o.dimension, o.indicator_id,
    o.direction, o.scale, o.membership, o.obs_value, o.unit, o.observed_period, o.skewness_limit, o.kurtosis_limit,
    o.winsorise_points, o.score_floor, o.minimum_figures, o.goalposts, s.score, s.effective_weight,
    s.reason_code as score_reason, f.fit, d.timeless as is_timeless,
    g.peer_basis, g.place, g.peer_group, m.peer_minimum
from work.criterion_observation as o
join reference.methodology as m using (methodology_version)
join mart.criterion_score as s using (methodology_version, zone_code, time_period, mode_id, criterion_id)
join mart.mode_fit as f using (methodology_version, zone_code, time_period, mode_id)
join mart.peer_group as g using (methodology_version, zone_code, time_period)
join reference.derived_indicator as d on d.zone_indicator_id = o.indicator_id
