"""What stopping early saves: the figures of the acceptance, by the documented command and through the pillar."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from error_rates import generator, plan_of, sample_of, shipped

from ophamin_pillars.sprt_pillar import SprtPillar
from pytest_ophamin.claims.design import Design

SCRIPT = Path(__file__).with_name("expected_sample_number.py")
LIMITS = {0.90: 225, 0.85: 172, 0.80: 68, 0.95: 90}
CLAIM = plan_of("proportion", "at_least", 0.90, 600, margin=0.05, design=Design(sequential=True))
RUNS = 400


def test_the_documented_command_prints_numbers_within_the_limits() -> None:
    """Mean n at most 225 / 172 / 68 / 90 at p = .90 / .85 / .80 / .95, no INCONCLUSIVE, both levels kept."""
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = {float(line.split()[0]): line.split() for line in done.stdout.splitlines() if line.split()[0][0] == "0"}
    assert set(rows) == set(LIMITS)
    for p, limit in LIMITS.items():
        _, stated, mean, _, _, _, validated, refuted, undecided = map(float, rows[p])
        assert stated == limit
        assert mean <= limit
        assert undecided == 0.0
        assert validated <= 0.05 or p > 0.85
        assert refuted <= 0.10 or p < 0.90


@pytest.mark.parametrize("p", sorted(LIMITS))
def test_claims_stop_as_early_as_the_exact_law_says(p: float) -> None:
    """The mean of seeded claims, each decided by the pillar in trial order, is that of the programme."""
    pillar = shipped().deciding_for(CLAIM)
    assert isinstance(pillar, SprtPillar)
    rng = generator(7, round(100 * p))
    stops = [pillar.stop(CLAIM, sample_of(rng.random(600) < p)) or 600 for _ in range(RUNS)]
    error = float(np.std(stops)) / RUNS**0.5
    assert float(np.mean(stops)) <= LIMITS[p] + 4.0 * error
