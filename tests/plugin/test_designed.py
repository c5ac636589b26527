"""Claims about clusters, blocks, strata, effects and splits, from the mark to the verified proof."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from childrun import Runner, assert_clean, verdicts

from pytest_ophamin.cli import main

SUITE = """
    from pytest_ophamin import claim

    @claim("users succeed", metric="proportion", of="right", cluster="user", at_least=0.6, trials=160)
    @claim("users are quick", metric="mean", of="ms", cluster="user", at_most=12.0, trials=160)
    @claim("users gain", metric="difference", of="pair", cluster="user", at_least=0.0, trials=160)
    def test_users(trial):
        ms = trial.rng.normal(10.0, 1.0)
        return {"right": trial.rng.random() < 0.97, "ms": ms, "pair": (ms + 1.0, ms + trial.rng.normal()),
                "user": trial.index // 2}

    ARMS = ("old", "new")

    @claim("old lags inside users", metric="difference", of="ms", cluster="user", arms=ARMS, at_least=2.0, trials=80)
    def test_arms(trial):
        return {"ms": trial.rng.normal({"old": 9.0, "new": 5.0}[trial.arm]), "user": trial.index // 8}

    @claim("blocks are high", metric="mean", block=10, at_least=0.5, trials=200)
    def test_blocks(trial):
        return trial.rng.normal(1.0)

    @claim("blocks succeed", metric="proportion", block=4, at_least=0.5, trials=200)
    def test_successes(trial):
        return trial.rng.random() < 0.9

    @claim("sites are high", metric="mean", of="x", strata="site", at_least=0.5, trials=60)
    @claim("sites succeed", metric="proportion", of="right", strata="site", at_least=0.5, trials=60)
    def test_sites(trial):
        site = trial.index % 3
        return {"x": trial.rng.normal(1.0 + site), "right": trial.rng.random() < 0.9, "site": site}

    @claim("cache helps", metric="effect:cache", of="ms", factors=("cache", "threads"), at_most=-1.0, trials=40)
    @claim("whatever threads", metric="effect:cache*threads", of="ms", factors=("cache", "threads"),
           within=(-2.0, 2.0), trials=40)
    def test_factors(trial):
        cache, threads = trial.index % 2, trial.index // 2 % 2
        return {"ms": 20.0 - 3.0 * cache - threads + trial.rng.normal(), "cache": cache, "threads": threads}

    @claim("scores", metric="mean", resampled=0.1, at_least=0.7, trials=20)
    def test_scores(trial):
        return trial.rng.normal(0.9, 0.02)

    @claim("beats the other", metric="difference", resampled=0.1, at_least=0.0, trials=20)
    def test_two_scores(trial):
        return 0.5 + trial.rng.normal(0.4, 0.02), 0.5
"""
STATEMENTS = {
    "users succeed",
    "users are quick",
    "users gain",
    "old lags inside users",
    "blocks are high",
    "blocks succeed",
    "sites are high",
    "sites succeed",
    "cache helps",
    "whatever threads",
    "scores",
    "beats the other",
}


def test_every_design_is_decided_and_verified(
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


def test_designs_that_cannot_be_decided_are_told_at_collection(pytester: pytest.Pytester, run: Runner) -> None:
    """Each with what to write instead."""
    pytester.makepyfile(
        """
    from pytest_ophamin import claim

    @claim("a", metric="mean", block=30, at_least=0.5, trials=100)
    def test_block(trial):
        return 1.0

    @claim("b", metric="mean", of="x", strata="s", bounds=(0, 1), at_least=0.5, trials=100)
    def test_strata(trial):
        return {"x": 1.0, "s": 1}

    @claim("c", metric="mean", of="x", cluster="u", at_least=0.5, trials="auto", expecting=0.9)
    def test_auto(trial):
        return {"x": 1.0, "u": 1}

    @claim("d", metric="mean", resampled=0.1, bounds=(0, 1), at_least=0.5, trials=100)
    def test_split(trial):
        return 1.0
"""
    )
    result = run()
    assert_clean(result)
    assert result.ret == 2
    text = " ".join(result.stdout.str().split())
    for words in ("trials=120", "how many clusters they make", "no bounds= with strata=", "no bounds= with resampled="):
        assert words in text


def test_dependent_trials_are_void_until_they_come_in_blocks(pytester: pytest.Pytester, run: Runner) -> None:
    """The reason names the block that makes the claim decidable, and it does."""
    pytester.makepyfile(
        """
    import pytest
    from pytest_ophamin import claim

    @pytest.fixture(scope="module")
    def state():
        return {"x": 0.0}

    def step(trial, state):
        state["x"] = 0.6 * state["x"] + trial.rng.normal(0.0, 0.8)
        return state["x"]

    @claim("trial by trial", metric="mean", at_least=-0.5, trials=800)
    def test_trials(trial, state):
        return step(trial, state)

    @claim("in blocks", metric="mean", at_least=-0.5, trials=800, block=40)
    def test_blocks(trial, state):
        return step(trial, state)
"""
    )
    result = run("-p", "no:xdist")
    assert_clean(result)
    assert verdicts(result) == {"trial by trial": "VOID", "in blocks": "VALIDATED"}
    assert "declare block=" in " ".join(result.stdout.str().split())
