"""Mixture e-processes for 0/1 data, one per side: no design point, exact for every stopping rule.

Against "proportion <= p0" a likelihood ratio ``(p / p0)^S ((1 - p) / (1 - p0))^F`` with p > p0 is an e-process for the
whole null, not for p0 alone: one trial multiplies it by ``p / p0`` or by the smaller ``(1 - p) / (1 - p0)``, which has
expectation 1 at p0 and less below it. So has every average over p > p0. Averaged over a beta distribution cut off at p0
(Robbins 1970, Ann. Math. Stat. 41:1397-1409; Howard, Ramdas, McAuliffe & Sekhon 2021, Ann. Stat. 49:1055-1080, prop. 7)
it is a quotient of incomplete beta integrals. By Ville's inequality ``1 / max e`` is a p-value, whatever the
dependence, as long as each conditional proportion obeys the null.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars.sequential._beta import beta_fraction, log_beta_over

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Numbers = npt.ArrayLike


@dataclass(frozen=True, slots=True, kw_only=True)
class BetaMixture:
    """Evidence averaged over Beta(``successes``, ``failures``) alternatives, cut off at the null for one-sided tests.

    All methods take real counts of any shapes that broadcast, and return log e of the broadcast shape. The order of the
    trials does not matter: a path is what its cumulative counts give.
    """

    successes: float | Floats = 0.5
    failures: float | Floats = 0.5

    def greater(self, successes: Numbers, failures: Numbers, p0: Numbers) -> Floats:
        """Return log e against "the proportion is at most ``p0``".

        Args:
            successes: Counts so far, 0 or more.
            failures: Counts so far, 0 or more.
            p0: The null, 0 to 1. At 0 one success is certainty (inf); at 1 nothing is evidence (0).

        Raises:
            ValueError: A count is negative or p0 is no proportion.
        """
        s, f, p = _checked(successes, failures, p0)
        return _at_the_ends(s, p, self._log_e(s, f, _Null.from_p(p)))

    def less(self, successes: Numbers, failures: Numbers, p0: Numbers) -> Floats:
        """Return log e against "the proportion is at least ``p0``"; see :meth:`greater`."""
        s, f, p = _checked(successes, failures, p0)
        mirrored = BetaMixture(successes=self.failures, failures=self.successes)
        return _at_the_ends(f, 1.0 - p, mirrored._log_e(f, s, _Null.from_p(p).mirrored()))

    def at_log_odds(self, successes: Numbers, failures: Numbers, log_odds: Numbers) -> Floats:
        """Return what :meth:`greater` returns, for a null given by its log-odds (bounds close to 0 and 1)."""
        s, f, z = (np.asarray(v, dtype=np.float64) for v in (successes, failures, log_odds))
        return self._log_e(s, f, _Null.from_log_odds(z))

    def mirrored(self) -> BetaMixture:
        """Return the mixture for failures."""
        return BetaMixture(successes=self.failures, failures=self.successes)

    def not_equal(self, successes: Numbers, failures: Numbers, p0: Numbers) -> Floats:
        """Return log e against "the proportion is ``p0``", strictly inside 0 and 1: the mixture is not cut off."""
        s, f, p = _checked(successes, failures, p0)
        return self._whole(s, f, _Null.from_p(p))

    def not_equal_at_log_odds(self, successes: Numbers, failures: Numbers, log_odds: Numbers) -> Floats:
        """Return what :meth:`not_equal` returns, for a null given by its log-odds."""
        s, f, z = (np.asarray(v, dtype=np.float64) for v in (successes, failures, log_odds))
        return self._whole(s, f, _Null.from_log_odds(z))

    def _whole(self, s: Floats, f: Floats, null: _Null) -> Floats:
        a, b = self._parameters()
        # B(a + s, b + f) / (p^s q^f) over the same without data; the powers 1/2 are what log_beta_over leaves out
        log_e: Floats = log_beta_over(a + s, b + f, null.p, null.q) - log_beta_over(a, b, null.p, null.q)
        return log_e

    def _parameters(self) -> tuple[Floats, Floats]:
        return np.asarray(self.successes, dtype=np.float64), np.asarray(self.failures, dtype=np.float64)

    def _log_e(self, s: Floats, f: Floats, null: _Null) -> Floats:
        a, b = self._parameters()
        prior = _log_integral(a, b, a, b, null)
        return _log_integral(a, b, a + s, b + f, null) - prior


JEFFREYS = BetaMixture()
"""The default: Jeffreys' prior cut off at the null."""


