"""Dagster objects only; the work is done by the modules beside this package."""
