"""From a file to the raw tables."""
