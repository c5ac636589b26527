"""Claims about arms, rates, bandwidths, correlations and open-loop latencies, from the mark to the verified proof."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from childrun import Runner, assert_clean, verdicts

from pytest_ophamin.cli import main

SUITE = """
    import pytest
    from pytest_ophamin import claim
    from pytest_ophamin.latency import OpenLoop

    ARMS = ("old", "new")

    @claim("new fails no more often", metric="difference", arms=ARMS, at_least=0.0, margin=0.3, trials=80)
    def test_difference(trial):
        return trial.rng.random() < {"old": 0.7, "new": 0.6}[trial.arm]

    @claim("new is at least a third quicker", metric="ratio", of="ms", arms=ARMS, at_least=1.5, trials=80)
    @claim("old lags by at least 4", metric="shift", of="ms", arms=ARMS, at_least=4.0, trials=80)
    @claim("old is mostly slower", metric="superiority", of="ms", arms=ARMS, at_least=0.8, trials=80)
    def test_speed(trial):
        return {"ms": trial.rng.normal({"old": 20.0, "new": 10.0}[trial.arm], 2.0)}

    @claim("fails at most once in 5 hours", metric="rate", of="failures", at_most=0.2, trials=60)
    @claim("runs 5 hours between failures", metric="mtbf", of="failures", at_least=5.0, trials=60)
    def test_failures(trial):
        hours = trial.rng.uniform(1.0, 3.0)
        return {"failures": (int(trial.rng.poisson(0.05 * hours)), hours)}

    @claim("moves 90 MB/s", metric="bandwidth", at_least=90.0, trials=60)
    def test_transfers(trial):
        seconds = trial.rng.uniform(0.5, 2.0)
        return seconds * trial.rng.normal(100.0, 5.0), seconds

    @claim("goes with load", metric="correlation", of="pair", at_least=0.3, trials=80)
    @claim("rises with load", metric="spearman", of="pair", at_least=0.3, trials=80)
    @claim("orders as load does", metric="kendall", of="pair", at_least=0.3, trials=80)
    def test_load(trial):
        load = trial.rng.normal()
        return {"pair": (load, load + 0.5 * trial.rng.normal())}
"""
STATEMENTS = {
    "new fails no more often",
    "new is at least a third quicker",
    "old lags by at least 4",
    "old is mostly slower",
    "fails at most once in 5 hours",
    "runs 5 hours between failures",
    "moves 90 MB/s",
    "goes with load",
    "rises with load",
    "orders as load does",
}


def test_every_question_is_decided_and_verified(
    pytester: pytest.Pytester, run: Runner, commit: Callable[[], str], mode: tuple[str, ...]
) -> None:
    """Registered, decided, corrected, signed; verification computes the same again."""
    pytester.makepyfile(test_it=SUITE)
    assert run("--ophamin-register").ret == 0
    commit()
    result = run("--ophamin-campaign", *mode)
    assert_clean(result)
    assert verdicts(result) == dict.fromkeys(STATEMENTS, "VALIDATED")
    assert result.ret == 0
    os.chdir(pytester.path)
    assert main(["verify", "proofs/campaign"]) == 0


def test_a_claim_the_arms_do_not_bear_out_is_refuted(pytester: pytest.Pytester, run: Runner) -> None:
    """And a sample a method cannot take is VOID, with its trial."""
    pytester.makepyfile(
        """
    from pytest_ophamin import claim

    @claim("new is quicker", metric="shift", arms=("old", "new"), at_least=0.0, trials=60)
    def test_slower(trial):
        return trial.rng.normal({"old": 1.0, "new": 3.0}[trial.arm])

    @claim("half an event", metric="rate", at_most=1.0, trials=20)
    def test_half(trial):
        return (0.5 if trial.index == 7 else 1.0), 2.0
"""
    )
    result = run()
    assert_clean(result)
    assert verdicts(result) == {"new is quicker": "REFUTED", "half an event": "VOID"}
    result.stdout.fnmatch_lines(["*trial 7*whole number from 0 on*"])


def test_one_loop_serves_a_module_slice_by_slice(pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...]) -> None:
    """Several quantiles of one sample, timed from when each request was due, on a clock that only requests move."""
    pytester.makepyfile(
        """
    import pytest
    from pytest_ophamin import claim
    from pytest_ophamin.latency import OpenLoop

    class Clock:
        now = 0.0
        def __call__(self):
            return self.now
        def sleep(self, seconds):
            self.now += seconds

    @pytest.fixture(scope="module")
    def clock():
        return Clock()

    @pytest.fixture(scope="module")
    def loop(clock):
        return OpenLoop(10.0, clock=clock, sleep=clock.sleep)

    @claim("median", metric="median", of="ms", at_most=60.0, trials=600)
    @claim("p95", metric="p95", of="ms", at_most=100.0, trials=600)
    @claim("p99", metric="p99", of="ms", at_least=100.0, trials=600)
    def test_latency(trial, loop, clock):
        def request():
            clock.now += 0.1 * trial.rng.beta(2.0, 3.0)
        return {"ms": loop.measure(request, trial=trial)}
"""
    )
    result = run(*mode)
    assert_clean(result)
    assert verdicts(result) == {"median": "VALIDATED", "p95": "VALIDATED", "p99": "REFUTED"}
