-- How large is cross-border e-commerce, by whose count? Figures of different scopes stand side by side, never in one
-- series.
select
    o.area_code, a.name_en, o.time_period, o.scope, o.obs_value / 1e9 as bn_cny, o.bound, o.obs_status,
    o.verification,
    o.vintage, o.reference
from core.observation as o
join core.area as a using (area_code)
where o.indicator_id = 'cbec_trade' and o.freq = 'A' and o.area_code <> 'CN'
order by o.area_code, o.time_period, o.scope, o.vintage
limit 50;
