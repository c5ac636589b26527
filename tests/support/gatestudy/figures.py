"""What the sessions of a kind come to: counts, and the bounds they give."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median, stdev

from scipy.special import betaincinv

from gatestudy.journal import Session
from gatestudy.kinds import Kind
from gatestudy.machine import QUIET

_LEVEL = 0.05


def upper_bound(count: int, n: int) -> float:
    """Return the exact one-sided 95 % upper bound of a share of which ``count`` in ``n`` were seen.

    Clopper & Pearson (1934): the share at which so few have probability .05.
    """
    if count == n:
        return 1.0
    return float(betaincinv(count + 1, n - count, 1.0 - _LEVEL))


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of the sessions of a kind are such."""

    count: int
    n: int

    @classmethod
    def of(cls, sessions: Sequence[Session], such: Callable[[Session], bool]) -> Tally:
        return cls(sum(such(session) for session in sessions), len(sessions))

    @property
    def upper(self) -> float:
        return upper_bound(self.count, self.n)

    def __str__(self) -> str:
        return f"{self.count} of {self.n}"


def finished(sessions: Iterable[Session], kind: str) -> list[Session]:
    """Return the sessions of a kind that came to an end, in their order."""
    mine = [session for session in sessions if session["kind"] == kind and "trouble" not in session]
    return sorted(mine, key=lambda session: session["index"])


def troubled(sessions: Iterable[Session], kind: str) -> int:
    """Return how many sessions of a kind ended without a result."""
    return sum(session["kind"] == kind and "trouble" in session for session in sessions)


def verdicts(session: Session, verdict: str) -> list[str]:
    """Return the benchmarks of a gate's session that have a verdict."""
    return sorted(name for name, line in session["lines"].items() if line["verdict"] == verdict)


def is_false_alarm(session: Session) -> bool:
    """Tell whether anything is REFUTED that is not slower."""
    return bool(set(verdicts(session, "REFUTED")) - {session["slow"]})


def is_found(session: Session) -> bool:
    """Tell whether the slower benchmark is REFUTED."""
    return session["slow"] in verdicts(session, "REFUTED")


def is_found_alone(session: Session) -> bool:
    """Tell whether the slower benchmark is the only REFUTED one."""
    return verdicts(session, "REFUTED") == [session["slow"]]


def is_undecided(session: Session) -> bool:
    """Tell whether any line is INCONCLUSIVE."""
    return bool(verdicts(session, "INCONCLUSIVE"))


def is_broken(session: Session) -> bool:
    """Tell whether any line is VOID or NOT TESTED."""
    return bool(verdicts(session, "VOID") + verdicts(session, "NOT TESTED"))


def fails(session: Session, field: str) -> bool:
    """Tell whether the peer's session fails because of a benchmark that is not slower."""
    return bool(set(session["failed"][field]) - {session["slow"]})


def finds(session: Session, field: str) -> bool:
    """Tell whether the peer's session fails because of the slower benchmark."""
    return session["slow"] in session["failed"][field]


def seconds(sessions: Sequence[Session]) -> str:
    """Return the middle of the sessions' seconds, and the longest."""
    if not sessions:
        return "-"
    found = [session["seconds"] for session in sessions]
    return f"{median(found):.1f} ({max(found):.1f})"


def unquiet(sessions: Sequence[Session]) -> int:
    """Return how many sessions began, or went on, while others used more than a quiet machine's share."""
    return sum(max(session["others_before"], session["others"]) > QUIET for session in sessions)


def pairs_taken(sessions: Sequence[Session]) -> float:
    """Return the mean number of pairs of a session's longest benchmark."""
    return fmean(max(line["n"] or 0 for line in session["lines"].values()) for session in sessions)


def log_ratios(sessions: Sequence[Session], name: str, *, slow: bool) -> list[float]:
    """Return the logs of a benchmark's pair ratios, of the sessions that slow it down, or of all others."""
    found = []
    for session in sessions:
        if (session["slow"] == name) is slow and name in session.get("pairs", {}):
            pairs = session["pairs"][name]
            found += [math.log(a / b) for a, b in zip(pairs["first"], pairs["second"], strict=True)]
    return found


def spread(values: Sequence[float]) -> float | None:
    """Return the standard deviation, where there are two values."""
    return stdev(values) if len(values) > 1 else None


def benchmarks(kind: Kind) -> list[str]:
    """Return the names of a kind's benchmarks."""
    return [benchmark.name for benchmark in kind.shape.benchmarks]
