-- Trap of the domain: 亿 read as billion, 万元 as 亿元, or a part above its whole. The figure that is off is the one far
-- from the median of the years around it; its neighbours, near each other, are not.
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
