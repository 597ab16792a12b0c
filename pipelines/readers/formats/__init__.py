"""Open formats of statistics, whoever publishes them: SDMX, JSON-stat, PX, World Bank."""
