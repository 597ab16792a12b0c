"""The static HTML report of a published generation.

Here belongs: turning published tables into pages (site, tables, overview, zone, method, quality), their
templates, charts and style. Not here: any computation of a figure. What a page prints stands in the
warehouse; if a figure is missing there, the page says so and why.
"""
