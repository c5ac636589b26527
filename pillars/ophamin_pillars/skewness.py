"""How many observations a t test of skewed data needs: the more, the smaller the levels it is compared with.

Skewness moves the size of a one-sided t test by ``skewness (2 z^2 + 1) phi(z) / (6 sqrt(n))`` to first order, z the
normal quantile of the level (Johnson 1978, JASA 73:536; Hall 1992, section 2.6). At level .05 that is a fourth of the
level with 78 x skewness^2 observations; conditions ask for 120, and for as many more at smaller levels as keep the same
share of the level.
"""

from __future__ import annotations

import math

from ophamin_pillars._special import special
from pytest_ophamin.pillars import Claim

USUAL_LEVEL, USUAL = 0.05, 120
_USUAL_WORDS = f"{USUAL} x"


def conditions_at(claim: Claim, conditions: str) -> str:
    """Return ``conditions``, which ask for 120 x skewness^2 observations, as they are at the levels of ``claim``."""
    level = min(claim.validate_level, claim.refute_level)
    return conditions if level >= USUAL_LEVEL else conditions.replace(_USUAL_WORDS, f"{needed_at(level)} x")


def needed_at(level: float) -> int:
    """Return the multiple of skewness^2 that is enough at ``level``, to two digits, rounded up."""
    multiple = USUAL * (_shift(level) / _shift(USUAL_LEVEL)) ** 2
    unit = int(10.0 ** (math.floor(math.log10(multiple)) - 1))
    return unit * math.ceil(multiple / unit - 1e-9)


def _shift(level: float) -> float:
    """Return how far skewness moves the size, relative to ``level`` and up to a factor."""
    z = float(special().ndtri(level))
    return (2.0 * z * z + 1.0) * math.exp(-0.5 * z * z) / level
