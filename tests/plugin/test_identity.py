"""Law 4: proof ids and campaign id do not depend on how the session was run."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest
from childrun import Runner, assert_clean

SUITE = """
    import pytest
    from hypothesis import given, strategies as st
    from pytest_ophamin import claim

    @claim("share", metric="proportion", at_least=0.9, trials=2000)
    def test_share(trial):
        return trial.rng.random() < 0.95

    @claim("mean", metric="mean", at_most=0.6, trials=600, bounds=(0, 1))
    def test_mean(trial, tmp_path):
        return trial.rng.random()

    @claim("p90", metric="p90", at_most=0.97, trials=1000, of="a")
    @claim("median", metric="median", within=(0.3, 0.7), trials=700, of="b")
    def test_stacked(trial):
        return {{"a": trial.rng.random(), "b": trial.rng.random()}}

    @claim("pairs", metric="difference", within=(-0.2, 0.2), trials=1000)
    def test_pairs(trial):
        return trial.rng.normal(), trial.rng.normal()

    @claim("void", metric="mean", at_least=0.5, trials=1200)
    def test_void(trial):
        if trial.index in (700, 900):
            raise ValueError
        return 1.0

    @claim("law", metric="law")
    @given(a=st.integers(), b=st.integers())
    def test_law(a, b):
        assert a + b == b + a

    @claim("seeded", metric="mean", at_least=0.1, trials=600)
    def test_seeded(trial):
        return trial.seed / 2**32
"""


@pytest.fixture
def left_out() -> tuple[str, ...]:
    """Nothing: Hypothesis's plugin is part of what is tested."""
    return ()


def ids(pytester: pytest.Pytester, name: str) -> tuple[list[str], list[str]]:
    """Return the campaign's id and the sorted ids of its proofs."""
    lines = (pytester.path / "proofs" / name / "campaign.intoto.jsonl").read_text().splitlines()
    statements = [json.loads(base64.b64decode(json.loads(line)["payload"])) for line in lines]
    found = [str(statement["predicate"]["derived"]["id"]) for statement in statements]
    return found[:1], sorted(found[1:])


def test_ids_are_the_same_for_any_number_of_workers_and_any_order(
    pytester: pytest.Pytester, run: Runner, commit: Callable[[], str]
) -> None:
    """Alone, -n0, -n2, -n4, every dist mode and a shuffled order give the same ids."""
    pytester.makepyfile(test_it=SUITE.format())
    assert run("--ophamin-register").ret == 0
    commit()
    ways = {
        "alone": ("-p", "no:xdist"),
        "n0": ("-n0",),
        "n2": ("-n2",),
        "n4": ("-n4", "--dist", "worksteal"),
        "scope": ("-n2", "--dist", "loadscope"),
        "reversed": ("-p", "no:xdist", "-p", "backwards"),
    }
    (pytester.path / "backwards.py").write_text("def pytest_collection_modifyitems(items):\n    items.reverse()\n")
    commit()
    pytester.syspathinsert()
    found = {}
    for name, arguments in ways.items():
        result = run("--ophamin-campaign", "--ophamin-name", name, *arguments)
        assert_clean(result)
        found[name] = ids(pytester, name)
    assert len(found["alone"][1]) == 8
    # The campaign's name is part of what it is, so campaigns are compared by their proofs, and one name by its id.
    assert len({tuple(proofs) for _, proofs in found.values()}) == 1
    once = ids(pytester, "n2")
    assert run("--ophamin-campaign", "--ophamin-name", "n2", "-p", "no:xdist").ret == 1
    assert ids(pytester, "n2") == once


def test_the_seed_policy_chooses_the_draws(pytester: pytest.Pytester, run: Runner, commit: Callable[[], str]) -> None:
    """claim: same draws on every commit; commit: fresh ones; an integer: its own, and another claim."""
    pytester.makepyfile(
        test_it="""
    from pytest_ophamin import claim

    @claim("share", metric="proportion", at_least=0.5, trials=300)
    def test_share(trial):
        return trial.rng.random() < 0.9
"""
    )
    seen: dict[str, list[str]] = {}
    for round_number in range(2):
        (pytester.path / "note.txt").write_text(str(round_number))
        commit()
        for policy in ("claim", "commit", "7"):
            name = f"r{round_number}-{policy}"
            assert run("--ophamin-campaign", "--ophamin-name", name, "--ophamin-seed", policy).ret == 0
            lines = (pytester.path / "proofs" / name / "campaign.intoto.jsonl").read_text().splitlines()
            statement = json.loads(base64.b64decode(json.loads(lines[1])["payload"]))
            seen.setdefault(policy, []).append(json.dumps(statement["predicate"]["data"], sort_keys=True))
    assert seen["claim"][0] == seen["claim"][1]
    assert seen["commit"][0] != seen["commit"][1]
    assert seen["7"][0] == seen["7"][1] != seen["claim"][0]
