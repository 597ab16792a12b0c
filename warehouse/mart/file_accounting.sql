-- Cells (or records) of each file by what became of them; what is none of these is unaccounted, and must be zero.
with trade_records as (
    select file_sha256, count(*) as records from raw.trade group by file_sha256
),
trade_loaded as (
    select file_sha256, count(*) as loaded from core.trade group by file_sha256
),
trade_held as (
    select file_sha256, count(*) as held from core.trade_fault
    group by file_sha256
),
outcomes as (
    select
        file_sha256, count(*) as total,
        count(*) filter (where outcome = 'loaded') as loaded, count(*) filter (where outcome = 'blank') as blank,
        count(*) filter (where outcome = 'not_used') as not_used,
        count(*) filter (where outcome = 'quarantined') as quarantined
    from core.resolved_cell group by file_sha256
    union all
    -- counts on their own, so that a record that is lost on the way or comes twice does not add up
    select t.file_sha256, t.records, coalesce(k.loaded, 0), 0, 0, coalesce(h.held, 0)
    from trade_records as t
    left join trade_loaded as k on k.file_sha256 = t.file_sha256
    left join trade_held as h on h.file_sha256 = t.file_sha256
    union all
    select
        file_sha256, count(*),
        count(*) filter (where outcome = 'loaded'), count(*) filter (where outcome = 'blank'),
        count(*) filter (where outcome = 'not_used'), count(*) filter (where outcome = 'quarantined')
    from core.international_trade_record group by file_sha256
),
in_core as (
    select file_sha256, count(*) as loaded from core.observation group by file_sha256
    union all
    select file_sha256, loaded from trade_loaded
    union all
    select file_sha256, count(*) from core.international_trade group by file_sha256
),
registry_records as (
    select file_sha256 from raw.zone
    union all
    select file_sha256 from raw.partner
    union all
    select file_sha256 from raw.trade_mode
    union all
    select file_sha256 from raw.evaluation_tier
    union all
    select file_sha256 from raw.code_list
    union all
    select file_sha256 from raw.division
),
registry_held as (
    select file_sha256, count(*) as held from core.quarantine where reason_code = 'invalid_registry_record'
    group by file_sha256
),
registry as (
    select r.file_sha256, count(*) as records, coalesce(any_value(h.held), 0) as held
    from registry_records as r
    left join registry_held as h on h.file_sha256 = r.file_sha256
    group by r.file_sha256
),
in_quarantine as (
    -- a held cell of a column that nothing declares, or that is there twice, stands beside cells of its row that are
    -- loaded
    select file_sha256, count(*) as held from core.quarantine
    where row_no is not null and reason_code not in ('unknown_column', 'duplicate_column', 'conflicting_column')
    group by file_sha256
),
in_raw as (
    select file_sha256, count(*) as cells, count(distinct sheet || '|' || row_no) as rows_read from raw.cell
    group by file_sha256
    union all
    select file_sha256, records, records as rows_read from trade_records
    union all
    select file_sha256, count(*), count(distinct sheet || '|' || row_no) from raw.international_trade
    group by file_sha256
)
select
    f.file_sha256, f.source_id, f.file_name, f.status, f.encoding, f.vintage, f.physical_rows, f.header_rows,
    f.note_rows, f.blank_rows, f.record_rows, f.continuation_rows, f.rejected_rows, f.hidden_rows,
    coalesce(o.total, r.records, 0) as cells_total, coalesce(o.loaded, r.records - r.held, 0) as cells_loaded,
    coalesce(o.blank, 0) as cells_blank, coalesce(o.not_used, 0) as cells_not_used,
    coalesce(o.quarantined, r.held, 0) as cells_quarantined,
    -- rows of the file, rows that gave cells, cells by outcome, cells in core, cells and rows in quarantine
    coalesce(
        abs(
            f.physical_rows - f.header_rows - f.note_rows - f.blank_rows - f.record_rows - f.continuation_rows
            - f.rejected_rows - f.hidden_rows
        ),
        0
    )
    + abs(coalesce(f.record_rows, 0) - coalesce(i.rows_read, r.records, 0))
    + abs(coalesce(i.cells, 0) - coalesce(o.total, 0))
    + abs(coalesce(o.total, 0) - coalesce(o.loaded + o.blank + o.not_used + o.quarantined, 0))
    + abs(coalesce(o.loaded, 0) - coalesce(c.loaded, 0))
    + abs(coalesce(o.quarantined, r.held, 0) + coalesce(f.rejected_rows, 0) - coalesce(q.held, 0)) as unaccounted
from raw.file as f
left join outcomes as o on o.file_sha256 = f.file_sha256
left join in_core as c on c.file_sha256 = f.file_sha256
left join registry as r on r.file_sha256 = f.file_sha256
left join in_quarantine as q on q.file_sha256 = f.file_sha256
left join in_raw as i on i.file_sha256 = f.file_sha256
