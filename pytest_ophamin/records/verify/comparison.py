"""Step 9, of benchmark gates: what a record says it compared is what its claim is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ophamin.claims.gates import BUDGET_KINDS, RATIO_KINDS
from pytest_ophamin.records.verify.state import StepFailed

if TYPE_CHECKING:
    from pytest_ophamin.claims.model import Claim
    from pytest_ophamin.records.models_proof import ComparisonPart


def check_comparison(claim: Claim, part: ComparisonPart | None, *, measured: bool, place: str) -> None:
    """Check the comparison of one proof.

    Args:
        claim: Rebuilt from its document.
        part: What the record says.
        measured: Whether the record holds a sample.
        place: Of the record, for messages.

    Raises:
        StepFailed: It contradicts the claim.
    """
    if part is None:
        if claim.is_gate and measured:
            raise StepFailed(f"{place}: a benchmark gate has a sample, and nothing says what was compared")
        return
    if not claim.is_gate:
        raise StepFailed(f"{place}: a comparison belongs to a benchmark gate, not to the metric {claim.metric!a}")
    if part.against not in _possible(claim):
        raise StepFailed(f"{place}: claim {claim.id!a} is compared with its {part.against}")
    if claim.versus is not None and part.name != claim.versus:
        raise StepFailed(f"{place}: claim {claim.id!a} is about {claim.versus!a}, it was compared with {part.name!a}")
    if (part.commit is not None) != (part.against == "revision"):
        raise StepFailed(f"{place}: a revision, and nothing else, is compared by its commit")
    sides = {"candidate", "control"}
    if claim.kind in RATIO_KINDS:
        sides.add("versus" if claim.versus is not None else "baseline")
    if not sides <= set(part.sides) or part.sides != sorted(set(part.sides)):
        raise StepFailed(f"{place}: claim {claim.id!a} needs processes of {sorted(sides)}, came {part.sides}")


def _possible(claim: Claim) -> tuple[str, ...]:
    if claim.kind in BUDGET_KINDS:
        return ("budget",)
    return ("versus",) if claim.versus is not None else ("revision", "environment")
