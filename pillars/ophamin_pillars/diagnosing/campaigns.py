"""``O.spc`` and ``O.drift`` over a series of proofs: one claim, campaign after campaign.

The unit is the campaign, never the trial: what campaigns differ by (machine, day, commit) is what is asked about. The
null is "the campaigns are exchangeable": no order of them is likelier than another. Proofs that share their draws are
welcome here: what differs between them is the system, and where nothing differs nothing is found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars.diagnosing.pillars import DriftOfCampaigns, SpcOfCampaigns
from ophamin_pillars.diagnosing.series import OBSERVATION, series_of
from ophamin_pillars.diagnosing.spc import ALL, PERMUTED, describe_charts, numbers_of
from pytest_ophamin.pillars import Series, SeriesProof, Synthesis

LEVEL = 0.01
LEAST_CAMPAIGNS = 10
"""Of fewer, no order of a step in the middle is rare enough: 2 of 70 at eight campaigns, 2 of 252 at ten."""

Floats = npt.NDArray[np.float64]


def chart_campaigns(series: Series) -> Synthesis:
    """Return warn when the order of the campaigns' estimates goes further than other orders at the level."""
    from ophamin_pillars.diagnosing.charting import chart_series

    kept = comparable(series.proofs)
    if len(kept.estimates) < LEAST_CAMPAIGNS:
        return _too_few(SpcOfCampaigns.name, SpcOfCampaigns.methods[0], kept)
    charted = chart_series(
        kept.estimates,
        binary=False,
        chart=ALL,
        rules="1234",
        subgroup=1,
        baseline=None,
        reference=PERMUTED,
    )
    out = charted.p <= LEVEL
    return Synthesis(
        pillar=SpcOfCampaigns.name,
        method=SpcOfCampaigns.methods[0],
        status="warn" if out else "ok",
        message=describe_charts(charted, PERMUTED, "campaign", out=out),
        numbers=numbers_of(charted),
        refusals=kept.refusals,
    )


def drift_of_campaigns(series: Series) -> Synthesis:
    """Return warn when the estimates change with the order of the campaigns at the level."""
    from ophamin_pillars.control.change_point import ols_cusum
    from ophamin_pillars.diagnosing.reference import standing_of
    from ophamin_pillars.diagnosing.series import standardised

    kept = comparable(series.proofs)
    if len(kept.estimates) < LEAST_CAMPAIGNS:
        return _too_few(DriftOfCampaigns.name, DriftOfCampaigns.methods[0], kept)
    x = standardised(kept.estimates)
    found = ols_cusum(x)
    p = standing_of(x, lambda orders: np.array([[ols_cusum(order).statistic for order in orders.T]])).p
    at = found.index if p <= LEVEL else None
    before, after = kept.estimates[: found.index], kept.estimates[found.index :]
    told = f"no drift found (p = {p:.2g} among orders of the campaigns)"
    if at is not None:
        told = (
            f"drift (p = {p:.2g} among orders of the campaigns): on average {before.mean():.4g} before campaign "
            f"{at} ({kept.proofs[at].start}), {after.mean():.4g} from there on"
        )
    numbers: dict[str, float | int | None] = {"p": p, "campaigns": len(x), "at": at}
    numbers |= _last_against_earlier(kept.proofs)
    if "last_p" in numbers:
        told += (
            f"; observations of the last campaign against the earlier ones: distance {numbers['last_distance']:.3g}"
            f", p = {numbers['last_p']:.2g}, if campaigns had no differences of their own"
        )
    return Synthesis(
        pillar=DriftOfCampaigns.name,
        method=DriftOfCampaigns.methods[0],
        status="ok" if at is None else "warn",
        message=told,
        numbers=numbers,
        refusals=kept.refusals,
    )


@dataclass(frozen=True, slots=True)
class Comparable:
    """The proofs whose estimates are of one kind."""

    proofs: tuple[SeriesProof, ...]
    estimates: Floats
    """Shape (proofs,)."""
    refusals: tuple[str, ...]


def comparable(proofs: tuple[SeriesProof, ...]) -> Comparable:
    """Return the proofs with an estimate of what the last one estimates, and why each other one was left out."""
    kept: list[SeriesProof] = []
    refusals: list[str] = []
    for proof in proofs:
        if _asked(proof) != _asked(proofs[-1]):
            refusals.append(f"{proof.start} {proof.campaign}: it measured another metric, unit or design than the last")
        elif proof.assessment.estimate is None:
            refusals.append(f"{proof.start} {proof.campaign}: it has no estimate")
        else:
            kept.append(proof)
    estimates = np.array([proof.assessment.estimate for proof in kept], dtype=np.float64)
    return Comparable(tuple(kept), estimates, tuple(refusals))


def _asked(proof: SeriesProof) -> tuple[object, ...]:
    claim = proof.claim
    return claim.metric, claim.unit, claim.of, claim.design.name


def _too_few(name: str, method: str, kept: Comparable) -> Synthesis:
    message = f"{len(kept.estimates)} comparable campaigns, {LEAST_CAMPAIGNS} are needed to tell an order from another"
    return Synthesis(pillar=name, method=method, status="ok", message=message, refusals=kept.refusals)


def _last_against_earlier(proofs: tuple[SeriesProof, ...]) -> dict[str, float | int | None]:
    """Return the Kolmogorov-Smirnov distance of the last campaign's observations; {} where they are not at hand."""
    from ophamin_pillars.control.smirnov import two_sample

    found = [None if proof.sample is None else series_of(proof.claim, proof.sample, OBSERVATION) for proof in proofs]
    parts = [series.values for series in found if series is not None]
    if len(parts) < len(proofs):
        return {}
    test = two_sample(parts[-1], np.concatenate(parts[:-1]))
    return {"last_distance": test.distance, "last_p": test.p}
