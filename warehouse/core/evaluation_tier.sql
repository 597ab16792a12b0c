select
    e.zone_code, e.evaluated_year, cast(e.tier as integer) as tier, e.status,
    nullif(e.status_note, '') as status_note, nullif(e.source, '') as source
from (
    -- a list amends: the latest record of a key counts, and a key that a later file leaves out stays
    select
        r.*, row_number() over (
            partition by r.zone_code, r.evaluated_year
            order by f.sequence desc, r.row_no
        ) as place
    from raw.evaluation_tier as r
    join raw.file as f on f.file_sha256 = r.file_sha256
    where regexp_full_match(r.evaluated_year, '(19|20)[0-9]{2}') and try_cast(r.tier as integer) between 1 and 4
        and r.status in ('verified', 'seen', 'reasoned', 'recalled')
        and r.zone_code in (select zone_code from core.zone)
) as e
where e.place = 1
