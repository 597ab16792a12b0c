-- Trap of the domain: 亿 read as billion, 万元 as 亿元, or a part above its whole. The figure that is off is the one far
-- from the median of the years around it; its neighbours, near each other, are not. Of two parts that do not add up to
-- their whole nobody knows which of the three is wrong.
with figures as (
    select
        file_sha256, sheet, row_no, column_no, source_id, area_code, indicator_id, scope, freq, time_period, unit,
        obs_value, cast(substr(time_period, 1, 4) as integer) as year
    from core.resolved_cell
    where outcome = 'loaded' and obs_status = 'A' and bound = '=' and obs_value > 0
),
yearly as (
    select area_code, indicator_id, scope, unit, year, median(obs_value) as obs_value
    from figures
    where freq = 'A'
    group by all
),
around as (
    select p.rule_id, p.ratio_limit, y.area_code, y.indicator_id, y.scope, y.year, median(o.obs_value) as compared_value
    from yearly as y
    join reference.plausibility as p on p.kind = 'series' and p.unit = y.unit
    join yearly as o
        on o.area_code = y.area_code and o.indicator_id = y.indicator_id and o.scope = y.scope
        and o.year <> y.year and abs(o.year - y.year) <= p.window_years
    group by p.rule_id, p.ratio_limit, p.minimum_years, y.area_code, y.indicator_id, y.scope, y.year
    having count(*) >= p.minimum_years
),
whole as (
    select area_code, indicator_id, freq, time_period, max(obs_value) as compared_value from figures group by all
),
nation as (
    select f.indicator_id, f.scope, f.freq, f.time_period, max(f.obs_value) as compared_value
    from figures as f
    join reference.indicator as i on i.indicator_id = f.indicator_id and i.nature in ('flow', 'stock')
    where f.area_code = 'CN'
    group by all
),
above_nation as (
    -- three areas or more that have more than the nation are not all wrong: the nation's figure is
    select
        f.*, p.rule_id, n.compared_value,
        count(distinct f.area_code) over (partition by f.indicator_id, f.scope, f.freq, f.time_period) as areas
    from figures as f
    join reference.area as r on r.area_code = f.area_code and r.level in ('province', 'prefecture', 'county', 'part')
    join nation as n using (indicator_id, scope, freq, time_period)
    join reference.plausibility as p on p.kind = 'nation'
    where f.obs_value > p.ratio_limit * n.compared_value
),
one_file as (
    select file_sha256, area_code, scope, freq, time_period, indicator_id, max(obs_value) as obs_value
    from figures
    group by all
    having count(distinct obs_value) = 1
),
added as (
    select
        p.rule_id, p.whole_indicator_id, [p.whole_indicator_id, p.indicator_id, p.other_indicator_id] as indicators,
        a.file_sha256, a.area_code, a.scope, a.freq, a.time_period, a.obs_value + b.obs_value as parts,
        t.obs_value as total
    from reference.plausibility as p
    join one_file as a on a.indicator_id = p.indicator_id
    join one_file as b using (file_sha256, area_code, scope, freq, time_period)
    join one_file as t using (file_sha256, area_code, scope, freq, time_period)
    where p.kind = 'sum' and b.indicator_id = p.other_indicator_id and t.indicator_id = p.whole_indicator_id
        and greatest(parts, total) > p.ratio_limit * least(parts, total)
)
select
    f.file_sha256, f.sheet, f.row_no, f.column_no, a.rule_id, f.obs_value, a.compared_value,
    'found ' || f.obs_value || ' ' || f.unit || ', expected within ' || a.ratio_limit || ' times of '
    || a.compared_value
    || ', the median of the years around it' as reason
from figures as f
join around as a using (area_code, indicator_id, scope, year)
where f.freq = 'A'
    and (f.obs_value >= a.ratio_limit * a.compared_value or f.obs_value * a.ratio_limit <= a.compared_value)
union all
select
    f.file_sha256, f.sheet, f.row_no, f.column_no, p.rule_id, f.obs_value, w.compared_value,
    'found ' || f.obs_value || ' ' || f.unit || ', expected at most ' || w.compared_value || ', the '
    || p.whole_indicator_id
    || ' that it is a part of' as reason
from figures as f
join reference.plausibility as p on p.kind = 'whole' and p.indicator_id = f.indicator_id
join whole as w
    on w.area_code = f.area_code and w.indicator_id = p.whole_indicator_id and w.freq = f.freq
    and w.time_period = f.time_period
where f.scope is distinct from p.except_scope and f.obs_value > p.ratio_limit * w.compared_value
union all
select
    file_sha256, sheet, row_no, column_no, rule_id, obs_value, compared_value,
    'found ' || obs_value || ' ' || unit || ', expected at most ' || compared_value || ', the figure of the nation'
        as reason
from above_nation
where areas < 3
union all
select
    f.file_sha256, f.sheet, f.row_no, f.column_no, a.rule_id, f.obs_value, max(a.obs_value) as compared_value,
    'found ' || f.obs_value || ' ' || f.unit || ' for the nation, expected at least ' || max(a.obs_value)
    || ', the largest of ' || any_value(a.areas) || ' areas that have more' as reason
from figures as f
join above_nation as a using (indicator_id, scope, freq, time_period)
where f.area_code = 'CN' and a.areas >= 3
group by f.file_sha256, f.sheet, f.row_no, f.column_no, a.rule_id, f.obs_value, f.unit
union all
select
    f.file_sha256, f.sheet, f.row_no, f.column_no, a.rule_id, f.obs_value,
    case when f.indicator_id = a.whole_indicator_id then a.parts else a.total end as compared_value,
    'found ' || a.total || ' ' || f.unit || ' of ' || a.whole_indicator_id || ' and ' || a.parts
    || ' as the sum of its parts, expected the same figure; one of the three is wrong' as reason
from figures as f
join added as a using (file_sha256, area_code, scope, freq, time_period)
where f.indicator_id in (select unnest(a.indicators))
