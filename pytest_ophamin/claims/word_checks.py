"""Checks of a claim's words: metric, statement, unit, keys and names."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from pytest_ophamin.claims.argument_checks import Mistakes, check_text, shown
from pytest_ophamin.claims.metrics import (
    BANDWIDTH,
    BUILT_IN_KINDS,
    BUILT_IN_METRICS,
    CORRELATION,
    DIFFERENCE,
    EFFECT,
    LAW,
    MEAN,
    MTBF,
    PROPORTION,
    QUANTILE,
    RATIO,
    metric_kind,
)
from pytest_ophamin.claims.model import ERRORS_AGAINST, ERRORS_VOID

if TYPE_CHECKING:
    from pytest_ophamin.claims.declare import Declaration
    from pytest_ophamin.claims.model import LawPlan

THIS_FILE = "this file"
EXPLORATORY = ":exploratory"

_QUANTILE_NAMES = ("median", "p50", "p90", "p95", "p99", "p99.9")
_NAMES = (*_QUANTILE_NAMES, *sorted(BUILT_IN_KINDS - {QUANTILE, EFFECT}))
_MEANT = {
    **dict.fromkeys(("accuracy", "precision", "recall", "success rate", "error rate", "failure rate"), PROPORTION),
    **dict.fromkeys(("share", "fraction", "percentage", "probability", "frequency"), PROPORTION),
    **dict.fromkeys(("average", "avg", "expectation"), MEAN),
    **dict.fromkeys(("latency", "quantile", "percentile", "max", "maximum"), "p99"),
    **dict.fromkeys(("speedup", "speed-up", "factor"), RATIO),
    **dict.fromkeys(("throughput", "goodput"), BANDWIDTH),
    **dict.fromkeys(("availability", "mttf", "uptime"), MTBF),
    "effect": "effect:FACTOR",
    "pearson": CORRELATION,
    "equivalence": DIFFERENCE,
}
"""What people call a metric elsewhere. Spelling alone would take an average for a rate."""
_LIKE_QUANTILE = re.compile(r"[pP]\s*[-+]?\d|[qQ]\d|\d+(?:st|nd|rd|th)")


def check_metric(metric: object, law: LawPlan | None, known: frozenset[str], mistakes: Mistakes) -> None:
    """Check the metric's name, and that a law is a Hypothesis test and nothing else is."""
    if not isinstance(metric, str):
        mistakes.add("metric", "a str", shown(metric), 'metric="proportion"')
    elif metric in (QUANTILE, EFFECT) or (metric_kind(metric) not in BUILT_IN_KINDS and metric not in known):
        _unknown_metric(metric, known, mistakes)
    elif metric == LAW and law is None:
        fix = "@given(...) below @claim(...)"
        mistakes.add("metric", "a Hypothesis test under metric='law'", "a test without @given", fix)
    elif metric != LAW and law is not None:
        came = f"metric={metric!r} on a test with @given"
        mistakes.add("metric", "metric='law' for a Hypothesis test (its examples are no sample)", came, 'metric="law"')


def _unknown_metric(metric: str, known: frozenset[str], mistakes: Mistakes) -> None:
    if metric == QUANTILE or _LIKE_QUANTILE.match(metric.strip()):
        expected = "a quantile strictly between p0 and p100, as 'median', 'p99' or 'p99.9'"
        mistakes.add("metric", expected, shown(metric), 'metric="p99"')
        return
    brought = sorted({question.partition("+")[0] for question in known} - BUILT_IN_KINDS)
    names = [*_NAMES, *brought]
    word = metric.strip().lower().replace("_", " ")
    near = difflib.get_close_matches(word, [*names, *_MEANT], n=1)
    expected = f"one of {', '.join([*BUILT_IN_METRICS, *brought])}"
    fix = "a metric from the list, or install the pillar that brings it"
    if near:
        fix = f'metric="{_MEANT.get(near[0], near[0])}"'
    mistakes.add("metric", expected, shown(metric), fix)


def check_words(declaration: Declaration, mistakes: Mistakes) -> None:
    """Check every argument that is a word or a sentence."""
    check_text("statement", declaration.statement, mistakes, 'claim("catches at least 90 % of spam", ...)')
    for name, fix in (("unit", 'unit="ms"'), ("of", 'of="latency"'), ("pillar", 'pillar="betting"')):
        value = getattr(declaration, name)
        if value is not None:
            check_text(name, value, mistakes, fix)
    if declaration.id is not None:
        check_text("id", declaration.id, mistakes, 'id="spam.recall"')
    if declaration.family is not None:
        check_family(declaration.family, mistakes)
    if declaration.gate is not None:
        check_family(declaration.gate, mistakes, argument="gate")
    _check_errors(declaration, mistakes)
    population = declaration.population
    if population is not None and not (isinstance(population, str) and population == THIS_FILE):
        fix = f'population="{THIS_FILE}", or leave it out'
        mistakes.add("population", f'"{THIS_FILE}" or nothing', shown(population), fix)
    if not isinstance(declaration.data, (tuple, list)):
        mistakes.add("data", "a tuple of paths or callables", shown(declaration.data), 'data=("corpus.json",)')


def check_family(family: object, mistakes: Mistakes, *, argument: str = "family") -> None:
    """Check a family's name; the suffix of exploratory families is not an author's to give."""
    name = argument.removeprefix("scenario ")
    if check_text(argument, family, mistakes, f'{name}="latency"') and str(family).endswith(EXPLORATORY):
        expected = f"a name that does not end in {EXPLORATORY!r}: it is given to claims that are not registered"
        mistakes.add(argument, expected, shown(family), f'{name}="{str(family).removesuffix(EXPLORATORY)}"')


def _check_errors(declaration: Declaration, mistakes: Mistakes) -> None:
    errors = declaration.errors
    if not isinstance(errors, str) or errors not in (ERRORS_VOID, ERRORS_AGAINST):
        mistakes.add("errors", '"void" or "against"', shown(errors), 'errors="void", or leave it out')
        return
    if errors == ERRORS_VOID:
        return
    metric = declaration.metric
    if not isinstance(metric, str) or metric_kind(metric) not in (PROPORTION, QUANTILE) or _has_codes(declaration):
        expected = '"void" for this metric or design: an exception has no value that could be averaged or searched'
        mistakes.add("errors", expected, f'"against" with metric={shown(metric)}', 'errors="void", or leave it out')
    if declaration.within is not None:
        expected = '"void" with within=: an exception is on neither side'
        mistakes.add("errors", expected, '"against"', 'errors="void", or leave it out')


def _has_codes(declaration: Declaration) -> bool:
    """Whether a trial returns codes beside its observation: an exception leaves none."""
    return any((declaration.cluster, declaration.strata, declaration.factors))
