"""Step 14: what the caller requires beyond intact evidence. Without ``--require`` no verdict changes the exit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ophamin.errors import UsageError
from pytest_ophamin.records.verify.report import StepState
from pytest_ophamin.records.verify.state import Bundle, Notes, Requirement, StepFailed

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ("green", "registered", "recomputed", "max-alpha=A")


def requirement_from_text(text: str) -> Requirement:
    """Read one ``--require``.

    Raises:
        UsageError: It is none of the known ones.
    """
    name, _, limit = text.partition("=")
    if name in _CHECKS and not limit and name != "max-alpha":
        return Requirement(name=name)
    try:
        value = float(limit) if name == "max-alpha" else -1.0
    except ValueError:
        value = -1.0
    if not 0.0 < value < 1.0:
        raise UsageError(f"--require: expected one of {', '.join(NAMES)} (A between 0 and 1), came {text!a}")
    return Requirement(name=name, limit=value)


def check_requirements(bundle: Bundle) -> tuple[StepState, Notes]:
    """Check every requirement.

    Raises:
        StepFailed: One is not met.
    """
    for requirement in bundle.options.require:
        problem = _CHECKS[requirement.name](bundle, requirement)
        if problem is not None:
            raise StepFailed(f"required {requirement.name}: {problem}")
    met = [requirement.name for requirement in bundle.options.require]
    return StepState.HOLDS, (f"required and met: {', '.join(met)}",) if met else ()


def _green(bundle: Bundle, _: Requirement) -> str | None:
    return None if bundle.the_campaign.predicate.proof.green else "the campaign is not green"


def _registered(bundle: Bundle, _: Requirement) -> str | None:
    others = [p.place[1] for p in bundle.proofs if p.statement.predicate.proof.registration.status != "registered"]
    return f"{len(others)} claims are not registered, first {others[0]!a}" if others else None


def _recomputed(bundle: Bundle, _: Requirement) -> str | None:
    if bundle.not_recomputable:
        return f"{bundle.not_recomputable} proofs could not be recomputed here"
    return None


def _max_alpha(bundle: Bundle, requirement: Requirement) -> str | None:
    limit = requirement.limit if requirement.limit is not None else 0.0
    for proof in bundle.proofs:
        if proof.claim is not None and proof.claim.alpha > limit:
            return f"claim {proof.claim.id!a} was decided at alpha {proof.claim.alpha:g}"
    return None


_CHECKS: dict[str, Callable[[Bundle, Requirement], str | None]] = {
    "green": _green,
    "registered": _registered,
    "recomputed": _recomputed,
    "max-alpha": _max_alpha,
}
