"""Rates: events per exposure, time between failures, and throughput as a ratio of totals."""
