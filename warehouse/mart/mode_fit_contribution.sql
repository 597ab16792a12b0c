-- Euler's theorem: contribution = fit * weight of the dimension * share of the criterion in the dimension's mean.
with scored as (
    select
        s.*, f.fit,
        sum(s.effective_weight) over dimension as dimension_weight,
        sum(s.effective_weight * s.score) over dimension as dimension_sum
    from mart.criterion_score as s
    join mart.mode_fit as f using (methodology_version, zone_code, time_period, mode_id)
    where s.role = 'evidence' and s.score is not null and f.fit is not null
    -- in the order of the criteria: a sum of doubles in another order can differ in its last digit
    window dimension as (
        partition by s.methodology_version, s.zone_code, s.time_period, s.mode_id, s.dimension
        order by s.criterion_id rows between unbounded preceding and unbounded following
    )
),
shared as (
    select
        *,
        case
            when dimension_sum > 0 then dimension_weight * effective_weight * score / dimension_sum
            else 0
        end as share
    from scored
)
select
    methodology_version, zone_code, time_period, mode_id, criterion_id, fit * share as contribution,
    case when fit > 0 then share end as share_of_fit, is_unverified
from shared
