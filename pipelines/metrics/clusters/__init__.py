"""Regional science: specialisation, concentration, complexity, spatial association, and the tables made of them."""
