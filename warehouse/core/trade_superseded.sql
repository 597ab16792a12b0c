-- Only where two files have the same month, flow, currency and dimensions is it asked which records are the same.
with stated as (
    select
        o.file_sha256, o.flow_text, o.last_line, u.unit, f.vintage, f.sequence,
        list_filter(
            ['partner', 'commodity', 'trade_mode', 'region'], lambda d: contains(o.given_texts, d || '_')
        ) as dimensions
    from raw.trade_file as o
    join raw.file as f on f.file_sha256 = o.file_sha256
    join reference.unit as u on u.unit_text = o.currency_text
),
shared as (
    select m.file_sha256, m.period_text, m.records
    from core.trade_month as m
    join stated as s on s.file_sha256 = m.file_sha256
    qualify count(*) over (partition by s.flow_text, s.unit, s.dimensions, m.period_text) > 1
),
last_line as (
    -- a last line without a line end may have lost its last digits
    select m.file_sha256, max(m.last_row_no) as row_no
    from core.trade_month as m
    join stated as s on s.file_sha256 = m.file_sha256
    where s.last_line = 'open'
    group by m.file_sha256
),
records as (
    select
        t.file_sha256, t.row_no, t.period_text, s.flow_text, s.unit, s.dimensions, s.vintage, s.sequence, h.records,
        l.row_no is not null as may_be_cut,
        coalesce(nullif(t.partner_code_text, ''), t.partner_name_text) as partner,
        coalesce(nullif(t.commodity_code_text, ''), t.commodity_name_text) as commodity,
        coalesce(nullif(regexp_extract(t.trade_mode_text, '^([0-9]{2})( |$)', 1), ''), t.trade_mode_text) as trade_mode,
        coalesce(nullif(regexp_extract(t.region_text, '^([0-9]{2})( |$)', 1), ''), t.region_text) as region
    from raw.trade as t
    join shared as h on h.file_sha256 = t.file_sha256 and h.period_text = t.period_text
    join stated as s on s.file_sha256 = t.file_sha256
    left join core.trade_fault as x on x.file_sha256 = t.file_sha256 and x.row_no = t.row_no
    left join last_line as l on l.file_sha256 = t.file_sha256 and l.row_no = t.row_no
    where t.file_sha256 in (select file_sha256 from shared) and x.row_no is null
),
ranked as (
    select
        file_sha256, row_no,
        row_number() over (
            partition by flow_text, unit, dimensions, period_text, partner, commodity, trade_mode, region
            order by vintage desc, may_be_cut, records desc, sequence desc
        ) as place
    from records
)
select file_sha256, row_no
from ranked
where place > 1
