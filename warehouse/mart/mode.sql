select
    mode_id, name_en, name_zh, summary, prerequisites, limitations, stated_zones, not_available, citation,
    methodology_version
from reference.mode
cross join reference.methodology
where is_default
