"""Syntheses of a series of results: meta-analysis, combined p-values, accumulated e-values."""
