with stated as (
    select
        o.file_sha256, o.source_id, o.flow_text, f.vintage, u.unit,
        regexp_matches(o.currency_text, '[一-龥]') as is_chinese
    from raw.trade_file as o
    join raw.file as f on f.file_sha256 = o.file_sha256
    left join reference.unit as u on u.unit_text = o.currency_text
),
named as (
    select
        t.file_sha256, t.row_no, t.period_text, s.source_id, s.flow_text, s.vintage, s.unit, s.is_chinese,
        nullif(t.partner_code_text, '') as partner_code, nullif(t.partner_name_text, '') as partner_name,
        nullif(t.commodity_code_text, '') as commodity_code, nullif(t.commodity_name_text, '') as commodity_name,
        nullif(regexp_extract(t.trade_mode_text, '^([0-9]{2})( |$)', 1), '') as trade_mode_code,
        nullif(regexp_replace(t.trade_mode_text, '^[0-9]{2}( |$)', ''), '') as trade_mode_name,
        nullif(regexp_extract(t.region_text, '^([0-9]{2})( |$)', 1), '') as registration_place_code,
        nullif(regexp_replace(t.region_text, '^[0-9]{2}( |$)', ''), '') as registration_place,
        nullif(nullif(t.quantity_1_unit_text, '?'), '') as quantity_1_unit,
        nullif(nullif(t.quantity_2_unit_text, '?'), '') as quantity_2_unit,
        try_cast(number_text(t.quantity_1_text) as double) as quantity_1,
        try_cast(number_text(t.quantity_2_text) as double) as quantity_2,
        try_cast(number_text(t.value_text) as double) as value,
        l.row_no is null as is_latest
    from raw.trade as t
    join stated as s on s.file_sha256 = t.file_sha256
    left join core.trade_fault as x on x.file_sha256 = t.file_sha256 and x.row_no = t.row_no
    left join core.trade_superseded as l on l.file_sha256 = t.file_sha256 and l.row_no = t.row_no
    where x.row_no is null
)
select
    substr(period_text, 1, 4) || '-' || substr(period_text, 5, 2) as time_period, flow_text as flow, partner_code,
    case when is_chinese then partner_name end as partner_name_zh,
    case when not is_chinese then partner_name end as partner_name_en,
    commodity_code,
    case when is_chinese then commodity_name end as commodity_name_zh,
    case when not is_chinese then commodity_name end as commodity_name_en,
    trade_mode_code,
    case when is_chinese then trade_mode_name end as trade_mode_name_zh,
    case when not is_chinese then trade_mode_name end as trade_mode_name_en,
    registration_place_code,
    case when is_chinese then registration_place end as registration_place_zh,
    case when not is_chinese then registration_place end as registration_place_en,
    case when quantity_1_unit is not null then quantity_1 end as quantity_1, quantity_1_unit,
    case when quantity_2_unit is not null then quantity_2 end as quantity_2, quantity_2_unit,
    case when unit = 'CNY' then value end as value_cny,
    case when unit = 'USD' then value end as value_usd,
    is_latest, vintage, source_id, file_sha256, row_no
from named
