"""Where a claim that may stop early stops: asked of its pillar, in trial order, whatever order trials came in."""

from __future__ import annotations

import numpy as np

from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.protocol import BadSample, DecidingPillar, SequentialPillar
from pytest_ophamin.deciding.registry import PillarRegistry
from pytest_ophamin.trials.failure import Failure
from pytest_ophamin.trials.gather import Gathering
from pytest_ophamin.trials.sample import Sample, Search


class BadStop(Exception):
    """A pillar's answer that is no stopping index of the sample it was asked about."""


def stopping_index(claim: Claim, sample: Sample, pillar: DecidingPillar) -> int | None:
    """Return after how many of the sample's trials ``claim`` is decided; None when it goes on, or cannot stop early.

    An observation the method cannot take ends what it may look at: whether slices with later trials have arrived must
    not change the answer.

    Raises:
        BadStop: The pillar named a trial the sample does not have.
        Exception: Whatever a pillar raises beyond :class:`BadSample`: it is foreign code.
    """
    if not claim.design.can_stop_early or not isinstance(pillar, SequentialPillar) or sample.n == 0:
        return None
    try:
        with np.errstate(all="ignore"):
            stop = pillar.stop(claim, sample)
    except BadSample as bad:
        within = bad.trial is not None and 0 < bad.trial < sample.n
        return stopping_index(claim, sample.first_trials(bad.trial), pillar) if within else None  # type: ignore[arg-type]
    if stop is None or (type(stop) is int and 1 <= stop <= sample.n):
        return stop
    raise BadStop(f"a stop that is no number of trials from 1 to {sample.n}")


def stopped_evidence(claim: Claim, gathering: Gathering, registry: PillarRegistry) -> Sample | Search | Failure | None:
    """Return what a claim that may stop early is decided on, from the trials that have arrived so far.

    Returns:
        The sample up to the stopping index, whatever became of later trials; else the whole sample or the failure that
        ends it; None while trials that could decide it are still missing.
    """
    reach = gathering.reach(claim)
    if reach:
        sample = gathering.evidence_for(claim, reach)
        stop = _index_so_far(claim, sample, registry.deciding_for(claim)) if isinstance(sample, Sample) else None
        if stop is not None:
            return gathering.evidence_for(claim, stop)
    missing = gathering.missing()
    if reach == claim.trials or not missing or missing[0].start > reach:
        return gathering.evidence_for(claim, min([claim.trials, *(gap.start for gap in missing)]))
    return None


def _index_so_far(claim: Claim, sample: Sample, pillar: DecidingPillar) -> int | None:
    """Return the stopping index; a pillar that raises stops nothing, which the decision at the cap tells."""
    try:
        return stopping_index(claim, sample, pillar)
    except Exception:  # noqa: BLE001  # foreign code
        return None
