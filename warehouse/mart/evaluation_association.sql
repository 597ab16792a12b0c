with figures as (
    select methodology_version, zone_code, time_period, mode_id, 'fit' as basis, fit as figure from mart.mode_fit
    union all
    select methodology_version, zone_code, time_period, mode_id, 'comparative_fit', comparative_fit from mart.mode_fit
    union all
    select methodology_version, zone_code, time_period, 'best', 'fit', fit from mart.mode_fit where is_best_mode
    union all
    select methodology_version, zone_code, time_period, 'best', 'comparative_fit', comparative_fit from mart.mode_fit where is_best_mode
),
evaluated as (
    select f.methodology_version, f.zone_code, f.time_period, f.mode_id, f.basis, f.figure, e.tier
    from figures as f
    left join core.evaluation_tier as e
        on e.zone_code = f.zone_code and e.evaluated_year = f.time_period and e.status = 'verified' and e.status_note is null
        and f.figure is not null
),
pairs as (
    select a.methodology_version, a.mode_id, a.basis,
        avg(case when a.figure > b.figure then 1.0 when a.figure = b.figure then 0.5 else 0.0 end) as superiority
    from evaluated as a
    join evaluated as b
        on b.methodology_version = a.methodology_version and b.mode_id = a.mode_id and b.basis = a.basis
        and b.time_period = a.time_period
    where a.tier = 1 and b.tier = 2
    group by all
),
counts as (
    select methodology_version, mode_id, basis, count(distinct zone_code) filter (where tier = 1) as tier_1,
        count(distinct zone_code) filter (where tier = 2) as tier_2
    from evaluated
    group by all
)
select
    c.methodology_version, c.mode_id, c.basis, cast(c.tier_1 as integer) as tier_1_zones, cast(c.tier_2 as integer) as tier_2_zones,
    case when least(c.tier_1, c.tier_2) >= m.peer_minimum then p.superiority end as probability_of_superiority,
    case
        when least(c.tier_1, c.tier_2) < m.peer_minimum then 'too_few_evaluated_zones'
        when p.superiority is null then 'no_pair_of_evaluated_zones'
    end as reason_code
from counts as c
join reference.methodology as m on m.methodology_version = c.methodology_version
left join pairs as p
    on p.methodology_version = c.methodology_version and p.mode_id = c.mode_id and p.basis = c.basis
