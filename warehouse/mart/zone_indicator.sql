-- Derived indicators of each zone from its own area's figures. One meaning, one scope, one year; a prefecture's
-- figure is never given to a county inside it, a province's never to a city.
with figures as (
    -- the winner of each source: all terms of an indicator come from one source, so that no ratio mixes two bases
    select
        o.*, f.file_name, substr(o.time_period, 1, 4) as year, s.priority,
        row_number() over (
            partition by o.source_id, o.area_code, o.indicator_id, o.scope, substr(o.time_period, 1, 4)
            order by
                o.freq, o.time_period desc,
                case o.verification when 'verified' then 1 when 'seen' then 2 when 'reasoned' then 3 else 4 end,
                o.vintage desc, o.sequence desc, o.row_no, o.column_no
        ) as place,
        count(distinct o.obs_value) over (
            partition by o.file_sha256, o.area_code, o.indicator_id, o.scope, o.freq, o.time_period
        ) as different_values
    from core.observation as o
    join core.zone as z on z.zone_code = o.area_code
    join reference.indicator as i on i.indicator_id = o.indicator_id
    join reference.source as s on s.source_id = o.source_id
    join raw.file as f on f.file_sha256 = o.file_sha256
    where o.obs_status = 'A' and o.bound = '='
        -- a stock or a fact may be dated within the year; a flow must be of the whole year
        and (o.freq = 'A' or (o.freq = 'P' and i.nature in ('stock', 'flag')))
),
admitted as (
    select
        o.source_id, o.priority, o.area_code as zone_code, o.year as time_period, o.indicator_id, o.scope, o.obs_value,
        case o.verification when 'verified' then 1 when 'seen' then 2 when 'reasoned' then 3 else 4 end as doubt,
        o.vintage as known_from,
        '{"source_id":' || to_json(o.source_id) || ',"file_name":' || to_json(o.file_name)
        || ',"file_sha256":' || to_json(o.file_sha256) || ',"sheet":' || to_json(o.sheet)
        || ',"row_no":' || o.row_no || ',"column_no":' || o.column_no || ',"printed_text":' || to_json(o.printed_text)
        || ',"reference":' || coalesce(cast(to_json(o.reference) as varchar), 'null')
        || ',"verification":' || to_json(o.verification) || ',"vintage":' || to_json(o.vintage) || '}' as input
    from figures as o
    -- what one file prints twice with different values does not count
    where o.place = 1 and o.different_values = 1
),
-- residents as GDP over GDP per head: registered population leaves migrants out, residents are printed for 2020 only
residents as (
    select
        g.source_id, g.priority, g.zone_code, g.time_period, 'population' as indicator_id, g.scope,
        g.obs_value / h.obs_value as obs_value,
        greatest(g.doubt, h.doubt) as doubt, greatest(g.known_from, h.known_from) as known_from, g.input || ','
        || h.input as input
    from admitted as g
    join admitted as h using (source_id, priority, zone_code, time_period, scope)
    where g.indicator_id = 'gdp' and h.indicator_id = 'gdp_per_head' and h.obs_value > 0
),
cluster as (
    select zone_code, time_period, 'lq_' || industry_code as indicator_id, location_quotient as obs_value
    from mart.cluster_industry
    union all
    select zone_code, time_period, 'krugman_specialisation', krugman_specialisation from mart.cluster_zone
    union all
    select zone_code, time_period, 'hhi', hhi from mart.cluster_zone
    union all
    select zone_code, time_period, 'eci', eci from mart.cluster_zone
),
employment_cells as (
    select
        source_id, priority, zone_code, time_period, string_agg(input, ',' order by indicator_id) as input,
        max(doubt) as doubt,
        -- a quotient is known when the employment of all zones is
        max(max(known_from)) over (partition by time_period) as known_from
    from admitted
    where indicator_id like 'employment\__' escape '\'
    group by source_id, priority, zone_code, time_period
),
basis as (
    select source_id, priority, zone_code, time_period, indicator_id, scope, obs_value, doubt, known_from, input
    from admitted
    union all
    select source_id, priority, zone_code, time_period, indicator_id, scope, obs_value, doubt, known_from, input
    from residents
    union all
    select
        e.source_id, e.priority, c.zone_code, c.time_period, c.indicator_id, 'cluster', c.obs_value, e.doubt,
        e.known_from, e.input
    from cluster as c join employment_cells as e using (zone_code, time_period)
    where c.obs_value is not null
),
-- a complete list says of every zone that it is on it or not
listed as (
    select
        d.zone_indicator_id, t.indicator_id, t.scope, min(b.time_period) as time_period, max(b.doubt) as doubt,
        max(b.known_from) as known_from
    from reference.derived_indicator as d
    join reference.derived_indicator_term as t using (zone_indicator_id)
    join basis as b on b.indicator_id = t.indicator_id and b.scope = t.scope
    where d.list_complete
    group by all
),
sides as (
    select
        b.source_id, b.priority, b.zone_code, b.time_period, t.zone_indicator_id, t.side, sum(b.obs_value) as total,
        count(*) as found, max(b.doubt) as doubt, max(b.known_from) as known_from,
        string_agg(b.input, ',' order by b.indicator_id) as input
    from reference.derived_indicator_term as t
    join basis as b on b.indicator_id = t.indicator_id and b.scope = t.scope
    group by all
),
terms as (
    select zone_indicator_id, side, count(*) as needed from reference.derived_indicator_term group by all
),
whole as (
    select s.* from sides as s join terms as t using (zone_indicator_id, side) where s.found = t.needed
),
computed as (
    select
        n.source_id, n.priority, n.zone_code, n.time_period, n.zone_indicator_id,
        case when w.zone_indicator_id is null then n.total else n.total / nullif(d.total, 0) end as ratio,
        greatest(n.doubt, coalesce(d.doubt, 0)) as doubt,
        greatest(n.known_from, coalesce(d.known_from, n.known_from)) as known_from,
        n.input || coalesce(',' || d.input, '') as input
    from whole as n
    left join terms as w on w.zone_indicator_id = n.zone_indicator_id and w.side = 'denominator'
    left join whole as d
        on d.source_id = n.source_id and d.zone_code = n.zone_code and d.time_period = n.time_period
        and d.zone_indicator_id = n.zone_indicator_id and d.side = 'denominator'
    where n.side = 'numerator'
    union all
    select '', 0, z.zone_code, l.time_period, l.zone_indicator_id, 0.0, l.doubt, l.known_from, ''
    from listed as l
    cross join core.zone as z
    where
        not exists (
            select 1 from sides as s where s.zone_code = z.zone_code and s.zone_indicator_id = l.zone_indicator_id
        )
),
chosen as (
    select
        *, row_number() over (
            partition by zone_code, time_period, zone_indicator_id order by doubt > 2, priority, source_id
        ) as place
    from computed
    where ratio is not null
)
select
    c.zone_code, c.time_period, c.zone_indicator_id as indicator_id, c.ratio * i.factor as obs_value, i.unit, i.formula,
    case c.doubt when 1 then 'verified' when 2 then 'seen' when 3 then 'reasoned' else 'recalled' end as verification,
    c.known_from, '[' || c.input || ']' as inputs
from chosen as c
join reference.derived_indicator as i using (zone_indicator_id)
where c.place = 1
