"""Claims about counts: every sample there is, weighed by its probability, so the rates are exact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from designed import designed
from error_rates import Floats, sample_of, shipped
from scipy.stats import binom

from ophamin_pillars.proportion import ProportionTests
from ophamin_pillars.sequential.count_claims import StoppedCount, design_of, nulls_of
from ophamin_pillars.sequential.law import operating_characteristics, stopping_law
from ophamin_pillars.sequential.plans import mixture_boundaries
from ophamin_pillars.sequential.stopping import Crossed, Stop
from pytest_ophamin.claims.metrics import Relation
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.protocol import Assessment
from pytest_ophamin.deciding.sides import claim_sides, minus, plus
from pytest_ophamin.deciding.verdict import judge

Rates = dict[str, dict[str, float]]
"""By relation, then by error, as simulated counts are; the worst over all thresholds."""
Enumerate = Callable[[], Rates]
ERRORS = ("validated", "refuted", "lower", "upper")
THRESHOLDS = (0.01, 0.02, 0.1, 0.3, 0.5, 0.7, 0.85, 0.9, 0.95, 0.99, 0.999)
LIMITS = ((0.4, 0.6), (0.1, 0.3), (0.8, 0.95))
QUANTILES = {
    "p5": 0.05,
    "p25": 0.25,
    "median": 0.5,
    "p75": 0.75,
    "p90": 0.9,
    "p95": 0.95,
    "p99": 0.99,
    "p99.9": 0.999,
}
GRID = np.linspace(0.005, 0.995, 199)


@dataclass(frozen=True, kw_only=True)
class Enumeration:
    """One line of a table: exact rates."""

    about: str
    question: str
    method: str
    n: int
    levels: tuple[float, float]
    rates: Enumerate


def none_yet(*relations: str) -> Rates:
    """Return rates of nothing."""
    return {relation: dict.fromkeys(ERRORS, 0.0) for relation in relations}


def raise_to(rates: dict[str, float], error: str, rate: float) -> None:
    """Keep the worse of two rates."""
    rates[error] = max(rates[error], rate)


def assess(claim: Claim, values: object) -> Assessment:
    """Return what the shipped pillar says of one column."""
    found = shipped().deciding_for(claim).decide(claim, sample_of(values))  # type: ignore[arg-type]
    if not isinstance(found, Assessment):
        raise TypeError("nothing was assessed")
    return found


def verdict_of(claim: Claim, found: Assessment) -> Verdict:
    """Return the raw verdict."""
    return judge(claim, found.p_validate, found.p_refute, found.reason)[0]


# A fixed number of trials ---------------------------------------------------------------------------------------------


def _conceded(claim: Claim, t: float) -> float:
    return minus(t, claim.margin) if claim.relation is Relation.AT_LEAST else plus(t, claim.margin)


def proportions(n: int, margin: float) -> Rates:
    """Return the worst rates of proportion claims over the thresholds, and of bounds over all proportions."""
    rates = none_yet("at_least", "at_most")
    for relation, worst in rates.items():
        for t in THRESHOLDS:
            claim = designed("proportion", relation, t, n, margin=margin)
            if 0.0 < _conceded(claim, t) < 1.0:
                found = [assess(claim, np.arange(n) < k) for k in range(n + 1)]
                verdicts = [verdict_of(claim, each) for each in found]
                raise_to(worst, "validated", _mass(verdicts, Verdict.VALIDATED, _conceded(claim, t)))
                raise_to(worst, "refuted", _mass(verdicts, Verdict.REFUTED, t))
                if worst["lower"] == 0.0:  # bounds know nothing of the threshold
                    _raise_bounds(worst, found)
    return rates


def _mass(verdicts: Sequence[Verdict], wrong: Verdict, p: float) -> float:
    n = len(verdicts) - 1
    return float(binom.pmf(np.arange(n + 1), n, p) @ np.array([verdict is wrong for verdict in verdicts]))


def _raise_bounds(worst: dict[str, float], found: Sequence[Assessment]) -> None:
    """Take the greatest miss over all proportions: it is reached right beside a bound."""
    n = len(found) - 1
    lower = np.array([0.0 if each.lower is None else each.lower for each in found])
    upper = np.array([1.0 if each.upper is None else each.upper for each in found])
    counts = np.arange(n + 1)
    for p in (*np.nextafter(lower[lower > 0.0], 0.0), *GRID):
        raise_to(worst, "lower", float(binom.pmf(counts, n, p) @ (lower > p)))
    for p in (*np.nextafter(upper[upper < 1.0], 1.0), *GRID):
        raise_to(worst, "upper", float(binom.pmf(counts, n, p) @ (upper < p)))


def proportions_within(n: int) -> Rates:
    """Return the worst rates of equivalence claims: VALIDATED at a limit, REFUTED anywhere between them."""
    rates = none_yet("within")
    for limits in LIMITS:
        claim = designed("proportion", "within", limits, n)
        found = [assess(claim, np.arange(n) < k) for k in range(n + 1)]
        verdicts = [verdict_of(claim, each) for each in found]
        for limit in limits:
            raise_to(rates["within"], "validated", _mass(verdicts, Verdict.VALIDATED, limit))
        for inside in np.linspace(*limits, 9):
            raise_to(rates["within"], "refuted", _mass(verdicts, Verdict.REFUTED, float(inside)))
        _raise_bounds(rates["within"], found)
    return rates


def quantiles(n: int, margin: float) -> Rates:
    """Return the worst rates over quantiles from p5 to p99.9, of continuous observations and of tied ones."""
    rates = none_yet("at_least", "at_most")
    for relation, worst in rates.items():
        for metric, q in QUANTILES.items():
            claim = designed(metric, relation, 5.0, n, margin=margin)
            conceded = plus(q, margin) if relation == "at_least" else minus(q, margin)
            if 0.0 < conceded < 1.0:
                for below, above in ((1.0, 9.0), (1.0, 5.0) if relation == "at_least" else (5.0, 9.0)):
                    _raise_quantile(worst, claim, q, conceded, below=below, above=above)
    return rates


def _raise_quantile(
    worst: dict[str, float], claim: Claim, q: float, conceded: float, *, below: float, above: float
) -> None:
    """Weigh the samples of two values; where neither is the limit, the bounds say on which side of it they are."""
    n = claim.trials
    found = [assess(claim, np.where(np.arange(n) < k, below, above)) for k in range(n + 1)]
    verdicts = [verdict_of(claim, each) for each in found]
    raise_to(worst, "validated", _mass(verdicts, Verdict.VALIDATED, conceded))
    raise_to(worst, "refuted", _mass(verdicts, Verdict.REFUTED, q))
    if 5.0 in (below, above):
        return
    at_least = claim.relation is Relation.AT_LEAST
    lower = np.array([each.lower is not None and each.lower > 5.0 for each in found])
    upper = np.array([each.upper is not None and each.upper < 5.0 for each in found])
    counts = np.arange(n + 1)
    raise_to(worst, "lower", float(binom.pmf(counts, n, conceded if at_least else q) @ lower))
    raise_to(worst, "upper", float(binom.pmf(counts, n, q if at_least else conceded) @ upper))


def quantiles_within(n: int) -> Rates:
    """Return the worst rates of equivalence claims about a quantile, each for the samples that are worst for it."""
    rates = none_yet("within")
    for metric, q in QUANTILES.items():
        claim = designed(metric, "within", (2.0, 4.0), n)
        for below, above in ((1.0, 3.0), (3.0, 5.0)):  # all others between the limits
            verdicts = _verdicts(claim, below, above)
            raise_to(rates["within"], "validated", _mass(verdicts, Verdict.VALIDATED, q))
        raise_to(rates["within"], "refuted", _mass(_verdicts(claim, 1.0, 5.0), Verdict.REFUTED, q))
    return rates


def _verdicts(claim: Claim, below: float, above: float) -> list[Verdict]:
    n = claim.trials
    return [verdict_of(claim, assess(claim, np.where(np.arange(n) < k, below, above))) for k in range(n + 1)]


# Claims that stop early -----------------------------------------------------------------------------------------------


def stopped(threshold: float, margin: float, n: int, m: int, looks: tuple[int, ...]) -> Rates:
    """Return the rates of a design: verdicts at alpha, of samples that stopped at alpha / m; bounds over a grid."""
    rates = none_yet("at_least", "at_most")
    arrangement = {"looks": looks} if looks else {"sequential": True}
    for relation, worst in rates.items():
        t = threshold if relation == "at_least" else minus(1.0, threshold)
        claim = designed("proportion", relation, t, n, margin=margin, allocated=m, **arrangement)
        outcomes = _outcomes(claim)
        verdicts = [each[0] for each in outcomes]
        for error, wrong, p in (
            ("validated", Verdict.VALIDATED, _conceded(claim, t)),
            ("refuted", Verdict.REFUTED, t),
        ):
            raise_to(worst, error, float(_weights(claim, p) @ np.array([verdict is wrong for verdict in verdicts])))
        lower, upper = (np.array([each[i] for each in outcomes], dtype=np.float64) for i in (1, 2))
        for p in GRID[::6]:
            weights = _weights(claim, float(p))
            raise_to(worst, "lower", float(weights @ (lower > p)))
            raise_to(worst, "upper", float(weights @ (upper < p)))
    return rates


def _weights(claim: Claim, p: float) -> Floats:
    return design_of(claim).law.probabilities(p if claim.relation is Relation.AT_LEAST else 1.0 - p)


def _outcomes(claim: Claim) -> list[tuple[Verdict, float, float]]:
    """Return verdict and bounds of every way to stop."""
    design, at_least = design_of(claim), claim.relation is Relation.AT_LEAST
    law, sides = design.law, claim_sides(claim)
    kinds = np.where(law.upward, Crossed.UPPER, np.where(law.downward, Crossed.LOWER, Crossed.NEITHER))
    low, high = (claim.validate_level, claim.refute_level)[:: 1 if at_least else -1]
    found = []
    for n, good, kind in zip(law.n.tolist(), law.count.tolist(), kinds, strict=True):
        fixed = ProportionTests(n, good if at_least else n - good)
        tests = StoppedCount(claim, design, Stop(n=n, count=good, crossed=Crossed(kind)), fixed)
        verdict = judge(claim, sides.p_validate(tests), sides.p_refute(tests))[0]
        found.append((verdict, tests.lower(low, slack=0.0) or 0.0, tests.upper(high, slack=0.0) or 1.0))
    return found


def stopped_quantile(metric: str, margin: float, n: int, looks: tuple[int, ...]) -> Rates:
    """Return the rates of a design of a quantile: it counts trials on the claimed side, and has no bounds."""
    rates = none_yet("at_least", "at_most")
    for relation, worst in rates.items():
        arrangement = {"looks": looks} if looks else {"sequential": True}
        claim = designed(metric, relation, 5.0, n, margin=margin, **arrangement)
        conceded, limit = nulls_of(claim)
        verdicts = [each[0] for each in _outcomes(claim)]
        law = design_of(claim).law
        for error, wrong, p in (("validated", Verdict.VALIDATED, conceded), ("refuted", Verdict.REFUTED, limit)):
            raise_to(worst, error, float(law.probabilities(p) @ np.array([verdict is wrong for verdict in verdicts])))
    return rates


def mixture(p: float, cap: int) -> Rates:
    """Return the rates of the evidence of 0/1 data at the proportion it is claimed to exceed; bounds invert it."""
    law = operating_characteristics(stopping_law(mixture_boundaries(p, 0.05, 0.05, cap)), p)
    return {
        "at_least": {
            "validated": law.validated,
            "refuted": law.refuted,
            "lower": law.validated,
            "upper": law.refuted,
        }
    }


def _fixed() -> list[Enumeration]:
    plain, conceding = (0.05, 0.05), (0.05, 0.1)
    found: list[Enumeration] = []
    for n in (5, 20, 100, 300, 1_000):
        of_counts = {"question": "proportion", "method": "clopper-pearson/1", "n": n}
        of_order = {"question": "quantile", "method": "order-statistics/1", "n": n}
        found += [
            Enumeration(about="proportion", levels=plain, rates=lambda n=n: proportions(n, 0.0), **of_counts),  # type: ignore[misc, arg-type]
            Enumeration(
                about="proportion, margin .05",
                levels=conceding,
                rates=lambda n=n: proportions(n, 0.05),  # type: ignore[misc]
                **of_counts,  # type: ignore[arg-type]
            ),
            Enumeration(about="proportion within", levels=plain, rates=lambda n=n: proportions_within(n), **of_counts),  # type: ignore[misc, arg-type]
            Enumeration(about="quantile", levels=plain, rates=lambda n=n: quantiles(n, 0.0), **of_order),  # type: ignore[misc, arg-type]
            Enumeration(
                about="quantile, margin .03",
                levels=conceding,
                rates=lambda n=n: quantiles(n, 0.03),  # type: ignore[misc]
                **of_order,  # type: ignore[arg-type]
            ),
            Enumeration(about="quantile within", levels=plain, rates=lambda n=n: quantiles_within(n), **of_order),  # type: ignore[misc, arg-type]
        ]
    return found


def _stopping() -> list[Enumeration]:
    sprt, looks = "truncated-sprt/1", "group-sequential-binomial/1"

    def design(about: str, t: float, margin: float, n: int, m: int = 1, at: tuple[int, ...] = ()) -> Enumeration:
        return Enumeration(
            about=about,
            question="proportion+looks" if at else "proportion+sequential",
            method=looks if at else sprt,
            n=n,
            levels=(0.05, 0.1 if margin else 0.05),
            rates=lambda: stopped(t, margin, n, m, at),
        )

    thirds = (40, 80, 120)
    return [
        design("truncated SPRT, .85 against .9", 0.9, 0.05, 600),
        design("truncated SPRT, .85 against .9, stopped at a / 8", 0.9, 0.05, 600, 8),
        design("truncated SPRT, .3 against .5", 0.5, 0.2, 120),
        design("truncated SPRT, .97 against .99", 0.99, 0.02, 600),
        design("truncated SPRT, .7 against .9", 0.9, 0.2, 30),
        design("looks at 40, 80, 120, .8 against .9", 0.9, 0.1, 120, at=thirds),
        design("looks at 40, 80, 120, no margin, .9", 0.9, 0.0, 120, at=thirds),
        design("looks at 200, 400, 600, .85 against .9, stopped at a / 8", 0.9, 0.05, 600, 8, (200, 400, 600)),
        Enumeration(
            about="looks at 100, 200, 300, p90",
            question="quantile+looks",
            method=looks,
            n=300,
            levels=(0.05, 0.05),
            rates=lambda: stopped_quantile("p90", 0.0, 300, (100, 200, 300)),
        ),
        Enumeration(
            about="truncated SPRT, p90 with margin .05",
            question="quantile+sequential",
            method=sprt,
            n=300,
            levels=(0.05, 0.1),
            rates=lambda: stopped_quantile("p90", 0.05, 300, ()),
        ),
        *(
            Enumeration(
                about=f"mixture, proportion {p:g}",
                question="proportion+sequential",
                method="beta-binomial-mixture/1",
                n=600,
                levels=(0.05, 0.05),
                rates=lambda p=p: mixture(p, 600),  # type: ignore[misc]
            )
            for p in (0.02, 0.5, 0.9, 0.98)
        ),
    ]


ENUMERATED = {"counts": _fixed(), "stopping": _stopping()}
"""By table."""
