-- What would a regression take? A panel with a row for each zone and year, only figures seen or verified in their
-- source.
select
    z.zone_code, z.zone_name_en, z.batch, i.time_period,
    max(i.obs_value) filter (where i.indicator_id = 'gdp') as gdp_cny,
    max(i.obs_value) filter (where i.indicator_id = 'population') as residents,
    max(i.obs_value) filter (where i.indicator_id = 'trade_to_gdp_pct') as trade_to_gdp_pct,
    max(i.obs_value) filter (where i.indicator_id = 'exports_to_gdp_pct') as exports_to_gdp_pct
from mart.zone_indicator as i
join core.zone as z using (zone_code)
where i.verification in ('seen', 'verified')
group by z.zone_code, z.zone_name_en, z.batch, i.time_period
having count(*) filter (where i.indicator_id = 'gdp') > 0
order by z.zone_code, i.time_period;
