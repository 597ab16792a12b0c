select
    p.iso3, nullif(p.gacc_code, '') as customs_code, nullif(p.gacc_status, '') as customs_code_status,
    nullif(p.region, '') as region,
    p.bri_member_ever = 'yes' as is_belt_road_ever, nullif(p.bri_mou_date, '') as belt_road_from,
    nullif(p.bri_exit, '') as belt_road_to, nullif(p.bri_status, '') as belt_road_status,
    p.silk_road_ecommerce = 'yes' as is_silk_road_ecommerce,
    nullif(p.silk_road_ecommerce_date, '') as silk_road_ecommerce_from,
    nullif(p.silk_road_ecommerce_status, '') as silk_road_ecommerce_status,
    p.rcep = 'yes' as is_rcep, nullif(p.rcep_in_force, '') as rcep_from, nullif(p.rcep_status, '') as rcep_status
from (
    -- a list amends: the latest record of a key counts, and a key that a later file leaves out stays
    select r.*, row_number() over (partition by r.iso3 order by f.sequence desc, r.row_no) as place
    from raw.partner as r
    join raw.file as f on f.file_sha256 = r.file_sha256
    where regexp_full_match(r.iso3, '[A-Z]{3}')
) as p
where p.place = 1
