select
    r.code as commodity_code, r.valid_year, r.name_zh, r.unit_1_code, r.unit_1_zh, r.unit_2_code, r.unit_2_zh,
    e.commodity_code is not null as is_cross_border_ecommerce,
    r.vintage = max(r.vintage) over (partition by r.code, r.valid_year) as is_latest,
    r.correction, r.vintage, r.source_id, r.file_sha256, r.row_no
from core.code_record as r
left join reference.cbec_commodity_code as e on e.commodity_code = r.code
where r.outcome = 'loaded' and r.code_list = 'hs8'
