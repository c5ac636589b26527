"""What a proof gives a meta-analysis: its estimate and sampling variance, on a scale where a normal law fits.

proportion: the arcsine of the root of (x + 1/4) / (n + 1/2), variance 1 / (4 n) (Anscombe 1948 Biometrika 35:246). It
is free of bias to order 1 / n, and its variance does not hang on the estimate. On the logit scale it does, which drags
the mean of 20 campaigns at .9 towards .5 so far that its interval misses three times as often as it may.

mean, difference: as they are; ratio: log; variance spread^2 / n. Correlations: atanh. Rates, bandwidth, ratios of arms:
log. All others as they are. Where there is no spread of independent trials, from the two bounds:

    se = (upper - lower) / (z_lower + z_upper)

with the normal quantile of each bound's own level. t and exact bounds are wider than normal ones, so that this errs on
the wide side.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ophamin_pillars._special import special
from pytest_ophamin.pillars import SeriesProof

CORRELATIONS = frozenset({"correlation", "spearman", "kendall"})
POSITIVE = frozenset({"ratio", "rate", "mtbf", "bandwidth"})
AVERAGED = frozenset({"mean", "difference", "ratio"})
"""Kinds whose spread is that of independent trials when the design has one group."""
ONE_GROUP = frozenset({"", "sequential", "looks"})
LARGEST_EXPONENT = 709.0


@dataclass(frozen=True, slots=True)
class Scale:
    """A monotone scale: ``inverse`` of what ``forward`` gives is the metric again; infinite beyond the floats."""

    name: str
    forward: Callable[[float], float]
    inverse: Callable[[float], float]


IDENTITY = Scale("identity", float, float)
LOG = Scale("log", math.log, lambda y: math.exp(y) if y < LARGEST_EXPONENT else math.inf)
ARCSINE = Scale("arcsine", lambda p: math.asin(math.sqrt(p)), lambda y: math.sin(min(max(y, 0.0), 0.5 * math.pi)) ** 2)
ATANH = Scale("atanh", math.atanh, math.tanh)


class NoEffect(Exception):
    """A proof without a sampling variance; the message says why."""


def scale_of(kind: str, design: str) -> Scale:
    """Return the scale proofs of one metric are pooled on."""
    if kind == "proportion" and design in ONE_GROUP:
        return ARCSINE
    if kind in CORRELATIONS:
        return ATANH
    return LOG if kind in POSITIVE else IDENTITY


def effect_of(proof: SeriesProof) -> tuple[float, float]:
    """Return the estimate of ``proof`` and its sampling variance, on the scale of :func:`scale_of`.

    Raises:
        NoEffect: It has no estimate, no spread, or a bound is missing.
    """
    claim, found = proof.claim, proof.assessment
    if found.estimate is None:
        raise NoEffect("it has no estimate")
    design = str(claim.design.name)
    scale = scale_of(claim.kind, design)
    if scale is ARCSINE:
        share = (found.estimate * found.n + 0.25) / (found.n + 0.5)
        return scale.forward(share), 0.25 / found.n
    if claim.kind in AVERAGED and design in ONE_GROUP and found.spread:
        error = found.spread / math.sqrt(found.n)
    else:
        error = _from_bounds(proof, scale)
    if not 0.0 < error * error < math.inf:
        raise NoEffect("its standard error is beyond the floating range")
    return _at(scale, found.estimate), error * error


def _from_bounds(proof: SeriesProof, scale: Scale) -> float:
    claim, found = proof.claim, proof.assessment
    if claim.design.can_stop_early:
        raise NoEffect("it could stop early: its bounds give no standard error")
    if claim.kind == "quantile" and claim.margin > 0.0:
        raise NoEffect("its margin is one of probability: its two bounds belong to two quantiles")
    if found.lower is None or found.upper is None:
        raise NoEffect("one of its bounds is missing")
    reach = -math.fsum(float(special().ndtri(level)) for level in proof.bound_levels)
    width = _at(scale, found.upper) - _at(scale, found.lower)
    if not width > 0.0 or not math.isfinite(width):
        raise NoEffect("its bounds give no standard error")
    return width / reach


def _at(scale: Scale, value: float) -> float:
    try:
        return scale.forward(value)
    except ValueError:  # log of 0, atanh of 1
        raise NoEffect(f"it has no finite value on the {scale.name} scale") from None
