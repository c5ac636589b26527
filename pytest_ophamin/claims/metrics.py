"""The vocabulary of a claim: metric names, their kinds, and the relations."""

from __future__ import annotations

import re
from decimal import Decimal
from enum import StrEnum

from pytest_ophamin.claims.gates import GATE_KINDS, RATIO_KINDS

_QUANTILE_NAME = re.compile(r"p([0-9]{1,2}(?:\.[0-9]+)?)\Z")


class Relation(StrEnum):
    """How the metric is compared with the threshold."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    WITHIN = "within"
    HOLDS = "holds"
    """The relation of a law: it holds, or a counterexample is found."""


PROPORTION = "proportion"
MEAN = "mean"
QUANTILE = "quantile"
DIFFERENCE = "difference"
RATIO = "ratio"
LAW = "law"
CORRELATION = "correlation"
SPEARMAN = "spearman"
KENDALL = "kendall"
RATE = "rate"
MTBF = "mtbf"
BANDWIDTH = "bandwidth"
SHIFT = "shift"
SUPERIORITY = "superiority"
EFFECT = "effect"

PAIRED_KINDS = RATIO_KINDS | {DIFFERENCE, RATIO, CORRELATION, SPEARMAN, KENDALL, RATE, MTBF, BANDWIDTH}
"""Kinds whose trial returns a pair ``(first, second)``."""

BUILT_IN_METRICS = (
    "proportion",
    "mean",
    "median",
    "pNN (p50, p99, p99.9)",
    "difference",
    "ratio",
    "shift",
    "superiority",
    "effect:FACTOR (effect:a*b)",
    "correlation",
    "spearman",
    "kendall",
    "rate",
    "mtbf",
    "bandwidth",
    "time_ratio",
    "time_median",
    "time_p99",
    "memory_ratio",
    "law",
)
BUILT_IN_KINDS = frozenset(
    {
        *(PROPORTION, MEAN, QUANTILE, DIFFERENCE, RATIO, LAW, SHIFT, SUPERIORITY, EFFECT),
        *(CORRELATION, SPEARMAN, KENDALL, RATE, MTBF, BANDWIDTH),
        *GATE_KINDS,
    }
)


def metric_kind(metric: str) -> str:
    """Return the kind a metric name belongs to; ``median`` and every ``pNN`` are of the kind ``quantile``.

    ``effect:cache`` and ``effect:cache*threads`` are of the kind ``effect``. A name no built-in kind owns is its own
    kind: a pillar may bring new metrics.
    """
    if quantile_probability(metric) is not None:
        return QUANTILE
    return EFFECT if effect_factors(metric) else metric


def effect_factors(metric: str) -> tuple[str, ...]:
    """Return the factors of ``effect:a*b``, in their order; () for any other metric."""
    head, colon, names = metric.partition(":")
    factors = tuple(names.split("*"))
    return factors if head == EFFECT and colon and all(factors) and len(set(factors)) == len(factors) else ()


def quantile_probability(metric: str) -> float | None:
    """Return q in (0, 1) for ``median`` or ``pNN``, else None. ``p99.9`` gives exactly ``float("0.999")``."""
    if metric == "median":
        return 0.5
    match = _QUANTILE_NAME.match(metric)
    if match is None:
        return None
    probability = float(Decimal(match.group(1)) / 100)
    return probability if 0.0 < probability < 1.0 else None
