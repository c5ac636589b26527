"""Correct a session's claims together (DECIDING.md "The campaign").

Within a family the validation p-values are adjusted together, and so are the refutation p-values; the corrected
verdict is the rule of one claim on the adjusted p-values at the claim's own levels. A claim that was not decided keeps
its place with p = 1; a law has no place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pytest_ophamin.claims.model import ClaimId
from pytest_ophamin.deciding.correction import (
    ASSUMES_POSITIVE_DEPENDENCE,
    E_VALUES,
    adjust,
    adjust_e,
    adjust_gated,
    calibrated,
)
from pytest_ophamin.deciding.outcome import Campaign, Corrected, Family, Outcome, Verdict
from pytest_ophamin.deciding.protocol import Assessment, Finding
from pytest_ophamin.deciding.verdict import judge
from pytest_ophamin.errors import UsageError

EXPLORATORY_SUFFIX = ":exploratory"
SHARED_SAMPLE_METHOD = "shared-sample/1"
_GREEN = frozenset({Verdict.VALIDATED, Verdict.CORROBORATED})


def decide_campaign(
    name: str,
    outcomes: Iterable[Outcome],
    corrections: Mapping[str, tuple[str, float]],
    *,
    inconclusive: str = "fail",
    out_of_scope: Iterable[str] = (),
    withdrawn: Iterable[ClaimId] = (),
) -> Campaign:
    """Correct all outcomes family by family.

    Args:
        name: Campaign name.
        outcomes: Every claim planned or collected, the undecided ones included (they keep their place in m).
        corrections: Per family ``(correction, alpha)``. An exploratory family uses its own entry, else the entry of the
            family it stands beside.
        inconclusive: ``"fail"`` or ``"skip"``: whether an INCONCLUSIVE claim leaves the campaign green.
        out_of_scope: Families in the lock none of whose claims was collected.
        withdrawn: Claims registered once whose module is gone.

    Returns:
        The campaign, with families and members sorted.

    Raises:
        UsageError: A family has no correction, or two of its claims have one id.
    """
    if inconclusive not in ("fail", "skip"):
        raise UsageError(f"inconclusive: expected 'fail' or 'skip', came {inconclusive!r}")
    by_family = dict(sorted(_by_family(outcomes).items()))
    gates = gates_of(by_family)
    gated = _gated(by_family, gates)
    families = tuple(
        _decide_family(
            family, members, *correction_of(family, corrections), gate=gates[family], gated=gated.get(family)
        )
        for family, members in by_family.items()
    )
    return Campaign(
        name=name,
        families=families,
        green=_is_green(families, inconclusive),
        inconclusive=inconclusive,
        out_of_scope=tuple(sorted(out_of_scope)),
        withdrawn=tuple(sorted(withdrawn)),
    )


def gates_of(by_family: Mapping[str, Sequence[Outcome]]) -> dict[str, str | None]:
    """Return the family each family waits for, as its claims say; where it has none registered, the exploratory one."""
    gates: dict[str, str | None] = {}
    for family, outcomes in by_family.items():
        gate = next((o.claim.gate for o in outcomes if o.claim.gate is not None), None)
        beside = None if gate is None else gate + EXPLORATORY_SUFFIX
        gates[family] = beside if beside in by_family and gate not in by_family else gate
    return gates


def correction_of(family: str, corrections: Mapping[str, tuple[str, float]]) -> tuple[str, float]:
    """Return ``(correction, alpha)`` of a family, looked up under its own name, then without ``:exploratory``.

    Raises:
        UsageError: There is no entry for it.
    """
    for name in (family, family.removesuffix(EXPLORATORY_SUFFIX)):
        if name in corrections:
            return corrections[name]
    raise UsageError(f"family {family!r} has no correction; known are {', '.join(sorted(corrections)) or 'none'}")


def with_dependence_findings(
    outcomes: Sequence[Outcome], corrections: Mapping[str, tuple[str, float]]
) -> tuple[Outcome, ...]:
    """Return ``outcomes``, each that shares its sample under a correction that assumes PRDS with a warning.

    Hochberg and BH are proved for independent or positively dependent p-values. Claims on one sample may be neither
    (a mean and a quantile of the same draws), so such a claim carries a ``warn`` finding.
    """
    present = {(outcome.family, outcome.claim.id) for outcome in outcomes if not outcome.claim.is_law}
    return tuple(_with_dependence_finding(outcome, corrections, present) for outcome in outcomes)


def _with_dependence_finding(
    outcome: Outcome, corrections: Mapping[str, tuple[str, float]], present: set[tuple[str, ClaimId]]
) -> Outcome:
    correction, _ = correction_of(outcome.family, corrections)
    shared = [sibling for sibling in outcome.siblings if (outcome.family, sibling) in present]
    if correction not in ASSUMES_POSITIVE_DEPENDENCE or not shared or outcome.claim.is_law or not outcome.is_decided:
        return outcome
    if any(finding.method == SHARED_SAMPLE_METHOD for finding in outcome.findings):
        return outcome
    finding = Finding(
        pillar="campaign",
        method=SHARED_SAMPLE_METHOD,
        status="warn",
        message=f"shares its sample with {len(shared)} other claims of its family: {correction} is not proved for them",
        numbers={"siblings": len(shared)},
    )
    return replace(outcome, findings=tuple(sorted((*outcome.findings, finding), key=lambda f: f.pillar)))


def _by_family(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    families: dict[str, list[Outcome]] = {}
    seen: set[tuple[str, ClaimId]] = set()
    for outcome in outcomes:
        place = (outcome.family, outcome.claim.id)
        if place in seen:
            raise UsageError(f"family {outcome.family!r} holds two outcomes of claim {outcome.claim.id!r}")
        seen.add(place)
        families.setdefault(outcome.family, []).append(outcome)
    return families


def _gated(by_family: Mapping[str, Sequence[Outcome]], gates: Mapping[str, str | None]) -> dict[str, list[float]]:
    """Return the validation p-values of families with gates, adjusted along each tree of them.

    Refutation is not gated: a claim that is wrong is told whatever else is. A gate that is not part of this campaign
    (its family is out of scope) stays shut: p = 1.

    Raises:
        UsageError: Families wait for each other.
    """
    roots = {family: _root(family, gates) for family in gates}
    behind = {family for family, gate in gates.items() if gate is not None}
    shut = {family for family in behind if roots[family] not in by_family}
    found = {family: [1.0] * len(_sampled(by_family[family])) for family in shut}
    for root in {roots[family] for family in behind - shut}:
        tree = [family for family in by_family if roots[family] == root]
        waiting = [(family, [o.p_validate for o in _sampled(by_family[family])], gates[family]) for family in tree]
        found |= adjust_gated(waiting)
    return found


def _root(family: str, gates: Mapping[str, str | None]) -> str:
    """Return the family the others of its tree wait for in the end.

    Raises:
        UsageError: There is none: a forged record may say so, a session is refused before it runs.
    """
    seen = {family}
    while (gate := gates.get(family)) is not None:
        if gate in seen:
            raise UsageError(f"the families {', '.join(map(repr, sorted(seen)))} wait for each other")
        seen.add(gate)
        family = gate
    return family


def _sampled(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return the outcomes that have a place in the correction, sorted by claim id."""
    return sorted((o for o in outcomes if not o.claim.is_law), key=lambda outcome: outcome.claim.id)


