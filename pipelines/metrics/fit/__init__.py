"""Mode-fit: scores of the criteria, fits of the modes, their uncertainty, the levers, the back-test."""
