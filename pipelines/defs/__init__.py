"""Dagster's objects: assets, checks, schedules, sensors.

Belongs here: what Dagster needs to know. Does not belong here: the work itself, which the other rooms do.
"""
