"""Effects of an unreplicated factorial, judged by their own scatter: Lenth's pseudo standard error.

No rows are left to estimate the error, but most effects are null. Lenth (1989) Technometrics 31:469:

    s0 = 1.5 median |c_j|,   PSE = 1.5 median of the |c_j| < 2.5 s0,   t_j = c_j / PSE

His reference, Student's t with m / 3 df, is a rough fit; the p-values here come from the law of t_j itself when all m
effects are null and normal (Ye & Hamada 2000 Technometrics 42:57), simulated once per m with a fixed seed.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from ophamin_pillars.models.estimate import quantile

Floats = npt.NDArray[np.float64]
DRAWS = 600_000
"""Simulated effects per number of effects: the standard error of a p-value near .05 stays below .001."""
LEAST_DESIGNS = 5_000
SEED = 1989
LEAST_EFFECTS = 3
BISECTIONS = 60


@dataclass(frozen=True, slots=True)
class Lenth:
    """Lenth's analysis of m effects."""

    pse: float
    df: float
    """Lenth's m / 3."""
    margin: float
    """His margin of error for one effect, at the confidence asked for."""
    simultaneous_margin: float
    t: Floats
    """Each effect over the PSE (m)."""
    p: Floats
    """Two-sided p-value of each effect alone (m)."""
    p_simultaneous: Floats
    """The same, adjusted for looking at all m: by the law of the greatest |t|."""


def lenth(effects: npt.ArrayLike, confidence: float = 0.95) -> Lenth:
    """Return Lenth's analysis of the effects of an unreplicated two-level design.

    Args:
        effects: Contrasts of equal variance (m): all m of a design of m + 1 runs, the mean left out.
        confidence: Of both margins.

    Raises:
        ValueError: There are fewer than three effects, or one is not finite.
    """
    c = _checked(effects)
    m, pse = len(c), float(pseudo_standard_error(c))
    df = m / 3.0
    tail = 0.5 * (1.0 - confidence)
    simultaneous = 0.5 * -math.expm1(math.log(confidence) / m)
    single, greatest = _null(m)
    # A PSE of 0 (most effects exactly 0) makes any other effect infinitely clear, and says nothing of its own scale.
    t = np.divide(c, pse, out=np.where(c == 0.0, 0.0, np.copysign(np.inf, c)), where=pse > 0.0)
    return Lenth(
        pse=pse,
        df=df,
        margin=quantile(tail, df) * pse,
        simultaneous_margin=quantile(simultaneous, df) * pse,
        t=t,
        p=_share_beyond(single, np.abs(t)),
        p_simultaneous=_share_beyond(greatest, np.abs(t)),
    )


def lenth_greater(effects: npt.ArrayLike, which: int, null: float = 0.0) -> float:
    """Return the p-value of "effect ``which`` is <= null", all others being 0.

    The effect is moved by ``null`` before the PSE is taken; for the other side negate effects and null. Other effects
    that are not 0 widen the PSE: conservative.

    Args:
        effects: As for :func:`lenth` (m).
        which: Index of the effect.
        null: The limit.
    """
    c = _checked(effects).copy()
    c[which] -= null
    pse = float(pseudo_standard_error(c))
    t = float(c[which]) / pse if pse > 0.0 else math.copysign(math.inf, c[which]) if c[which] else 0.0
    two_sided = float(_share_beyond(_null(len(c))[0], np.abs(np.array([t])))[0])
    return 0.5 * two_sided if t > 0.0 else 1.0 - 0.5 * two_sided


def lenth_width(effects: npt.ArrayLike, which: int, level: float) -> float | None:
    """Return how far below effect ``which`` the greatest limit lies that :func:`lenth_greater` rejects at ``level``.

    Args:
        effects: As for :func:`lenth` (m).
        which: Index of the effect.
        level: Of the one-sided test, below 1/2.

    Returns:
        The width, by bisection; None where the simulated law has no quantile so far out.
    """
    c = _checked(effects)
    null = _null(len(c))[0]
    beyond = math.floor(2.0 * level * (1.0 + len(null)) - 1.0)  # draws that may lie beyond |t|
    if beyond < 0:
        return None
    critical = float(null[len(null) - 1 - beyond])

    others = sorted(np.abs(np.delete(c, which)).tolist())

    def rejects(width: float) -> bool:
        sizes = others.copy()
        insort(sizes, width)
        kept = sizes[: bisect_left(sizes, 2.5 * 1.5 * _middle(sizes))]  # pseudo_standard_error, without its overhead
        return width > critical * 1.5 * (_middle(kept) if kept else 0.0)

    # From the far side, where the effect is none of those the PSE is made of.
    high = critical * 4.0 * float(np.abs(c).max())
    low = 0.0
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if rejects(middle) else (middle, high)
    return high


def pseudo_standard_error(effects: Floats) -> Floats:
    """Return the PSE along the last axis (..., m)."""
    sizes = np.abs(effects)
    first = 1.5 * np.median(sizes, axis=-1, keepdims=True)
    kept = np.where(sizes < 2.5 * first, sizes, np.nan)
    kept = np.where(first == 0.0, 0.0, kept)
    return np.asarray(1.5 * np.nanmedian(kept, axis=-1), dtype=np.float64)


def _middle(ordered: list[float]) -> float:
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else 0.5 * (ordered[half - 1] + ordered[half])


@cache
def _null(m: int) -> tuple[Floats, Floats]:
    """Return sorted null draws of |t| of one effect, and of the greatest of m."""
    rng = np.random.Generator(np.random.Philox([SEED, m]))
    draws = rng.standard_normal((max(LEAST_DESIGNS, DRAWS // m), m))
    t = np.abs(draws) / pseudo_standard_error(draws)[:, None]
    return np.sort(t, axis=None), np.sort(t.max(axis=1))


def _share_beyond(null: Floats, t: Floats) -> Floats:
    """Return (1 + draws >= t) / (1 + draws), which is never 0."""
    beyond = len(null) - np.searchsorted(null, t, side="left")
    return np.asarray((1.0 + beyond) / (1.0 + len(null)), dtype=np.float64)


def _checked(effects: npt.ArrayLike) -> Floats:
    c = np.asarray(effects, dtype=np.float64)
    if c.ndim != 1 or len(c) < LEAST_EFFECTS or not np.isfinite(c).all():
        raise ValueError(f"expected {LEAST_EFFECTS} finite effects or more, got shape {c.shape}")
    return c
