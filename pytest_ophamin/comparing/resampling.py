"""What recorded A/A pairs say about sessions: blocks drawn anew, decided as a session decides them.

All three sides of an A/A block run the same program, so which of them is called the candidate is drawn anew too. One
draw of blocks serves every benchmark: what disturbed one process disturbed all it ran.

Blocks that were not measured cannot be drawn: a busier hour than the one recorded is not in the answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pytest_ophamin.claims.gates import PAIRS_PER_BLOCK
from pytest_ophamin.comparing.replay import Line, Pairs, Plan, control_problem, decide_session, has, refutes
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.registry import PillarRegistry

SESSIONS = 200
"""Sessions that are drawn for rates."""
POWER_SESSIONS = 100
"""Sessions that are drawn for each slowdown tried."""
POWER = 0.9
_SEED = 20_130_623
_PERCENTS = 100
"""Slowdowns are tried in steps of one percent of the baseline, up to so many above the threshold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkFigures:
    """What is known of one benchmark."""

    test: str
    seconds: float
    """Of one call: the middle of the processes' low statistics."""
    sd: float
    """Standard deviation of the logs of pair ratios."""
    control: float
    """Geometric mean of control over candidate, as measured."""
    problem: str | None
    """What the control's test says of all pairs, where it says that nothing could be decided."""
    refuted: float
    """Share of sessions in which it is REFUTED, falsely."""
    inconclusive: float
    pairs: float
    """Mean number of pairs until it is decided."""
    detectable: float | None
    """The least ratio that is REFUTED with 90 % power; None where twice the threshold is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFigures:
    """What is known of a session of all benchmarks, corrected together."""

    sessions: int
    """Drawn."""
    false_alarms: int
    """Sessions with any REFUTED line."""
    inconclusive: int
    """Sessions with any INCONCLUSIVE line, and none REFUTED."""
    pairs: float
    """Mean number of pairs of the benchmark that took the most."""
    benchmarks: tuple[BenchmarkFigures, ...]


def assess_pairs(
    recorded: Mapping[str, Pairs],
    plan: Plan,
    registry: PillarRegistry,
    *,
    tell: Callable[[str], None] = lambda _: None,
) -> SessionFigures:
    """Return what sessions of such pairs would say.

    Args:
        recorded: A/A pairs by benchmark, at least one whole block, equally many of each.
        plan: How a session decides.
        registry: The pillars.
        tell: Called with what is being done.
    """
    tell("deciding sessions drawn from the recorded blocks")
    draws = draw_blocks(min(pairs.n for pairs in recorded.values()), plan.pairs, SESSIONS)
    decided = [
        decide_session({test: draw.of(pairs) for test, pairs in recorded.items()}, plan, registry) for draw in draws
    ]
    gate, benchmarks = _Gate(plan, len(recorded), registry), []
    for place, (test, pairs) in enumerate(recorded.items(), start=1):
        tell(f"power of {test} ({place} of {len(recorded)})")
        lines = [session[test] for session in decided]
        benchmarks.append(_figures(test, pairs, lines, draws[:POWER_SESSIONS], gate))
    alarms = [has(session, Verdict.REFUTED) for session in decided]
    undecided = [has(session, Verdict.INCONCLUSIVE) for session in decided]
    return SessionFigures(
        sessions=len(decided),
        false_alarms=sum(alarms),
        inconclusive=sum(open_ and not alarm for open_, alarm in zip(undecided, alarms, strict=True)),
        pairs=_mean([max(line.pairs for line in session.values()) for session in decided]),
        benchmarks=tuple(benchmarks),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """Blocks of one session, and what each of their sides is called."""

    places: npt.NDArray[np.intp]
    """Pairs, shape (cap,)."""
    roles: npt.NDArray[np.intp]
    """Which of the recorded sides each of the three is, shape (3, cap)."""

    def of(self, pairs: Pairs) -> Pairs:
        """Return the pairs drawn from ``pairs``."""
        recorded = np.stack([pairs.first, pairs.second, pairs.control])
        first, second, control = recorded[self.roles, self.places]
        return Pairs(first=first, second=second, control=control)


def draw_blocks(n: int, cap: int, sessions: int) -> list[Draw]:
    """Draw sessions of ``cap`` pairs from the whole blocks among ``n`` recorded ones; the same every time."""
    generator = np.random.default_rng(_SEED)
    draws = []
    for _ in range(sessions):
        starts = PAIRS_PER_BLOCK * generator.integers(n // PAIRS_PER_BLOCK, size=-(-cap // PAIRS_PER_BLOCK))
        roles = np.array([generator.permutation(3) for _ in starts])
        places = (starts[:, None] + np.arange(PAIRS_PER_BLOCK)).ravel()[:cap]
        draws.append(Draw(places, np.repeat(roles, PAIRS_PER_BLOCK, axis=0).T[:, :cap]))
    return draws


@dataclass(frozen=True, slots=True)
class _Gate:
    """How one benchmark of a session is decided."""

    plan: Plan
    m: int
    """Benchmarks of the session."""
    registry: PillarRegistry

    def control_problem(self, pairs: Pairs) -> str | None:
        return control_problem(pairs, self.plan, self.m, self.registry)

    def finds(self, drawn: Sequence[Pairs], factor: float) -> bool:
        """Tell whether a candidate that takes ``factor`` times as long is REFUTED often enough."""
        found = sum(refutes(pairs.slowed(factor), self.plan, self.m, self.registry) for pairs in drawn)
        return found >= POWER * len(drawn)

    def detectable(self, drawn: Sequence[Pairs]) -> float | None:
        """Return the least slowdown tried that is found often enough: finding grows with the slowdown, so halve."""
        factors = [self.plan.threshold + percents / 100.0 for percents in range(_PERCENTS + 1)]
        if not self.finds(drawn, factors[-1]):
            return None
        low, high = 0, _PERCENTS
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.finds(drawn, factors[middle]) else (middle, high)
        return factors[high]


def _figures(test: str, pairs: Pairs, lines: Sequence[Line], draws: Sequence[Draw], gate: _Gate) -> BenchmarkFigures:
    logs = np.log(pairs.first / pairs.second)
    return BenchmarkFigures(
        test=test,
        seconds=float(np.median(np.concatenate([pairs.first, pairs.second, pairs.control]))),
        sd=float(np.std(logs, ddof=1)),
        control=math.exp(float(np.mean(np.log(pairs.control / pairs.first)))),
        problem=gate.control_problem(pairs),
        refuted=_mean([line.verdict is Verdict.REFUTED for line in lines]),
        inconclusive=_mean([line.verdict is Verdict.INCONCLUSIVE for line in lines]),
        pairs=_mean([line.pairs for line in lines]),
        detectable=gate.detectable([draw.of(pairs) for draw in draws]),
    )


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
