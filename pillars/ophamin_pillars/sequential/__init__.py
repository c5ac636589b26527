"""Sequential designs: boundaries calibrated by exact dynamic programming, and evidence that is valid at any time.

Counts of 0/1 data: ``stopping`` has boundaries, ``law`` the exact dynamic programme of all designs, ``stagewise`` its
p-values and bounds, ``design`` all of that together. ``truncated`` calibrates a design, ``group_counts`` looks only at
declared times, ``likelihood_ratio`` needs no calibration. ``sprt`` and ``group`` hold the classical formulas for
Bernoulli and normal data.
"""
