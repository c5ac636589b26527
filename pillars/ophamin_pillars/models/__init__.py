"""Linear models: clustered trials, factorial designs, analysis of variance, regression, repeated splits.

All end in an :class:`~ophamin_pillars.models.estimate.Estimate`: a value, its standard error and degrees of freedom.
"""
