select
    e.zone_code, e.evaluated_year, cast(e.tier as integer) as tier, e.status,
    nullif(e.status_note, '') as status_note, nullif(e.source, '') as source
from raw.evaluation_tier as e
where e.file_sha256 = (select arg_max(f.file_sha256, f.sequence) from raw.file as f where f.raw_table = 'evaluation_tier' and f.status = 'loaded')