def _decide_family(
    family: str,
    outcomes: list[Outcome],
    correction: str,
    alpha: float,
    *,
    gate: str | None = None,
    gated: list[float] | None = None,
) -> Family:
    outcomes = sorted(outcomes, key=lambda outcome: outcome.claim.id)
    sampled = _sampled(outcomes)
    p_validate, p_refute = _adjusted(sampled, correction)
    p_validate = p_validate if gated is None else gated
    adjusted = {id(o): pair for o, pair in zip(sampled, zip(p_validate, p_refute, strict=True), strict=True)}
    largest = None if gated is not None else _largest_factor(correction, len(sampled))
    members = tuple(_corrected(outcome, *adjusted.get(id(outcome), (1.0, 1.0)), largest) for outcome in outcomes)
    return Family(name=family, correction=correction, alpha=alpha, m=len(sampled), gate=gate, members=members)


def _adjusted(outcomes: Sequence[Outcome], correction: str) -> tuple[list[float], list[float]]:
    """Return the adjusted p-values of each side; e-BH takes the stopped e-values where a method has them."""
    p_validate, p_refute = [o.p_validate for o in outcomes], [o.p_refute for o in outcomes]
    if correction != E_VALUES:
        return adjust(p_validate, correction), adjust(p_refute, correction)
    tests = [o.assessment if isinstance(o.assessment, Assessment) and o.is_decided else None for o in outcomes]
    validate = [
        _log_e(None if test is None else test.log_e_validate, p) for test, p in zip(tests, p_validate, strict=True)
    ]
    refute = [_log_e(None if test is None else test.log_e_refute, p) for test, p in zip(tests, p_refute, strict=True)]
    return adjust_e(validate), adjust_e(refute)


def _log_e(stopped: float | None, p: float) -> float:
    return calibrated(p) if stopped is None else stopped


def _largest_factor(correction: str, m: int) -> float | None:
    if correction == E_VALUES:
        return None
    return m * sum(1.0 / k for k in range(1, m + 1)) if correction == "by" else float(m)


def _corrected(outcome: Outcome, p_validate: float, p_refute: float, largest: float | None) -> Corrected:
    verdict, conceded = outcome.verdict, False
    if outcome.is_decided and not outcome.claim.is_law:
        reason = outcome.assessment.reason if isinstance(outcome.assessment, Assessment) else None
        verdict, conceded = judge(outcome.claim, p_validate, p_refute, reason)
    return Corrected(
        claim=outcome.claim.id,
        p_validate=p_validate,
        p_refute=p_refute,
        verdict=verdict,
        conceded=conceded,
        largest=largest,
    )


def _is_green(families: Sequence[Family], inconclusive: str) -> bool:
    accepted = _GREEN | {Verdict.INCONCLUSIVE} if inconclusive == "skip" else _GREEN
    verdicts = [member.verdict for family in families for member in family.members]
    decided = any(verdict not in (Verdict.VOID, Verdict.NOT_TESTED) for verdict in verdicts)
    return decided and all(verdict in accepted for verdict in verdicts)
