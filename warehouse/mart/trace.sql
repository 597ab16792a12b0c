-- The chain of one published figure, step by step, each with its formula: fit, gates and dimensions, criteria,
-- indicators, cells. `path` numbers the steps as a tree.
with default_fit as (
    select f.*, m.comparative_population, m.comparative_scale, m.goalposts, m.score_floor, m.size_max_age_years
    from mart.mode_fit as f
    join reference.methodology as m on m.methodology_version = f.methodology_version
    where m.is_default and f.zone_code = zone and f.time_period = year
),
comparative as (
    select * from default_fit where metric = mode_id || ':comparative_fit'
),
fits as (
    select *, '1' as path from default_fit where metric = mode_id
    union all
    select *, '1.01' as path from comparative
),
goalposts as (
    select s.mode_id, s.criterion_id, min(s.treated_value) as low, max(s.treated_value) as high
    from mart.criterion_score as s
    join default_fit as d on d.methodology_version = s.methodology_version and d.mode_id = s.mode_id
    where d.goalposts = 'fixed' or s.time_period = year
    group by all
),
scores as (
    select
        s.*, c.label, c.scale, c.membership, c.direction, k.contribution, d.score_floor, g.low, g.high,
        -- gates and dimensions are the children of a fit, criteria of a dimension; a criterion can be asked for alone
        case
            when f.path is null then '1'
            when s.role = 'gate'
                then f.path || '.1'
                    || lpad(cast(rank() over (partition by s.role order by s.criterion_id) as varchar), 2, '0')
            else f.path || '.2'
                || lpad(cast(dense_rank() over (partition by s.role order by s.dimension) as varchar), 2, '0')
                || '.' || lpad(cast(row_number() over (
                    partition by s.role, s.dimension
                    order by s.criterion_id
                ) as varchar), 2, '0')
        end as path,
        f.path as fit_path
    from mart.criterion_score as s
    join default_fit as d
        on d.methodology_version = s.methodology_version and d.zone_code = s.zone_code and d.time_period = s.time_period
        and d.mode_id = s.mode_id
    join reference.mode_criterion as c
        on c.methodology_version = s.methodology_version and c.mode_id = s.mode_id and c.criterion_id = s.criterion_id
    left join fits as f on f.mode_id = s.mode_id
    left join goalposts as g on g.mode_id = s.mode_id and g.criterion_id = s.criterion_id
    left join mart.mode_fit_contribution as k
        on k.methodology_version = s.methodology_version and k.zone_code = s.zone_code and k.time_period = s.time_period
        and k.mode_id = s.mode_id and k.criterion_id = s.criterion_id
    where f.path is not null or metric = s.mode_id || ':' || s.criterion_id
),
dimensions as (
    select
        substr(min(path), 1, length(min(path)) - 3) as path, dimension, any_value(time_period) as time_period,
        sum(effective_weight * score) / sum(effective_weight) as mean, sum(effective_weight) as weight
    from scores
    where role = 'evidence' and fit_path is not null
    group by dimension
),
-- the size of the zone is of the newest year, not too old, that has both GDP and residents, as in the input of the fit
size as (
    select '1.8' || t.place as path, t.indicator_id, max(g.time_period) as time_period
    from comparative as c
    cross join (values ('1', 'gdp'), ('2', 'population')) as t (place, indicator_id)
    join mart.zone_indicator as g
        on g.zone_code = c.zone_code and g.indicator_id = 'gdp'
        and cast(c.time_period as integer) - cast(g.time_period as integer) between 0 and c.size_max_age_years
    join mart.zone_indicator as p
        on p.zone_code = g.zone_code and p.indicator_id = 'population' and p.time_period = g.time_period
    group by all
),
coupled as (
    select * from mart.coupling_coordination
    where metric = 'coupling_coordination' and zone_code = zone and time_period = year
),
subsystems as (
    select s.*, '1.1' || lpad(cast(row_number() over (order by s.subsystem_id) as varchar), 2, '0') as path
    from mart.coupling_subsystem as s
    join coupled as c on c.zone_code = s.zone_code and c.time_period = s.time_period
),
subsystem_indicators as (
    select
        s.path || '.'
        || lpad(
            cast(row_number() over (partition by s.subsystem_id order by c.indicator_id) as varchar), 2,
            '0'
        ) as path,
        c.indicator_id, max(x.time_period) as time_period
    from subsystems as s
    join reference.coupling_indicator as c on c.subsystem_id = s.subsystem_id
    join mart.zone_indicator as x on x.zone_code = zone and x.indicator_id = c.indicator_id
    where cast(s.time_period as integer) - cast(x.time_period as integer) between 0 and c.max_age_years
        and x.verification in ('seen', 'verified')
    group by s.path, s.subsystem_id, c.indicator_id
),
wanted as (
    select path || '.1' as path, indicator_id, observed_period from scores where obs_value is not null
    union all
    select path, indicator_id, time_period from size
    union all
    select path, indicator_id, time_period from subsystem_indicators
    union all
    select distinct '1', zone_indicator_id, year from reference.derived_indicator where zone_indicator_id = metric
),
indicators as (
    select w.path, x.*
    from wanted as w
    join mart.zone_indicator as x
        on x.zone_code = zone and x.indicator_id = w.indicator_id and x.time_period = w.observed_period
),
cluster_words as (
    select
        table_name || ':' || column_name as name,
        any_value(comment)
        || '; the reference is the employment of all zones with every sector printed in the year' as words
    from duckdb_columns()
    where schema_name = 'mart' and table_name in ('cluster_zone', 'cluster_industry')
    group by all
),
cluster_figure as (
    select
        'cluster_zone:' || split_part(metric, ':', 2) as name, c.time_period,
        try_cast(json_extract_string(to_json(c), split_part(metric, ':', 2)) as double) as value
    from mart.cluster_zone as c
    where metric like 'cluster\_zone:%' escape '\' and c.zone_code = zone and c.time_period = year
    union all
    select
        'cluster_industry:' || split_part(metric, ':', 2), c.time_period,
        try_cast(json_extract_string(to_json(c), split_part(metric, ':', 2)) as double)
    from mart.cluster_industry as c
    where metric like 'cluster\_industry:%' escape '\' and c.zone_code = zone and c.time_period = year
        and c.industry_code = split_part(metric, ':', 3)
),
listed as (
    select
        path, unnest(json_extract(inputs, '$[*]')) as input,
        unnest(generate_series(1, cast(json_array_length(inputs) as bigint))) as place,
        -- as many digits as the count has, for lpad cuts what is wider
        greatest(3, cast(length(cast(json_array_length(inputs) as varchar)) as integer)) as digits
    from indicators
),
inputs as (
    -- cells of an indicator, in the order of its list
    select
        path || '.' || lpad(cast(place as varchar), digits, '0') as path,
        json_extract_string(input, '$.file_sha256') as file_sha256,
        json_extract_string(input, '$.sheet') as sheet,
        cast(json_extract_string(input, '$.row_no') as integer) as row_no,
        cast(json_extract_string(input, '$.column_no') as integer) as column_no
    from listed
    union all
    -- cells of a cluster figure: the zone's own employment by sector
    select
        '1.' || lpad(
            cast(row_number() over (order by o.indicator_id) as varchar),
            greatest(3, cast(length(cast(count(*) over () as varchar)) as integer)), '0'
        ),
        o.file_sha256, o.sheet, o.row_no, o.column_no
    from core.observation_latest as o
    where o.indicator_id like 'employment\__' escape '\' and o.freq = 'A' and o.obs_status = 'A' and o.bound = '='
        and o.verification in ('seen', 'verified') and o.area_code = zone and o.time_period = year
        and exists (select 1 from cluster_figure)
),
cells as (
    select
        n.path, o.*, f.file_name, r.unit_text as printed_unit, l.unit_text as label_unit, coalesce(l.scale, 1) as scale,
        u.factor
    from inputs as n
    join core.observation as o
        on o.file_sha256 = n.file_sha256 and o.sheet = n.sheet and o.row_no = n.row_no and o.column_no = n.column_no
    join raw.file as f on f.file_sha256 = o.file_sha256
    join raw.cell as r
        on r.file_sha256 = o.file_sha256 and r.sheet = o.sheet and r.row_no = o.row_no and r.column_no = o.column_no
    left join reference.source_label as l on l.source_id = o.source_id and l.printed_text = r.indicator_text
    left join reference.unit as u on u.unit_text = coalesce(l.unit_text, r.unit_text)
),
steps as (
    select
        '1' as path, 'comparative fit' as step, mode_id as name, time_period, comparative_fit as value, '1' as unit,
        coalesce(
            comparative_reason,
            'residual of the fit on log GDP and log residents (least squares over the zones of the mode and year'
            || case comparative_population when 'gate_passing' then ' that pass its gate' else '' end || ')'
            || case comparative_scale
                when 'standardised' then ' in standard deviations of the mode''s residuals'
                else ''
            end
            || ', less the mean of these over the modes of the zone; rank ' || comparative_rank || ' of '
            || zones_ranked || '; method ' || methodology_version
        ) as formula
    from comparative
    union all
    select
        path, 'fit', mode_id, time_period, fit, '1',
        coalesce(
            reason, 'gate x evidence = ' || round(gate, 6) || ' x ' || round(evidence, 6)
            || '; gate: product of the memberships; evidence: geometric mean of the dimensions by weight; coverage '
            || round(coverage, 4) || '; method ' || methodology_version
        )
    from fits
    union all
    select
        '1.9' || lpad(cast(row_number() over (order by d.mode_id) as varchar), 2, '0'), 'fit of another mode',
        d.mode_id, d.time_period, d.fit, '1',
        coalesce(d.reason, 'enters the mean over the zone''s modes; its own chain: metric ' || d.mode_id)
    from default_fit as d
    join comparative as c on c.mode_id <> d.mode_id
    union all
    select
        path, 'dimension', dimension, time_period, mean, '1',
        coalesce(
            'mean of the criteria''s scores by weight; weight ' || round(weight, 6) || ' in the evidence',
            'no criterion is observed'
        )
    from dimensions
    union all
    select
        path, case role when 'gate' then 'gate' else 'criterion' end, criterion_id, time_period, score, '1',
        label || ': ' || case
            when reason_code is not null then 'no score, ' || reason_code
            when role = 'gate'
                then 'membership by linear interpolation of the points ' || membership || ' over the '
                    || case scale
                        when 'percentile' then 'percentile among all zones and years'
                        else 'value'
                    end || ' (' || round(treated_value, 6) || ')'
            else score_floor || ' + ' || (1 - score_floor) || ' x '
                || case direction
                    when 1 then '(' || round(treated_value, 6) || ' - ' || round(low, 6)
                    else '(' || round(high, 6) || ' - ' || round(treated_value, 6)
                end
                || ') / (' || round(high, 6) || ' - ' || round(low, 6) || '), the value'
                || case treatment
                    when 'none' then ''
                    else ' ' || treatment
                end || ' between the goalposts of all zones; weight ' || round(effective_weight, 6)
                || coalesce('; contribution to the fit ' || round(contribution, 6), '')
        end
    from scores
    union all
    select
        i.path, 'indicator', i.indicator_id, i.time_period, i.obs_value, i.unit,
        case
            when i.inputs = '[]' then 'zero, because the complete list ' || i.formula || ' does not name this zone'
            else coalesce(w.words, i.formula)
        end
    from indicators as i
    left join cluster_words as w
        on w.name = case
            when i.indicator_id like 'lq\_%' escape '\' then 'cluster_industry:location_quotient'
            else 'cluster_zone:' || i.indicator_id
        end
    union all
    select
        '1', 'coupling coordination', 'coupling_coordination', time_period, coordination, '1',
        coalesce(
            'no figure, ' || reason_code, 'sqrt(C x T) = sqrt(' || round(coupling, 6) || ' x '
            || round(development, 6)
            || '); T: mean of the subsystem scores; C: their geometric over their arithmetic mean; method '
            || methodology_version
        )
    from coupled
    union all
    select
        path, 'subsystem', subsystem_id, time_period, score, '1',
        coalesce(
            'no score, ' || reason_code,
            'mean of the scores of its indicators by weight, treated and normalised like evidence; coverage '
            || round(coverage, 4)
        )
    from subsystems
    union all
    select
        '1', 'cluster figure', metric, c.time_period, c.value, null, w.words
    from cluster_figure as c
    join cluster_words as w on w.name = c.name
    where c.value is not null
)
select
    cast(row_number() over (order by path) as integer) as step_no,
    cast(length(path) - length(replace(path, '.', '')) as integer) as depth,
    path, step, name, time_period, value, unit, formula, file_sha256, source_id, file_name, sheet, row_no, column_no,
    printed_text, reference, verification, vintage
from (
    select
        path, step, name, time_period, value, unit, formula, null as file_sha256, null as source_id, null as file_name,
        null as sheet, null as row_no, null as column_no, null as printed_text, null as reference, null as verification,
        cast(null as date) as vintage
    from steps
    union all
    select
        path, 'cell', indicator_id, time_period, obs_value, unit,
        concat_ws(
            '; ', 'printed text' || coalesce(' in ' || coalesce(label_unit, printed_unit), '')
            || case when scale * factor <> 1 then ' x ' || scale * factor else '' end, conversion, correction
        ),
        file_sha256, source_id, file_name, sheet, row_no, column_no, printed_text, reference, verification, vintage
    from cells
) as steps_and_cells
