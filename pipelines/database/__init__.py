"""The work database: opening it, writing tables, making them from their declarations, checking them."""
