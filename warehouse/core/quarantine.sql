select
    source_id, file_sha256, file_name, null as sheet, null as row_no, null as column_no, null as printed_text,
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
select
    o.source_id, t.file_sha256, f.file_name, o.sheet, t.row_no, null as column_no,
    concat_ws(
        ',', t.period_text, o.flow_text, t.partner_code_text, t.commodity_code_text, t.trade_mode_text,
        t.region_text,
        t.quantity_1_text, t.quantity_2_text, t.value_text
    ) as printed_text,
    x.reason_code,
    case x.reason_code
        when 'invalid_trade_record'
            then 'found month ' || t.period_text || ', flow ' || o.flow_text || ', partner ' || t.partner_code_text
                || ', commodity ' || t.commodity_code_text || ', currency ' || o.currency_text
                || '; expected a month YYYYMM, import or export, 3 digits, 2 to 10 digits, every dimension that has a'
                || ' column, CNY or USD'
        when 'period_not_over'
            then 'found the month ' || t.period_text || ' in a file known from ' || f.vintage
                || ', expected one that had ended by then'
        when 'not_a_number'
            then 'found value ' || t.value_text || ', quantities ' || t.quantity_1_text || ' and ' || t.quantity_2_text
                || '; expected numbers from 0, with a comma before every three digits or none; a quantity may be blank'
        when 'duplicate_record'
            then 'found the same month, partner, commodity, trade mode and registration place with the same figures in'
                || ' a line above, expected them once'
        when 'contradicting_records'
            then 'found the same month, partner, commodity, trade mode and registration place again in this file with'
                || ' other figures than ' || t.value_text || ', expected them once'
    end as reason
from core.trade_fault as x
join raw.trade as t on t.file_sha256 = x.file_sha256 and t.row_no = x.row_no
join raw.trade_file as o on o.file_sha256 = t.file_sha256
join raw.file as f on f.file_sha256 = t.file_sha256
union all
select r.source_id, r.file_sha256, f.file_name, null, r.row_no, null, r.zone_code, 'invalid_registry_record', r.reason
from core.zone_record as r
join raw.file as f on f.file_sha256 = r.file_sha256
where r.outcome = 'quarantined'
union all
select
    r.source_id, r.file_sha256, f.file_name, null, r.row_no, null, r.iso3, 'invalid_registry_record',
    'found the country code ' || coalesce(r.iso3, '') || ', expected three capital letters'
from raw.partner as r
join raw.file as f on f.file_sha256 = r.file_sha256
where not exists (select 1 from core.partner as k where k.iso3 = r.iso3)
union all
select
    r.source_id, r.file_sha256, f.file_name, null, r.row_no, null, r.code, 'invalid_registry_record',
    'found code system ' || coalesce(r.code_system, '') || ', code ' || coalesce(r.code, '') || ', name '
    || coalesce(r.name_zh, '')
    || ', expected all three, and known words in counts_as_cbec and status'
from raw.trade_mode as r
join raw.file as f on f.file_sha256 = r.file_sha256
where not exists (select 1 from core.trade_mode as k where k.code_system = r.code_system and k.code = r.code)
union all
select
    r.source_id, r.file_sha256, f.file_name, null, r.row_no, null, r.zone_code, 'invalid_registry_record',
    'found zone ' || coalesce(r.zone_code, '') || ', year ' || coalesce(r.evaluated_year, '') || ', tier '
    || coalesce(r.tier, '')
    || ', status ' || coalesce(r.status, '') || ', expected a known zone, a year, a tier from 1 to 4 and a known status'
from raw.evaluation_tier as r
join raw.file as f on f.file_sha256 = r.file_sha256
where
    not exists (
        select 1 from core.evaluation_tier as k where k.zone_code = r.zone_code and k.evaluated_year = r.evaluated_year
    )
union all
select r.source_id, r.file_sha256, f.file_name, r.sheet, r.row_no, null, r.code, 'invalid_registry_record', r.reason
from core.code_record as r
join raw.file as f on f.file_sha256 = r.file_sha256
where r.outcome = 'quarantined'
union all
select
    r.source_id, r.file_sha256, f.file_name, r.sheet, r.row_no, r.column_no,
    concat_ws(
        ',', t.period_text, t.flow_text, t.reporter_code_text, t.partner_code_text, t.partner_name_text,
        t.commodity_code_text, t.quantity_text, t.net_weight_text, t.value_text
    ),
    r.reason_code, r.reason
from core.international_trade_record as r
join raw.file as f on f.file_sha256 = r.file_sha256
join raw.international_trade as t
    on t.file_sha256 = r.file_sha256 and t.sheet = r.sheet and t.row_no = r.row_no and t.column_no = r.column_no
where r.outcome = 'quarantined'
union all
select
    r.source_id, r.file_sha256, f.file_name, null, r.row_no, null, r.code, 'invalid_registry_record',
    'found division ' || coalesce(r.code, '') || ' ' || coalesce(r.name, '') || ' ' || coalesce(r.revision, '')
    || ', expected 2, 4 or 6 digits, a name, the month of the file''s name, and each code once'
from raw.division as r
join raw.file as f on f.file_sha256 = r.file_sha256
where not exists (
        select 1 from core.division as k
        where k.division_code = rpad(trim(r.code), 6, '0') and k.vintage = f.vintage
            and k.name_zh = trim(r.name)
    )
