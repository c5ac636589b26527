"""Benchmark gates: the same benchmarks in fresh processes of several sides, side by side, in mirrored blocks.

The replicate is the process, never the round: rounds inside one process share its memory layout, hash seed and luck
(Kalibera & Jones 2013, ISMM). This package knows nothing of pytest: it starts a program that does
(``plugin/gate_child.py``), reads what that wrote, and turns pairs of readings into slices of trials.
"""
