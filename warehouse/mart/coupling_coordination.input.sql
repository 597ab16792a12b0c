select zone_code, time_period, methodology_version, subsystem_id, score from mart.coupling_subsystem
