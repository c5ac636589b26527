"""Coverage of I.cma: the mean of campaigns, per side, and the metric of another campaign.

The published part: ``python tests/statistical/study.py series``; a wider grid with ``-m study``.
"""

from __future__ import annotations

import pytest
from error_rates import APPROXIMATE, most_allowed
from error_study.of_series import LEVEL, POOLED, TAIL, WATCHED, WORST_PREDICTION, Pooled

RUNS, STUDY_RUNS = 120, 4_000


def _check(series: Pooled, runs: int) -> None:
    """Compare with the levels of approximate methods, and with what the docs publish."""
    found = series.misses(runs)
    assert max(found["lower"], found["upper"]) <= most_allowed(runs, APPROXIMATE * TAIL), found
    assert found["prediction"] <= most_allowed(runs, WORST_PREDICTION), found


@pytest.mark.parametrize("name", POOLED)
def test_the_intervals_of_a_synthesis_cover(name: str) -> None:
    """The mean of campaigns on either side, and what is published of the prediction interval."""
    _check(POOLED[name], RUNS)


@pytest.mark.study
@pytest.mark.parametrize("share", [0.5, 0.9, 0.98])
@pytest.mark.parametrize("k", [2, 3, 5, 10, 20])
@pytest.mark.parametrize("spread", [0.0, 0.5, 1.0, 2.0, 4.0])
def test_study_the_intervals_of_a_synthesis_cover(share: float, k: int, spread: float) -> None:
    """A whole grid."""
    _check(Pooled(share=share, k=k, spread=spread), STUDY_RUNS)


@pytest.mark.parametrize("name", WATCHED)
def test_a_change_between_campaigns_is_seen_and_none_is_made_up(name: str) -> None:
    """Of series without a change 1 % are warned about, of those with a large one nearly all."""
    world, runs = WATCHED[name], 20
    alarms = world.alarms(runs)
    if world.detects:
        assert runs - alarms <= most_allowed(runs, 1.0 - world.detects)
    else:
        assert alarms <= most_allowed(runs, LEVEL)
