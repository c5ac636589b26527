"""Dependent trials in blocks (``block=50``): the mean of a block of consecutive trials is one observation.

Readings of one drifting process depend on their neighbours, and n of them are not n readings. Means of blocks longer
than the dependence reaches hardly do (nonoverlapping batch means: Conway 1963 Management Science 10:47; Law & Carson
1979 Oper. Res. 27:1011), so the block is the unit: betting on block means where the bounds of an observation are known,
else Student's t on them. Blocks of ten times the autocorrelation time leave about 5 % of the variance out.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pytest_ophamin.pillars import Assessment, BadPlan, Claim, Plan, Sample, compose, undecidable

Floats = npt.NDArray[np.float64]

BETTING = "betting-blocks/1"
STUDENT = "block-means-t/1"
LEAST_BLOCKS = 2
NOTE = "expecting_sd= is the deviation of a block's mean"
SAME = "all block means are equal: without bounds nothing is known about their spread"


class BlockPillar:
    """Decides means, proportions and paired differences of trials in blocks."""

    name = "block"
    metrics = frozenset({"mean+block", "proportion+block", "difference+block"})
    methods = (BETTING, STUDENT)

    def decide(self, claim: Claim, evidence: Sample) -> Assessment:
        """Decide by betting on block means (bools, ``bounds=``), else by t on them."""
        from ophamin_pillars.observations import observed
        from ophamin_pillars.units import block_codes, decide_units_by_betting, unit_means

        found = observed(claim, evidence)
        codes = block_codes(evidence.n, _length(claim))
        means = unit_means(found.values, codes)
        conditions = (
            "blocks independent: about ten times as long as the autocorrelation time, or longer "
            f"({len(means)} blocks of {_length(claim)})"
        )
        if found.bounds is None:
            return _by_t(claim, means, found.values, conditions)
        return decide_units_by_betting(
            claim,
            means,
            found.bounds,
            n=evidence.n,
            method=BETTING,
            about=f"{claim.metric} (mean of blocks)",
            conditions=conditions,
        )

    def plan(self, claim: Claim, *, level: float) -> Plan:
        """Plan the blocks as a plain claim plans its trials.

        Raises:
            BadPlan: The last block is not full, or fewer than two are.
        """
        from ophamin_pillars.mean import plan_mean

        length = _length(claim)
        if claim.trials % length:
            raise BadPlan(
                argument="trials",
                expected=f"a multiple of block={length}: every block is full",
                came=str(claim.trials),
                fix=f"trials={_multiple(claim.trials, length)}",
            )
        plan = plan_mean(_of_blocks(claim, claim.trials // length), level=level)
        return replace(
            plan,
            n=claim.trials,
            least_n=length * max(LEAST_BLOCKS, plan.least_n),
            note=NOTE if plan.note is None else f"{plan.note}; {NOTE}",
        )

    def size(self, claim: Claim, *, level: float) -> int | None:
        """Return the trials in the least number of blocks that reaches ``claim.power``."""
        from ophamin_pillars.mean import size_mean

        blocks = size_mean(_of_blocks(claim, 0), level=level)
        return None if blocks is None else blocks * _length(claim)


def _by_t(claim: Claim, means: Floats, values: Floats, conditions: str) -> Assessment:
    from ophamin_pillars._special import libraries
    from ophamin_pillars.models.estimate import Estimate, EstimateTests
    from ophamin_pillars.skewness import conditions_at
    from ophamin_pillars.student import mean_and_sd, of_so_few
    from ophamin_pillars.units import is_rounding

    mean, sd = mean_and_sd(means)
    conditions = conditions_at(claim, f"{conditions}; block means normal, or at least 120 x skewness^2 blocks")
    conditions = of_so_few(conditions, len(means), "blocks")
    n = len(values)
    if is_rounding(sd, values, len(means)):
        return undecidable(
            claim,
            method=STUDENT,
            exact=False,
            conditions=conditions,
            n=n,
            estimate=mean,
            spread=sd,
            reason=SAME,
            libraries=libraries(),
        )
    blocks = len(means)
    tests = EstimateTests(Estimate(value=mean, standard_error=sd / math.sqrt(blocks), df=blocks - 1.0, n=n))
    return compose(claim, tests, method=STUDENT, exact=False, conditions=conditions, libraries=libraries())


def _of_blocks(claim: Claim, blocks: int) -> Claim:
    """Return the claim as one whose trials are blocks."""
    bounds = (0.0, 1.0) if claim.kind == "proportion" else claim.bounds
    return replace(claim, trials=blocks, bounds=bounds)


def _length(claim: Claim) -> int:
    length = claim.design.block
    if length is None:
        raise TypeError(f"claim {claim.id!r} has no blocks")
    return length


def _multiple(trials: int, length: int) -> int:
    """Return the nearest multiple of ``length`` that is not below ``trials``."""
    return -(-trials // length) * length
