"""Mode-fit: scores of the criteria, fits of the modes, how sure they are, what would move them, the back-test."""
