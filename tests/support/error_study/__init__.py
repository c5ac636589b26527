"""The study of error rates: every question the shipped pillars answer, simulated or enumerated at its boundary."""
