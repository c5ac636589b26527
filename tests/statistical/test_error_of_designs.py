"""What a design is for: dependent trials taken for independent ones err far beyond their level, and in blocks do not.

Error rates of all designs: ``python tests/statistical/study.py models``, test_published.py.
"""

from __future__ import annotations

import pytest
from error_rates import APPROXIMATE, most_allowed
from error_study.cases import Case
from error_study.measuring import excesses, measured
from error_study.of_designs import blocked

RUNS = 400


@pytest.mark.parametrize("bools", [False, True])
def test_dependent_trials_taken_for_independent_err_far_too_often(bools: bool) -> None:
    """An autoregression of .6 decided trial by trial errs beyond any allowance; in blocks it does not."""
    naive = blocked("trial by trial", 400, 0, 0.6, bools=bools)
    in_blocks = blocked("in blocks", 400, 40, 0.6, bools=bools)
    found = measured(naive, 0, RUNS)["at_least"]
    assert min(found["validated"], found["refuted"]) > most_allowed(RUNS, APPROXIMATE * 0.05)
    assert _excesses(in_blocks) == []


def _excesses(case: Case) -> list[str]:
    return excesses(case, measured(case, 0, RUNS), RUNS)
