-- Which of today's fits could have been stated on a day, and why not the others?
select
    a.mode_id, count(a.fit) as fits, count(*) filter (where a.is_exact) as with_goalposts_known_too,
    count(*) filter (where a.reason_code = 'inputs_not_yet_known') as inputs_not_yet_known,
    count(*) filter (where a.reason_code = 'period_not_begun') as period_not_begun
from mart.mode_fit_asof('2023-12-31') as a
join reference.methodology as m using (methodology_version)
where m.is_default
group by a.mode_id
order by a.mode_id;
