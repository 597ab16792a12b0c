select * from mart.mode_fit_uncertainty_input
