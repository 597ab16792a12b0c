"""Dagster's web interface, safe to leave open beside a browser.

Belongs here: what starts the interface (`serve`) and what refuses the requests of foreign pages (`guard`). Does not
belong here: the graph that the interface shows.
"""
