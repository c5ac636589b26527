"""Effect sizes (Cohen 1988, Statistical Power Analysis) and their noncentral-t intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from ophamin_pillars.power.noncentral import noncentral_t_upper_tail
from ophamin_pillars.power.search import root
from ophamin_pillars.student import mean_and_sd

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Standardised:
    """A standardised mean difference.

    Attributes:
        d: The difference in standard deviations.
        df: Degrees of freedom of that standard deviation.
        scale: What turns ``d`` into a t statistic: sqrt(n), or sqrt(n1 n2 / (n1 + n2)).
    """

    d: float
    df: float
    scale: float

    @property
    def correction(self) -> float:
        """Hedges's (1981, J Educ Stat 6:107, eq. 6e) factor that removes the bias of ``d``."""
        if self.df <= 1.0:
            raise ValueError(f"df: expected more than one degree of freedom for Hedges's g, came {self.df:g}")
        sp = special()
        # Gamma(df/2) / Gamma((df-1)/2) as a beta function: the difference of two log gammas loses digits with df.
        ratio = float(sp.gammaln(0.5)) - float(sp.betaln(0.5 * (self.df - 1.0), 0.5))
        return math.exp(ratio) / math.sqrt(0.5 * self.df)

    @property
    def g(self) -> float:
        """Hedges's g."""
        return self.correction * self.d

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return the interval of d that inverts the noncentral t (Steiger & Fouladi 1997)."""
        tail, t = 0.5 * (1.0 - confidence), self.d * self.scale
        return _noncentrality(t, self.df, tail) / self.scale, -_noncentrality(-t, self.df, tail) / self.scale

    def corrected_interval(self, confidence: float) -> tuple[float, float]:
        """Return the interval of g."""
        lower, upper = self.interval(confidence)
        return self.correction * lower, self.correction * upper


def cohen_d(x: Floats, y: Floats) -> Standardised:
    """Return mean(x) - mean(y) over the pooled standard deviation of two arms of shapes (n1,) and (n2,).

    Raises:
        ValueError: Fewer than three observations in all, or no spread.
    """
    (mean_x, sd_x), (mean_y, sd_y), df = mean_and_sd(x), mean_and_sd(y), len(x) + len(y) - 2
    pooled = math.sqrt(((len(x) - 1) * sd_x**2 + (len(y) - 1) * sd_y**2) / df) if df > 0 else 0.0
    return Standardised(_over(mean_x - mean_y, pooled), df, math.sqrt(len(x) * len(y) / (len(x) + len(y))))


def cohen_d_paired(x: Floats, y: Floats) -> Standardised:
    """Return the mean difference of pairs over the standard deviation of the differences (d_z)."""
    return cohen_d_one(x - y)


def cohen_d_one(x: Floats, null: float = 0.0) -> Standardised:
    """Return the distance of the mean of ``x`` from ``null`` over its standard deviation."""
    mean, sd = mean_and_sd(x)
    return Standardised(_over(mean - null, sd), len(x) - 1, math.sqrt(len(x)))


def glass_delta(x: Floats, y: Floats) -> float:
    """Return mean(x) - mean(y) over the standard deviation of ``y``, the control arm (Glass 1976)."""
    return _over(mean_and_sd(x)[0] - mean_and_sd(y)[0], mean_and_sd(y)[1])


def cohen_h(p1: float, p2: float) -> float:
    """Return the difference of two proportions in arcsines, whose variance does not depend on them (ch. 6)."""
    for name, p in (("p1", p1), ("p2", p2)):
        if not 0.0 <= p <= 1.0:
            raise ValueError(f"{name}: expected a number from 0 to 1, came {p!r}")
    return 2.0 * (math.asin(math.sqrt(p1)) - math.asin(math.sqrt(p2)))


def cohen_w(null: Floats, truth: Floats) -> float:
    """Return the effect of a chi-square test from cell probabilities under the null and in truth (ch. 7)."""
    return math.sqrt(float(((truth - null) ** 2 / null).sum()))


def cohen_f(means: Floats, sd: float) -> float:
    """Return the standard deviation of group means, equal group sizes, over that within groups (ch. 8)."""
    return _over(float(np.std(means)), sd)


def cohen_f2(r2: float) -> float:
    """Return explained over unexplained variance (ch. 9)."""
    return r2 / (1.0 - r2)


def cohen_q(r1: float, r2: float) -> float:
    """Return the difference of two correlations in Fisher's z (ch. 4)."""
    return math.atanh(r1) - math.atanh(r2)


def _over(difference: float, spread: float) -> float:
    if not spread > 0.0:
        raise ValueError(f"spread: expected a positive standard deviation, came {spread!r}")
    return difference / spread


def _noncentrality(t: float, df: float, tail: float) -> float:
    """Return the noncentrality at which P(T' >= t) = tail: rising in it, so bracketed from the normal one."""
    reach = 10.0 + 2.0 * abs(t)
    return root(lambda nc: noncentral_t_upper_tail(t, df, nc) - tail, t - reach, t + reach)
