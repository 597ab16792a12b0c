with printed as (
    select
        r.file_sha256, r.row_no, trim(r.name) as name_zh, rpad(trim(r.code), 6, '0') as division_code, f.vintage,
        f.sequence
    from raw.division as r
    join raw.file as f on f.file_sha256 = r.file_sha256
    where regexp_full_match(trim(r.code), '[1-9][0-9]([0-9]{2}){0,2}') and trim(coalesce(r.name, '')) <> ''
        -- a list that states its month must be of the month that its name states
        and (coalesce(r.revision, '') = '' or r.revision = strftime(f.vintage, '%Y%m'))
),
ranked as (
    -- a code of one vintage that stands in two files: the file landed last counts
    select *, row_number() over (partition by division_code, vintage order by sequence desc, row_no) as place
    from printed
)
select
    division_code, vintage, name_zh,
    case
        when division_code like '__0000' then 'province'
        when division_code like '____00' then 'prefecture'
        else 'county'
    end as level,
    case
        when division_code like '__0000' then null
        when division_code like '____00' then substr(division_code, 1, 2) || '0000'
        else substr(division_code, 1, 4) || '00'
    end as parent_code,
    name_zh in ('市辖区', '县', '省直辖县级行政区划', '自治区直辖县级行政区划') as is_placeholder,
    file_sha256, row_no
from ranked
where place = 1
