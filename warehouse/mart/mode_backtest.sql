with figures as (
    select
        methodology_version, zone_code, time_period, mode_id, 'fit' as basis, fit as figure, reason_code, reason,
        false as may_be_best
    from mart.mode_fit
    union all
    select
        methodology_version, zone_code, time_period, mode_id, 'comparative_fit', comparative_fit,
        comparative_reason_code, comparative_reason, is_best_mode
    from mart.mode_fit
),
ranked as (
    select
        f.*, i.gdp,
        rank() over zone_modes as mode_rank, count(f.figure) over same_zone as modes_ranked,
        rank() over mode_zones as zone_rank, count(f.figure) over same_mode as zones_ranked,
        rank() over (
            partition by f.methodology_version, f.time_period, f.mode_id, f.basis
            order by case when f.figure is not null then i.gdp end desc nulls last
        ) as gdp_rank,
        first_value(f.mode_id) over (
            partition by f.methodology_version, f.zone_code, f.time_period, f.basis
            order by f.may_be_best desc, f.figure desc nulls last, f.mode_id
        ) as best_mode
    from figures as f
    left join (
        select methodology_version, zone_code, time_period, mode_id, max(gdp) as gdp from work.mode_fit_input
        group by all
    ) as i using (methodology_version, zone_code, time_period, mode_id)
    window
        zone_modes as (
            partition by f.methodology_version, f.zone_code, f.time_period, f.basis
            order by f.figure desc nulls last
        ),
        same_zone as (partition by f.methodology_version, f.zone_code, f.time_period, f.basis),
        mode_zones as (
            partition by f.methodology_version, f.time_period, f.mode_id, f.basis
            order by f.figure desc nulls last
        ),
        same_mode as (partition by f.methodology_version, f.time_period, f.mode_id, f.basis)
)
select
    r.methodology_version, s.zone_code, z.zone_name_en, s.mode_id as stated_mode, r.time_period, r.basis,
    r.figure as stated_value,
    case when r.figure is not null then cast(r.mode_rank as integer) end as mode_rank_of_zone,
    cast(r.modes_ranked as integer) as modes_ranked,
    case when r.figure is not null then cast(r.zone_rank as integer) end as zone_rank_in_mode,
    cast(r.zones_ranked as integer) as zones_ranked,
    case when r.figure is not null and r.gdp is not null then cast(r.gdp_rank as integer) end as gdp_rank,
    case when r.modes_ranked > 0 then r.best_mode end as best_mode,
    case
        when r.figure is null then 'insufficient data'
        when r.mode_rank = 1 then 'first'
        else 'not first'
    end as verdict,
    case when r.figure is null then r.reason_code end as reason_code,
    case when r.figure is null then r.reason end as reason
from reference.mode_stated_zone as s
join core.zone as z on z.zone_code = s.zone_code
join ranked as r on r.zone_code = s.zone_code and r.mode_id = s.mode_id
