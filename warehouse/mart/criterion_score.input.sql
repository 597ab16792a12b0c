select * from mart.criterion_observation
