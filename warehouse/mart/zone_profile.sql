with figures as (
    select
        area_code, count(*) as observation_count, count(distinct indicator_id) as indicator_count,
        min(substr(time_period, 1, 4)) as first_period
    from core.observation_latest
    group by area_code
),
fits as (
    select f.* from mart.mode_fit as f join reference.methodology as m using (methodology_version) where m.is_default
),
latest as (
    select zone_code, max(time_period) as latest_period from fits where fit is not null group by zone_code
),
best as (
    select f.* from fits as f join latest as l on l.zone_code = f.zone_code and l.latest_period = f.time_period
    where f.is_best_mode
),
passing as (
    select f.zone_code, count(*) as modes, min(f.mode_id) as mode_id, min(f.fit) as fit
    from fits as f
    join latest as l on l.zone_code = f.zone_code and l.latest_period = f.time_period
    where f.fit is not null and f.gate_passed
    group by f.zone_code
),
tier as (
    select
        zone_code, arg_max(obs_value, time_period) as city_tier,
        arg_max(verification, time_period) as city_tier_status
    from mart.zone_indicator where indicator_id = 'city_tier' group by zone_code
)
select
    z.zone_code, z.zone_name_en, z.zone_name_zh, z.province_code, z.province_name_en, z.province_name_zh, z.admin_level,
    z.batch, z.document_number, z.document_status, z.approval_date, z.approval_date_status, z.membership_status,
    z.valid_from, z.valid_to, z.is_active, z.latitude, z.longitude, z.coordinate_status,
    cast(t.city_tier as integer) as city_tier, t.city_tier_status,
    cast(coalesce(g.observation_count, 0) as integer) as observation_count,
    cast(coalesce(g.indicator_count, 0) as integer) as indicator_count, g.first_period, l.latest_period,
    b.mode_id as best_mode, b.fit as best_mode_fit, b.comparative_fit as best_mode_comparative_fit,
    case
        when b.mode_id is not null then null
        when l.latest_period is null then 'insufficient data: no mode reaches the minimum coverage in any year'
        when p.modes = 1
            then 'only one mode passes gate and coverage in ' || l.latest_period
                || ', so there is nothing to compare it with'
        else 'insufficient data: no mode passes gate and coverage with a comparative fit in ' || l.latest_period
    end as best_mode_reason,
    case when b.mode_id is null and p.modes = 1 then p.mode_id end as only_mode,
    case when b.mode_id is null and p.modes = 1 then p.fit end as only_mode_fit,
    z.note
from core.zone as z
left join figures as g on g.area_code = z.zone_code
left join latest as l on l.zone_code = z.zone_code
left join best as b on b.zone_code = z.zone_code
left join passing as p on p.zone_code = z.zone_code
left join tier as t on t.zone_code = z.zone_code
