"""Group sequential designs for 0/1 data: looks at declared times only, with integer boundaries that are exact.

Each side spends its own level by a spending function of ``n_k / n_K``; at every look the boundary count is the most
generous one whose cumulative exact probability stays within what may be spent (Jennison & Turnbull 2000, section 12.1;
Stallard & Todd 2000, Stat. Med. 19:2947). Stops on either side are final, so each is left out of what follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np

from ophamin_pillars._special import special
from ophamin_pillars.sequential.design import CountDesign, completed
from ophamin_pillars.sequential.spending import Spending, obrien_fleming_like
from ophamin_pillars.sequential.stopping import Boundaries, Floats, check_design

METHOD = "group-sequential-binomial/1"
ROUNDING = 1e-10
"""Share of a level held back before the last look, so that rounding cannot carry the exact law over it."""


def group_counts(
    looks: Sequence[int],
    p0: float,
    p1: float,
    level_validate: float,
    level_refute: float,
    *,
    spending: Spending = obrien_fleming_like,
) -> CountDesign:
    """Return the design that looks after ``looks`` trials; the last look is the cap.

    Args:
        looks: Rising numbers of trials.
        p0: Null of validation (threshold minus margin), in [0, 1).
        p1: Null of refutation (threshold), in (p0, 1]; or p0 itself, without a margin.
        level_validate: Greatest P(VALIDATED) at p0.
        level_refute: Greatest P(REFUTED) at p1.
        spending: How both levels are spent.

    Raises:
        ValueError: An argument outside its range.
    """
    return _group_counts(tuple(looks), (p0, p1), (level_validate, level_refute), spending)


@lru_cache(maxsize=128)
def _group_counts(
    looks: tuple[int, ...], nulls: tuple[float, float], levels: tuple[float, float], spending: Spending
) -> CountDesign:
    (p0, p1), (level_validate, level_refute) = nulls, levels
    check_design(p0, p1, level_validate, level_refute, may_meet=True)
    if not looks or looks[0] < 1 or any(late <= early for early, late in pairwise(looks)):
        raise ValueError(f"looks are rising positive numbers of trials, not {looks}")
    cap = looks[-1]
    n = np.arange(cap + 1, dtype=np.int64)
    upper, lower = n + 1, np.full_like(n, -1)
    shares = np.array(looks) / cap
    may_validate = spending(shares, level_validate) * (1.0 - ROUNDING)
    may_refute = spending(shares, level_refute) * (1.0 - ROUNDING)
    under_p0 = under_p1 = np.ones(1)
    validated = refuted = 0.0
    for k, (before, look) in enumerate(zip((0, *looks[:-1]), looks[:-1], strict=False)):
        under_p0 = np.convolve(under_p0, _binomial(look - before, p0))
        under_p1 = np.convolve(under_p1, _binomial(look - before, p1))
        reachable = np.flatnonzero(under_p0 + under_p1)
        if not len(reachable):
            break  # every sample has stopped
        from_above = validated + np.cumsum(under_p0[::-1])[::-1]
        from_below = refuted + np.cumsum(under_p1)
        up = max(look + 1 - int((from_above <= may_validate[k]).sum()), int(reachable[0]))
        down = min(int((from_below <= may_refute[k]).sum()) - 1, up - 1)
        upper[look], lower[look] = up, down
        validated += float(under_p0[up:].sum())
        refuted += float(under_p1[: down + 1].sum())
        for alive in (under_p0, under_p1):
            alive[up:] = alive[: down + 1] = 0.0
    return completed(Boundaries(upper=upper, lower=lower), p0, p1, level_validate, level_refute)


def _binomial(n: int, p: float) -> Floats:
    """Return the probabilities of 0 to n successes."""
    sp = special()
    count = np.arange(n + 1, dtype=np.float64)
    ways = sp.gammaln(n + 1.0) - sp.gammaln(count + 1.0) - sp.gammaln(n - count + 1.0)
    found: Floats = np.exp(ways + sp.xlogy(count, p) + sp.xlog1py(n - count, -p))
    return found
