"""Metrics: arrays and frames in, arrays and frames out; pure functions.

Here belong pure functions: same input and same seed, same figures to the bit. Not here: reading or writing
files, SQL, Dagster objects, thresholds or names of places.
"""
