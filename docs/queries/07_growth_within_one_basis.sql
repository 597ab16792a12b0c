-- How fast does provincial GDP grow? Year on year, both ends of one source, vintage, scope and unit.
select a.name_zh, g.time_period, round(100 * g.growth, 2) as growth_pct, g.vintage, g.row_no, g.column_no
from mart.observation_growth as g
join core.area as a using (area_code)
where g.indicator_id = 'gdp' and g.source_id = 'nbs_province_gdp' and g.growth is not null and g.time_period = '2024'
order by growth_pct desc;
