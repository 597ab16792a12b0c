-- Versions that differ from another by data-driven weights only are points of the choice of weights, which is varied
-- anyway: the default version and those of declared weights have intervals.
select
    o.methodology_version, o.zone_code, o.time_period, o.mode_id, o.criterion_id, o.role, o.dimension, o.direction,
    o.obs_value, o.observed_period, o.skewness_limit, o.kurtosis_limit, o.winsorise_points, o.score_floor,
    o.minimum_figures, o.goalposts, i.score, i.nominal_weight, i.gdp, i.population, i.minimum_coverage, i.minimum_gate,
    i.minimum_zones, i.comparative_population, i.comparative_scale, f.reason_code, f.comparative_reason_code
from work.criterion_observation as o
join work.mode_fit_input as i
    on i.methodology_version = o.methodology_version and i.zone_code = o.zone_code and i.time_period = o.time_period
    and i.mode_id = o.mode_id and i.criterion_id = o.criterion_id
join mart.mode_fit as f
    on f.methodology_version = o.methodology_version and f.zone_code = o.zone_code and f.time_period = o.time_period
    and f.mode_id = o.mode_id
join reference.methodology as m on m.methodology_version = o.methodology_version
where m.is_default or m.weighting = 'nominal'
