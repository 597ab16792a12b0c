select source_id, file_sha256, file_name, null as sheet, null as row_no, null as column_no, null as printed_text,
    reason_code, reason
from raw.file
where status = 'refused'
union all
select r.source_id, r.file_sha256, f.file_name, r.sheet, r.row_no, r.column_no, r.printed_text, r.reason_code, r.reason
from raw.reject as r
join raw.file as f on f.file_sha256 = r.file_sha256
union all
select c.source_id, c.file_sha256, f.file_name, c.sheet, c.row_no, c.column_no, c.printed_text, c.reason_code, c.reason
from core.resolved_cell as c
join raw.file as f on f.file_sha256 = c.file_sha256
where c.outcome = 'quarantined'
union all
select t.source_id, t.file_sha256, f.file_name, t.sheet, t.row_no, null as column_no,
    concat_ws(',', t.period_text, t.flow_text, t.partner_code_text, t.commodity_code_text,
        t.quantity_1_text, t.quantity_2_text, t.value_text) as printed_text,
    'invalid_trade_record' as reason_code,
    'found month ' || coalesce(t.period_text, '') || ', flow ' || coalesce(t.flow_text, '') || ', partner '
    || coalesce(t.partner_code_text, '') || ', commodity ' || coalesce(t.commodity_code_text, '') || ', value '
    || coalesce(t.value_text, '') || ' ' || coalesce(t.currency_text, '')
    || '; expected YYYYMM, import or export, 3 digits, 2 to 10 digits, a number from 0 in a currency that is CNY, quantities from 0' as reason
from raw.trade as t
join raw.file as f on f.file_sha256 = t.file_sha256
left join core.trade as k on k.file_sha256 = t.file_sha256 and k.row_no = t.row_no
where k.file_sha256 is null
