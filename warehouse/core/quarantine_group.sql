-- What differs between items of one fault is the place and, in a reader's reason, its mention: both are taken out.
with placed as (
    select
        q.*,
        regexp_replace(
            replace(q.reason, q.file_name, '...'), '\b(row|line|column|record) [0-9]+', '\1 ...', 'g'
        ) as fault,
        concat_ws(
            ', ', q.file_name, 'sheet ' || nullif(q.sheet, ''), 'row ' || q.row_no, 'column ' || q.column_no
        ) as place
    from core.quarantine as q
)
select
    source_id, reason_code, fault, count(*) as items, count(distinct file_sha256) as files,
    arg_min(place, (file_name, coalesce(sheet, ''), coalesce(row_no, 0), coalesce(column_no, 0))) as first_place,
    array_to_string(list_slice(list_sort(list_distinct(list(printed_text))), 1, 3), '; ') as examples
from placed
group by source_id, reason_code, fault
