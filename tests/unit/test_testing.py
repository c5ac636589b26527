"""The conformance check accuses: each way to break the contract is told, with what was expected and what came."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any, cast

import numpy as np
import pytest
from scipy.stats import binom

from ophamin_pillars.cma_pillar import CmaPillar
from ophamin_pillars.proportion import ProportionPillar
from pytest_ophamin.claims.design import Design
from pytest_ophamin.pillars import (
    Assessment,
    BadPlan,
    BadSample,
    Claim,
    Finding,
    Plan,
    Sample,
    Series,
    Synthesis,
    undecidable,
)
from pytest_ophamin.testing import (
    check_deciding,
    check_diagnosing,
    check_synthesising,
    claim_of,
    most_allowed,
    pairs_of,
    sample_of,
    series_example,
)

N = 40
CLAIM = claim_of("proportion", at_least=0.8, trials=N)
SHIPPED = ProportionPillar()


def bools(rng: np.random.Generator, metric: float) -> Sample:
    """Draw N bools."""
    return sample_of(rng.random(N) < metric)


class Broken:
    """The shipped proportion with one thing done wrong."""

    name = "broken"
    metrics = frozenset({"proportion"})

    def __init__(
        self, decide: Callable[[Claim, Sample], Any] | None = None, plan: Callable[..., Any] | None = None
    ) -> None:
        self._decide = decide or SHIPPED.decide
        self._plan = plan or SHIPPED.plan

    def decide(self, claim: Claim, sample: Sample) -> Assessment:
        return cast("Assessment", self._decide(claim, sample))

    def plan(self, claim: Claim, *, level: float) -> Plan:
        return cast("Plan", self._plan(claim, level=level))


def changed(**fields: Any) -> Broken:
    """Return a pillar whose assessments have these fields."""
    return Broken(lambda claim, sample: replace(SHIPPED.decide(claim, sample), **fields))


def _writes(claim: Claim, sample: Sample) -> Assessment:
    sample.value.values[0] = False
    return SHIPPED.decide(claim, sample)


def _draws(claim: Claim, sample: Sample) -> Assessment:
    random.random()
    return SHIPPED.decide(claim, sample)


def _draws_numpy(claim: Claim, sample: Sample) -> Assessment:
    np.random.rand()  # noqa: NPY002  # the mistake
    return SHIPPED.decide(claim, sample)


def _forgets(seen: list[int]) -> Callable[[Claim, Sample], Assessment]:
    def decide(claim: Claim, sample: Sample) -> Assessment:
        seen.append(1)
        return replace(SHIPPED.decide(claim, sample), p_validate=1.0 / (1 + len(seen)))

    return decide


def _fragile(claim: Claim, sample: Sample) -> Assessment:
    if not sample.is_bool:
        raise ZeroDivisionError
    return SHIPPED.decide(claim, sample)


def _picky(claim: Claim, sample: Sample) -> Assessment:
    raise BadSample("no")


def _raises(claim: Claim, sample: Sample) -> Assessment:
    raise KeyError("x")


def _certain(claim: Claim, sample: Sample) -> Assessment:
    return replace(SHIPPED.decide(claim, sample), p_validate=0.0, p_refute=1.0, lower=0.81, upper=None)


def _narrow(claim: Claim, sample: Sample) -> Assessment:
    return replace(SHIPPED.decide(claim, sample), lower=0.0, upper=0.7)


def _column_order(claim: Claim, sample: Sample) -> Assessment:
    return replace(SHIPPED.decide(claim, sample), conditions=next(iter(sample.columns)))


WRONG: list[tuple[Any, str]] = [
    (object(), "expected a non-empty str attribute 'name'"),
    (CmaPillar(), "expected a pillar with the method 'decide', came another kind"),
    (changed(method="clopper"), "expected a method id with a version, 'name/1', came 'clopper'"),
    (changed(exact=False), "expected 'conditions' of an approximate method, came None"),
    (changed(null_refute=""), "expected both nulls in words"),
    (changed(estimate=float("nan")), "expected an answer a record can hold"),
    (changed(needed=2**60), "expected an answer a record can hold"),
    (changed(p_refute=2.0), "expected an answer a record can hold"),
    (changed(lower=0.9, upper=0.1), "expected a verdict on a drawn sample, came VOID.*bounds that cross"),
    (changed(n=3), "VOID.*an assessment of 3 observations"),
    (Broken(lambda claim, sample: 0.5), "expected an Assessment, came float"),
    (Broken(_writes), "read-only"),
    (Broken(_draws), "expected global random state left alone"),
    (Broken(_draws_numpy), "expected global random state left alone"),
    (Broken(_forgets([])), "expected the same answer to the same sample again, came another one"),
    (Broken(_fragile), "expected an answer or BadSample on only 0, came pillar 'broken' raised ZeroDivisionError"),
    (Broken(_picky), "expected an answer to a drawn sample, came BadSample: no"),
    (Broken(_raises), r"expected an answer, it raised KeyError\('x'\)"),
    (Broken(_certain), r"expected at most \d+ false VALIDATED in 50 claims at the threshold 0.8 \(exact level 0.05\)"),
    (Broken(_narrow), "expected a lower bound beyond 0.8 of a VALIDATED claim|upper bound short of 0.8"),
    (Broken(plan=lambda claim, level: None), "expected a Plan, came NoneType"),
    (Broken(plan=lambda claim, level: Plan(n=1, least_n=1)), f"expected a plan of the claim's {N} trials, came n = 1"),
    (Broken(plan=lambda claim, level: Plan(n=N, least_n=99)), "expected an example that can be VALIDATED"),
    (Broken(plan=lambda claim, level: Plan(n=N, least_n=5, power=2.0)), r"expected power in \[0, 1\]"),
    (Broken(plan=lambda claim, level: Plan(n=N, least_n=5 if level > 0.04 else 2)), "expected least_n 5 or more"),
    (Broken(plan=lambda claim, level: Plan(n=N, least_n=random.randrange(30))), "global random state"),
]


@pytest.mark.parametrize(("pillar", "message"), WRONG)
def test_a_deciding_pillar_that_breaks_the_contract_is_accused(pillar: Any, message: str) -> None:
    """One mistake, one sentence."""
    with pytest.raises(AssertionError, match=message):
        check_deciding(pillar, CLAIM, bools, runs=50)


def test_the_name_of_the_pillar_stands_in_the_sentence() -> None:
    """Whoever checks ten pillars knows which one it was."""
    with pytest.raises(AssertionError, match=r"^pillar 'broken': expected"):
        check_deciding(changed(method=""), CLAIM, bools)


def test_other_mistakes_of_an_author() -> None:
    """A claim it does not decide, a plan that refuses the example, a method it does not name, a draw of nothing."""
    mean = claim_of("mean", at_least=1.0, trials=N)
    with pytest.raises(AssertionError, match="expected 'metrics' with the claim's question 'mean'"):
        check_deciding(SHIPPED, mean, bools)
    with pytest.raises(AssertionError, match="expected a plan for the example, came BadPlan"):
        check_deciding(SHIPPED, claim_of("proportion", at_least=1.0, trials=N), bools)
    pillar = Broken()
    cast("Any", pillar).methods = ("other/1",)
    with pytest.raises(AssertionError, match=r"a method it names in 'methods' \(other/1\), came 'clopper-pearson/1'"):
        check_deciding(pillar, CLAIM, bools)
    refused = Broken(plan=lambda claim, level: _refuse())
    with pytest.raises(AssertionError, match="BadPlan: trials: expected"):
        check_deciding(refused, CLAIM, bools)


def _refuse() -> Plan:
    raise BadPlan(argument="trials", expected="more", came="less", fix="trials=9")


def test_the_state_a_pillar_moved_is_put_back() -> None:
    """A failed check does not disturb the tests after it."""
    before = random.getstate()
    with pytest.raises(AssertionError):
        check_deciding(Broken(_draws), CLAIM, bools)
    assert random.getstate() == before


def test_the_order_of_columns_must_not_matter() -> None:
    """A sample is a mapping."""
    claim = claim_of("difference", at_least=0.0, trials=N)

    class Ordered:
        name = "ordered"
        metrics = frozenset({"difference"})

        def decide(self, claim: Claim, sample: Sample) -> Assessment:
            return undecidable(
                claim, method="o/1", exact=True, n=sample.n, estimate=None, reason=next(iter(sample.columns))
            )

        def plan(self, claim: Claim, *, level: float) -> Plan:
            return Plan(n=claim.trials, least_n=1)

    with pytest.raises(AssertionError, match="the same answer to its columns in another order"):
        check_deciding(Ordered(), claim, lambda rng, metric: pairs_of(rng.random(N), rng.random(N)))


class Stopping(Broken):
    """Stops at the first of these trials that is there."""

    metrics = frozenset({"proportion+sequential"})

    def __init__(self, stop: Callable[[Sample], int | None]) -> None:
        super().__init__()
        self._stop = stop

    def stop(self, claim: Claim, sample: Sample) -> int | None:
        del claim
        return self._stop(sample)


SEQUENTIAL = claim_of("proportion", at_least=0.8, trials=N, design=Design(sequential=True))


@pytest.mark.parametrize(
    ("stop", "message"),
    [
        (lambda sample: 99, f"expected a stop between 1 and {N - 1}, or None, came 99"),
        (lambda sample: 30 if sample.n >= 35 else None, "expected stop 30 from the first 30 trials"),
        (lambda sample: sample.n - 1 if sample.n > 1 else None, "expected stop None from the first"),
        (lambda sample: 1 // int(sample.is_bool) and None, r"on only 0, it raised ZeroDivisionError"),
    ],
)
def test_stopping_must_follow_from_the_trials_up_to_it(stop: Callable[[Sample], int | None], message: str) -> None:
    """A look at later trials, or past the cap, is accused."""
    with pytest.raises(AssertionError, match=message):
        check_deciding(Stopping(stop), SEQUENTIAL, bools, runs=10)


def test_a_claim_that_can_stop_needs_a_pillar_that_stops() -> None:
    """The question alone promises it."""
    pillar = Broken()
    cast("Any", pillar).metrics = Stopping.metrics
    with pytest.raises(AssertionError, match=r"may stop early, which needs the method stop\(claim, sample\)"):
        check_deciding(pillar, SEQUENTIAL, bools, runs=10)


def test_a_peeking_pillar_is_accused_of_its_error_rate() -> None:
    """Stopping at the first fixed-n p below alpha errs too often; never stopping early passes."""
    even = replace(SEQUENTIAL, threshold=0.5)

    def peeks(sample: Sample) -> int | None:
        for n in range(10, min(sample.n, N - 1) + 1, 3):
            if SHIPPED.decide(replace(even, trials=n), sample.first_trials(n)).p_validate <= 0.05:
                return n
        return None

    with pytest.raises(AssertionError, match="false VALIDATED in 200 claims"):
        check_deciding(Stopping(peeks), even, bools, runs=200)
    check_deciding(Stopping(lambda sample: None), even, bools, runs=200)


@pytest.mark.parametrize("margin", [0.0, 0.1])
@pytest.mark.parametrize("limits", [{"at_least": 0.7}, {"at_most": 0.3}])
def test_both_relations_and_a_margin(limits: dict[str, Any], margin: float) -> None:
    """The boundary of VALIDATED moves by the margin."""
    check_deciding(SHIPPED, claim_of("proportion", trials=N, margin=margin, **limits), bools, runs=100)


def test_a_quantile_has_its_margin_in_probability() -> None:
    """The limit itself is no boundary of VALIDATED then."""
    from ophamin_pillars.quantile import QuantilePillar

    claim = claim_of("median", at_most=0.0, trials=N, margin=0.1)
    check_deciding(QuantilePillar(), claim, lambda rng, metric: sample_of(rng.normal(metric, 1, N)), runs=100)


class Diagnosis:
    """Says what it is told to say."""

    name = "diagnosis"

    def __init__(self, finding: Callable[[Sample], Any]) -> None:
        self._finding = finding

    def diagnose(self, claim: Claim, sample: Sample) -> Finding | None:
        del claim
        return cast("Finding | None", self._finding(sample))


def found(**fields: Any) -> Finding:
    """Return a finding with these fields."""
    return Finding(**{"pillar": "diagnosis", "method": "d/1", "status": "ok", "message": "fine", **fields})


def _strict(sample: Sample) -> Finding:
    if not np.isfinite(sample.value.floats**4).all():
        raise FloatingPointError
    return found()


def _first_above(sample: Sample) -> Finding:
    return found(status="warn" if sample.value.values[0] else "ok")


@pytest.mark.parametrize(
    ("finding", "message"),
    [
        (lambda sample: None, "expected a finding on the example claim, came None"),
        (lambda sample: "fine", "expected a finding on a drawn sample, came str instead of a Finding"),
        (lambda sample: found(pillar="other"), "came a finding signed 'other'"),
        (lambda sample: found(method="d"), "expected a method id with a version"),
        (lambda sample: found(numbers={"p": float("nan")}), "came a number that is not finite"),
        (lambda sample: found(message="x" * (2 << 20)), "expected a finding a record can hold"),
        (lambda sample: found(message=str(id(object()) and random.getrandbits(99))), "global random state"),
        (_first_above, "expected at most .* findings warn or void on 100 healthy samples"),
        (lambda sample: found(status="void"), "expected at most .* findings void on 100 healthy samples"),
        (lambda sample: found(), "expected 80% of 10 planted faults told, came 0"),
        (lambda sample: 1 / 0, "expected a finding or None on a drawn sample, it raised ZeroDivisionError"),
        (lambda sample: _strict(sample) if sample.is_bool else 1 / 0, "on only 0, it raised ZeroDivisionError"),
    ],
)
def test_a_diagnosing_pillar_that_breaks_the_contract_is_accused(
    finding: Callable[[Sample], Any], message: str
) -> None:
    """Form, false alarms and missed faults."""
    with pytest.raises(AssertionError, match=message):
        check_diagnosing(
            Diagnosis(finding),
            CLAIM,
            lambda rng: bools(rng, 0.8),
            planted=lambda rng: bools(rng, 0.1),
            runs=100,
        )


def test_a_finding_that_changes_its_mind_is_accused() -> None:
    """The same sample gives the same finding."""
    seen: list[int] = []

    def tally(sample: Sample) -> Finding:
        seen.append(1)
        return found(message=str(len(seen)))

    with pytest.raises(AssertionError, match="expected the same finding on the same sample again"):
        check_diagnosing(Diagnosis(tally), CLAIM, lambda rng: bools(rng, 0.8), runs=0)


COUNTER = count()


class Combination:
    """Says what it is told to say."""

    name = "combination"

    def __init__(self, answer: Callable[[Series], Any]) -> None:
        self._answer = answer

    def synthesise(self, series: Series) -> Synthesis:
        return cast("Synthesis", self._answer(series))


def combined(**fields: Any) -> Synthesis:
    """Return a synthesis with these fields."""
    return Synthesis(**{"pillar": "combination", "method": "c/1", "status": "ok", "message": "fine", **fields})


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda series: series.proofs[0], "expected an answer to a series of 0 proofs.*raised IndexError"),
        (lambda series: None, "returned NoneType instead of a Synthesis"),
        (lambda series: combined(method="c"), "expected a method id with a version"),
        (lambda series: combined(message="\ud800"), "expected an answer JSON can hold"),
        (lambda series: combined(), "expected numbers on the example of 3 proofs, came none"),
        (lambda series: combined(message=str(next(COUNTER))), "expected the same answer to the same series"),
        (lambda series: combined(message=str(random.random())), "global random state"),
    ],
)
def test_a_synthesising_pillar_that_breaks_the_contract_is_accused(
    answer: Callable[[Series], Any], message: str
) -> None:
    """However short the series."""
    series = series_example(SHIPPED, [sample_of(np.arange(N) < k) for k in (30, 33, 36)], CLAIM)
    with pytest.raises(AssertionError, match=message):
        check_synthesising(Combination(answer), series)


@pytest.mark.parametrize("runs", [1, 50, 2000, 20_000])
@pytest.mark.parametrize("level", [0.0, 1e-6, 0.001, 0.05, 0.1, 0.5, 1.0])
def test_the_bound_is_the_one_of_the_rules(runs: int, level: float) -> None:
    """binom.isf(1e-4, N, level), without scipy.stats in the product."""
    assert most_allowed(runs, level) == max(0, int(binom.isf(1e-4, runs, level)))


def test_claims_and_samples_that_make_no_sense() -> None:
    """Two thresholds, none, columns of two lengths, a matrix, text."""
    with pytest.raises(ValueError, match="expected one of at_least, at_most and within, came 2"):
        claim_of("mean", at_least=1.0, at_most=2.0, trials=3)
    with pytest.raises(ValueError, match="came 0"):
        claim_of("mean", trials=3)
    with pytest.raises(ValueError, match="expected columns of one length"):
        pairs_of([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="expected one dimension of bools or numbers, came 2 of float64"):
        sample_of([[1.0]])
    with pytest.raises(ValueError, match="came 1 of <U1"):
        sample_of(["a"])
    with pytest.raises(TypeError, match="expected an Assessment, came float"):
        series_example(Broken(lambda claim, sample: 0.5), [bools(np.random.default_rng(1), 0.5)], CLAIM)


def test_importing_it_imports_no_pytest() -> None:
    """An author may run the check from any program."""
    code = (
        "import sys\nfrom pytest_ophamin.testing import check_deciding\n"
        "print(sorted({'pytest', '_pytest', 'scipy.stats', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
