"""Paired 0/1 outcomes by the exact test of discordant pairs (McNemar 1947): power over the number of them.

Given m discordant pairs, the favourable ones are binomial; m itself is binomial in the n pairs, so the power is a sum
(Miettinen 1968, Biometrics 24:339), exact and slightly saw-toothed.
"""

from __future__ import annotations

import math

import numpy as np

from ophamin_pillars._special import special
from ophamin_pillars.binomial_plan import critical_counts
from ophamin_pillars.power.search import check_levels, crossing, least_size

LARGEST_SCAN = 1_000
"""Up to this n the teeth are looked at one by one; beyond, they are lower than 0.001 and the first n is returned."""


def power(favourable: float, adverse: float, n: int, level: float) -> float:
    """Return the power of the test of "favourable <= adverse".

    Args:
        favourable: Probability that only the first of a pair succeeds.
        adverse: Probability that only the second does.
        n: Pairs.
        level: Level of the test.
    """
    check_levels(level)
    discordant = _checked(favourable, adverse)
    if discordant == 0.0:
        return 0.0
    sp = special()
    m = np.arange(1, n + 1, dtype=np.int64)
    critical = critical_counts(m, 0.5, level)
    inside = np.minimum(critical, m)
    rejected = np.where(critical > m, 0.0, sp.betainc(inside, m - inside + 1, favourable / discordant))
    logs = sp.gammaln(n + 1.0) - sp.gammaln(m + 1.0) - sp.gammaln(n - m + 1.0)
    weights = np.exp(logs + sp.xlogy(m, discordant) + sp.xlog1py(n - m, -discordant))
    return min(1.0, float(weights @ rejected))


def sample_size(favourable: float, adverse: float, level: float, power_wanted: float) -> int | None:
    """Return the least number of pairs from which the power never drops below ``power_wanted``."""
    check_levels(level, power_wanted)
    discordant, gap = _checked(favourable, adverse), favourable - adverse
    if gap <= 0.0:
        return None
    sp = special()
    spread = math.sqrt(max(0.0, discordant - gap * gap))
    # Connor 1987, Biometrics 43:207.
    normal = ((-float(sp.ndtri(level)) * math.sqrt(discordant) + float(sp.ndtri(power_wanted)) * spread) / gap) ** 2
    if normal > LARGEST_SCAN:
        return least_size(lambda n: power(favourable, adverse, n, level), power_wanted, int(0.8 * normal))
    n = int(1.3 * normal + 8.0 / discordant) + 20
    while n > 0 and power(favourable, adverse, n, level) >= power_wanted:
        n -= 1
    return n + 1


def minimum_detectable_effect(discordant: float, n: int, level: float, power_wanted: float) -> float | None:
    """Return the least difference favourable - adverse with that power when ``discordant`` is their sum; or None."""
    check_levels(level, power_wanted)

    def power_at(gap: float) -> float:
        return power(0.5 * (discordant + gap), 0.5 * (discordant - gap), n, level)

    if power_at(discordant) < power_wanted:
        return None
    return crossing(power_at, power_wanted, 0.0, discordant)


def _checked(favourable: float, adverse: float) -> float:
    """Return the probability of a discordant pair."""
    total = favourable + adverse
    if not (favourable >= 0.0 and adverse >= 0.0 and total <= 1.0 + 1e-12):
        raise ValueError(f"favourable, adverse: expected probabilities of sum <= 1, came {favourable!r}, {adverse!r}")
    return min(1.0, total)
