"""False alarms and power of the serial-dependence diagnosis.

The full study: ``python tests/statistical/study.py dependence``.
"""

from __future__ import annotations

import pytest
from error_rates import most_allowed
from error_study.of_dependence import (
    DEPENDENT,
    DESIGNS,
    INDEPENDENT,
    VOID,
    WARN,
    autoregressive,
    statuses,
    statuses_of_design,
)

RUNS, DESIGN_RUNS = 2_000, 60


@pytest.mark.parametrize("name", INDEPENDENT)
def test_independent_observations_are_rarely_suspected(name: str) -> None:
    """At most 1 % of independent samples are warned about, at most 0.1 % declared void."""
    found = statuses(INDEPENDENT[name], list(INDEPENDENT).index(name), RUNS)
    assert found["warn"] + found["void"] <= most_allowed(RUNS, WARN)
    assert found["void"] <= most_allowed(RUNS, VOID)


@pytest.mark.parametrize("name", DESIGNS)
def test_designs_are_rarely_suspected_of_serial_dependence(name: str) -> None:
    """The same where units and groups are what is looked at."""
    found = statuses_of_design(DESIGNS[name], DESIGN_RUNS)
    assert found["warn"] + found["void"] <= most_allowed(DESIGN_RUNS, WARN)
    assert found["void"] <= most_allowed(DESIGN_RUNS, VOID)


@pytest.mark.parametrize("name", DEPENDENT)
def test_strong_dependence_voids_the_sample(name: str) -> None:
    """Samples worth far fewer independent observations than trials are void in at least 95 % of cases."""
    assert statuses(DEPENDENT[name], 99, 200)["void"] >= 190


def test_weak_dependence_in_a_large_sample_is_a_warning_only() -> None:
    """Where the effective n stays above 0.8 n, however significant, the sample is not void."""
    found = statuses(lambda rng: autoregressive(rng, 20_000, 0.05), 98, 40)
    assert found["void"] == 0
    assert found["warn"] >= 36
