"""Decide one claim from its evidence: pure, so that the plugin and ``ophamin verify`` compute the same.

Nothing a pillar does wrong can yield VALIDATED: an exception, a NaN or a p-value outside [0, 1] makes the claim VOID
and names the pillar.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.outcome import Verdict, Void
from pytest_ophamin.deciding.protocol import (
    Assessment,
    BadSample,
    DecidingPillar,
    DiagnosingPillar,
    Finding,
    SearchAssessment,
)
from pytest_ophamin.deciding.registry import PillarRegistry
from pytest_ophamin.deciding.stopping import BadStop, stopping_index
from pytest_ophamin.deciding.verdict import judge
from pytest_ophamin.trials.sample import Evidence, Sample, Search, column_names

if TYPE_CHECKING:
    from pytest_ophamin.trials.failure import Failure

_SEARCH_VERDICTS = {
    "corroborated": Verdict.CORROBORATED,
    "refuted": Verdict.REFUTED,
    "inconclusive": Verdict.INCONCLUSIVE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the pillars make of one claim's evidence, before any correction."""

    verdict: Verdict
    pillar: str | None = None
    """Name of the deciding pillar; None when none was asked."""
    assessment: Assessment | SearchAssessment | None = None
    findings: tuple[Finding, ...] = ()
    """Sorted by pillar name."""
    void: Void | None = None
    conceded: bool = False


def decide_claim(claim: Claim, evidence: Sample | Search | Failure, registry: PillarRegistry) -> Decision:
    """Decide ``claim`` at its own levels.

    Args:
        claim: The plan.
        evidence: Its sample or search, or why there is none to believe.
        registry: The pillars.

    Returns:
        The raw verdict with all it rests on. Never raises for what a pillar or a sample does.

    Raises:
        PillarError: No pillar, or more than one, could decide this claim.
    """
    if not isinstance(evidence, (Sample, Search)):
        return Decision(verdict=Verdict.VOID, void=_void_of(evidence))
    pillar = registry.deciding_for(claim)
    problem = _sample_problem(claim, evidence, pillar)
    if problem is not None:
        return Decision(verdict=Verdict.VOID, pillar=pillar.name, void=problem)
    assessed = _assess(claim, evidence, pillar)
    if isinstance(assessed, Void):
        return Decision(verdict=Verdict.VOID, pillar=pillar.name, void=assessed)
    findings, broken = _diagnose(claim, evidence, registry)
    doubted = broken or _first_void(findings)
    if doubted is not None:
        return Decision(verdict=Verdict.VOID, pillar=pillar.name, assessment=assessed, findings=findings, void=doubted)
    verdict, conceded = _judge(claim, assessed)
    return Decision(verdict=verdict, pillar=pillar.name, assessment=assessed, findings=findings, conceded=conceded)


def _judge(claim: Claim, assessed: Assessment | SearchAssessment) -> tuple[Verdict, bool]:
    if isinstance(assessed, SearchAssessment):
        return _SEARCH_VERDICTS[assessed.outcome], False
    return judge(claim, assessed.p_validate, assessed.p_refute, assessed.reason)


def _void_of(failure: Failure) -> Void:
    return Void(
        reason=failure.reason,
        trial=failure.trial,
        seed=failure.seed,
        exception=failure.exception,
        place=failure.place,
    )


def _sample_problem(claim: Claim, evidence: Evidence, pillar: DecidingPillar) -> Void | None:
    """Return why ``evidence`` is not the sample that was planned: the last guard before statistics."""
    if isinstance(evidence, Search):
        return None if claim.is_law else Void(reason="a search is no evidence for this metric")
    if claim.is_law:
        return Void(reason="a sample is no evidence for a law")
    if evidence.n != claim.trials and not (claim.design.can_stop_early and 0 < evidence.n < claim.trials):
        return Void(reason=f"{evidence.n} of {claim.trials} observations")
    if tuple(sorted(evidence.columns)) != column_names(claim):
        return Void(reason=f"the columns {', '.join(sorted(evidence.columns))}, not {', '.join(column_names(claim))}")
    problem = _column_problem(evidence)
    if problem is not None or not claim.design.can_stop_early:
        return problem
    return _stopping_problem(claim, evidence, pillar)


def _column_problem(sample: Sample) -> Void | None:
    for column in sample.columns.values():
        if column.values.shape != (sample.n,):
            return Void(reason="a column does not hold one observation per trial")
        if column.kind == "f64le" and not bool(np.isfinite(column.values).all()):
            return Void(reason="an observation is not finite", trial=int(np.argmin(np.isfinite(column.values))))
    return None


