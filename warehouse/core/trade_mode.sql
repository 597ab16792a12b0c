select
    t.code_system, t.code, t.name_zh, nullif(t.meaning, '') as meaning, nullif(t.direction, '') as direction,
    nullif(t.legal_basis, '') as legal_basis, nullif(t.counts_as_cbec, '') as counts_as_cbec,
    nullif(t.status, '') as status, nullif(t.source, '') as source
from raw.trade_mode as t
where t.file_sha256 = (select arg_max(f.file_sha256, f.sequence) from raw.file as f where f.raw_table = 'trade_mode' and f.status = 'loaded')
