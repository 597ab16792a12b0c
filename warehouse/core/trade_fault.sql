-- Parse every record of the query site, and keep those that core.trade may not have, with the first reason.
with parsed as (
    select
        t.*, o.flow_text, o.given_texts, u.unit, strftime(f.vintage + interval 1 day, '%Y%m') as month_after_vintage,
        try_cast(number_text(t.value_text) as double) as value,
        try_cast(number_text(t.quantity_1_text) as double) as quantity_1,
        try_cast(number_text(t.quantity_2_text) as double) as quantity_2
    from raw.trade as t
    join raw.trade_file as o on o.file_sha256 = t.file_sha256
    join raw.file as f on f.file_sha256 = t.file_sha256
    left join reference.unit as u on u.unit_text = o.currency_text
),
decided as (
    select
        file_sha256, row_no,
        hash(
            period_text, partner_code_text, partner_name_text, commodity_code_text, commodity_name_text,
            trade_mode_text, region_text
        ) as item,
        hash(value, quantity_1, quantity_2) as figures,
        case
            when
                not regexp_full_match(period_text, '(19|20)[0-9]{2}(0[1-9]|1[0-2])')
                or flow_text not in ('import', 'export') or coalesce(unit, '') not in ('CNY', 'USD')
                -- a dimension that the query did not ask for is absent; one that it did ask for must be stated
                or not (
                    regexp_full_match(partner_code_text, '[0-9]{3}')
                    or partner_code_text = '' and not contains(given_texts, 'partner_code_text')
                )
                or not (
                    regexp_full_match(commodity_code_text, '[0-9]{2,10}')
                    or commodity_code_text = '' and not contains(given_texts, 'commodity_code_text')
                )
                or trade_mode_text = '' and contains(given_texts, 'trade_mode_text')
                or region_text = '' and contains(given_texts, 'region_text')
                then 'invalid_trade_record'
            -- no figure is known before its month is over
            when period_text >= month_after_vintage then 'period_not_over'
            when
                value is null or not isfinite(value) or value < 0
                -- a quantity is a number or a sign for none
                or not (is_blank_sign(quantity_1_text) or coalesce(isfinite(quantity_1) and quantity_1 >= 0, false))
                or not (is_blank_sign(quantity_2_text) or coalesce(isfinite(quantity_2) and quantity_2 >= 0, false))
                then 'not_a_number'
        end as fault
    from parsed
),
-- the same thing twice in one file: of equal figures the first counts, of different ones nobody knows which is right
compared as (
    select
        file_sha256, row_no, fault,
        row_number() over (partition by file_sha256, item, fault is null order by row_no) as place,
        min(figures) over (partition by file_sha256, item, fault is null)
        < max(figures) over (partition by file_sha256, item, fault is null) as is_contradicted
    from decided
)
select
    file_sha256, row_no,
    coalesce(
        fault, case when is_contradicted then 'contradicting_records' when place > 1 then 'duplicate_record' end
    ) as reason_code
from compared
where fault is not null or is_contradicted or place > 1
