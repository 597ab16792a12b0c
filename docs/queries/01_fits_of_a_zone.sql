-- How well does each mode fit a zone, on how much evidence, and if not, why?
-- One version of the method is the default; without the join all versions would stand side by side.
select f.mode_id, f.fit, f.comparative_fit, f.gate, f.coverage, f.fit_rank, f.zones_ranked, f.reason
from mart.mode_fit as f
join reference.methodology as m using (methodology_version)
where m.is_default and f.zone_code = '510100' and f.time_period = '2024'
order by f.fit desc nulls last;
