"""Adjusted p-values; reference values are under tests/conformance."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from pytest_ophamin.deciding.correction import CORRECTIONS, adjust, calibrated
from pytest_ophamin.deciding.multiplicity import ADJUSTMENTS


@pytest.mark.parametrize("method", [name for name in CORRECTIONS if name != "ebh"])
def test_an_empty_or_single_family_is_not_corrected(method: str) -> None:
    """Nothing to correct: nothing changes."""
    assert adjust([], method) == []
    assert adjust([0.03], method) == [pytest.approx(0.03)]


@pytest.mark.parametrize("method", CORRECTIONS)
def test_adjusted_values_follow_their_claims(method: str) -> None:
    """A permuted family gives permuted values; none falls below its raw value or rises above 1."""
    p = [0.01, 0.04, 0.04, 0.3, 1.0]
    expected = dict(zip(p, adjust(p, method), strict=True))
    for order in itertools.permutations(p):
        adjusted = adjust(order, method)
        assert adjusted == [expected[x] for x in order]
        assert all(raw <= a <= 1.0 for raw, a in zip(order, adjusted, strict=True))


def test_holm_is_the_closed_test_of_bonferroni() -> None:
    """Against the definition: each adjusted value is the largest Bonferroni p over all sets that contain the claim."""
    p = [0.01, 0.013, 0.04, 0.2]
    for i, adjusted in enumerate(adjust(p, "holm")):
        sets = [s for k in range(1, 5) for s in itertools.combinations(range(4), k) if i in s]
        assert adjusted == pytest.approx(max(min(1.0, len(s) * min(p[j] for j in s)) for s in sets))


def test_an_unknown_method_is_refused_by_name() -> None:
    """A misspelt correction does not become no correction."""
    with pytest.raises(
        ValueError, match=r"expected one of holm, hochberg, hommel, bh, by, ebh, none, came 'bonferoni'"
    ):
        adjust([0.1], "bonferoni")


def test_a_p_value_becomes_an_e_value_by_calibration() -> None:
    """f(p) = 1 / (2 sqrt(p)) integrates to 1 over [0, 1]; p = 1 is no evidence, p = 0 is all of it."""
    assert calibrated(0.01) == pytest.approx(math.log(5.0))
    assert (calibrated(1.0), calibrated(0.0)) == (-math.inf, math.inf)
    p = (np.arange(200_000) + 0.5) / 200_000
    assert np.mean(0.5 / np.sqrt(p)) == pytest.approx(1.0, abs=2e-3)
    assert adjust([0.01], "ebh") == [pytest.approx(0.2)]


def test_what_is_no_p_value_is_refused() -> None:
    """NaN sorts anywhere: it must not turn into a rejection."""
    with pytest.raises(ValueError, match=r"p: expected values in \[0, 1\], came nan"):
        adjust([0.1, float("nan")], "holm")


@pytest.mark.parametrize("method", [name for name in CORRECTIONS if name not in ("none", "ebh")])
def test_corrections_are_those_of_the_library(method: str) -> None:
    """One implementation: what a campaign uses is what everybody can use, and plain floats come out."""
    p = [0.02, 0.001, 0.5, 0.02]
    assert adjust(p, method) == ADJUSTMENTS[method](p)
    assert {type(value) for value in adjust(p, method)} == {float}
