"""Sample ratio mismatch: do the arms have the share of units they were promised?

A gatekeeper: when this fails the assignment is broken and nothing computed from the arms means anything (Fabijan et
al. 2019, KDD; Kohavi, Tang & Xu 2020, chapter 21). It is judged at a level of its own, far stricter than a claim's.
The null is always "each unit goes to arm i with probability ratio[i], independently".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from ophamin_pillars.binomial import lower_tail, upper_tail
from ophamin_pillars.control.signals import Floats

STRICT_LEVEL = 0.0005
LARGEST_BINOMIAL = 10**9
LARGEST_ENUMERATION = 2_000_000
"""Outcomes of a multinomial that are listed; beyond it the chi-square limit has long been reached."""
_TIE = 1e-7
"""Relative tolerance for "no likelier than the outcome seen", as R's binom.test."""


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """What was found; ``failed`` voids every claim that rests on the arms."""

    counts: tuple[int, ...]
    ratio: tuple[float, ...]
    """Normalised."""
    chi_square: float
    p: float
    method: Literal["exact multinomial", "chi-square"]
    level: float

    @property
    def failed(self) -> bool:
        return self.p <= self.level

    @property
    def sample_ratio(self) -> float:
        """Units of the second arm for one of the first (infinite when it has none)."""
        first, second = self.counts[0], self.counts[1]
        return second / first if first else float("inf")

    @property
    def expected(self) -> tuple[float, ...]:
        n = sum(self.counts)
        return tuple(n * share for share in self.ratio)


def check_sample_ratio(
    counts: Sequence[int], ratio: Sequence[float] | None = None, *, level: float = STRICT_LEVEL
) -> SampleRatio:
    """Test the counts: exactly where that can be enumerated, by chi-square otherwise.

    Args:
        counts: units per arm, shape (k,), k >= 2.
        ratio: planned shares, shape (k,), any positive scale; equal by default.
        level: at which the check fails.

    Raises:
        ValueError: fewer than two arms, negative or fractional counts, or shares not above 0.
    """
    k, shares = checked_counts(counts, ratio)
    statistic, limit_p = chi_square(counts, ratio)
    p = exact_p(counts, ratio)
    return SampleRatio(
        counts=tuple(int(c) for c in k),
        ratio=tuple(float(share) for share in shares),
        chi_square=statistic,
        p=limit_p if p is None else p,
        method="chi-square" if p is None else "exact multinomial",
        level=level,
    )


def chi_square(counts: Sequence[int], ratio: Sequence[float] | None = None) -> tuple[float, float]:
    """Return Pearson's statistic and its p-value on k - 1 degrees of freedom; arguments as the check's."""
    k, shares = checked_counts(counts, ratio)
    n = k.sum()
    if n == 0.0:
        return 0.0, 1.0
    statistic = float((((k - n * shares) ** 2) / (n * shares)).sum())
    return statistic, float(special().chdtrc(len(k) - 1, statistic))


def exact_p(counts: Sequence[int], ratio: Sequence[float] | None = None) -> float | None:
    """Return the probability of all outcomes no likelier than the one seen, or None when there are too many.

    Arguments as the check's. Two arms: the two-sided binomial test.
    """
    k, shares = checked_counts(counts, ratio)
    n = int(k.sum())
    if len(k) == 2:
        return _binomial_p(int(k[0]), n, float(shares[0])) if n <= LARGEST_BINOMIAL else None
    if special().binom(n + len(k) - 1, len(k) - 1) > LARGEST_ENUMERATION:
        return None
    logs = _all_log_probabilities(n, shares)
    seen = float(special().gammaln(n + 1.0) + (k * np.log(shares) - special().gammaln(k + 1.0)).sum())
    return min(1.0, float(np.exp(np.sort(logs[logs <= seen + _TIE])).sum()))


def checked_counts(counts: Sequence[int], ratio: Sequence[float] | None) -> tuple[Floats, Floats]:
    """Return counts and normalised shares as arrays, or raise ValueError."""
    k: Floats = np.asarray(counts, dtype=np.float64)
    if k.ndim != 1 or len(k) < 2 or not bool((np.isfinite(k) & (k >= 0.0) & (k == np.floor(k))).all()):
        raise ValueError(f"counts must be whole numbers of at least two arms, got {counts!r}")
    shares: Floats = np.ones(len(k)) if ratio is None else np.asarray(ratio, dtype=np.float64)
    if shares.shape != k.shape or not bool((np.isfinite(shares) & (shares > 0.0)).all()):
        raise ValueError(f"ratio must have {len(k)} finite shares above 0, got {ratio!r}")
    return k, shares / shares.sum()


def _binomial_p(count: int, n: int, share: float) -> float:
    """Return the two-sided binomial p-value by bisection for where the other tail becomes as rare as this count."""
    sp = special()

    def log_weight(k: int) -> float:
        # The sum of both log-gammas first: at share = 0.5 mirrored counts then tie exactly, whatever n.
        return float(-(sp.gammaln(k + 1.0) + sp.gammaln(n - k + 1.0)) + sp.xlogy(k, share) + sp.xlog1py(n - k, -share))

    mode = min(n, int((n + 1) * share))
    seen = log_weight(count) + _TIE
    if log_weight(mode) <= seen:
        return 1.0
    low, high = -1, mode  # greatest count below the mode that is as rare; -1 when none is
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if log_weight(middle) <= seen else (low, middle)
    below = low
    low, high = mode, n + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if log_weight(middle) <= seen else (middle, high)
    return min(1.0, lower_tail(below, n, share) + upper_tail(high, n, share))


def _all_log_probabilities(n: int, shares: npt.NDArray[np.float64]) -> Floats:
    """Return the log probability of every outcome of n units over the arms, one arm after the other."""
    sp = special()
    left, logs = np.array([n]), np.array([float(sp.gammaln(n + 1.0))])
    for share in shares[:-1]:
        repeats = left + 1
        first = np.cumsum(repeats) - repeats
        taken = np.arange(repeats.sum()) - np.repeat(first, repeats)
        logs = np.repeat(logs, repeats) + taken * np.log(share) - sp.gammaln(taken + 1.0)
        left = np.repeat(left, repeats) - taken
    found: Floats = logs + left * np.log(shares[-1]) - sp.gammaln(left + 1.0)
    return found
