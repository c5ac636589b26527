"""Conformance checks an author runs on a pillar; nothing of pytest is imported.

    >>> from pytest_ophamin.testing import check_deciding, claim_of, sample_of
    >>> from ophamin_pillars.proportion import ProportionPillar
    >>> claim = claim_of("proportion", at_least=0.9, trials=40)
    >>> check_deciding(ProportionPillar(), claim, lambda rng, metric: sample_of(rng.random(40) < metric), runs=200)

Each check raises AssertionError with what was expected and what came. The shipped pillars run the same checks.
"""

from __future__ import annotations

from pytest_ophamin.testing._deciding import check_deciding
from pytest_ophamin.testing._diagnosing import check_diagnosing
from pytest_ophamin.testing._examples import claim_of, pairs_of, sample_of, series_example
from pytest_ophamin.testing._rates import most_allowed
from pytest_ophamin.testing._synthesising import check_synthesising

__all__ = [
    "check_deciding",
    "check_diagnosing",
    "check_synthesising",
    "claim_of",
    "most_allowed",
    "pairs_of",
    "sample_of",
    "series_example",
]
