-- Every name under which an area is printed. By rule: the full name; the name without what says its level (and, of an
-- autonomous prefecture, without its peoples); both after the full or the short name of the province. All other names
-- are those of area_alias.csv (whose codes of other lists are no names). A name by rule holds as long as its area.
with area as (
    select
        a.area_code, a.level, a.name_zh, a.valid_from, a.valid_to,
        case
            when a.level = 'province' then regexp_replace(a.name_zh, '(省|市|(壮族|回族|维吾尔)?自治区|特别行政区)$', '')
            when a.name_zh like '%自治州'
                then
                    regexp_replace(
                        a.name_zh,
                        '(朝鲜族|土家族|苗族|藏族|羌族|彝族|布依族|侗族|哈尼族|壮族|傣族|白族|景颇族|傈僳族|回族|蒙古族|蒙古|哈萨克|柯尔克孜)+自治州$', ''
                    )
            when a.level = 'prefecture' then regexp_replace(a.name_zh, '(市|地区|盟)$', '')
            when a.level = 'county' then regexp_replace(a.name_zh, '市$', '')
        end as short_name,
        a.name_zh like '%自治州' as is_autonomous
    from reference.area as a
    where a.level in ('province', 'prefecture', 'county') and a.name_zh is not null
),
own as (
    select area_code, level, valid_from, valid_to, name_zh as name from area
    union
    select area_code, level, valid_from, valid_to, short_name from area
    union
    select area_code, level, valid_from, valid_to, short_name || '州' from area where is_autonomous
),
named as (
    select area_code, level, valid_from, valid_to, name, 'rule' as origin from own
    union
    select o.area_code, o.level, o.valid_from, o.valid_to, p.name || o.name, 'rule'
    from own as o
    join own as p on p.level = 'province' and substr(p.area_code, 1, 2) = substr(o.area_code, 1, 2)
    where o.level <> 'province'
    union
    select l.area_code, a.level, coalesce(l.valid_from, a.valid_from), coalesce(l.valid_to, a.valid_to), l.alias, 'list'
    from reference.area_alias as l
    join reference.area as a on a.area_code = l.area_code
    where l.language is distinct from 'code'
),
ranked as (
    select *, row_number() over (partition by name, area_code order by origin) as place from named
)
select name, area_code, level, valid_from, valid_to, origin from ranked where place = 1
