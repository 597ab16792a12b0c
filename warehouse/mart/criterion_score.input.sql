select * from work.criterion_observation
