"""Where a claim that may stop early stops: asked of its pillar, in trial order, whatever order trials came in."""

from __future__ import annotations

import numpy as np

from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.protocol import BadSample, DecidingPillar, SequentialPillar
from pytest_ophamin.deciding.registry import PillarRegistry
from pytest_ophamin.trials.failure import Failure
from pytest_ophamin.trials.gather import Gathering
from pytest_ophamin.trials.sample import Sample, Search


def stopping_index(claim: Claim, sample: Sample, pillar: DecidingPillar) -> int | None:
    """Return after how many of the sample's trials ``claim`` is decided; None when it goes on, or cannot stop early.

    A pillar that raises decides nothing here: the claim runs to its cap, and the last look makes it VOID.
    """
    if not claim.design.can_stop_early or not isinstance(pillar, SequentialPillar) or sample.n == 0:
        return None
    try:
        with np.errstate(all="ignore"):
            return pillar.stop(claim, sample)
    except BadSample:
        return None
    except Exception:  # noqa: BLE001  # foreign code: told when the claim is decided
        return None


def stopped_evidence(claim: Claim, gathering: Gathering, registry: PillarRegistry) -> Sample | Search | Failure | None:
    """Return what a claim that may stop early is decided on, from the trials that have arrived so far.

    Returns:
        The sample up to the stopping index, whatever became of later trials; else the whole sample or the failure that
        ends it; None while trials that could decide it are still missing.
    """
    reach = gathering.reach(claim)
    if reach:
        sample = gathering.evidence_for(claim, reach)
        stop = stopping_index(claim, sample, registry.deciding_for(claim)) if isinstance(sample, Sample) else None
        if stop is not None:
            return gathering.evidence_for(claim, stop)
    missing = gathering.missing()
    if reach == claim.trials or not missing or missing[0].start > reach:
        return gathering.evidence_for(claim, min([claim.trials, *(gap.start for gap in missing)]))
    return None
