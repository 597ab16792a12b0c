-- Modes of trade of both code systems: every edition of the published lists, and those codes of the compiled list
-- that no landed list has. The facts of the compiled list (core.trade_mode) stand beside either.
with listed as (
    select
        code_system, code, vintage, source_id, any_value(name_zh) as name_zh, any_value(name_en) as name_en,
        any_value(short_name_zh) as short_name_zh
    from core.code_record
    where outcome = 'loaded' and code_list in ('trade_mode', 'supervision_mode')
    group by code_system, code, vintage, source_id
),
edition as (
    select
        code_system, code, vintage, max(name_zh) as name_zh, max(name_en) as name_en,
        max(short_name_zh) as short_name_zh, string_agg(source_id, ', ' order by source_id) as sources
    from listed
    group by code_system, code, vintage
)
select
    coalesce(e.code_system, m.code_system) as code_system, coalesce(e.code, m.code) as code, e.vintage,
    coalesce(e.name_zh, m.name_zh) as name_zh, e.name_en, e.short_name_zh, e.code is not null as is_listed,
    coalesce(e.vintage = max(e.vintage) over (partition by e.code_system, e.code), true) as is_latest,
    m.direction, m.counts_as_cbec, m.meaning, m.legal_basis, m.status, coalesce(e.sources, m.source) as source
from edition as e
full outer join core.trade_mode as m on m.code_system = e.code_system and m.code = e.code
