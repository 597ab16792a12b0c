-- In what is a zone specialised, and is that a pattern in space or chance?
select
    industry_name_en, industry_name_zh, employment_persons, location_quotient, relatedness_density,
    local_moran_quadrant, local_moran_p, reason_code
from mart.cluster_industry
where zone_code = '330100' and time_period = '2019'
order by location_quotient desc nulls last;
