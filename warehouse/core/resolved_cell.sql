-- One row for each raw cell, with what became of it. Steps: split the period, look every text up in the code
-- lists, parse the number, then decide; the first thing that does not resolve is the reason.
with printed as (
    select
        c.file_sha256, c.source_id, c.sheet, c.row_no, c.column_no, c.area_name_text, c.indicator_text, c.period_text,
        c.unit_text, c.status_text, c.scope_text, c.reference_text, c.quote_text, c.value_text,
        nullif(trim(c.area_code_text), '') as area_code_text,
        -- division codes are also written with 4 digits (a prefecture) or 12 (down to the village)
        case
            when regexp_full_match(trim(c.area_code_text), '[0-9]{4}') then trim(c.area_code_text) || '00'
            when regexp_full_match(trim(c.area_code_text), '0{12}') then 'CN'
            when regexp_full_match(trim(c.area_code_text), '[0-9]{6}0{6}') then substr(trim(c.area_code_text), 1, 6)
            else trim(c.area_code_text)
        end as division_code,
        -- white space between Chinese characters only spreads a name over its column
        case
            when regexp_matches(c.area_name_text, '[一-龥]')
                then regexp_replace(c.area_name_text, '[\s\x{3000}\x{00a0}]', '', 'g')
            else trim(c.area_name_text)
        end as area_name,
        -- full-width digits and dashes are digits and dashes, and white space and capitals carry no meaning in a period
        lower(
            regexp_replace(
                translate(c.period_text, '０１２３４５６７８９－—–～~', '0123456789-----'), '[\s\x{3000}\x{00a0}]', '', 'g'
            )
        ) as period_plain,
        substr(period_plain, 1, 4) as year_text, substr(period_plain, 5) as period_words,
        nullif(trim(c.known_from_text), '') as known_from_text,
        -- a power of ten; the largest that SDMX lists is 15
        nullif(trim(c.multiplier_text), '') as multiplier_text,
        case
            when regexp_full_match(trim(c.multiplier_text), '[+-]?(1[0-5]|[0-9])')
                then cast(trim(c.multiplier_text) as integer)
        end as power_of_ten,
        coalesce(try_cast(nullif(trim(c.known_from_text), '') as date), f.vintage) as vintage,
        f.sequence, s.scope as source_scope, s.area_levels, s.layout = 'zone_return' as is_return,
        -- a percent sign behind the digits is compared with the unit
        regexp_matches(c.value_text, '[%％]\s*$') as is_percent,
        number_text(regexp_replace(c.value_text, '[%％]\s*$', '')) as number_text,
        is_blank_sign(c.value_text) as is_blank
    from raw.cell as c
    join raw.file as f on f.file_sha256 = c.file_sha256
    join reference.source as s on s.source_id = c.source_id
),
contradiction as (
    -- a printed code beside a printed name that means other areas only; what took an area's place is the same place
    select distinct p.division_code, p.area_name
    from printed as p
    join reference.area as r
        on r.area_code = p.division_code and r.level in ('province', 'prefecture', 'county', 'nation')
    join core.area_name as n on n.name = p.area_name
    where
        not exists (
            select 1 from core.area_name as k
            join reference.area as m on m.area_code = k.area_code
            where k.name = p.area_name
                and (k.area_code in (r.area_code, r.successor_code) or m.successor_code = r.area_code)
        )
),
candidate as (
    -- areas that a name without code can mean in the figure's year: of the levels that the source prints the first one,
    -- then those that hold in that year, else those to come (a publisher restates its history), else those of the past
    select
        n.source_id, n.area_name, n.year_text, a.area_code, r.successor_code, r.valid_to as area_valid_to,
        dense_rank() over (
            partition by n.source_id, n.area_name, n.year_text
            order by
                coalesce(list_position(string_split(n.area_levels, ','), a.level), 99),
                case
                    when a.valid_to < n.year_text || '-01-01' then 2
                    when a.valid_from > n.year_text || '-12-31' then 1
                    else 0
                end
        ) as place
    from (select distinct source_id, area_name, year_text, area_levels from printed where area_code_text is null) as n
    join core.area_name as a on a.name = n.area_name
    join reference.area as r on r.area_code = a.area_code
),
alias as (
    -- of an area and its successor in the year of change the successor is meant
    select
        c.source_id, c.area_name, c.year_text, min(c.area_code) as area_code, count(*) as areas,
        string_agg(c.area_code, ', ' order by c.area_code) as candidates, min(c.area_valid_to) as area_valid_to
    from candidate as c
    left join candidate as s
        on s.source_id = c.source_id and s.area_name = c.area_name and s.year_text = c.year_text and s.place = 1
        and s.area_code = c.successor_code
    where c.place = 1 and s.area_code is null
    group by c.source_id, c.area_name, c.year_text
),
-- codes of other lists than the warehouse's: ISO2:CN, M49:156, CHN
code_alias as (
    select alias, min(area_code) as area_code from reference.area_alias
    where language = 'code' group by alias having count(distinct area_code) = 1
),
period_word as (
    select *, lower(replace(coalesce(period_text, ''), ' ', '')) as words from reference.period
),
looked_up as (
    select
        p.*,
        coalesce(
            by_code.area_code, code_alias.area_code,
            case when p.area_code_text is null and alias.areas = 1 then alias.area_code end
        ) as area_code,
        alias.areas as alias_areas, alias.candidates,
        coalesce(by_code.valid_to, case when p.area_code_text is null then alias.area_valid_to end) as area_valid_to,
        l.printed_text is not null as label_known, l.indicator_id, l.scale, l.obs_status as label_status,
        coalesce(t.scope, n.scope, l.scope, p.source_scope) as scope, o.area_name is not null as is_contradicted,
        n.bound as note_bound, n.obs_status as note_status,
        coalesce(pu.unit, d.unit) as unit, coalesce(pu.factor, d.factor) as factor,
        coalesce(pu.bound, d.bound) as unit_bound, d.unit as declared_unit, d.factor as declared_factor,
        l.unit_text as unit_declared,
        case when pu.unit is not null then p.unit_text else coalesce(l.unit_text, p.unit_text) end as unit_printed,
        i.unit as indicator_unit, w.freq, w.kind, w.time_suffix, t.obs_status, t.verification,
        try_cast(p.number_text as double) as number, e.cny_per_unit,
        e.source as rate_source, n.scope_text is not null as scope_known, greatest(m.minimum, g.minimum) as minimum,
        least(m.maximum, g.maximum) as maximum, coalesce(m.basis, g.basis) as basis
    from printed as p
    left join reference.area as by_code on by_code.area_code = p.division_code
    left join code_alias on code_alias.alias = p.area_code_text
    left join alias on alias.source_id = p.source_id and alias.area_name = p.area_name and alias.year_text = p.year_text
    left join reference.source_label as l on l.source_id = p.source_id and l.printed_text = p.indicator_text
    left join reference.source_scope_note as n
        on n.source_id = p.source_id and n.printed_text = p.indicator_text and n.scope_text = p.scope_text
    -- the unit that stands beside the figure goes before the declared one
    left join reference.unit as pu on pu.unit_text = p.unit_text
    left join reference.unit as d on d.unit_text = l.unit_text
    left join reference.indicator as i on i.indicator_id = l.indicator_id
    left join period_word as w on w.words = p.period_words
    -- money in another currency is converted at the year's average rate, named in the row
    left join reference.exchange_rate as e
        on e.currency = coalesce(pu.unit, d.unit) and i.unit = 'CNY' and e.time_period = p.year_text
        and w.kind <> 'stock'
    left join contradiction as o on o.division_code = p.division_code and o.area_name = p.area_name
    left join reference.status as t on coalesce(t.status_text, '') = coalesce(trim(p.status_text), '')
    left join reference.source_limit as m on m.source_id = p.source_id and m.indicator_id = l.indicator_id
    left join reference.indicator_limit as g on g.indicator_id = l.indicator_id
),
multiplied as (
    select
        *,
        [
            number_text, '1e' || coalesce(power_of_ten, 0), cast(coalesce(scale, 1) as varchar),
            cast(factor as varchar), cast(coalesce(cny_per_unit, 1) as varchar)
        ] as factors,
        number * power(10.0, coalesce(power_of_ten, 0)) * coalesce(scale, 1) * factor
        * coalesce(cny_per_unit, 1) as rounded
    from looked_up
),
valued as (
    select
        v.*, exact_product(v.factors, v.rounded) as base_value,
        z.zone_code is not null as is_zone
    from multiplied as v
    left join core.zone as z on z.zone_code = v.area_code
),
decided as (
    select
        x.*,
        case
            when not x.label_known then 'unknown_indicator'
            when x.indicator_id = 'not_used' then null
            when x.is_blank then null
            when x.area_code is null and x.area_code_text is null and x.alias_areas > 1 then 'ambiguous_area'
            when x.area_code is null then 'unknown_area'
            when x.is_contradicted then 'code_and_name_differ'
            when x.area_valid_to < x.year_text || '-01-01' then 'area_abolished'
            when x.is_return and not x.is_zone then 'not_a_zone'
            when not regexp_full_match(x.year_text, '(19|20)[0-9]{2}') or x.freq is null then 'unknown_period'
            when x.known_from_text is not null and try_cast(x.known_from_text as date) is null then 'not_a_date'
            when x.is_return and trim(coalesce(x.scope_text, '')) <> '' and not x.scope_known then 'unknown_scope'
            when x.unit is null then 'unknown_unit'
            when x.unit <> x.declared_unit or x.factor <> x.declared_factor then 'unit_contradicts'
            when x.unit <> x.indicator_unit and x.cny_per_unit is null then 'unit_of_other_kind'
            when x.obs_status is null then 'unknown_status'
            -- its printed words say that there is no figure: whatever stands there is none
            when x.obs_status = 'M' then 'said_to_be_missing'
            when x.multiplier_text is not null and x.power_of_ten is null then 'unknown_multiplier'
            when regexp_matches(x.value_text, '\[stored: ') then 'shown_otherwise'
            when x.number is null or not isfinite(x.base_value) then 'not_a_number'
            when x.is_percent and (x.unit <> 'pct' or x.factor <> 1) then 'percent_contradicts'
            when x.base_value not between x.minimum and x.maximum then 'out_of_range'
        end as first_reason
    from valued as x
),
repeated as (
    -- a return states each figure once: of equal figures the first counts, of different ones none
    select file_sha256, sheet, row_no, column_no
    from (
        select
            file_sha256, sheet, row_no, column_no,
            count(distinct base_value) over (
                partition by file_sha256, area_code, indicator_id, scope, year_text, freq, time_suffix, obs_status
            ) as different_values,
            row_number() over (
                partition by file_sha256, area_code, indicator_id, scope, year_text, freq, time_suffix, obs_status
                order by sheet, row_no, column_no
            ) as place
        from decided
        where is_return and first_reason is null and number is not null and indicator_id <> 'not_used'
    ) as figures
    where different_values > 1 or place > 1
),
corrected as (
    select
        d.*, case when r.row_no is not null then 'duplicate_figure' else d.first_reason end as reason_code,
        d.year_text || coalesce(d.time_suffix, '') as time_period,
        k.action, k.factor_or_value, k.reason as correction_reason
    from decided as d
    left join repeated as r
        on r.file_sha256 = d.file_sha256 and r.sheet = d.sheet and r.row_no = d.row_no and r.column_no = d.column_no
    left join reference.source_correction as k
        on k.source_id = d.source_id and k.area_code = d.area_code and k.indicator_id = d.indicator_id
        and k.time_period = d.year_text || coalesce(d.time_suffix, '') and k.expected_printed_text = d.value_text
)
select
    area_code, nullif(indicator_id, 'not_used') as indicator_id,
    case when regexp_full_match(year_text, '(19|20)[0-9]{2}') and freq is not null then time_period end as time_period,
    freq, scope,
    case
        when reason_code is not null or number is null then null
        when action = 'replace' then factor_or_value
        when action = 'scale'
            then exact_product(list_append(factors, cast(factor_or_value as varchar)), rounded * factor_or_value)
        else base_value
    end as obs_value,
    case when cny_per_unit is null then unit else 'CNY' end as unit,
    case
        when action = 'suspect' then 'S'
        when kind = 'plan' then 'P'
        else coalesce(note_status, label_status, obs_status)
    end as obs_status,
    coalesce(note_bound, unit_bound) as bound, verification, vintage, sequence, source_id, file_sha256, sheet, row_no,
    column_no, value_text as printed_text, nullif(reference_text, '') as reference, nullif(quote_text, '') as quote,
    correction_reason as correction,
    nullif(concat_ws(
        '; ',
        case when power_of_ten <> 0 then 'printed in units of 10^' || power_of_ten end,
        case
            when cny_per_unit is not null
                then unit || ' to CNY at ' || cny_per_unit || ' (average of ' || year_text || '; ' || rate_source || ')'
        end
    ), '') as conversion,
    case
        when reason_code is not null then 'quarantined'
        when indicator_id = 'not_used' then 'not_used'
        when is_blank then 'blank'
        else 'loaded'
    end as outcome,
    reason_code,
    case reason_code
        when 'unknown_indicator'
            then 'found the label ' || indicator_text || ', expected one of the labels in sources/' || source_id
                || '/columns.csv'
        when 'ambiguous_area'
            then 'found the name ' || area_name_text || ', which in ' || year_text || ' can mean any of ' || candidates
                || '; expected a division code'
        when 'unknown_area'
            then 'found area ' || coalesce(area_code_text, '') || ' ' || coalesce(area_name_text, '')
                || ', expected a code of warehouse/reference/area.csv or a name of core.area_name'
        when 'code_and_name_differ'
            then 'found the code ' || area_code_text || ' beside the name ' || area_name_text
                || ', which is that of another area; expected both of one area'
        when 'area_abolished'
            then 'found area ' || coalesce(area_code_text, '') || ' ' || coalesce(area_name_text, '') || ' for '
                || year_text || ', which ended on ' || area_valid_to || '; expected an area that existed in the year'
        when 'not_a_zone'
            then 'found ' || area_code || ' ' || coalesce(area_name_text, '')
                || ', which is no pilot zone, expected a zone of core.zone'
        when 'unknown_scope'
            then 'found the scope ' || scope_text || ', expected none or one that sources/' || source_id
                || '/scope_notes.csv has for ' || indicator_text
        when 'out_of_range'
            then 'found ' || value_text || coalesce(' ' || unit_printed, '') || ', expected '
                || regexp_replace(cast(minimum / factor as varchar), '\.0$', '') || ' to '
                || regexp_replace(cast(maximum / factor as varchar), '\.0$', '') || ' ' || unit_printed || ' (' || basis
                || '): are unit and sign right?'
        when 'duplicate_figure'
            then 'found this figure more than once in the file (' || value_text
                || ' here), expected one row for each zone, indicator, period, scope and status'
        when 'unknown_period'
            then 'found the period ' || trim(period_text)
                || ', expected a year from 1900 and words of warehouse/reference/period.csv'
        when 'not_a_date'
            then 'found ' || known_from_text || ' as the day from which the figure is known, expected YYYY-MM-DD'
        when 'unknown_unit'
            then 'found the unit ' || coalesce(unit_printed, '(none)')
                || ', expected a unit of warehouse/reference/unit.csv'
        when 'unit_contradicts'
            then 'found the unit ' || unit_printed || ' beside the figure, expected ' || unit_declared
                || ', which sources/' || source_id || '/columns.csv declares for ' || indicator_text
        when 'unit_of_other_kind'
            then 'found the unit ' || unit_printed || ' (' || unit || '), expected one that converts to '
                || indicator_unit || ' (for money, with a rate of that year in warehouse/reference/exchange_rate.csv)'
                || ' for '
                || indicator_id
        when 'unknown_status'
            then 'found the status ' || status_text || ', expected one of warehouse/reference/status.csv'
        when 'said_to_be_missing'
            then 'found ' || value_text || ' with the status ' || status_text || ', which says that there is no figure'
        when 'unknown_multiplier'
            then 'found the multiplier ' || multiplier_text || ', expected a power of ten from -15 to 15'
        when 'not_a_number' then 'found ' || value_text || ', expected a number'
        when 'percent_contradicts'
            then 'found ' || value_text || ' beside the unit ' || unit_printed
                || ': the cell is formatted as a percentage, expected a number of that unit'
        when 'shown_otherwise'
            then 'found ' || value_text || ': the number format of the cell shows another number than the cell stores, '
                || 'expected one number; give the cell the format General and write the figure in its unit'
    end as reason
from corrected
