"""Sequential designs: boundaries calibrated by exact dynamic programming, and evidence that is valid at any time.

Counts of 0/1 data: ``stopping`` has boundaries, ``law`` the exact dynamic programme of all designs, ``stagewise`` its
p-values and bounds, ``design`` all of that together. ``truncated`` calibrates a design, ``group_counts`` looks only at
declared times, ``likelihood_ratio`` needs no calibration. ``sprt`` and ``group`` hold the classical formulas for
Bernoulli and normal data.

Claims: ``methods`` says which method decides a claim, ``count_claims`` decides by a design, ``anytime_claims`` by the
e-processes of ``processes`` and ``mean_processes``; ``course`` is what a record keeps of the run, ``plans`` and
``simulated_plans`` say beforehand what it will take.
"""
