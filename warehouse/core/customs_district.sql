-- A district begins with the two digits of its province. Its city is that of the longest known area name of that
-- province with which its own name begins; a name that can mean two areas resolves to neither.
with district as (
    select
        code as district_code, name_zh, short_name_zh, kind, vintage, source_id, file_sha256, row_no,
        substr(code, 1, 2) || '0000' as province_prefix
    from core.code_record
    where outcome = 'loaded' and code_list = 'district'
),
candidate as (
    select distinct d.file_sha256, d.row_no, a.name, a.area_code, d.name_zh = a.name as is_whole
    from district as d
    join core.area_name as a
        on starts_with(d.name_zh, a.name) and substr(a.area_code, 1, 2) = substr(d.district_code, 1, 2)
        and cast(d.vintage as varchar) between coalesce(a.valid_from, '') and coalesce(a.valid_to, '9999')
),
ranked as (
    select
        c.file_sha256, c.row_no, c.area_code, c.is_whole,
        rank() over (partition by c.file_sha256, c.row_no order by length(c.name) desc) as place
    from candidate as c
),
named as (
    select file_sha256, row_no, min(area_code) as area_code, bool_or(is_whole) as is_whole
    from ranked
    where place = 1
    group by file_sha256, row_no
    having count(distinct area_code) = 1
)
select
    d.district_code, d.vintage, d.name_zh, d.short_name_zh, d.kind, p.area_code as province_code,
    case
        when regexp_full_match(d.province_prefix, '(11|12|31|50)0000') then d.province_prefix
        when a.level <> 'province' then a.area_code
    end as city_code,
    case
        when regexp_full_match(d.province_prefix, '(11|12|31|50)0000') then 'municipality'
        when a.level <> 'province' and n.is_whole then 'name'
        when a.level <> 'province' then 'beginning of the name'
    end as resolved_by,
    d.vintage = max(d.vintage) over (partition by d.district_code) as is_latest, d.source_id, d.file_sha256, d.row_no
from district as d
left join named as n on n.file_sha256 = d.file_sha256 and n.row_no = d.row_no
left join reference.area as a on a.area_code = n.area_code
left join reference.area as p on p.area_code = d.province_prefix
