"""Families that wait for other families, from the mark to the verified bundle."""

from __future__ import annotations

import pytest
from childrun import Runner, assert_clean

from pytest_ophamin.cli import main

SUITE = """
    from pytest_ophamin import claim, scenario

    pytestmark = scenario("Fast and safe", family="speed", gate="safety")

    @claim("is safe", metric="proportion", at_least=0.5, trials=100, family="safety")
    def test_safe(trial):
        return trial.seed % 10 < {safe}

    @claim("is fast", metric="proportion", at_least=0.5, trials=100)
    def test_fast(trial):
        return trial.seed % 10 < 8
"""


@pytest.mark.parametrize(("safe", "fast"), [(8, "VALIDATED"), (5, "INCONCLUSIVE")])
def test_a_family_waits_for_its_gate(
    pytester: pytest.Pytester, run: Runner, capsys: pytest.CaptureFixture[str], safe: int, fast: str
) -> None:
    """The corrected verdict behind a shut gate is INCONCLUSIVE, and verification comes to the same."""
    pytester.makepyfile(SUITE.format(safe=safe))
    result = run("--ophamin-campaign")
    assert_clean(result)
    assert result.ret == (0 if fast == "VALIDATED" else 1)
    text = " ".join(result.stdout.str().split())  # the line may be wrapped
    assert "family speed:exploratory: holm, alpha 0.05, 1 hypothesis per side, after safety:exploratory" in text
    rows = [line.split() for line in result.outlines]
    place = next(number for number, row in enumerate(rows) if row[:2] == ["is", "fast"])
    assert fast in rows[place + 1]
    capsys.readouterr()
    assert main(["verify", "proofs/campaign"]) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "expected a family of this session or of ophamin.lock (speed), came 'safety'"),
        (("--ophamin-correction", "bh"), "expected the correction holm, which gates are proved for, came 'bh'"),
    ],
)
def test_a_gate_that_cannot_work_is_refused(
    pytester: pytest.Pytester, run: Runner, arguments: tuple[str, ...], words: str
) -> None:
    """A gate nobody knows, or a correction without gates: a usage error before anything runs."""
    suite = SUITE.format(safe=8)
    pytester.makepyfile(suite if arguments else suite.replace('family="safety")', ")"))
    result = run("--ophamin-campaign", *arguments)
    assert_clean(result)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert words in result.stderr.str() + result.stdout.str()
