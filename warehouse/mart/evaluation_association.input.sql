with evaluated as (
    select f.*, e.tier
    from mart.mode_fit as f
    join core.evaluation_tier as e
        on e.zone_code = f.zone_code and e.evaluated_year = f.time_period and e.status = 'verified'
        and e.status_note is null
),
figures as (
    select methodology_version, zone_code, time_period, mode_id, tier, fit, comparative_fit from evaluated
    union all
    select
        methodology_version, zone_code, time_period, 'best', tier, max(case when is_best_mode then fit end),
        max(case when is_best_mode then comparative_fit end)
    from evaluated
    group by methodology_version, zone_code, time_period, tier
)
select
    f.methodology_version, f.zone_code, f.time_period, f.mode_id, b.basis, f.tier,
    case b.basis when 'fit' then f.fit else f.comparative_fit end as figure, m.peer_minimum
from figures as f
cross join (values ('fit'), ('comparative_fit')) as b (basis)
join reference.methodology as m on m.methodology_version = f.methodology_version
