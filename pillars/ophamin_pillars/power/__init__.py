"""Planning: power, sample size and minimum detectable effect, one module per design, and effect sizes.

Every design module has ``power``, ``sample_size`` and ``minimum_detectable_effect``; ``sample_size`` returns None where
no sample is large enough.
"""
