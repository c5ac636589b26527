"""Benchmark gates: paired fresh processes, looks fixed in advance, and a control that tells a noisy machine.

Which design and why: docs/adr/0007-benchmark-gates-statistics.md; measured error rates: docs/validation/gates.md.
"""
