with figures as (
    select methodology_version, zone_code, time_period, mode_id, 'fit' as basis, fit as figure from mart.mode_fit
    union all
    select methodology_version, zone_code, time_period, mode_id, 'comparative_fit', comparative_fit from mart.mode_fit
    union all
    select methodology_version, zone_code, time_period, 'best', 'fit', max(fit) from mart.mode_fit group by all
    union all
    select methodology_version, zone_code, time_period, 'best', 'comparative_fit', max(comparative_fit) from mart.mode_fit group by all
),
evaluated as (
    select f.methodology_version, f.mode_id, f.basis, f.figure, e.tier
    from figures as f
    left join core.evaluation_tier as e
        on e.zone_code = f.zone_code and e.evaluated_year = f.time_period and e.status = 'verified' and f.figure is not null
),
pairs as (
    select a.methodology_version, a.mode_id, a.basis,
        avg(case when a.figure > b.figure then 1.0 when a.figure = b.figure then 0.5 else 0.0 end) as superiority
    from evaluated as a
    join evaluated as b
        on b.methodology_version = a.methodology_version and b.mode_id = a.mode_id and b.basis = a.basis
    where a.tier = 1 and b.tier = 2
    group by all
),
counts as (
    select methodology_version, mode_id, basis, count(*) filter (where tier = 1) as tier_1, count(*) filter (where tier = 2) as tier_2
    from evaluated
    group by all
)
select
    c.methodology_version, c.mode_id, c.basis, cast(c.tier_1 as integer) as tier_1_zones, cast(c.tier_2 as integer) as tier_2_zones,
    p.superiority as probability_of_superiority,
    case when p.superiority is null then 'no_pair_of_evaluated_zones' end as reason_code
from counts as c
left join pairs as p using (methodology_version, mode_id, basis)
