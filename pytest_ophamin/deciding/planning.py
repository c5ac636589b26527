"""Before any data: can the claim be decided, and how many trials does ``trials="auto"`` mean."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pytest_ophamin.claims.gates import PAIRS_PER_BLOCK
from pytest_ophamin.claims.model import AutoTrials, Claim, Problem
from pytest_ophamin.deciding.plan_rows import CampaignPlan, PlanRow, plan_rows
from pytest_ophamin.deciding.protocol import BadPlan, DecidingPillar, SizingPillar
from pytest_ophamin.deciding.registry import PillarError, PillarRegistry
from pytest_ophamin.deciding.undecidable import undecidable
from pytest_ophamin.errors import ClaimError

__all__ = [
    "LARGEST_AUTO",
    "CampaignPlan",
    "PlanRow",
    "check_reachable",
    "least_trials",
    "plan_rows",
    "resolve_auto",
]

LARGEST_AUTO = 10_000_000
"""``trials="auto"`` asks the author to think again beyond this many trials."""


def check_reachable(claim: Claim, registry: PillarRegistry) -> Problem | None:
    """Return the problem of a claim that no data could VALIDATE at its own alpha, or that its pillar cannot decide.

    ``trials="auto"`` is not resolved yet (``trials`` is 0): then only the claim's own consistency is checked.
    """
    try:
        pillar = registry.deciding_for(claim)
    except PillarError:
        return undecidable(claim, registry)
    if claim.is_law:
        return None
    return _check_problem(claim, registry) or _plan_problem(claim, pillar)


def _check_problem(claim: Claim, registry: PillarRegistry) -> Problem | None:
    """Return the problem of a diagnosis the author asks for: no such pillar, or options it does not take."""
    diagnosing = {pillar.name: pillar for pillar in registry.diagnosing}
    for check in claim.design.checks:
        pillar = diagnosing.get(check.pillar)
        if pillar is None:
            known = ", ".join(sorted(diagnosing)) or "none"
            near = difflib.get_close_matches(check.pillar, diagnosing, n=1) or ["O.drift"]
            return _problem(
                claim, "checks", f"a diagnosing pillar ({known})", repr(check.pillar), f'checks=("{near[0]}",)'
            )
        check_options = getattr(pillar, "check_options", None)
        try:
            if check_options is not None:
                check_options(claim, check)
            elif check.options:
                expected = "no options: the pillar takes none"
                return _problem(claim, f"checks[{check.pillar!r}]", expected, "options", f'checks=("{check.pillar}",)')
        except BadPlan as bad:
            return _problem(claim, bad.argument, bad.expected, bad.came, bad.fix)
        except Exception as error:  # noqa: BLE001  # foreign code, see _plan_problem
            came = type(error).__name__
            return _problem(claim, f"checks[{check.pillar!r}]", "options the pillar takes", came, "other options")
    return None


def _plan_problem(claim: Claim, pillar: DecidingPillar) -> Problem | None:
    try:
        unexpecting = claim if claim.expecting is None else replace(claim, expecting=None)
        plan = pillar.plan(unexpecting, level=claim.validate_level)
    except BadPlan as bad:
        return _problem(claim, bad.argument, bad.expected, bad.came, bad.fix)
    except Exception as error:  # noqa: BLE001  # a pillar is foreign code, and other claims have problems to tell too
        return _problem(claim, "pillar", "a plan", type(error).__name__, f"a claim pillar {pillar.name!r} can plan")
    if claim.auto is not None and claim.trials == 0:
        return None if claim.expecting is not None else _no_expectation(claim)
    if claim.trials >= plan.least_n:
        return None
    argument, least = "trials", plan.least_n
    if claim.is_gate:
        argument, least = "pairs", least + least % PAIRS_PER_BLOCK
    return _problem(
        claim,
        argument,
        f"at least {least} (with fewer no data could VALIDATE the claim at alpha {claim.alpha:g})",
        str(claim.trials),
        f"{argument}={least} or more",
    )


def _no_expectation(claim: Claim) -> Problem:
    expected = "the metric's expected value, to derive trials from"
    return _problem(claim, "expecting", expected, "none", "expecting=<value>")


def resolve_auto(claims: Sequence[Claim], registry: PillarRegistry, m: Mapping[str, int]) -> tuple[Claim, ...]:
    """Return ``claims`` with ``trials="auto"`` turned into a number, at Bonferroni alpha / m (DECIDING.md).

    Args:
        claims: All claims; those with a number of trials come back unchanged.
        registry: The pillars.
        m: Registered non-law claims per family.

    Raises:
        ClaimError: For some claims no number of trials reaches the power; holds all problems.
    """
    problems: list[Problem] = []
    resolved = [_resolve(claim, registry, max(1, m.get(claim.family, 1)), problems) for claim in claims]
    if problems:
        raise ClaimError(problems)
    return tuple(resolved)


def least_trials(claim: Claim, pillar: DecidingPillar, level: float) -> int | None:
    """Return the least n from which the power at ``expecting`` does not drop below ``claim.power``, or None.

    A pillar that can size a claim is asked; for any other the power it plans is searched by doubling and bisection.
    """
    if isinstance(pillar, SizingPillar):
        return pillar.size(claim, level=level)

    def reaches(n: int) -> bool:
        power = pillar.plan(replace(claim, trials=n), level=level).power
        return power is not None and power >= claim.power

    high = 2
    while not reaches(high):
        high *= 2
        if high > LARGEST_AUTO:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return high


def _resolve(claim: Claim, registry: PillarRegistry, m: int, problems: list[Problem]) -> Claim:
    if claim.auto is None or claim.trials or claim.is_law:
        return claim
    try:
        n = least_trials(claim, registry.deciding_for(claim), claim.validate_level / m)
    except BadPlan as bad:
        problems.append(_problem(claim, bad.argument, bad.expected, bad.came, bad.fix))
        return claim
    except PillarError:
        problems.append(undecidable(claim, registry))
        return claim
    if n is None:
        problems.append(_no_size(claim, m))
        return claim
    return replace(claim, trials=n, auto=AutoTrials(m=m))


def _no_size(claim: Claim, m: int) -> Problem:
    return _problem(
        claim,
        "expecting",
        f"a value (and expecting_sd=, where the method needs one) at which power {claim.power:g} can be reached "
        f"at level {claim.validate_level / m:.3g} with at most {LARGEST_AUTO} trials",
        "none" if claim.expecting is None else f"{claim.expecting:g}",
        "expecting= well on the claimed side of the threshold, or trials=<number>",
    )


def _problem(claim: Claim, argument: str, expected: str, came: str, fix: str) -> Problem:
    return Problem(test=claim.test, argument=argument, expected=expected, came=came, fix=fix)
