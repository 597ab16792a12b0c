select
    z.zone_code, z.zone_name_en, z.zone_name_zh, z.province_code, z.province_name_en, z.province_name_zh,
    nullif(z.parent_area_code, '') as parent_area_code, z.admin_level, cast(z.batch as integer) as batch,
    nullif(z.document_number, '') as document_number, nullif(z.document_status, '') as document_status,
    try_cast(nullif(z.approval_date, '') as date) as approval_date,
    nullif(z.approval_date_status, '') as approval_date_status,
    try_cast(nullif(z.publication_date, '') as date) as publication_date,
    nullif(z.publication_date_status, '') as publication_date_status,
    z.membership_status, nullif(z.membership_source, '') as membership_source,
    try_cast(nullif(z.valid_from, '') as date) as valid_from, try_cast(nullif(z.valid_to, '') as date) as valid_to,
    nullif(z.valid_to, '') is null as is_active,
    cast(z.latitude as double) as latitude, cast(z.longitude as double) as longitude, z.coordinate_status,
    nullif(z.note, '') as note
from raw.zone as z
join core.zone_record as r on r.file_sha256 = z.file_sha256 and r.row_no = z.row_no
where r.outcome = 'loaded'
