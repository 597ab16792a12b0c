-- One row for each record of a landed registry, with what became of it. A registry amends: the latest valid record of
-- a zone counts, a zone that a later file leaves out stays, and a zone ends by its valid_to, never by absence.
with printed as (
    select
        z.*, f.sequence,
        try_cast(nullif(z.batch, '') as integer) as batch_number,
        try_cast(nullif(z.latitude, '') as double) as latitude_degree,
        try_cast(nullif(z.longitude, '') as double) as longitude_degree,
        try_cast(nullif(z.valid_from, '') as date) as valid_from_date,
        try_cast(nullif(z.valid_to, '') as date) as valid_to_date,
        row_number() over (partition by z.file_sha256, z.zone_code order by z.row_no) as occurrence,
        a.area_code is not null as area_known, p.area_code is not null as province_known
    from raw.zone as z
    join raw.file as f on f.file_sha256 = z.file_sha256
    left join reference.area as a on a.area_code = z.zone_code
    left join reference.area as p on p.area_code = z.province_code
),
decided as (
    select
        *,
        case
            when not area_known
                then 'found the zone code ' || coalesce(zone_code, '')
                    || ', expected a code of warehouse/reference/area.csv'
            when occurrence > 1 then 'found the zone ' || zone_code || ' again, expected each zone once in a file'
            when not province_known
                then 'found the province code ' || coalesce(province_code, '')
                    || ', expected a code of warehouse/reference/area.csv'
            when coalesce(zone_name_en, '') = '' or coalesce(zone_name_zh, '') = ''
                then 'found no name, expected one in English and one in Chinese'
            when coalesce(batch_number, 0) < 1 or batch_number > 99
                then 'found the batch ' || coalesce(batch, '') || ', expected a number from 1'
            when latitude_degree is null or latitude_degree not between 18 and 54 or longitude_degree is null
                or longitude_degree not between 73 and 136
                then 'found the position ' || coalesce(latitude, '') || ', ' || coalesce(longitude, '')
                    || ', expected degrees inside China'
            when valid_from_date is null then 'found valid_from ' || coalesce(valid_from, '') || ', expected YYYY-MM-DD'
            when coalesce(valid_to, '') <> '' and (valid_to_date is null or valid_to_date < valid_from_date)
                then 'found valid_to ' || valid_to || ', expected YYYY-MM-DD not before valid_from'
            when membership_status not in ('verified', 'seen', 'reasoned', 'recalled')
                or coordinate_status not in ('verified', 'seen', 'reasoned', 'recalled')
                then 'found the statuses ' || coalesce(membership_status, '') || ', ' || coalesce(coordinate_status, '')
                    || ', expected verified, seen, reasoned or recalled'
        end as reason
    from printed
),
placed as (
    select *, row_number() over (partition by zone_code, reason is null order by sequence desc) as place
    from decided
)
select
    file_sha256, source_id, row_no, zone_code, sequence,
    case when reason is not null then 'quarantined' when place = 1 then 'loaded' else 'superseded' end as outcome,
    reason
from placed
