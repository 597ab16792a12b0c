-- Does every cell of every file have its place, and what is held?
select
    f.source_id, f.file_name, f.vintage, f.cells_total, f.cells_loaded, f.cells_blank, f.cells_not_used,
    f.cells_quarantined, f.unaccounted
from mart.file_accounting as f
order by f.cells_quarantined desc, f.source_id, f.file_name;
