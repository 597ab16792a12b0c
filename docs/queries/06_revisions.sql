-- What has been revised, by how much, how long after the first figure, and where do both stand?
select
    r.source_id, r.area_code, r.indicator_id, r.time_period, r.old_printed_text, r.new_printed_text,
    round(100 * r.relative_change, 2) as change_pct, r.days_between, n.file_name as new_file, r.new_row_no
from mart.revision as r
join raw.file as n on n.file_sha256 = r.new_file_sha256
order by abs(r.relative_change) desc nulls last, r.source_id, r.indicator_id, r.time_period;
