"""``--ophamin-plan``: each claim's power and reach, alone and after correction, and the chance of a green campaign."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pytest_ophamin.claims.model import Claim, ClaimId
from pytest_ophamin.deciding.campaign import correction_of
from pytest_ophamin.deciding.protocol import BadPlan, Plan
from pytest_ophamin.deciding.registry import PillarError, PillarRegistry

_LEVELS = 6
"""Levels between alpha / m and alpha at which power is computed; between them it is interpolated."""
_RUNS = 20_000
_SEED = 20_240_101

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """One claim's line of ``--ophamin-plan``."""

    claim: Claim
    m: int
    """Hypotheses per side in its family."""
    correction: str
    level: float
    """alpha / m: the level of the smallest p-value under Holm, and what ``trials="auto"`` plans with."""
    plan: Plan | None
    """At the claim's own alpha; None for a law, or when no pillar can plan it."""
    power_corrected: float | None = None
    """Power at ``level``."""
    least_n_corrected: int | None = None
    """Least n at which some sample could be VALIDATED at ``level``."""
    warning: str | None = None
    """What the campaign's size makes of this claim, when it matters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPlan:
    """All lines, and the chance that a campaign of true claims comes out green."""

    rows: tuple[PlanRow, ...]
    all_validated: float | None
    """P(all VALIDATED after correction) for independent claims; None when a claim's power is unknown."""


def plan_rows(
    claims: Iterable[Claim], registry: PillarRegistry, corrections: Mapping[str, tuple[str, float]]
) -> CampaignPlan:
    """Plan all claims of a session, each at its own alpha and at alpha / m.

    Args:
        claims: Claims with their trials resolved.
        registry: The pillars.
        corrections: Per family ``(correction, alpha)``.

    Returns:
        One row per claim, in the order given, and P(all VALIDATED).
    """
    claims = list(claims)
    m: dict[str, int] = {}
    for claim in claims:
        m[claim.family] = m.get(claim.family, 0) + (not claim.is_law)
    rows = tuple(_row(claim, registry, max(1, m[claim.family]), corrections) for claim in claims)
    return CampaignPlan(rows=rows, all_validated=_all_validated(rows, registry))


def _row(claim: Claim, registry: PillarRegistry, m: int, corrections: Mapping[str, tuple[str, float]]) -> PlanRow:
    correction, _ = correction_of(claim.family, corrections)
    level = claim.validate_level if correction == "none" else claim.validate_level / m
    if claim.is_law:
        return PlanRow(claim=claim, m=m, correction=correction, level=level, plan=None)
    try:
        pillar = registry.deciding_for(claim)
        plan = pillar.plan(claim, level=claim.validate_level)
        corrected = plan if level == claim.validate_level else pillar.plan(claim, level=level)
    except (BadPlan, PillarError) as error:
        return PlanRow(claim=claim, m=m, correction=correction, level=level, plan=None, warning=str(error))
    warning = None
    if corrected.least_n > claim.trials:
        warning = f"cannot be VALIDATED as the smallest p-value of {m} claims: needs {corrected.least_n} trials"
    return PlanRow(
        claim=claim,
        m=m,
        correction=correction,
        level=level,
        plan=plan,
        power_corrected=corrected.power,
        least_n_corrected=corrected.least_n,
        warning=warning,
    )


def _all_validated(rows: Sequence[PlanRow], registry: PillarRegistry) -> float | None:
    """Return P(all VALIDATED) for independent claims, family by family; laws are taken to hold."""
    families: dict[str, list[PlanRow]] = {}
    for row in rows:
        if not row.claim.is_law:
            families.setdefault(row.claim.family, []).append(row)
    curves = _PowerCurves(registry)
    chances = [_family_validated(family, curves) for family in families.values()]
    known = [chance for chance in chances if chance is not None]
    return math.prod(known) if known and len(known) == len(chances) else None


def _family_validated(rows: Sequence[PlanRow], curves: _PowerCurves) -> float | None:
    m, correction = len(rows), rows[0].correction
    # A step-up procedure rejects all when the largest p-value is small enough; only Holm looks at every step.
    share = {"by": 1.0 / sum(1.0 / k for k in range(1, m + 1))}.get(correction, 1.0)
    if correction != "holm" or m == 1:
        powers = [curves.at(row.claim, row.claim.validate_level * share) for row in rows]
        return None if any(p is None for p in powers) else math.prod(p for p in powers if p is not None)
    shares = np.geomspace(1.0 / m, 1.0, _LEVELS)
    table = [[curves.at(row.claim, row.claim.validate_level * float(share)) for share in shares] for row in rows]
    if any(power is None for line in table for power in line):
        return None
    return _holm_all(np.log(shares), np.array(table, dtype=np.float64), m)


def _holm_all(log_shares: Floats, powers: Floats, m: int) -> float:
    """Return P(Holm rejects all) by a seeded simulation of the p-values, as shares of alpha, from the power curves."""
    rng = np.random.Generator(np.random.Philox(_SEED))
    runs = max(500, min(_RUNS, 4_000_000 // m))
    columns = []
    for curve in powers:
        rising = np.maximum.accumulate(curve)
        draws = rng.random(runs)
        shares = np.interp(draws, rising, log_shares, left=-np.inf, right=np.inf)
        columns.append(np.where(draws <= rising[0], -np.inf, np.where(draws > rising[-1], np.inf, shares)))
    ordered = np.sort(np.array(columns), axis=0)
    steps = -np.log(np.arange(m, 0, -1, dtype=np.float64))[:, None]
    return float((ordered <= steps + 1e-12).all(axis=0).mean())


class _PowerCurves:
    """Power of a claim by level; claims that differ only in name share their numbers."""

    def __init__(self, registry: PillarRegistry) -> None:
        self._registry = registry
        self._known: dict[tuple[Claim, float], float | None] = {}

    def at(self, claim: Claim, level: float) -> float | None:
        """Return the power at ``level``, or None when it is not known."""
        key = (replace(claim, id=ClaimId(""), test="", statement="", scenario=None, of=None, data=()), level)
        if key not in self._known:
            try:
                self._known[key] = self._registry.deciding_for(claim).plan(claim, level=level).power
            except (BadPlan, PillarError):
                self._known[key] = None
        return self._known[key]
