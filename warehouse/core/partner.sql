select
    p.iso3, nullif(p.gacc_code, '') as customs_code, nullif(p.gacc_status, '') as customs_code_status,
    nullif(p.region, '') as region,
    p.bri_member_ever = 'yes' as is_belt_road_ever, nullif(p.bri_mou_date, '') as belt_road_from,
    nullif(p.bri_exit, '') as belt_road_to, nullif(p.bri_status, '') as belt_road_status,
    p.silk_road_ecommerce = 'yes' as is_silk_road_ecommerce,
    nullif(p.silk_road_ecommerce_date, '') as silk_road_ecommerce_from,
    nullif(p.silk_road_ecommerce_status, '') as silk_road_ecommerce_status,
    p.rcep = 'yes' as is_rcep, nullif(p.rcep_in_force, '') as rcep_from, nullif(p.rcep_status, '') as rcep_status
from raw.partner as p
where p.file_sha256 = (select arg_max(f.file_sha256, f.sequence) from raw.file as f where f.raw_table = 'partner' and f.status = 'loaded')
