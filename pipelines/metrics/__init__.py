"""Metrics: functions that take arrays or frames and return arrays or frames.

Pure functions belong here: the same input and the same seed give the same figures to the bit. Reading or
writing files, SQL, Dagster objects, thresholds and names of places do not belong here.
"""
