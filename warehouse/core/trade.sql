with parsed as (
    select
        t.*, o.source_id, o.flow_text, f.vintage, u.unit,
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
    partner_code_text as partner_code, nullif(partner_name_text, '') as partner_name_zh,
    commodity_code_text as commodity_code, nullif(commodity_name_text, '') as commodity_name_zh,
    case when quantity_1_unit_text not in ('', '?') then quantity_1 end as quantity_1,
    nullif(nullif(quantity_1_unit_text, '?'), '') as quantity_1_unit,
    case when quantity_2_unit_text not in ('', '?') then quantity_2 end as quantity_2,
    nullif(nullif(quantity_2_unit_text, '?'), '') as quantity_2_unit,
    value as value_cny, vintage, source_id, file_sha256, row_no
from parsed
where regexp_full_match(period_text, '[0-9]{4}(0[1-9]|1[0-2])') and flow_text in ('import', 'export')
    and regexp_full_match(partner_code_text, '[0-9]{3}') and regexp_full_match(commodity_code_text, '[0-9]{2,10}')
    and unit = 'CNY' and isfinite(value) and value >= 0
    and coalesce(quantity_1, 0) >= 0 and isfinite(coalesce(quantity_1, 0))
    and coalesce(quantity_2, 0) >= 0 and isfinite(coalesce(quantity_2, 0))
