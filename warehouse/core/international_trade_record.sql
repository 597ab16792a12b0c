-- One row for each raw record of international trade, with what became of it. Steps: parse texts, look codes up,
-- decide; the first thing that does not resolve is the reason. A missing number is blank, a sign for none, NA or N/A.
with printed as (
    select
        r.file_sha256, r.source_id, r.sheet, r.row_no, r.column_no, f.vintage, f.sequence,
        trim(r.type_text) as type_text, trim(r.freq_text) as freq_text, trim(r.period_text) as period_text,
        trim(r.flow_text) as flow_text, trim(r.classification_text) as classification_text,
        trim(r.reporter_code_text) as reporter_code_text, trim(r.reporter_iso3_text) as reporter_iso3_text,
        trim(r.reporter_name_text) as reporter_name, trim(r.partner_code_text) as partner_code_text,
        trim(r.partner_iso3_text) as partner_iso3_text, trim(r.partner_name_text) as partner_name,
        case
            when trim(r.partner_2_code_text) = '' then '000'
            when regexp_full_match(trim(r.partner_2_code_text), '[0-9]{1,2}')
                then lpad(trim(r.partner_2_code_text), 3, '0')
            else trim(r.partner_2_code_text)
        end as partner_2_code,
        upper(replace(trim(r.commodity_code_text), '.', '')) as code_text,
        trim(r.commodity_name_text) as commodity_name, trim(r.commodity_level_text) as level_text,
        coalesce(nullif(trim(r.customs_procedure_code_text), ''), 'C00') as customs_procedure,
        coalesce(nullif(trim(r.mode_of_supply_code_text), ''), '0') as mode_of_supply,
        coalesce(nullif(trim(r.transport_code_text), ''), '0') as transport_mode,
        nullif(nullif(nullif(trim(r.quantity_unit_text), ''), 'N/A'), 'No Quantity') as quantity_unit,
        trim(r.value_name_text) as value_name, trim(r.value_unit_text) as value_unit_text,
        trim(r.net_weight_unit_text) as net_weight_unit_text,
        lower(trim(r.is_net_weight_estimated_text)) as is_net_weight_estimated_text,
        lower(trim(r.is_reported_text)) as is_reported_text,
        case
            when not (upper(trim(r.value_text)) in ('NA', 'N/A') or is_blank_sign(r.value_text))
                then trim(r.value_text)
            else ''
        end as value_text,
        case
            when not (upper(trim(r.cif_value_text)) in ('NA', 'N/A') or is_blank_sign(r.cif_value_text))
                then trim(r.cif_value_text)
            else ''
        end as cif_text,
        case
            when not (upper(trim(r.fob_value_text)) in ('NA', 'N/A') or is_blank_sign(r.fob_value_text))
                then trim(r.fob_value_text)
            else ''
        end as fob_text,
        case
            when not (upper(trim(r.quantity_text)) in ('NA', 'N/A') or is_blank_sign(r.quantity_text))
                then trim(r.quantity_text)
            else ''
        end as quantity_text,
        case
            when not (upper(trim(r.net_weight_text)) in ('NA', 'N/A') or is_blank_sign(r.net_weight_text))
                then trim(r.net_weight_text)
            else ''
        end as net_weight_text
    from raw.international_trade as r
    join raw.file as f on f.file_sha256 = r.file_sha256
),
parsed as (
    select
        *,
        try_cast(number_text(value_text) as double) as value,
        try_cast(number_text(cif_text) as double) as cif_value,
        try_cast(number_text(fob_text) as double) as fob_value,
        try_cast(number_text(quantity_text) as double) as quantity,
        try_cast(number_text(net_weight_text) as double) as net_weight,
        case
            when regexp_full_match(period_text, '(19|20)[0-9]{2}') then 'A'
            when regexp_full_match(period_text, '(19|20)[0-9]{2}(0[1-9]|1[0-2])') then 'M'
        end as freq,
        try_cast(substr(period_text, 1, 4) as integer) as year,
        case
            when regexp_full_match(reporter_code_text, '[0-9]{1,3}') then lpad(reporter_code_text, 3, '0')
        end as reporter_number,
        case
            when regexp_full_match(partner_code_text, '[0-9]{1,3}') then lpad(partner_code_text, 3, '0')
        end as partner_number,
        case when regexp_full_match(reporter_iso3_text, '[A-Z]{3}') then reporter_iso3_text end as reporter_letters,
        case
            when regexp_full_match(partner_iso3_text, '[A-Z]{3}') and partner_iso3_text <> 'WLD' then partner_iso3_text
        end as partner_letters,
        -- a country that is not printed at all, or printed as World, is the total of all partners
        partner_code_text || partner_iso3_text || partner_name = '' or partner_iso3_text in ('W00', 'WLD')
        or lower(partner_name) = 'world' as is_world
    from printed
),
listed_country as (
    select lpad(code, 3, '0') as country_code, max(iso3) as iso3
    from core.code_record where outcome = 'loaded' and code_list = 'm49' group by lpad(code, 3, '0')
    having count(distinct iso3) = 1
),
by_name as (
    select lower(name_en) as name, min(country_code) as country_code from reference.country
    group by lower(name_en) having count(*) = 1
),
looked_up as (
    select
        p.*, w.flow as flow_of_value, w.valuation, w.value_name_text is not null as value_name_known, w.is_trade,
        coalesce(w.flow, x.flow) as flow, c.classification, c.system, u.unit, u.factor, e.cny_per_unit,
        e.source as rate_source,
        coalesce(h.classification, case when c.system = 'HS' then n.classification end, c.classification) as edition,
        case when p.is_world then '000' else coalesce(p.partner_number, pn.country_code) end as partner_code,
        coalesce(rc.iso3, rl.iso3, p.reporter_letters) as reporter_iso3,
        case when not p.is_world then coalesce(pc.iso3, pl.iso3, pm.iso3, p.partner_letters) end as partner_iso3,
        p.is_world or coalesce(pc.is_aggregate = 'yes', false) as is_partner_aggregate,
        g.factor * 1000 as kg_per_unit, g.unit as weight_unit
    from parsed as p
    left join reference.trade_value as w on w.value_name_text = p.value_name
    left join reference.trade_flow as x on x.flow_text = p.flow_text
    left join reference.trade_classification as c on c.classification_text = p.classification_text
    left join reference.hs_edition as h on h.classification = c.classification
    left join reference.hs_edition as n on p.year between n.in_force_from and n.in_force_to
    left join reference.unit as u on u.unit_text = p.value_unit_text
    left join reference.unit as g on g.unit_text = p.net_weight_unit_text
    left join reference.exchange_rate as e on e.currency = u.unit and e.time_period = substr(p.period_text, 1, 4)
    left join reference.country as rc on rc.country_code = p.reporter_number
    left join listed_country as rl on rl.country_code = p.reporter_number
    left join reference.country as pc on pc.country_code = p.partner_number
    left join listed_country as pl on pl.country_code = p.partner_number
    left join by_name as pn
        on pn.name = lower(p.partner_name) and p.partner_number is null and p.partner_letters is null
    left join reference.country as pm on pm.country_code = pn.country_code
),
coded as (
    select
        l.*,
        case
            when l.code_text = 'TOTAL' or l.system <> 'HS' then l.code_text
            when regexp_full_match(l.code_text, '([0-9]{2}){1,5}|[0-9]{4}[A-Z]{2}') then l.code_text
            when k.commodity_code is not null then '0' || l.code_text
        end as commodity_code,
        k.commodity_code is not null as is_mended
    from looked_up as l
    -- an odd number of digits has lost its leading zero; a code list of the same edition must know the whole code
    left join core.hs_code as k
        on l.system = 'HS' and k.classification = l.edition and regexp_full_match(l.code_text, '[0-9]([0-9]{2}){0,4}')
        and k.commodity_code = substr('0' || l.code_text, 1, 6)
),
levelled as (
    select
        *,
        case
            when commodity_code = 'TOTAL' then 0
            when system = 'HS' then length(commodity_code)
            else try_cast(level_text as integer)
        end as commodity_level,
        case
            when type_text not in ('', 'C') then 'not_goods'
            when value_name_known and is_trade = 'no' then 'not_trade'
            when not value_name_known then 'unknown_value'
            when freq is null or freq_text not in ('', freq) then 'unknown_period'
            when (freq = 'A' and year >= year(vintage)) or (freq = 'M' and period_text > strftime(vintage, '%Y%m'))
                then 'period_not_over'
            when flow is null or (flow_of_value is not null and flow_text <> '') then 'unknown_flow'
            when classification is null then 'unknown_classification'
            when code_text = '' then 'unknown_commodity'
            when commodity_code is null and regexp_full_match(code_text, '[0-9]+') then 'cut_commodity_code'
            when commodity_code is null then 'unknown_commodity'
            when
                system = 'HS' and regexp_full_match(level_text, '[0-9]+')
                and level_text::integer <> case when commodity_code = 'TOTAL' then 0 else length(commodity_code) end
                then 'unknown_commodity'
            when reporter_number is null and reporter_iso3 is null then 'unknown_country'
            when partner_code_text <> '' and partner_number is null then 'unknown_country'
            when unit is null or unit <> 'USD' then 'unknown_unit'
            when (value_text <> '' and (value is null or not isfinite(value) or value < 0))
                or (cif_text <> '' and (cif_value is null or not isfinite(cif_value) or cif_value < 0))
                or (fob_text <> '' and (fob_value is null or not isfinite(fob_value) or fob_value < 0))
                or (quantity_text <> '' and (quantity is null or not isfinite(quantity) or quantity < 0))
                or (
                    net_weight_text <> ''
                    and (
                        net_weight is null or not isfinite(net_weight) or net_weight < 0
                        or weight_unit is distinct from 't'
                    )
                )
                then 'not_a_number'
        end as fault
    from coded
),
keyed as (
    select
        *, coalesce(reporter_number, reporter_iso3) as reporter,
        coalesce(partner_code, partner_iso3, partner_name) as partner,
        concat_ws(
            '|', source_id, classification, freq, period_text, flow, value_name,
            coalesce(reporter_number, reporter_iso3)
        ) as slice,
        concat_ws(
            '|', coalesce(partner_code, partner_iso3, partner_name), partner_2_code, customs_procedure,
            transport_mode, mode_of_supply, commodity_code
        ) as item
    from levelled
),
-- the same thing twice in one file with two values: nobody knows which is right
decided as (
    select
        *,
        coalesce(fault, case
            when
                min(value) over (partition by file_sha256, slice, item, fault is null)
                < max(value) over (partition by file_sha256, slice, item, fault is null)
                then 'contradicting_records'
        end) as reason_code
    from keyed
)
select
    freq,
    case
        when freq = 'M' then substr(period_text, 1, 4) || '-' || substr(period_text, 5, 2)
        else period_text
    end as time_period,
    flow, reporter, reporter_iso3, nullif(reporter_name, '') as reporter_name,
    partner, partner_code, partner_iso3,
    case
        when is_world then 'World'
        else nullif(partner_name, '')
    end as partner_name,
    partner_2_code, classification, commodity_code, nullif(commodity_name, '') as commodity_name, commodity_level,
    customs_procedure, transport_mode, mode_of_supply,
    case when quantity_unit is not null then quantity end as quantity, quantity_unit,
    exact_product(
        [number_text(net_weight_text), kg_per_unit::varchar], net_weight * kg_per_unit
    ) as net_weight_kg,
    case is_net_weight_estimated_text when 'true' then true when 'false' then false end as is_net_weight_estimated,
    exact_product(
        [number_text(value_text), factor::varchar], value * factor
    ) as value_usd,
    exact_product(
        [number_text(cif_text), factor::varchar], cif_value * factor
    ) as cif_value_usd,
    exact_product(
        [number_text(fob_text), factor::varchar], fob_value * factor
    ) as fob_value_usd,
    coalesce(
        valuation, case when value = cif_value then 'CIF' when value = fob_value then 'FOB' end, 'not stated'
    ) as valuation,
    exact_product(
        [number_text(value_text), factor::varchar, cny_per_unit::varchar], value * factor * cny_per_unit
    ) as value_cny,
    case
        when cny_per_unit is not null
            then unit || ' to CNY at ' || cny_per_unit || ' (average of ' || substr(period_text, 1, 4) || '; '
                || rate_source || ')'
    end as conversion,
    is_partner_aggregate,
    coalesce(
        commodity_code = 'TOTAL' or (system = 'HS' and length(commodity_code) < 6),
        false
    ) as is_commodity_aggregate,
    customs_procedure = 'C00' as is_procedure_total, transport_mode = '0' as is_transport_total,
    case is_reported_text when 'true' then true when 'false' then false end as is_reported,
    case
        when is_mended
            then 'leading zero restored: printed ' || code_text || ', a code list of ' || edition || ' knows '
                || commodity_code
    end as correction,
    slice, item, vintage, sequence, source_id, file_sha256, sheet, row_no, column_no,
    case
        when reason_code = 'not_trade' then 'not_used'
        when reason_code is not null then 'quarantined'
        when value is null then 'blank'
        else 'loaded'
    end as outcome,
    nullif(reason_code, 'not_trade') as reason_code,
    case reason_code
        when 'not_goods' then 'found type ' || type_text || ', expected C (goods)'
        when 'unknown_value'
            then 'found the value ' || value_name || ', expected a name of warehouse/reference/trade_value.csv'
        when 'unknown_period'
            then 'found the period ' || period_text || ' and the frequency ' || freq_text
                || ', expected a year (A) or a month such as 202401 (M)'
        when 'period_not_over'
            then 'found the period ' || period_text || ' in a file known from ' || vintage
                || ', expected one that had ended by then: the figure may be partial'
        when 'unknown_flow'
            then 'found the flow ' || flow_text || ' ' || coalesce(value_name, '')
                || ', expected a word of warehouse/reference/trade_flow.csv'
        when 'unknown_classification'
            then 'found the classification ' || classification_text
                || ', expected one of warehouse/reference/trade_classification.csv'
        when 'cut_commodity_code'
            then 'found the commodity code ' || code_text || ' (' || length(code_text)
                || ' digits), expected 2, 4, 6, 8 or 10; no landed code list of ' || coalesce(edition, classification)
                || ' knows 0' || code_text || ': land its code list, for instance product_codes of BACI'
        when 'unknown_commodity'
            then 'found the commodity code ' || code_text || ' at level ' || level_text
                || ', expected a code of that many digits, or TOTAL'
        when 'unknown_country'
            then 'found reporter ' || reporter_code_text || ' ' || reporter_iso3_text || ', partner '
                || partner_code_text || ' ' || partner_iso3_text
                || ', expected numbers of up to three digits or three letters'
        when 'unknown_unit'
            then 'found the unit ' || value_unit_text || ', expected one of warehouse/reference/unit.csv in USD'
        when 'not_a_number'
            then 'found value ' || value_text || ', with freight ' || cif_text || ', free on board ' || fob_text
                || ', quantity ' || quantity_text || ', net weight ' || net_weight_text
                || '; expected numbers from 0, or blank'
        when 'contradicting_records'
            then 'found the same partner, commodity, procedure and transport again in this file'
                || ' with another value than ' || value_text || ', expected it once'
    end as reason
from decided
