with parsed as (
    select
        t.*, o.source_id, o.flow_text, o.given_texts, f.vintage, u.unit,
        try_cast(replace(t.value_text, ',', '') as double) as value,
        try_cast(replace(t.quantity_1_text, ',', '') as double) as quantity_1,
        try_cast(replace(t.quantity_2_text, ',', '') as double) as quantity_2
    from raw.trade as t
    join raw.trade_file as o on o.file_sha256 = t.file_sha256
    join raw.file as f on f.file_sha256 = t.file_sha256
    left join reference.unit as u on u.unit_text = o.currency_text
)
select
    substr(period_text, 1, 4) || '-' || substr(period_text, 5, 2) as time_period, flow_text as flow,
    nullif(partner_code_text, '') as partner_code, nullif(partner_name_text, '') as partner_name_zh,
    nullif(commodity_code_text, '') as commodity_code, nullif(commodity_name_text, '') as commodity_name_zh,
    nullif(regexp_extract(trade_mode_text, '^([0-9]{2})( |$)', 1), '') as trade_mode_code,
    nullif(regexp_replace(trade_mode_text, '^[0-9]{2}( |$)', ''), '') as trade_mode_name_zh,
    nullif(regexp_extract(region_text, '^([0-9]{2})( |$)', 1), '') as registration_place_code,
    nullif(regexp_replace(region_text, '^[0-9]{2}( |$)', ''), '') as registration_place_zh,
    case when quantity_1_unit_text not in ('', '?') then quantity_1 end as quantity_1,
    nullif(nullif(quantity_1_unit_text, '?'), '') as quantity_1_unit,
    case when quantity_2_unit_text not in ('', '?') then quantity_2 end as quantity_2,
    nullif(nullif(quantity_2_unit_text, '?'), '') as quantity_2_unit,
    case
        when unit = 'CNY' then value
    end as value_cny,
    case
        when unit = 'USD' then value
    end as value_usd, vintage, source_id, file_sha256, row_no
from parsed
where regexp_full_match(period_text, '[0-9]{4}(0[1-9]|1[0-2])') and flow_text in ('import', 'export')
    -- a dimension that the query did not ask for is absent; one that it did ask for must be stated
    and (
        regexp_full_match(partner_code_text, '[0-9]{3}')
        or partner_code_text = '' and not contains(given_texts, 'partner_code_text')
    )
    and (
        regexp_full_match(commodity_code_text, '[0-9]{2,10}')
        or commodity_code_text = '' and not contains(given_texts, 'commodity_code_text')
    )
    and (trade_mode_text <> '' or not contains(given_texts, 'trade_mode_text'))
    and (region_text <> '' or not contains(given_texts, 'region_text'))
    and unit in ('CNY', 'USD') and isfinite(value) and value >= 0
    and coalesce(quantity_1, 0) >= 0 and isfinite(coalesce(quantity_1, 0))
    and coalesce(quantity_2, 0) >= 0 and isfinite(coalesce(quantity_2, 0))