def cumulative_counts(outcomes: npt.NDArray[np.generic]) -> tuple[Floats, Floats]:
    """Return successes and failures after each trial of 0/1 ``outcomes``, in trial order along the last axis."""
    successes: Floats = np.cumsum(outcomes, axis=-1, dtype=np.float64)
    return successes, np.arange(1.0, outcomes.shape[-1] + 1) - successes


def discordant_counts(first: npt.NDArray[np.generic], second: npt.NDArray[np.generic]) -> tuple[Floats, Floats]:
    """Return how many pairs so far had a success in ``first`` only, and in ``second`` only; both of shape (n,).

    "difference <= 0" says that among discordant pairs the first kind has a proportion of at most 1/2 (McNemar 1947), so
    these counts against p0 = 1/2 decide a paired 0/1 difference at threshold 0. Concordant pairs leave the evidence
    as it is.

    Raises:
        ValueError: The two do not have the same shape.
    """
    if first.shape != second.shape:
        raise ValueError(f"pairs have two columns of one shape, not {first.shape} and {second.shape}")
    one, other = first.astype(np.bool_), second.astype(np.bool_)
    counts = (np.cumsum(a & ~b, axis=-1, dtype=np.float64) for a, b in ((one, other), (other, one)))
    return next(counts), next(counts)


@dataclass(frozen=True, slots=True)
class _Null:
    """A proportion and its complement with their logarithms, each to full relative precision."""

    p: Floats
    q: Floats
    log_p: Floats
    log_q: Floats

    @classmethod
    def from_p(cls, p: Floats) -> _Null:
        inside = np.where((p > 0.0) & (p < 1.0), p, 0.5)
        return cls(inside, 1.0 - inside, np.log(inside), np.log1p(-inside))

    @classmethod
    def from_log_odds(cls, z: Floats) -> _Null:
        log_p, log_q = -np.logaddexp(0.0, -z), -np.logaddexp(0.0, z)
        return cls(np.exp(log_p), np.exp(log_q), log_p, log_q)

    def mirrored(self) -> _Null:
        return _Null(self.q, self.p, self.log_q, self.log_p)

    def where(self, chosen: Bools) -> _Null:
        shape = chosen.shape
        p, q, log_p, log_q = (np.broadcast_to(v, shape)[chosen] for v in (self.p, self.q, self.log_p, self.log_q))
        return _Null(p, q, log_p, log_q)


def _log_integral(a: Floats, b: Floats, big_a: Floats, big_b: Floats, null: _Null) -> Floats:
    """Return ``log int_p0^1 p^(A-1) q^(B-1) dp - (A - a) log p0 - (B - b) log q0``: log e up to a constant.

    Where p0 lies above the bulk of the integrand, the powers of p0 cancel in the continued fraction of the upper tail,
    so log e keeps every digit however negative it is. Elsewhere the tail below p0 is taken from the whole.
    """
    shape = np.broadcast_shapes(big_a.shape, big_b.shape, null.p.shape)
    a, b, big_a, big_b = (np.broadcast_to(v, shape) for v in (a, b, big_a, big_b))
    above = np.asarray(big_a * null.q <= big_b * null.p)
    result = np.empty(shape)
    here, there = null.where(above), null.where(~above)
    fraction = np.log(beta_fraction(big_b[above], big_a[above], here.q))
    result[above] = a[above] * here.log_p + b[above] * here.log_q + fraction
    whole = log_beta_over(big_a[~above], big_b[~above], there.p, there.q)
    whole += (a[~above] - 0.5) * there.log_p + (b[~above] - 0.5) * there.log_q
    fraction = np.log(beta_fraction(big_a[~above], big_b[~above], there.p))
    below = a[~above] * there.log_p + b[~above] * there.log_q + fraction - whole
    result[~above] = whole + np.log1p(-np.exp(below))
    return result


def _checked(successes: Numbers, failures: Numbers, p0: Numbers) -> tuple[Floats, Floats, Floats]:
    s, f, p = (np.asarray(v, dtype=np.float64) for v in (successes, failures, p0))
    if not ((s >= 0.0).all() and (f >= 0.0).all()):
        raise ValueError("counts are 0 or more")
    if not ((p >= 0.0) & (p <= 1.0)).all():
        raise ValueError(f"p0 lies between 0 and 1, not at {float(p.min()):g} or {float(p.max()):g}")
    return s, f, p


def _at_the_ends(in_favour: Floats, p0: Floats, log_e: Floats) -> Floats:
    certain = np.where(in_favour > 0.0, np.inf, 0.0)
    ends: Floats = np.where(p0 <= 0.0, certain, np.where(p0 >= 1.0, 0.0, log_e))
    return ends
