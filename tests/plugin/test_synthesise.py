"""Campaigns under the seed policy ``commit`` draw anew for every tree, dirty ones included, and can be pooled."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from childrun import Runner

from pytest_ophamin.cli import main

SUITE = """
from pytest_ophamin import claim

SHARE = {share}

@claim("is mostly right", metric="proportion", at_least=0.7, trials=100, seed="commit")
def test_right(trial):
    return trial.rng.random() < SHARE
"""


def test_commits_and_a_dirty_tree_are_pooled(
    pytester: pytest.Pytester,
    run: Runner,
    commit: Callable[[], str],
    mode: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Three bundles verify and hold three sets of draws; the third campaign ran on a tree nobody committed."""
    pytester.makepyfile(SUITE.format(share=0.9))
    commit()
    assert run("--ophamin-register").ret == 0
    for number in range(3):
        pytester.makepyfile(SUITE.format(share=0.9 + 0.01 * number))
        if number < 2:
            commit()
        # Its last step is to verify what it wrote: the draws follow from the digest the record states.
        assert run(*mode, "--ophamin-campaign", f"--ophamin-out=proofs/v{number}").ret == 0
    capsys.readouterr()
    assert main(["synthesise", "I.cma", str(pytester.path / "proofs"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["numbers"]["k"], found["refusals"]) == (3, [])
    assert len(set(found["proofs"])) == 3
