select
    c.methodology_version, c.mode_id, c.criterion_id, c.label, c.role, c.dimension, c.indicator_id, i.unit, i.formula,
    c.direction, c.weight, c.max_age_years, c.allows_unverified, c.argument, c.citation
from reference.mode_criterion as c
join reference.derived_indicator as i on i.zone_indicator_id = c.indicator_id
