"""Hypothesis strategies for claims, their observations, and the ways their trials may be cut."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from pytest_ophamin.claims.argument_checks import forbidden_character
from pytest_ophamin.claims.design import PLAIN, Check, Design
from pytest_ophamin.claims.metrics import Relation
from pytest_ophamin.claims.model import AutoTrials, Claim, ClaimId, DataSet, Digest, LawPlan

finite = st.floats(allow_nan=False, allow_infinity=False)
positive = st.floats(min_value=5e-324, allow_nan=False, allow_infinity=False)
lines = st.text(st.characters(codec="utf-8"), min_size=1).filter(
    lambda text: bool(text.strip()) and forbidden_character(text) is None
)
names = st.text(st.characters(codec="utf-8"), max_size=20)
"""Any text a document may hold, control characters included: a strategy's repr, a file's name."""

digests = st.text("0123456789abcdef", min_size=64, max_size=64).map(Digest)
data_sets = st.builds(DataSet, name=names, sha256=digests, size=st.integers(0, 2**53 - 1))
laws = st.builds(
    LawPlan,
    max_examples=st.integers(1, 10**9),
    phases=st.lists(names, max_size=3).map(tuple),
    strategy=names,
    deadline_ms=st.none() | positive,
    database=st.sampled_from(["none", "declared"]),
)


words = st.sampled_from(["user", "tier", "O.spc", "é.x", "a b", "\U0001f600"])
options = st.booleans() | st.integers(-(2**31), 2**31) | words | st.lists(finite, max_size=3).map(tuple)
designs = st.builds(
    Design,
    arms=st.none() | st.tuples(words, words),
    cluster=st.none() | words,
    strata=st.none() | words,
    factors=st.lists(words, max_size=3).map(tuple),
    block=st.none() | st.integers(2, 1000),
    resampled=st.none() | positive,
    sequential=st.booleans(),
    looks=st.lists(st.integers(1, 10**9), max_size=3).map(tuple),
    checks=st.lists(
        st.builds(
            Check,
            pillar=words,
            options=st.dictionaries(words, options, max_size=3).map(lambda found: tuple(sorted(found.items()))),
        ),
        max_size=2,
    ).map(tuple),
)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[float, float]:
    """Draw ``(lo, hi)`` with lo < hi."""
    lo, hi = sorted(draw(st.lists(finite, min_size=2, max_size=2, unique_by=lambda x: x + 0.0)))
    return lo, hi


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    """Draw a claim a lock may hold; the numbers need not make sense together, only survive."""
    relation = draw(st.sampled_from([Relation.AT_LEAST, Relation.AT_MOST, Relation.WITHIN, Relation.HOLDS]))
    is_law = relation is Relation.HOLDS
    threshold: Any = None
    if not is_law:
        threshold = draw(pairs() if relation is Relation.WITHIN else finite)
    optional = st.none() | lines
    return Claim(
        id=ClaimId(draw(lines)),
        test=draw(lines),
        statement=draw(lines),
        metric="law" if is_law else draw(st.sampled_from(["proportion", "mean", "p99.9", "ratio", "auc"])),
        relation=relation,
        threshold=threshold,
        margin=draw(st.floats(0, 1e9)),
        alpha=0.05,
        power=draw(st.floats(0.06, 0.99)),
        trials=0 if is_law else draw(st.integers(1, 2**32)),
        auto=draw(st.none() | st.builds(AutoTrials, m=st.integers(0, 10**6))),
        expecting=draw(st.none() | finite),
        expecting_sd=draw(st.none() | positive),
        unit=draw(optional),
        bounds=draw(st.none() | pairs()),
        of=draw(optional),
        errors=draw(st.sampled_from(["void", "against"])),
        population=draw(st.sampled_from([None, "this file"])),
        seed_policy=draw(st.sampled_from(["claim", "commit", "integer:7"])),
        family=draw(st.sampled_from(["campaign", "latency", "é.x"])),
        gate=draw(st.sampled_from([None, "safety"])),
        pillar=draw(optional),
        data=tuple(draw(st.lists(data_sets, max_size=2))),
        law=draw(laws) if is_law else None,
        design=PLAIN if is_law else draw(designs),
    )


numbers = st.one_of(
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.just(2**60),
    finite,
)
awkward = st.sampled_from([None, "x", float("nan"), 10**400, [1]])
"""What no claim can be decided on."""


@st.composite
def cuts(draw: st.DrawFn, n: int) -> list[tuple[int, int]]:
    """Draw a partition of range(n) into slices, in some order of arrival, some arriving twice."""
    inner = draw(st.lists(st.integers(1, n - 1), unique=True, max_size=5)) if n > 1 else []
    edges = [0, *sorted(inner), n]
    parts = list(pairwise(edges))
    again = draw(st.lists(st.sampled_from(parts), max_size=3))
    return draw(st.permutations(parts + again))


class Raises:
    """Stands in a list of observations for a trial that raises."""

    def __repr__(self) -> str:
        return "raises"


RAISES = Raises()


def observer(values: list[Any]) -> Callable[[int], object]:
    """Return the test function whose trial i gives ``values[i]``."""

    def observe(index: int) -> object:
        value = values[index]
        if isinstance(value, Raises):
            raise ValueError  # noqa: TRY004  # what the trial raises, not a check of a type
        return value

    return observe
