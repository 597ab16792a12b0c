with years as (
    select m.peer_minimum, cast(unnest(generate_series(m.first_period, m.last_period)) as integer) as year
    from reference.methodology as m
    where m.is_default
),
ranked as (
    select
        y.year, s.suggestion_id, s.indicator_id, x.zone_code, x.obs_value, x.unit, x.time_period as observed_period,
        row_number() over (partition by y.year, s.suggestion_id, s.indicator_id, x.zone_code order by x.time_period desc) as place
    from years as y
    cross join reference.suggestion as s
    join mart.zone_indicator as x on x.indicator_id = s.indicator_id
    where y.year - cast(x.time_period as integer) between 0 and s.max_age_years
),
best as (
    select f.zone_code, f.time_period, f.mode_id
    from mart.mode_fit as f
    join reference.methodology as m using (methodology_version)
    where m.is_default and f.is_best_mode
),
laid_out as (
    select
        y.year, y.peer_minimum, z.zone_code, z.batch, b.mode_id as best_mode, s.suggestion_id, s.suggestion_name_en,
        s.suggestion_name_zh, s.indicator_id, s.direction, r.obs_value, r.unit, r.observed_period
    from years as y
    cross join core.zone as z
    cross join reference.suggestion as s
    left join best as b on b.zone_code = z.zone_code and b.time_period = cast(y.year as varchar)
    left join ranked as r
        on r.year = y.year and r.suggestion_id = s.suggestion_id and r.indicator_id = s.indicator_id
        and r.zone_code = z.zone_code and r.place = 1
),
peers as (
    select
        a.year, a.zone_code, a.suggestion_id, a.indicator_id, g.peer_rank,
        case g.peer_rank when 1 then 'same best mode: ' || a.best_mode when 2 then 'same batch: ' || a.batch else 'all zones with a figure' end as peer_group,
        count(*) as peer_count, median(b.obs_value) as peer_median,
        quantile_cont(b.obs_value * a.direction, 0.75) * any_value(a.direction) as peer_upper_quartile
    from laid_out as a
    cross join (values (1), (2), (3)) as g(peer_rank)
    join laid_out as b
        on b.year = a.year and b.suggestion_id = a.suggestion_id and b.indicator_id = a.indicator_id
        and b.zone_code <> a.zone_code and b.obs_value is not null
        and (g.peer_rank = 3 or (g.peer_rank = 1 and b.best_mode = a.best_mode) or (g.peer_rank = 2 and b.batch = a.batch))
    where a.obs_value is not null
    group by all
),
chosen as (
    select p.*, row_number() over (partition by p.year, p.zone_code, p.suggestion_id, p.indicator_id order by p.peer_rank) as place
    from peers as p
    join reference.methodology as m on m.is_default
    where p.peer_count >= m.peer_minimum
)
select
    l.zone_code, cast(l.year as varchar) as time_period, l.suggestion_id, l.suggestion_name_en, l.suggestion_name_zh, l.indicator_id,
    i.name_en as indicator_name_en, l.obs_value, l.unit, l.observed_period, l.direction, c.peer_group,
    cast(c.peer_count as integer) as peer_count, c.peer_median, c.peer_upper_quartile,
    (c.peer_upper_quartile - l.obs_value) * l.direction as gap,
    case when l.obs_value is null then 'not_observed' when c.peer_count is null then 'too_few_peers' end as reason_code
from laid_out as l
left join chosen as c
    on c.year = l.year and c.zone_code = l.zone_code and c.suggestion_id = l.suggestion_id
    and c.indicator_id = l.indicator_id and c.place = 1
left join reference.derived_indicator as i on i.zone_indicator_id = l.indicator_id
