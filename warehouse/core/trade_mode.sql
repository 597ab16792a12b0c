select
    t.code_system, t.code, t.name_zh, nullif(t.meaning, '') as meaning, nullif(t.direction, '') as direction,
    nullif(t.legal_basis, '') as legal_basis, nullif(t.counts_as_cbec, '') as counts_as_cbec,
    nullif(t.status, '') as status, nullif(t.source, '') as source
from (
    -- a list amends: the latest record of a key counts, and a key that a later file leaves out stays
    select r.*, row_number() over (partition by r.code_system, r.code order by f.sequence desc, r.row_no) as place
    from raw.trade_mode as r
    join raw.file as f on f.file_sha256 = r.file_sha256
    where r.code <> '' and r.code_system <> '' and r.name_zh <> ''
        and coalesce(r.counts_as_cbec, '') in ('', 'yes', 'no', 'mixed')
        and coalesce(r.status, '') in ('', 'verified', 'seen', 'reasoned', 'recalled')
) as t
where t.place = 1
