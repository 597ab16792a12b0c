-- Every edition of the lists of partners and countries. A list that gives no ISO code, or one that is in use no more
-- (ROM), takes it from the latest list that gives exactly one for the code, else from the compiled list of partners.
with known as (
    select r.*, rank() over (partition by r.code_list, r.code order by r.vintage desc) as place
    from core.code_record as r
    where r.outcome = 'loaded' and r.iso3 in (select iso3 from reference.country)
),
own as (
    select code, min(iso3) as iso3 from known
    where place = 1 and code_list = 'country' group by code having count(distinct iso3) = 1
),
mapped as (
    select code, min(iso3) as iso3 from known
    where place = 1 and code_list = 'country_mapping' group by code having count(distinct iso3) = 1
),
compiled as (
    select customs_code, min(iso3) as iso3 from core.partner where customs_code is not null
    group by customs_code having count(*) = 1
),
listed as (
    select
        r.code as customs_code, r.code_list, r.vintage, r.name_zh, r.name_en,
        coalesce(k.iso3, o.iso3, m.iso3, c.iso3) as iso3,
        case
            when k.iso3 is not null then 'the list itself'
            when o.iso3 is not null then 'list of countries'
            when m.iso3 is not null then 'list of mappings'
            when c.iso3 is not null then 'compiled list of partners'
        end as iso3_from,
        r.source_id, r.file_sha256, r.row_no
    from core.code_record as r
    left join known as k on k.file_sha256 = r.file_sha256 and k.sheet = r.sheet and k.row_no = r.row_no
    left join own as o on o.code = r.code
    left join mapped as m on m.code = r.code
    left join compiled as c on c.customs_code = r.code
    where r.outcome = 'loaded' and r.code_list in ('partner', 'country')
)
select
    l.customs_code, l.code_list, l.vintage, l.name_zh, l.name_en, l.iso3, l.iso3_from,
    p.customs_code as compiled_customs_code, p.region, p.is_belt_road_ever, p.is_silk_road_ecommerce, p.is_rcep,
    l.vintage = max(l.vintage) over (partition by l.customs_code, l.code_list) as is_latest, l.source_id, l.file_sha256,
    l.row_no
from listed as l
left join core.partner as p on p.iso3 = l.iso3
