-- Today's fit of a zone, given for a day on which every figure of the zone that it rests on was known. The goalposts
-- and
-- the effect of size rest on the figures of all zones: since when these are known stands beside it.
with used as (
    select s.methodology_version, s.zone_code, s.time_period, s.mode_id, i.known_from
    from mart.criterion_score as s
    join mart.zone_indicator as i
        on i.zone_code = s.zone_code and i.indicator_id = s.indicator_id and i.time_period = s.observed_period
    join reference.derived_indicator as d on d.zone_indicator_id = s.indicator_id
    -- a fact that holds for every year was so before somebody wrote it down
    where s.score is not null and not d.timeless
),
own as (
    select methodology_version, zone_code, time_period, mode_id, max(known_from) as inputs_known_from from used
    group by all
),
of_mode as (
    select methodology_version, mode_id, max(known_from) as goalposts_known_from from used group by all
),
of_all as (
    select u.methodology_version, greatest(max(u.known_from), any_value(g.known_from)) as comparison_known_from
    from used as u
    cross join (
        select max(known_from) as known_from from mart.zone_indicator
        where indicator_id in ('gdp', 'population')
    ) as g
    group by u.methodology_version
),
dated as (
    select
        f.*, o.inputs_known_from, m.goalposts_known_from, a.comparison_known_from,
        case
            when f.time_period > substr(cast(cast(known_on as date) as varchar), 1, 4) then 'period_not_begun'
            when f.fit is null then f.reason_code
            when o.inputs_known_from > cast(known_on as date) then 'inputs_not_yet_known'
        end as fit_reason_code
    from mart.mode_fit as f
    left join own as o
        on o.methodology_version = f.methodology_version and o.zone_code = f.zone_code and o.time_period = f.time_period
        and o.mode_id = f.mode_id
    left join of_mode as m on m.methodology_version = f.methodology_version and m.mode_id = f.mode_id
    left join of_all as a on a.methodology_version = f.methodology_version
)
select
    methodology_version, zone_code, time_period, mode_id,
    case when fit_reason_code is null then fit end as fit,
    case
        when fit_reason_code is null and comparison_known_from <= cast(known_on as date) then comparative_fit
    end as comparative_fit,
    case when fit_reason_code is null then coverage end as coverage,
    inputs_known_from, goalposts_known_from, comparison_known_from,
    fit_reason_code is null and goalposts_known_from <= cast(known_on as date) as is_exact,
    fit_reason_code as reason_code,
    case fit_reason_code
        when 'period_not_begun' then 'the year had not begun on that day'
        when 'inputs_not_yet_known' then 'a figure that the fit rests on became known on ' || inputs_known_from
        else reason
    end as reason,
    case
        when fit_reason_code is not null then fit_reason_code
        when comparative_fit is null then comparative_reason_code
        when comparison_known_from > cast(known_on as date) then 'comparison_not_yet_known'
    end as comparative_reason_code
from dated
