select
    area_code, indicator_id, time_period, freq, scope, obs_value, unit, obs_status, bound, verification, vintage,
    sequence, source_id, file_sha256, sheet, row_no, column_no, printed_text, reference, quote, correction, conversion
from core.resolved_cell
where outcome = 'loaded'
