select * from mart.mode_fit_input
