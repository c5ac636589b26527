"""The null control: where the candidate, run once more, differs from itself, the machine is too noisy to decide on.

Both columns come from one program, so a difference is false by construction and says what else moved. The level of the
whole session, ``CONTROL_LEVEL``, is divided by the number of its claims: Bonferroni's is the first step of Holm's
procedure (Holm 1979), whatever the other benchmarks showed, so every record can be recomputed alone.
"""

from __future__ import annotations

import numpy as np

from ophamin_pillars.binomial import lower_tail
from ophamin_pillars.gates.observed import MEMORY, Floats, control_logs
from ophamin_pillars.gates.trimmed import centre_of
from ophamin_pillars.student import t_tail
from pytest_ophamin.pillars import CONTROL_LEVEL, Claim, Sample, number, round12


def control_p(claim: Claim, sample: Sample) -> float:
    """Return the two-sided p-value of "the control does not differ from the candidate"."""
    logs = control_logs(sample)
    centre = None if claim.kind == MEMORY else centre_of(logs)
    if centre is None:
        return sign_test(logs)
    return min(1.0, 2.0 * t_tail(abs(centre.mean) / centre.error, centre.df))


def differs(claim: Claim, sample: Sample) -> bool:
    """Return whether the control differs at the claim's share of the session's level."""
    return round12(control_p(claim, sample)) <= CONTROL_LEVEL / claim.allocated


def describe_noise(p: float) -> str:
    """Return why nothing is decided."""
    return f"the machine is too noisy: the candidate differs from itself (p = {number(float(f'{p:.2g}'))})"


def sign_test(logs: Floats) -> float:
    """Return the exact two-sided p-value of "either may be the larger"; pairs that are equal say nothing."""
    above, below = int(np.count_nonzero(logs > 0.0)), int(np.count_nonzero(logs < 0.0))
    return min(1.0, 2.0 * lower_tail(min(above, below), above + below, 0.5)) if above + below else 1.0
