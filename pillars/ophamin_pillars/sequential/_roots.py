"""Many roots at once, for bounds along a whole path."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MOST_STEPS = 200
LARGEST = 1e300
"""Stands for an infinite value, so that slopes stay defined."""


def falling_roots(falling: Callable[[Floats], Floats], low: Floats, high: Floats, tolerance: float = 1e-14) -> Floats:
    """Return, elementwise, where ``falling`` goes through 0 between ``low`` and ``high``.

    Chandrupatla's method (1997, Advances in Engineering Software 28:145-149): inverse quadratic steps where they are
    safe, halving otherwise. Where ``falling`` is negative already at ``low`` the answer is ``low``; where it is still
    positive at ``high``, ``high``.

    Args:
        falling: Positive left of the root, negative right of it; takes and returns arrays of the shape of ``low``.
        low: Left ends, shape (n,).
        high: Right ends, shape (n,).
        tolerance: Width of the final bracket relative to the ends.

    Returns:
        The ends of the final brackets with the smaller |value|, shape (n,).
    """
    a, b = high.astype(np.float64), low.astype(np.float64)
    fa, fb = _finite(falling(a)), _finite(falling(b))
    outside = np.where(fb < 0.0, b, a)
    bracketed = (fb >= 0.0) & (fa <= 0.0)
    share = np.full(a.shape, 0.5)
    best = np.where(np.abs(fa) < np.abs(fb), a, b)
    for _ in range(MOST_STEPS):
        x = a + share * (b - a)
        fx = _finite(falling(x))
        same = np.sign(fx) == np.sign(fa)
        c, fc = np.where(same, a, b), np.where(same, fa, fb)
        b, fb = np.where(same, b, a), np.where(same, fb, fa)
        a, fa = x, fx
        best = np.where(np.abs(fa) < np.abs(fb), a, b)
        least = 0.5 * tolerance * (1.0 + np.abs(best)) / np.maximum(np.abs(b - a), 1e-300)
        if not (bracketed & (least < 0.5) & (fa != 0.0)).any():
            break
        share = np.clip(_share((a, b, c), (fa, fb, fc)), np.minimum(least, 0.5), np.maximum(1.0 - least, 0.5))
    roots: Floats = np.where(bracketed, best, outside)
    return roots


def _share(points: tuple[Floats, Floats, Floats], values: tuple[Floats, Floats, Floats]) -> Floats:
    """Return how far from the first to the second the next point lies: the inverse quadratic through all, if safe."""
    (a, b, c), (fa, fb, fc) = points, values
    with np.errstate(all="ignore"):  # where it is not safe the quotients may be anything
        xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
        safe = (phi * phi < xi) & ((1.0 - phi) ** 2 < 1.0 - xi)
        quadratic = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
    return np.where(safe & np.isfinite(quadratic), quadratic, 0.5)


def _finite(values: Floats) -> Floats:
    return np.clip(values, -LARGEST, LARGEST)
