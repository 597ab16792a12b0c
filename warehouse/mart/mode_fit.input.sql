select * from work.mode_fit_input
