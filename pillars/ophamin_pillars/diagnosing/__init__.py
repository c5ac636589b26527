"""Diagnosing pillars that are asked for: process control, sample ratio, drift, forecasts, inertia, kernel coupling.

Each reads its options, takes what it needs from a sample, and puts a method of :mod:`ophamin_pillars.control` or
:mod:`ophamin_pillars.diagnostics` to it. The modules are light: numerics are imported where a sample is diagnosed.
"""
