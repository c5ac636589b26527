"""``diagnostics.anticipatory``: does a score really foretell failures, at the error rates it promises?

A trial returns a pair: the score given *before* (greater: failure nearer), and what came of it: 0 or 1 (failed), or a
measurement that ``failure_above`` or ``failure_below`` turns into one. The first part of the trials calibrates the
limits by rank (split conformal prediction); the rest counts false alarms, misses and scores unlike any calibrated one,
and tests each promise. See :mod:`ophamin_pillars.diagnostics.conformal`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ophamin_pillars.diagnosing.options import Asked, requested
from ophamin_pillars.diagnosing.pillars import AnticipatoryPillar
from pytest_ophamin.pillars import Check, Claim, Finding, Sample

if TYPE_CHECKING:
    from ophamin_pillars.diagnostics.conformal import FailureForecast, ForecastCounts

LEVEL = 0.01
LEAST_TRIALS = 4
PROMISES = 3
"""False alarms, misses, outlying scores: each promise is tested at a third of the level."""


@dataclass(frozen=True, slots=True)
class AnticipatoryOptions:
    """What the author asked for."""

    split: float
    above: float | None
    below: float | None
    alpha: float
    beta: float
    gamma: float
    level: float


def diagnose(claim: Claim, sample: Sample) -> Finding | None:
    """Return warn when the forecast breaks a promise on trials it was not calibrated on."""
    from ophamin_pillars.diagnostics.conformal import calibrate, evaluate

    asked = read_anticipatory(claim, requested(claim, AnticipatoryPillar.name))
    scores, outcomes = sample.pairs
    failed = _failures(outcomes, asked)
    if failed is None:
        message = "no forecast to judge: the second of a pair is 0 or 1 (failed), or give failure_above="
        return Finding(
            pillar=AnticipatoryPillar.name, method=AnticipatoryPillar.methods[0], status="warn", message=message
        )
    cut = round(asked.split * sample.n)
    if sample.n < LEAST_TRIALS or not 1 <= cut < sample.n:
        return Finding(
            pillar=AnticipatoryPillar.name,
            method=AnticipatoryPillar.methods[0],
            status="ok",
            message=f"too few trials to calibrate: {sample.n}",
        )
    forecast = calibrate(scores[:cut], failed[:cut], alpha=asked.alpha, beta=asked.beta, gamma=asked.gamma)
    return _finding(forecast, evaluate(forecast, scores[cut:], failed[cut:]), asked)


def read_anticipatory(claim: Claim, check: Check) -> AnticipatoryOptions:
    """Return the options.

    Raises:
        BadPlan: One of them is unknown, of another kind, or the claim's trials return no pair.
    """
    asked = Asked(check)
    if not claim.is_paired:
        expected = "a metric whose trial returns a pair, here (score, failed)"
        asked.refuse_claim(expected, f"the metric {claim.metric!r}", 'metric="spearman"')
    above = asked.number("failure_above", 0.0)
    below = asked.number("failure_below", 0.0)
    if asked.has("failure_above") and asked.has("failure_below"):
        asked.refuse("failure_below", "one limit: failure_above or failure_below", "both", "")
    read = AnticipatoryOptions(
        split=asked.number("split", 0.5, above=0.0, below=1.0),
        above=above if asked.has("failure_above") else None,
        below=below if asked.has("failure_below") else None,
        alpha=asked.number("alpha", 0.05, above=0.0, below=1.0),
        beta=asked.number("beta", 0.05, above=0.0, below=1.0),
        gamma=asked.number("gamma", 0.01, above=0.0, below=1.0),
        level=asked.level(LEVEL),
    )
    asked.finish()
    return read


def _failures(outcomes: npt.NDArray[np.float64], asked: AnticipatoryOptions) -> npt.NDArray[np.bool_] | None:
    if asked.above is not None:
        return outcomes > asked.above
    if asked.below is not None:
        return outcomes < asked.below
    return outcomes == 1.0 if bool(np.isin(outcomes, (0.0, 1.0)).all()) else None


def _finding(forecast: FailureForecast, counts: ForecastCounts, asked: AnticipatoryOptions) -> Finding:
    share = asked.level / PROMISES
    broken = [
        f"{what} beyond the promised {promised:.3g} (p = {p:.2g})"
        for what, promised, p in (
            ("false alarms", asked.alpha, counts.p_false_alarms),
            ("misses", asked.beta, counts.p_misses),
            ("scores unlike the calibrated ones", asked.gamma, counts.p_outlying),
        )
        if p <= share
    ]
    verdict = "; ".join(broken) or "the forecast keeps its promises"
    foretells = "alarms foretell failures" if counts.p_no_forecast <= asked.level else "not shown to foretell failures"
    if not np.isfinite(forecast.alarm_above):
        foretells = f"no alarm is possible: {forecast.sound} sound trials calibrate no limit at {asked.alpha:g}"
    total = counts.sound + counts.failed
    told = (
        f"{counts.false_alarms} false alarms in {counts.sound} sound trials, {counts.misses} of {counts.failed} "
        f"failures missed and {counts.hits} foretold, {counts.outlying} of {total} scores outlying"
    )
    return Finding(
        pillar=AnticipatoryPillar.name,
        method=AnticipatoryPillar.methods[0],
        status="warn" if broken else "ok",
        message=f"{verdict}; {told}; {foretells} (p = {counts.p_no_forecast:.2g})",
        numbers={
            "calibrated_sound": forecast.sound,
            "calibrated_failed": forecast.failed,
            "sound": counts.sound,
            "false_alarms": counts.false_alarms,
            "failed": counts.failed,
            "misses": counts.misses,
            "hits": counts.hits,
            "outlying": counts.outlying,
            "p_false_alarms": counts.p_false_alarms,
            "p_misses": counts.p_misses,
            "p_outlying": counts.p_outlying,
            "p_no_forecast": counts.p_no_forecast,
        },
    )
