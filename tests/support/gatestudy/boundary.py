"""Recorded pairs, decided anew by the real pillar: every benchmark exactly at the limit, or slower by any factor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from gatestudy.journal import ROLES, Session
from pytest_ophamin.claims.gates import PAIRS_PER_BLOCK
from pytest_ophamin.comparing.replay import Pairs, Plan, decide_session, has
from pytest_ophamin.comparing.resampling import Draw
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.registry import PillarRegistry


def chained(sessions: Sequence[Session], pairs: int) -> Iterator[dict[str, Pairs]]:
    """Yield sessions of ``pairs`` pairs, each made of the recorded blocks of as many sessions in a row as it takes.

    A recorded session ends where it was decided, before its cap; no block is used twice.
    """
    names = sorted(set.intersection(*(set(session["pairs"]) for session in sessions))) if sessions else []
    held: dict[str, list[Pairs]] = {name: [] for name in names}
    for session in sessions:
        for name in names:
            held[name].append(_pairs(session["pairs"][name]))
        joined = {name: _join(found) for name, found in held.items()}
        if joined and all(found.n >= pairs for found in joined.values()):
            yield {name: found.take(np.arange(pairs)) for name, found in joined.items()}
            held = {name: [] for name in names}


def resampled(sessions: Sequence[Session], pairs: int, draws: int, seed: int) -> Iterator[dict[str, Pairs]]:
    """Yield sessions of ``pairs`` pairs whose blocks are drawn with replacement from all that were recorded.

    All sides of an A/A block run the same code, so their names are drawn too. Else the ratio of such sessions is not 1,
    but that of the recorded pairs, which a few sessions know no better than one of them does.
    """
    names = sorted(set.intersection(*(set(session["pairs"]) for session in sessions))) if sessions else []
    pool = {name: _join([_pairs(session["pairs"][name]) for session in sessions]) for name in names}
    generator = np.random.default_rng(seed)
    for _ in range(draws if names else 0):
        yield {name: _drawn(found, pairs, generator) for name, found in pool.items()}


def refuted(
    sessions: Iterable[dict[str, Pairs]], plan: Plan, factor: float, registry: PillarRegistry, *, one: bool = False
) -> tuple[int, int]:
    """Return how many sessions have a REFUTED line, and of how many.

    Args:
        sessions: Sessions of equal sides.
        plan: How each is decided.
        factor: How much slower the candidate is made.
        registry: The pillars.
        one: Whether it is made so in one benchmark of each session, in turn, or in all of them.
    """
    found = total = 0
    for index, session in enumerate(sessions):
        names = sorted(session)
        slower = {names[index % len(names)]} if one else set(names)
        slowed = {name: pairs.slowed(factor) if name in slower else pairs for name, pairs in session.items()}
        found += has(decide_session(slowed, plan, registry), Verdict.REFUTED)
        total += 1
    return found, total


def _drawn(recorded: Pairs, pairs: int, generator: np.random.Generator) -> Pairs:
    blocks = pairs // PAIRS_PER_BLOCK
    starts = generator.integers(recorded.n // PAIRS_PER_BLOCK, size=blocks) * PAIRS_PER_BLOCK
    roles = np.array([generator.permutation(len(ROLES)) for _ in range(blocks)])
    places = (starts[:, None] + np.arange(PAIRS_PER_BLOCK)).ravel()
    return Draw(places, np.repeat(roles, PAIRS_PER_BLOCK, axis=0).T).of(recorded)


def _pairs(recorded: Mapping[str, Sequence[float]]) -> Pairs:
    first, second, control = (np.array(recorded[role]) for role in ROLES)
    return Pairs(first=first, second=second, control=control)


def _join(found: Sequence[Pairs]) -> Pairs:
    first, second, control = (np.concatenate([getattr(pairs, role) for pairs in found]) for role in ROLES)
    return Pairs(first=first, second=second, control=control)
