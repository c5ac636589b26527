"""The exact law of where 0/1 data stop at integer boundaries.

The dynamic programme counts the paths that lead to each stopping point (n, S) without touching a boundary before
(Schultz et al. 1973, Biometrics 29:293; Jennison & Turnbull 2000, section 12.1.2). The number of paths does not depend
on p: one pass gives the probability of every stop under every p, as ``paths * p^S * (1 - p)^(n - S)``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from ophamin_pillars.sequential.stopping import Bools, Boundaries, Counts, Floats, Stop

RENORMALISE_EVERY = 256
"""Path counts at most double in a step: after 256 of them a mantissa is far below the overflow at 2^1024."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StoppingLaw:
    """All stopping points of some boundaries, from the one that speaks most for a large proportion to the least.

    This is the stage-wise order: upper stops, the earlier the stronger; then the sum at the cap; then lower stops, the
    later the weaker evidence against; within a stage larger counts first. All arrays have one length.
    """

    cap: int
    n: Counts
    count: Counts
    upward: Bools
    """Stops at the upper boundary."""
    downward: Bools
    """Stops at the lower boundary; points of neither kind lie at the cap."""
    log_paths: Floats
    """Logarithm of the number of paths that end there."""

    def probabilities(self, p: float) -> Floats:
        """Return the probability of each stopping point when the proportion is ``p``."""
        if not 0.0 <= p <= 1.0:
            raise ValueError(f"a proportion lies in [0, 1], not at {p}")
        sp = special()
        found: Floats = np.exp(self.log_paths + sp.xlogy(self.count, p) + sp.xlog1py(self.n - self.count, -p))
        return found

    def position(self, stop: Stop) -> int:
        """Return the place of ``stop`` in the order.

        Raises:
            ValueError: No sample stops there.
        """
        places = np.flatnonzero((self.n == stop.n) & (self.count == stop.count))
        if not len(places):
            raise ValueError(f"this design never stops with {stop.count} successes in {stop.n} trials")
        return int(places[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingCharacteristics:
    """What a design does when the proportion is ``p``."""

    p: float
    validated: float
    refuted: float
    undecided: float
    mean_n: float
    quantiles: tuple[int, ...]
    """The sample sizes asked for."""


def operating_characteristics(
    law: StoppingLaw, p: float, *, shares: tuple[float, ...] = (0.5, 0.9, 0.99)
) -> OperatingCharacteristics:
    """Return exact probabilities of both decisions and the distribution of the sample size.

    Args:
        law: The law of the design's boundaries.
        p: The true proportion, in [0, 1].
        shares: Which quantiles of the sample size to return.
    """
    mass = law.probabilities(p)
    by_n = np.cumsum(np.bincount(law.n, weights=mass, minlength=law.cap + 1))
    reached = np.searchsorted(by_n, np.asarray(shares) * (1.0 - 1e-12))
    return OperatingCharacteristics(
        p=p,
        validated=math.fsum(mass[law.upward]),
        refuted=math.fsum(mass[law.downward]),
        undecided=math.fsum(mass[~(law.upward | law.downward)]),
        mean_n=math.fsum(mass * law.n),
        quantiles=tuple(min(int(n), law.cap) for n in reached),
    )


def stopping_law(boundaries: Boundaries) -> StoppingLaw:
    """Count the paths to every stopping point: time O(cap x width), relative error about cap x 1e-16."""
    upper, lower, cap = boundaries.upper, boundaries.lower, boundaries.cap
    alive, first = ScaledCounts(np.ones(1), np.zeros(1, dtype=np.int64)), 0
    stages: list[tuple[int, Counts, Floats]] = []
    for n in range(1, cap + 1):
        alive = alive.stepped(renormalise=n % RENORMALISE_EVERY == 0)
        size = len(alive.mantissa)
        start = min(max(int(lower[n]) + 1 - first, 0), size)
        end = min(max(int(upper[n]) - first, start), size)
        if n == cap:
            start = end = size
        stopped = np.r_[0:start, end:size]
        if len(stopped):
            stages.append((n, stopped + first, alive.logarithms(stopped)))
        alive, first = ScaledCounts(alive.mantissa[start:end], alive.exponent[start:end]), first + start
        if start == end:
            break
    return _in_order(stages, boundaries)


@dataclass(frozen=True, slots=True, eq=False)
class ScaledCounts:
    """Numbers ``mantissa * 2^exponent``: path counts exceed the range of a float long before they lose precision.

    Additions and powers of two only, so the result is the same on every platform.
    """

    mantissa: Floats
    exponent: Counts

    def stepped(self, *, renormalise: bool) -> ScaledCounts:
        """Return the numbers of paths one trial later: each failed (same count) or succeeded (one more)."""
        failed_at = np.append(self.exponent, self.exponent[-1])
        succeeded_at = np.append(self.exponent[0], self.exponent)
        exponent = np.maximum(failed_at, succeeded_at)
        mantissa = np.ldexp(np.append(self.mantissa, 0.0), (failed_at - exponent).astype(np.intc))
        mantissa += np.ldexp(np.append(0.0, self.mantissa), (succeeded_at - exponent).astype(np.intc))
        if renormalise:
            mantissa, added = np.frexp(mantissa)
            exponent = exponent + added
        return ScaledCounts(mantissa, exponent)

    def logarithms(self, places: npt.NDArray[np.intp]) -> Floats:
        with np.errstate(divide="ignore"):  # a point no path reaches has log 0
            found: Floats = np.log(self.mantissa[places]) + self.exponent[places] * math.log(2.0)
        return found


def _in_order(stages: list[tuple[int, Counts, Floats]], boundaries: Boundaries) -> StoppingLaw:
    cap = boundaries.cap
    n = np.concatenate([np.full(len(counts), at, dtype=np.int64) for at, counts, _ in stages])
    count = np.concatenate([counts for _, counts, _ in stages])
    log_paths = np.concatenate([logs for _, _, logs in stages])
    upward, downward = count >= boundaries.upper[n], count <= boundaries.lower[n]
    stage = np.where(n == cap, 0, np.where(upward, n - cap, cap - n))
    order = np.lexsort((-count, stage))
    order = order[np.isfinite(log_paths[order])]
    return StoppingLaw(
        cap=cap,
        n=n[order],
        count=count[order],
        upward=upward[order],
        downward=downward[order],
        log_paths=log_paths[order],
    )
