"""Wald's sequential probability ratio test: thresholds, lines, and his approximations (Wald 1945, 1947).

The approximations neglect the excess over the boundaries. They serve to compare and to plan roughly; decisions use the
exact programme (:mod:`~ophamin_pillars.sequential.law`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ophamin_pillars.sequential.lines import log_ratios
from ophamin_pillars.sequential.stopping import check_design


def wald_thresholds(alpha: float, beta: float) -> tuple[float, float]:
    """Return log A = log((1 - beta) / alpha) and log B = log(beta / (1 - alpha)) (Wald 1947, eq. 3:16).

    Raises:
        ValueError: An error probability does not lie between 0 and 1, or they sum to 1 or more.
    """
    if not (0.0 < alpha < 1.0 and 0.0 < beta < 1.0 and alpha + beta < 1.0):
        raise ValueError(f"alpha and beta are positive with a sum below 1, not {alpha} and {beta}")
    return math.log1p(-beta) - math.log(alpha), math.log(beta) - math.log1p(-alpha)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wald:
    log_a: float
    log_b: float

    def accepts(self, h: float) -> float:
        """Return the probability of ending at log B when ``E exp(h z) = 1`` (Wald 1947, eq. 3:43)."""
        if h == 0.0:
            return self.log_a / (self.log_a - self.log_b)
        # (A^h - 1) / (A^h - B^h), divided by the larger power so that nothing overflows
        if h > 0.0:
            return -math.expm1(-h * self.log_a) / -math.expm1(h * (self.log_b - self.log_a))
        return math.exp(-h * self.log_b) * math.expm1(h * self.log_a) / math.expm1(h * (self.log_a - self.log_b))

    def mean_n(self, h: float, drift: float, variance: float) -> float:
        """Return E n = E(log ratio at the end) / E z, or E(its square) / E z^2 without drift (eqs. 3:57, A:99)."""
        if h == 0.0:
            return -self.log_a * self.log_b / variance
        accepted = self.accepts(h)
        return (accepted * self.log_b + (1.0 - accepted) * self.log_a) / drift


@dataclass(frozen=True, slots=True, kw_only=True)
class BernoulliSprt(_Wald):
    """The test of p0 against p1 > p0: go on while ``h_accept < S - slope * n < h_reject``."""

    p0: float
    p1: float
    slope: float
    h_accept: float
    h_reject: float

    def accept_probability(self, p: float) -> float:
        """Return Wald's operating characteristic: the approximate probability of accepting p0; 0 < p < 1."""
        return self.accepts(self._exponent(p))

    def average_sample_number(self, p: float) -> float:
        """Return Wald's approximate expected sample size."""
        success, failure = log_ratios(self.p0, self.p1)
        drift = p * success + (1.0 - p) * failure
        return self.mean_n(self._exponent(p), drift, p * success**2 + (1.0 - p) * failure**2)

    def _exponent(self, p: float) -> float:
        """Return the h != 0 with ``p (p1/p0)^h + (1-p) (q1/q0)^h = 1``; 0 at the slope (Wald 1947, eq. 5:13)."""
        if not 0.0 < p < 1.0:
            raise ValueError(f"Wald's approximations need a proportion inside (0, 1), not {p}")
        if abs(p - self.slope) <= 1e-12:
            return 0.0
        success, failure = log_ratios(self.p0, self.p1)
        sign = 1.0 if p < self.slope else -1.0

        def excess(size: float) -> float:
            h = sign * size
            return p * math.expm1(h * success) + (1.0 - p) * math.expm1(h * failure)

        return sign * _positive_root(excess)


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalSprt(_Wald):
    """The test of mu0 against mu1 with known sigma: go on while ``h_accept < sum x - slope * n < h_reject``."""

    mu0: float
    mu1: float
    sigma: float
    slope: float
    h_accept: float
    h_reject: float

    def accept_probability(self, mu: float) -> float:
        """Return Wald's approximate probability of accepting mu0."""
        return self.accepts(self._exponent(mu))

    def average_sample_number(self, mu: float) -> float:
        """Return Wald's approximate expected sample size."""
        scale = (self.mu1 - self.mu0) / self.sigma**2
        drift = scale * (mu - self.slope)
        return self.mean_n(self._exponent(mu), drift, (scale * self.sigma) ** 2)

    def _exponent(self, mu: float) -> float:
        return (self.mu0 + self.mu1 - 2.0 * mu) / (self.mu1 - self.mu0)


def bernoulli_sprt(p0: float, p1: float, alpha: float, beta: float) -> BernoulliSprt:
    """Return Wald's test of a proportion.

    Raises:
        ValueError: Not ``0 < p0 < p1 < 1``, or impossible error probabilities.
    """
    check_design(p0, p1, alpha, beta)
    log_a, log_b = wald_thresholds(alpha, beta)
    success, failure = log_ratios(p0, p1)
    odds = success - failure
    return BernoulliSprt(
        log_a=log_a,
        log_b=log_b,
        p0=p0,
        p1=p1,
        slope=-failure / odds,
        h_accept=log_b / odds,
        h_reject=log_a / odds,
    )


def normal_sprt(mu0: float, mu1: float, sigma: float, alpha: float, beta: float) -> NormalSprt:
    """Return Wald's test of a normal mean; ``mu1`` may lie on either side of ``mu0``.

    Raises:
        ValueError: Equal means, a sigma that is not positive, or impossible error probabilities.
    """
    if mu0 == mu1 or not sigma > 0.0:
        raise ValueError(f"two means and a positive sigma are needed, not {mu0}, {mu1} and {sigma}")
    log_a, log_b = wald_thresholds(alpha, beta)
    unit = sigma**2 / (mu1 - mu0)
    return NormalSprt(
        log_a=log_a,
        log_b=log_b,
        mu0=mu0,
        mu1=mu1,
        sigma=sigma,
        slope=0.5 * (mu0 + mu1),
        h_accept=log_b * unit,
        h_reject=log_a * unit,
    )


def _positive_root(excess: Callable[[float], float]) -> float:
    """Return the positive root of a convex function that is 0 and falling at 0."""
    high = 1.0
    while excess(high) < 0.0:
        high *= 2.0
    low = 0.0
    while True:
        middle = 0.5 * (low + high)
        if middle in (low, high):
            return middle
        low, high = (middle, high) if excess(middle) < 0.0 else (low, middle)
