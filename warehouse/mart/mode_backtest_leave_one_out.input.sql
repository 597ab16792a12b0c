select i.*, s.zone_code is not null as is_stated
from work.mode_fit_input as i
left join reference.mode_stated_zone as s on s.mode_id = i.mode_id and s.zone_code = i.zone_code
