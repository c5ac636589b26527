"""Error rates and coverage of 0/1 paired differences: discordant pairs at zero, betting elsewhere.

The full study (20,000 runs per cell): ``pytest tests/statistical/test_error_of_pairs.py -m study``.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from error_rates import Floats, generator, most_allowed, plan_of, sample_of, shipped, verdict_of

from ophamin_pillars.betting import BettingTests, Wealth
from ophamin_pillars.binomial import upper_tail
from ophamin_pillars.difference import DiscordantTests
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.protocol import Assessment

RUNS = 2_000
STUDY_RUNS = 20_000


def _differences(seed: int, runs: int, n: int, discordant: float, delta: float) -> Floats:
    """Return first minus second for 0/1 pairs, shape (runs, n), that differ with probability ``discordant``."""
    u = generator(seed, runs, n).random((runs, n))
    wins = 0.5 * (discordant + delta)
    return (u < wins).astype(np.float64) - ((u >= wins) & (u < discordant))


def _rejections(differences: Floats, level: float) -> int:
    wins, losses = (differences > 0).sum(axis=1), (differences < 0).sum(axis=1)
    counts, times = np.unique(np.stack([wins, losses]), axis=1, return_counts=True)
    return sum(int(times[i]) for i, (w, k) in enumerate(counts.T.tolist()) if upper_tail(w, w + k, 0.5) <= level)


@pytest.mark.parametrize("discordant", [0.05, 0.3, 1.0])
@pytest.mark.parametrize("n", [5, 50, 1000])
def test_discordant_pairs_err_within_the_level(discordant: float, n: int) -> None:
    """With no difference between the two, either order is claimed in at most alpha of samples."""
    differences = _differences(1, RUNS, n, discordant, 0.0)
    assert _rejections(differences, 0.05) <= most_allowed(RUNS, 0.05)
    assert _rejections(-differences, 0.05) <= most_allowed(RUNS, 0.05)


@pytest.mark.parametrize("relation", ["at_least", "at_most"])
def test_a_paired_claim_at_zero_is_decided_on_discordant_pairs(relation: str) -> None:
    """The verdict of a claim at threshold 0 is that of the test measured above, on real pairs of bools."""
    claim = plan_of("difference", relation, 0.0, 40)
    for row in _differences(2, 60, 40, 0.5, 0.2):
        sample = sample_of(row > 0, row < 0)
        assessed = shipped().deciding_for(claim).decide(claim, sample)
        assert isinstance(assessed, Assessment)
        assert assessed.method == "discordant-pairs/1"
        wins, losses = int((row > 0).sum()), int((row < 0).sum())
        better = wins if relation == "at_least" else losses
        assert assessed.p_validate == upper_tail(better, wins + losses, 0.5)
        expected = {
            (True, False): Verdict.VALIDATED,
            (False, True): Verdict.REFUTED,
        }.get((assessed.p_validate <= 0.05, assessed.p_refute <= 0.05), Verdict.INCONCLUSIVE)
        assert verdict_of(claim, sample) is expected


@pytest.mark.parametrize("delta", [-0.2, 0.1])
@pytest.mark.parametrize("n", [20, 200])
def test_a_paired_difference_off_zero_errs_within_its_levels(delta: float, n: int) -> None:
    """Betting on [-1, 1] keeps both levels when the true difference is the threshold."""
    y = 0.5 * (_differences(3, RUNS, n, 0.4, delta) + 1.0)
    t, target, allowed = 0.5 * (delta + 1.0), -math.log(0.05), most_allowed(RUNS, 0.05)
    assert int((Wealth(y, 0.05).log_maxima(t) >= target).sum()) <= allowed
    assert int((Wealth(1.0 - y, 0.05).log_maxima(1.0 - t) >= target).sum()) <= allowed


def _misses(discordant: float, delta: float, n: int, runs: int) -> tuple[int, int]:
    """Return how often the lower bound lies above, and the upper below, the true difference."""
    below = above = 0
    for row in _differences(4, runs, n, discordant, delta):
        tests = DiscordantTests(
            n=n, wins=int((row > 0).sum()), losses=int((row < 0).sum()), betting=BettingTests(row, (-1.0, 1.0))
        )
        lower, upper = tests.lower(0.05, slack=0.0), tests.upper(0.05, slack=0.0)
        assert lower is not None
        assert upper is not None
        below += lower > delta
        above += upper < delta
    return below, above


@pytest.mark.parametrize(("discordant", "delta", "n"), [(0.4, -0.02, 50), (0.3, 0.01, 200), (0.3, 0.0, 200)])
def test_the_interval_moved_to_agree_with_the_discordant_pairs_still_covers(
    discordant: float, delta: float, n: int
) -> None:
    """Near zero, where two methods meet in one bound, each side still misses in at most alpha of samples."""
    below, above = _misses(discordant, delta, n, 600)
    assert below <= most_allowed(600, 0.05)
    assert above <= most_allowed(600, 0.05)


@pytest.mark.study
@pytest.mark.parametrize("discordant", [0.05, 0.3, 0.8])
@pytest.mark.parametrize("delta", [-0.04, -0.01, 0.0, 0.005, 0.02])
@pytest.mark.parametrize("n", [50, 200])
def test_study_the_interval_covers(discordant: float, delta: float, n: int) -> None:
    """The same on a grid around zero."""
    below, above = _misses(discordant, delta, n, 4_000)
    assert below <= most_allowed(4_000, 0.05)
    assert above <= most_allowed(4_000, 0.05)


@pytest.mark.study
@pytest.mark.parametrize("discordant", [0.02, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("n", [5, 20, 100, 300, 1000])
def test_study_discordant_pairs_err_within_the_level(discordant: float, n: int) -> None:
    """The same with 20,000 runs."""
    differences = _differences(5, STUDY_RUNS, n, discordant, 0.0)
    assert _rejections(differences, 0.05) <= most_allowed(STUDY_RUNS, 0.05)
