-- Which scores rest on facts that nobody has seen in a source?
select s.mode_id, s.criterion_id, s.verification, count(*) as scores, count(distinct s.zone_code) as zones
from mart.criterion_score as s
join reference.methodology as m using (methodology_version)
where m.is_default and s.is_unverified and s.score is not null
group by s.mode_id, s.criterion_id, s.verification
order by scores desc, s.mode_id, s.criterion_id;
