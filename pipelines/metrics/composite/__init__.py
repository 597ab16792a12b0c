"""Composite indicators (OECD/JRC Handbook): treatment, normalisation, weights, aggregation, uncertainty, coupling."""
