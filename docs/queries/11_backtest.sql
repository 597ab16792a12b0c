-- Where does the mode that the paper states for a city come out? Reported as it is.
select
    b.zone_name_en, b.stated_mode, b.basis, b.mode_rank_of_zone, b.modes_ranked, b.zone_rank_in_mode, b.zones_ranked,
    b.best_mode, b.verdict
from mart.mode_backtest as b
join reference.methodology as m using (methodology_version)
where m.is_default and b.time_period = '2024'
order by b.stated_mode, b.zone_name_en, b.basis;
