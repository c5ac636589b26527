"""The EWMA chart (Roberts 1959): z[t] = lambda x[t] + (1 - lambda) z[t - 1], against limits around the target.

Limits are ``target +- L sigma sqrt(lambda / (2 - lambda) [1 - (1 - lambda)^(2 t)])``; the bracket tends to 1, and
"asymptotic" limits leave it out (NIST e-Handbook 6.3.2.4; Lucas & Saccucci 1990). Run lengths and designs stand in
:mod:`ophamin_pillars.control.ewma_design`.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ophamin_pillars.control.signals import Chart, Floats, as_sequence, check_positive, discounted_sums

USUAL_WIDTH = 3.0


def ewma(x: npt.ArrayLike, weight: float, start: float) -> Floats:
    """Return z at every point, shape (n,).

    Args:
        x: shape (n,).
        weight: lambda, in (0, 1].
        start: z before the first point.

    Raises:
        ValueError: weight outside (0, 1], or values that are not finite.
    """
    check_weight(weight)
    values = as_sequence(x, "x")
    return start + discounted_sums(weight * (values - start), 1.0 - weight)


def ewma_chart(
    x: npt.ArrayLike,
    *,
    weight: float,
    target: float,
    sigma: float,
    width: float = USUAL_WIDTH,
    asymptotic: bool = True,
) -> Chart:
    """Return the chart of z.

    Args:
        x: shape (n,).
        weight: lambda, in (0, 1].
        target: in-control mean; z starts there.
        sigma: in-control standard deviation of one x, > 0.
        width: L, half width of the limits in standard deviations of z.
        asymptotic: whether the first points have the limits of the last.

    Raises:
        ValueError: an argument outside its range, or values that are not finite.
    """
    z = ewma(x, weight, target)
    check_positive("sigma", sigma)
    check_positive("width", width)
    half = np.full(len(z), width * sigma * asymptotic_deviation(weight))
    if not asymptotic and weight < 1.0:
        t = np.arange(1, len(z) + 1)
        half *= np.sqrt(-np.expm1(2.0 * t * math.log1p(-weight)))
    return Chart("EWMA", z, target, target - half, target + half)


def asymptotic_deviation(weight: float) -> float:
    """Return sqrt(lambda / (2 - lambda)), the limit of z's standard deviation in those of x."""
    check_weight(weight)
    return math.sqrt(weight / (2.0 - weight))


def check_weight(weight: float) -> None:
    """Raise ValueError unless ``weight`` lies in (0, 1]."""
    if not 0.0 < weight <= 1.0:
        raise ValueError(f"weight (lambda) must lie in (0, 1], got {weight!r}")
