"""Layouts of one publisher: the National Bureau of Statistics, the customs."""
