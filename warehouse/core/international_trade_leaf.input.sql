-- The latest record of each thing, with the place of its parts in their hierarchies: an empty path is the total, a
-- path that begins with another lies under it. Groups of countries other than World overlap and are left out.
with ranked as (
    select
        *, row_number() over (
            partition by slice, item
            order by vintage desc, sequence desc, sheet, row_no, column_no
        ) as place
    from core.international_trade_record
    where outcome = 'loaded'
)
select
    slice, file_sha256, sheet, row_no, column_no, value_usd,
    case when commodity_code = 'TOTAL' then '' else commodity_code end as commodity,
    case when mode_of_supply = '0' then '' else mode_of_supply end as mode_of_supply,
    rtrim(transport_mode, '0') as transport,
    case when customs_procedure = 'C00' then '' else customs_procedure end as customs_procedure,
    case when partner_2_code = '000' then '' else partner_2_code end as partner_2,
    case when partner = '000' then '' else partner end as partner,
    is_partner_aggregate and partner <> '000' as is_group
from ranked
where place = 1
