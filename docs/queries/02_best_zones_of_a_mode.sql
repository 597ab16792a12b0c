-- Which zones lead a mode, by level and by comparative fit?
select z.zone_name_en, z.zone_name_zh, f.fit, f.fit_rank, f.comparative_fit, f.comparative_rank, f.coverage
from mart.mode_fit as f
join reference.methodology as m using (methodology_version)
join core.zone as z using (zone_code)
where m.is_default and f.mode_id = 'trade_upgrade' and f.time_period = '2022' and f.fit is not null
order by f.comparative_fit desc nulls last
limit 10;
