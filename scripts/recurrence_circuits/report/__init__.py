"""The report of an experiment: one HTML page, made from tables, figures and records."""
