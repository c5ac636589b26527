"""The door for authors of statistical methods: all a pillar package needs, and nothing else.

The shipped methods (``ophamin_pillars``) import only from here. A pillar that decides a metric of its own supplies
one-sided tests; relation, margin and ``within`` are done by :func:`compose`:

    >>> from pytest_ophamin.pillars import Plan, ShiftedTests, compose, hookimpl
    >>> class ExponentialTests(ShiftedTests):
    ...     spread = None
    ...     def __init__(self, x):
    ...         self.n, self.total = len(x), float(x.sum())
    ...         self.estimate = self.total / self.n
    ...     def greater(self, limit, *, slack, strict, level):
    ...         from scipy.special import gammaincc
    ...         return float(gammaincc(self.n, self.total / (limit - slack)))
    ...     def less(self, limit, *, slack, strict, level):
    ...         from scipy.special import gammainc
    ...         return float(gammainc(self.n, self.total / (limit + slack)))
    ...     def lower(self, level, *, slack):
    ...         from scipy.special import gammainccinv
    ...         return self.total / float(gammainccinv(self.n, level))
    ...     def upper(self, level, *, slack):
    ...         from scipy.special import gammaincinv
    ...         return self.total / float(gammaincinv(self.n, level))
    >>> class MeanLifePillar:
    ...     name = "mean-life"
    ...     metrics = frozenset({"mean-life"})
    ...     def decide(self, claim, sample):
    ...         return compose(claim, ExponentialTests(sample.value.floats), method="exponential/1", exact=True)
    ...     def plan(self, claim, *, level):
    ...         return Plan(n=claim.trials, least_n=1)
    >>> @hookimpl
    ... def ophamin_pillars():
    ...     return [MeanLifePillar()]
"""

from __future__ import annotations

from pytest_ophamin._canonical import round12
from pytest_ophamin.claims.design import Check, Design
from pytest_ophamin.claims.gates import CONTROL, CONTROL_LEVEL
from pytest_ophamin.claims.metrics import Relation, effect_factors, metric_kind, quantile_probability
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.protocol import (
    Assessment,
    BadPlan,
    BadSample,
    DecidingPillar,
    DiagnosingPillar,
    Finding,
    Pillar,
    Plan,
    SearchAssessment,
    Sequence,
    SequentialPillar,
    SizingPillar,
    SynthesisingPillar,
)
from pytest_ophamin.deciding.series import Series, SeriesProof, Synthesis
from pytest_ophamin.deciding.sides import (
    OneSided,
    ShiftedTests,
    claim_sides,
    compose,
    minus,
    number,
    plus,
    undecidable,
)
from pytest_ophamin.hookspecs import hookimpl
from pytest_ophamin.trials.sample import (
    ARM,
    CLUSTER,
    FIRST,
    SECOND,
    STRATUM,
    VALUE,
    Column,
    Evidence,
    Sample,
    Search,
    factor_column,
)

__all__ = [
    "ARM",
    "CLUSTER",
    "CONTROL",
    "CONTROL_LEVEL",
    "FIRST",
    "SECOND",
    "STRATUM",
    "VALUE",
    "Assessment",
    "BadPlan",
    "BadSample",
    "Check",
    "Claim",
    "Column",
    "DecidingPillar",
    "Design",
    "DiagnosingPillar",
    "Evidence",
    "Finding",
    "OneSided",
    "Pillar",
    "Plan",
    "Relation",
    "Sample",
    "Search",
    "SearchAssessment",
    "Sequence",
    "SequentialPillar",
    "Series",
    "SeriesProof",
    "ShiftedTests",
    "SizingPillar",
    "Synthesis",
    "SynthesisingPillar",
    "claim_sides",
    "compose",
    "effect_factors",
    "factor_column",
    "hookimpl",
    "metric_kind",
    "minus",
    "number",
    "plus",
    "quantile_probability",
    "round12",
    "undecidable",
]
