"""Gates of memory: exact sign tests over looks."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from error_rates import generator
from gate_samples import PILLAR, decided, gate
from scipy.stats import binom

from ophamin_pillars.gates.looks import SPENDING
from ophamin_pillars.gates.peaks import count_looks
from ophamin_pillars.sequential.group_counts import group_counts
from pytest_ophamin.claims.gates import default_looks
from pytest_ophamin.testing import claim_of, pairs_of


def test_equal_peaks_are_decided_exactly() -> None:
    """Without looks 2^-n; over looks at the first that 2^-n may stop."""
    ones = np.ones(30)
    sample = pairs_of(ones, ones, control=ones)
    fixed = PILLAR.decide(claim_of("memory_ratio", at_most=1.05, trials=30), sample)
    assert fixed.exact
    assert fixed.p_validate == 2.0**-30
    assert fixed.p_refute == 1.0
    found = decided(gate("memory_ratio"), sample)
    assert found.n == 12
    assert found.p_validate <= 0.05
    assert found.upper == 1.0


def test_peaks_on_the_limit_are_as_claimed() -> None:
    """At most 1.05 is true of 1.05: ties count as for quantiles, on both sides."""
    on_limit = np.full(30, 1.05)
    found = decided(gate("memory_ratio"), pairs_of(on_limit, np.ones(30), control=on_limit))
    assert found.p_validate <= 0.05
    assert found.p_refute == 1.0
    above = np.full(30, 1.0500001)
    found = decided(gate("memory_ratio"), pairs_of(above, np.ones(30), control=above))
    assert found.p_refute <= 0.05
    assert found.null_validate == "median of memory ratios > 1.05"
    assert found.null_refute == "median of memory ratios <= 1.05"


@pytest.mark.parametrize("looks", [(10,), (4, 6, 10)])
def test_memory_errs_within_its_levels_in_every_sample_there_is(looks: tuple[int, ...]) -> None:
    """All 1,024 sequences of ten pairs above or below the median, through stop and decide."""
    claim = replace(gate("memory_ratio", looks=looks), alpha=0.2)
    verdicts = []
    for signs in itertools.product((0.9, 1.2), repeat=10):
        first = np.array(signs)
        sample = pairs_of(first, np.ones(10), control=first)
        found = decided(claim, sample)
        verdicts.append((found.p_validate <= 0.2, found.p_refute <= 0.2))
    validated, refuted = np.mean(verdicts, axis=0)
    assert 0.02 < validated <= 0.2
    assert 0.02 < refuted <= 0.2


@pytest.mark.parametrize("cap", [8, 20, 30, 60])
@pytest.mark.parametrize("level", [0.05, 0.01, 0.0025])
def test_peaks_spend_no_more_than_they_may_at_any_look(cap: int, level: float) -> None:
    """Exact, and the same as the law of all stopping points says; no count rejects at a level it does not have."""
    looks = default_looks(cap)
    design = count_looks(looks, level)
    spent = [
        tails[count] if count < len(tails) else 0.0 for count, tails in zip(design.least, design.tails, strict=True)
    ]
    assert all(used <= SPENDING(look / cap, level) for used, look in zip(spent, looks, strict=True))
    last = len(looks) - 1
    count = design.rejecting(last, level)
    realised = group_counts(looks, 0.5, 0.5, level, 1e-300, spending=SPENDING).alpha
    if count < len(design.tails[last]):
        assert design.tails[last][count] == pytest.approx(realised, rel=1e-9)
    assert realised <= level


@pytest.mark.parametrize("good", [17, 12])
def test_needed_pairs_of_memory_are_whole_blocks_and_would_decide(good: int) -> None:
    """The same share of pairs below the limit rejects at that many pairs, at the claim's own level."""
    first = np.where(np.arange(30) % 30 < good, 1.0, 1.2)[generator(77, 1).permutation(30)]
    found = decided(gate("memory_ratio", m=20), pairs_of(first, np.ones(30), control=first))
    assert found.n == 30
    assert found.needed is not None
    assert found.needed % 2 == 0
    share = max(good, 30 - good) * found.needed // 30
    assert binom.sf(share - 1, found.needed, 0.5) <= 0.05