def _stopping_problem(claim: Claim, sample: Sample, pillar: DecidingPillar) -> Void | None:
    """Return how the sample contradicts the stopping rule: it ends where the claim is decided, or at the cap."""
    try:
        stop = stopping_index(claim, sample, pillar)
    except BadStop as bad:
        return Void(reason=f"pillar {pillar.name!r} returned {bad}")
    except Exception as error:  # noqa: BLE001  # foreign code, as in _assess
        return Void(reason=f"pillar {pillar.name!r} raised", exception=type(error).__name__)
    if stop is None and sample.n < claim.trials:
        return Void(reason=f"{sample.n} of at most {claim.trials} observations, which decide nothing yet")
    if stop is not None and stop != sample.n:
        return Void(reason=f"{sample.n} observations of a claim that was decided after {stop}")
    return None


def _assess(claim: Claim, evidence: Evidence, pillar: DecidingPillar) -> Assessment | SearchAssessment | Void:
    try:
        with np.errstate(all="ignore"):  # a caller's np.seterr or warning filter must not change a verdict
            assessed = pillar.decide(claim, evidence)
    except BadSample as bad:
        return Void(reason=bad.message, trial=bad.trial)
    except Exception as error:  # noqa: BLE001  # a pillar is foreign code: whatever it raises makes the claim VOID
        return Void(reason=f"pillar {pillar.name!r} raised", exception=type(error).__name__)
    nonsense = _nonsense(claim, evidence, assessed)
    return assessed if nonsense is None else Void(reason=f"pillar {pillar.name!r} returned {nonsense}")


def _nonsense(claim: Claim, evidence: Evidence, assessed: object) -> str | None:
    """Return what is impossible about an answer, or None."""
    if isinstance(assessed, SearchAssessment):
        known = assessed.outcome in _SEARCH_VERDICTS
        return None if claim.is_law and known else f"the outcome {assessed.outcome!r} for metric {claim.metric!r}"
    if not isinstance(evidence, Sample) or not isinstance(assessed, Assessment):
        return f"{type(assessed).__name__} for metric {claim.metric!r}"
    return _impossible_p(assessed) or _impossible_numbers(claim, assessed, evidence.n)


def _impossible_p(assessed: Assessment) -> str | None:
    for side, p in (("p_validate", assessed.p_validate), ("p_refute", assessed.p_refute)):
        if not _is_finite(p) or not 0.0 <= p <= 1.0:
            return f"{side} outside [0, 1]"
    return None


def _is_finite(x: object) -> bool:
    """Return whether ``x`` is a finite number: a foreign pillar's annotations prove nothing."""
    return isinstance(x, (int, float)) and not isinstance(x, bool) and math.isfinite(x)


def _impossible_numbers(claim: Claim, assessed: Assessment, n: int) -> str | None:
    numbers: tuple[float | None, ...] = (
        *(assessed.estimate, assessed.lower, assessed.upper, assessed.effect, assessed.spread, assessed.needed),
        *(assessed.log_e_validate, assessed.log_e_refute, *_sequence_numbers(assessed)),
    )
    if any(x is not None and not _is_finite(x) for x in numbers):
        return "a number that is not finite"
    if assessed.n != n:
        return f"an assessment of {assessed.n} observations, not {n}"
    crossed = assessed.lower is not None and assessed.upper is not None and assessed.lower > assessed.upper
    # A quantile gives its margin away in probability: its two bounds then belong to two quantiles and may cross.
    return "bounds that cross" if crossed and claim.margin == 0.0 else None


def _sequence_numbers(assessed: Assessment) -> tuple[float | None, ...]:
    found = assessed.sequence
    return () if found is None else (*found.lower, *found.upper, *found.log_validate, *found.log_refute)


def _diagnose(claim: Claim, evidence: Evidence, registry: PillarRegistry) -> tuple[tuple[Finding, ...], Void | None]:
    if not isinstance(evidence, Sample):
        return (), None
    findings: list[Finding] = []
    for pillar in registry.diagnosing:
        if getattr(pillar, "on_request", False) and claim.design.check_of(pillar.name) is None:
            continue
        try:
            with np.errstate(all="ignore"):
                finding = pillar.diagnose(claim, evidence)
        except Exception as error:  # noqa: BLE001  # law 2: a failed diagnosis never yields VALIDATED
            return tuple(findings), Void(reason=f"pillar {pillar.name!r} raised", exception=type(error).__name__)
        if finding is None:
            continue
        wrong = finding_problem(finding, pillar)
        if wrong is not None:
            return tuple(findings), Void(reason=f"pillar {pillar.name!r} returned {wrong}")
        findings.append(finding)
    return tuple(findings), None


def finding_problem(finding: object, pillar: DiagnosingPillar) -> str | None:
    """Return what is impossible about a finding, or None."""
    if not isinstance(finding, Finding):
        return f"{type(finding).__name__} instead of a Finding"
    if finding.pillar != pillar.name:
        return f"a finding signed {finding.pillar!r}"
    if finding.status not in ("ok", "warn", "void"):
        return f"the unknown status {finding.status!r}"
    if any(x is not None and not _is_finite(x) for x in finding.numbers.values()):
        return "a number that is not finite"
    return None


def _first_void(findings: tuple[Finding, ...]) -> Void | None:
    return next((Void(reason=f.message) for f in findings if f.status == "void"), None)
