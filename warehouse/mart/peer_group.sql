with years as (
    select m.methodology_version, cast(unnest(generate_series(m.first_period, m.last_period)) as varchar) as time_period
    from reference.methodology as m
    where m.is_computed
),
grouped as (
    select
        y.methodology_version, z.zone_code, y.time_period, b.peer_basis, b.place,
        case when b.same_batch then z.batch end as batch,
        case when b.same_tier then z.city_tier end as city_tier,
        case when b.same_mode then f.mode_id end as best_mode,
        case
            when b.same_tier and z.city_tier is null then 'city_tier_not_known'
            when b.same_mode and f.mode_id is null then 'no_best_mode'
        end as reason_code
    from years as y
    cross join mart.zone_profile as z
    cross join reference.peer_basis as b
    left join mart.mode_fit as f
        on f.methodology_version = y.methodology_version and f.zone_code = z.zone_code
        and f.time_period = y.time_period and f.is_best_mode
)
select
    g.methodology_version, g.zone_code, g.time_period, g.peer_basis, g.place, g.batch, g.city_tier, g.best_mode,
    case
        when g.reason_code is null
            then
                coalesce(
                    nullif(
                        concat_ws(', ', 'batch ' || g.batch, 'city tier ' || g.city_tier, 'best mode ' || m.name_en), ''
                    ),
                    'all zones'
                )
    end as peer_group,
    case
        when g.reason_code is null then
            cast(count(*) over (
                partition by
                    g.methodology_version, g.time_period, g.peer_basis, g.batch, g.city_tier, g.best_mode,
                    g.reason_code is null
            ) as integer)
    end as member_count,
    g.reason_code
from grouped as g
left join reference.mode as m on m.mode_id = g.best_mode
