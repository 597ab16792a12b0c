select
    r.freq, r.time_period, r.flow, r.reporter, r.reporter_iso3, r.reporter_name, r.partner, r.partner_code,
    r.partner_iso3, r.partner_name, r.partner_2_code, r.classification, r.commodity_code, r.commodity_name,
    r.commodity_level, r.customs_procedure, r.transport_mode, r.mode_of_supply, r.quantity, r.quantity_unit,
    r.net_weight_kg, r.is_net_weight_estimated, r.value_usd, r.valuation, r.cif_value_usd, r.fob_value_usd, r.value_cny,
    r.conversion, r.is_partner_aggregate, r.is_commodity_aggregate, r.is_procedure_total, r.is_transport_total,
    r.is_reported, l.file_sha256 is not null as is_latest, coalesce(l.is_leaf, false) as is_leaf, r.correction, r.slice,
    r.vintage, r.source_id, r.file_sha256, r.sheet, r.row_no, r.column_no
from core.international_trade_record as r
left join core.international_trade_leaf as l
    on l.file_sha256 = r.file_sha256 and l.sheet = r.sheet and l.row_no = r.row_no and l.column_no = r.column_no
where r.outcome = 'loaded'
