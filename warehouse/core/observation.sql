with doubted as (
    select file_sha256, sheet, row_no, column_no, string_agg(reason, '; ' order by rule_id) as reason
    from core.implausible
    group by all
)
select
    c.area_code, c.indicator_id, c.time_period, c.freq, c.scope, c.obs_value, c.unit,
    case when d.reason is not null then 'S' else c.obs_status end as obs_status, c.bound, c.verification, c.vintage,
    c.sequence, c.source_id, c.file_sha256, c.sheet, c.row_no, c.column_no, c.printed_text, c.reference, c.quote,
    coalesce(d.reason, c.correction) as correction, c.conversion
from core.resolved_cell as c
left join doubted as d using (file_sha256, sheet, row_no, column_no)
where c.outcome = 'loaded'
