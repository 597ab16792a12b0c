select t.file_sha256, t.period_text, count(t.row_no) as records, max(t.row_no) as last_row_no
from raw.trade as t
join raw.trade_file as o on o.file_sha256 = t.file_sha256
join raw.file as f on f.file_sha256 = t.file_sha256
group by t.file_sha256, t.period_text
