-- Goods of 6 digits by edition: lists of an edition themselves, and the first six digits of national lists of the
-- years in which it was in force (chapters 98 and 99 are national); with their headings and chapters.
with six as (
    select c.classification, r.code as commodity_code, r.name_en, r.source_id
    from core.code_record as r
    join reference.trade_classification as c on c.classification_text = r.classification_text
    where r.outcome = 'loaded' and r.code_list = 'hs6'
    union all
    select e.classification, substr(r.code, 1, 6), null, r.source_id
    from core.code_record as r
    join reference.hs_edition as e on r.valid_year between e.in_force_from and e.in_force_to
    where r.outcome = 'loaded' and r.code_list = 'hs8' and substr(r.code, 1, 2) not in ('98', '99')
),
every as (
    select classification, commodity_code, name_en, source_id from six
    union all
    select classification, substr(commodity_code, 1, 4), null, source_id from six
    union all
    select classification, substr(commodity_code, 1, 2), null, source_id from six
)
select
    classification, commodity_code, length(commodity_code) as commodity_level, max(name_en) as name_en,
    string_agg(distinct source_id, ', ' order by source_id) as sources
from every
group by classification, commodity_code
