-- One row for each record of a landed code list, with what became of it. Editions stand side by side: a record gives
-- way only to one of the same code, year and vintage that landed later. Line breaks and NUL bytes in names are noted.
with printed as (
    select
        r.*, f.vintage, f.sequence, l.code_list is not null as list_known, l.code_system, l.code_pattern, l.code_words,
        trim(r.code_text) as code, trim(r.iso3_text) as iso3, trim(r.year_text) as year,
        trim(regexp_replace(replace(r.name_zh_text, chr(0), ''), '[\r\n]+', ' ', 'g')) as name_zh,
        trim(regexp_replace(replace(r.name_en_text, chr(0), ''), '[\r\n]+', ' ', 'g')) as name_en,
        contains(r.name_zh_text || r.name_en_text, chr(0)) as has_nul,
        regexp_matches(trim(r.name_zh_text) || trim(r.name_en_text), '[\r\n]') as has_break,
        row_number() over (
            partition by r.file_sha256, trim(r.code_text), trim(r.iso3_text), trim(r.year_text)
            order by r.sheet, r.row_no
        ) as occurrence
    from raw.code_list as r
    join raw.file as f on f.file_sha256 = r.file_sha256
    left join reference.code_list as l on l.code_list = r.code_list
),
decided as (
    select
        *,
        case
            when not list_known
                then 'found the code list ' || coalesce(code_list, '')
                    || ', expected one of warehouse/reference/code_list.csv'
            when not regexp_full_match(code, code_pattern)
                then 'found the code ' || replace(code, chr(0), '(NUL)') || ', expected ' || code_words
            when name_zh = '' and name_en = '' then 'found no name for the code ' || code || ', expected one'
            when year <> '' and not regexp_full_match(year, '(19|20)[0-9]{2}')
                then 'found the year ' || year || ', expected four digits'
            when occurrence > 1 then 'found the code ' || code || ' again, expected each once in a file'
        end as reason
    from printed
),
placed as (
    select
        *, row_number() over (
            partition by source_id, code, iso3, year, vintage, reason is null order by sequence desc, row_no
        ) as place
    from decided
)
select
    code_list, code_system, code, nullif(name_zh, '') as name_zh, nullif(name_en, '') as name_en,
    nullif(trim(short_name_zh_text), '') as short_name_zh, nullif(trim(kind_text), '') as kind,
    try_cast(nullif(year, '') as integer) as valid_year, nullif(classification_text, '') as classification_text,
    nullif(nullif(trim(unit_1_code_text), ''), '?') as unit_1_code,
    nullif(nullif(trim(unit_1_text), ''), '?') as unit_1_zh,
    nullif(nullif(trim(unit_2_code_text), ''), '?') as unit_2_code,
    nullif(nullif(trim(unit_2_text), ''), '?') as unit_2_zh,
    case when regexp_full_match(iso3, '[A-Z]{3}') then iso3 end as iso3,
    case
        when regexp_full_match(trim(iso_numeric_text), '[0-9]{1,3}') then lpad(trim(iso_numeric_text), 3, '0')
    end as iso_numeric,
    nullif(trim(related_code_text), '') as related_code,
    nullif(concat_ws(
        '; ', case when has_nul then 'NUL byte in the name left out' end,
        case when has_break then 'line break in the name made a blank' end
    ), '') as correction,
    case when reason is not null then 'quarantined' when place = 1 then 'loaded' else 'superseded' end as outcome,
    reason, vintage, sequence, source_id, file_sha256, sheet, row_no
from placed
