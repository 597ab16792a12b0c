select * from work.mode_fit_uncertainty_input
