"""What a deciding pillar says before and while data comes: plans and stopping indices."""

from __future__ import annotations

import numpy as np

from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.protocol import BadPlan, DecidingPillar, Plan, SequentialPillar
from pytest_ophamin.testing._watch import complain, read_only, untouched
from pytest_ophamin.trials.sample import Evidence, Sample


def check_plan(pillar: DecidingPillar, claim: Claim) -> None:
    level = claim.validate_level
    plans = [_plan(pillar, claim, level), _plan(pillar, claim, level), _plan(pillar, claim, level / 4)]
    plan, again, stricter = plans
    if plan != again:
        complain(pillar, "the same plan for the same claim", f"{plan} and {again}")
    if plan.n != claim.trials:
        complain(pillar, f"a plan of the claim's {claim.trials} trials", f"n = {plan.n}")
    if plan.power is not None and not 0.0 <= plan.power <= 1.0:
        complain(pillar, "power in [0, 1]", f"{plan.power}")
    if plan.least_n > claim.trials:
        complain(pillar, "an example that can be VALIDATED", f"{claim.trials} trials, least_n {plan.least_n}")
    if stricter.least_n < plan.least_n:
        expected = f"least_n {plan.least_n} or more at level {level / 4:g} (it is that at {level:g})"
        complain(pillar, expected, f"{stricter.least_n}")


def _plan(pillar: DecidingPillar, claim: Claim, level: float) -> Plan:
    try:
        with np.errstate(all="ignore"), untouched(pillar, None):
            plan = pillar.plan(claim, level=level)
    except BadPlan as bad:
        complain(pillar, "a plan for the example", f"BadPlan: {bad}")
    if not isinstance(plan, Plan):
        complain(pillar, "a Plan", type(plan).__name__)
    return plan


def check_stopping(pillar: DecidingPillar, claim: Claim, evidence: Evidence) -> None:
    # That a pillar for claims that can stop early has a `stop` was seen with its form.
    if not claim.design.can_stop_early or not isinstance(evidence, Sample) or not isinstance(pillar, SequentialPillar):
        return
    with np.errstate(all="ignore"):
        stop = pillar.stop(claim, read_only(evidence))
        if stop is not None and not 0 < stop < claim.trials:
            complain(pillar, f"a stop between 1 and {claim.trials - 1}, or None", f"{stop}")
        lengths = {1, evidence.n // 3, evidence.n // 2} | ({stop - 1, stop, stop + 1} if stop is not None else set())
        for n in sorted(n for n in lengths if 0 < n <= evidence.n):
            expected = stop if stop is not None and stop <= n else None
            found = pillar.stop(claim, read_only(evidence.first_trials(n)))
            if found != expected:
                wanted = f"stop {expected} from the first {n} trials (all {evidence.n} give {stop})"
                complain(pillar, wanted, f"{found}")
