"""The one place where a p-value meets a level."""

from __future__ import annotations

from pytest_ophamin._canonical import round12
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.outcome import Verdict

_CLOSE = 1e-10


def judge(claim: Claim, p_validate: float, p_refute: float, reason: str | None = None) -> tuple[Verdict, bool]:
    """Turn two p-values, raw or adjusted, into a verdict (DECIDING.md "One claim").

    Args:
        claim: Gives the level of each side.
        p_validate: p-value of the validation test.
        p_refute: p-value of the refutation test.
        reason: Why nothing can be decided whatever the p-values, as an assessment states it.

    Returns:
        The verdict, and whether it is conceded: both tests rejected, so the metric lies between t - d and t.
    """
    if reason is not None:
        return Verdict.INCONCLUSIVE, False
    validates = _rejects(p_validate, claim.validate_level)
    refutes = _rejects(p_refute, claim.refute_level)
    if validates and refutes:
        # Without a margin the two nulls cover everything: both rejected means that the sample contradicts itself.
        return (Verdict.VALIDATED, True) if claim.margin > 0.0 else (Verdict.INCONCLUSIVE, False)
    if validates:
        return Verdict.VALIDATED, False
    return (Verdict.REFUTED if refutes else Verdict.INCONCLUSIVE), False


def _rejects(p: float, level: float) -> bool:
    """Whether ``p``, rounded to 12 significant digits, is at most ``level``; rounding is for those close to it."""
    if abs(p - level) > _CLOSE * level:
        return p < level
    return round12(p) <= level
