select
    area_code, name_zh, name_en, level, parent_code, valid_from, valid_to, status, successor_code, validity_status
from reference.area
