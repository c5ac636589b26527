"""Claims and scenarios as frozen values: what was promised, before any data exists."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NewType

from pytest_ophamin.claims.design import PLAIN, Design
from pytest_ophamin.claims.gates import GATE_KINDS
from pytest_ophamin.claims.metrics import LAW, PAIRED_KINDS, Relation, metric_kind

ClaimId = NewType("ClaimId", str)
Digest = NewType("Digest", str)
"""A lower-case hexadecimal SHA-256."""

Threshold = float | tuple[float, float] | None
"""One number for ``at_least``/``at_most``, ``(lo, hi)`` for ``within``, None for a law."""

ERRORS_VOID = "void"
ERRORS_AGAINST = "against"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A pytest module that holds claims."""

    title: str
    tier: str | None = None
    goal: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """A declared input, hashed by its full content at collection."""

    name: str
    """Rootdir-relative path, ``<outside>/name``, or the qualified name of the callable that gave the bytes."""
    sha256: Digest
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LawPlan:
    """How a law is searched for a counterexample."""

    max_examples: int
    phases: tuple[str, ...]
    strategy: str
    """Text of the strategies, part of the digest."""
    deadline_ms: float | None
    database: str
    """``"none"``, or ``"declared"`` when the test's own settings name one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A falsifiable statement about one metric, complete enough to be decided without its author."""

    id: ClaimId
    test: str
    """Node id of the test at collection, rootdir-relative, before any xdist renaming."""
    statement: str
    metric: str
    relation: Relation
    threshold: Threshold
    margin: float = 0.0
    alpha: float = 0.05
    power: float = 0.90
    trials: int = 0
    """Declared number of trials n; 0 for a law."""
    auto: AutoTrials | None = None
    """How n was derived, when the claim said ``trials="auto"``."""
    expecting: float | None = None
    expecting_sd: float | None = None
    unit: str | None = None
    bounds: tuple[float, float] | None = None
    of: str | None = None
    """Key of the dict observation this claim is about."""
    errors: str = ERRORS_VOID
    population: str | None = None
    """Set to ``"this file"`` when items are drawn with replacement from a finite data set."""
    seed_policy: str = "claim"
    """``"claim"``, ``"commit"`` or ``"integer:N"``."""
    family: str = "campaign"
    gate: str | None = None
    """Family whose claims must all be VALIDATED before alpha is spent on this claim's family."""
    pillar: str | None = None
    """Name of the deciding pillar, when the author chose one."""
    data: tuple[DataSet, ...] = ()
    law: LawPlan | None = None
    design: Design = PLAIN
    versus: str | None = None
    """Of a benchmark gate: ``module:qualname`` of the callable it is compared with, instead of a baseline."""
    scenario: Scenario | None = None
    allocated: int = 1
    """Number of claims alpha was allocated among before the run: a claim that may stop early stops at ``alpha / m``.
    It stands in the plan of a record, not in the digest: it follows from the lock."""

    @property
    def kind(self) -> str:
        """Kind of the metric (``quantile`` for ``p99``)."""
        return metric_kind(self.metric)

    @property
    def is_law(self) -> bool:
        return self.kind == LAW

    @property
    def is_gate(self) -> bool:
        """Whether a trial is a pair of fresh processes that run a benchmark."""
        return self.kind in GATE_KINDS

    @property
    def question(self) -> str:
        """What a deciding pillar must be able to answer: the metric's kind, and the design after a ``+``."""
        return f"{self.kind}+{self.design.name}" if self.design.name else self.kind

    @property
    def is_paired(self) -> bool:
        """Whether one trial returns two numbers; with two arms it returns one, and the arms are compared."""
        return self.kind in PAIRED_KINDS and self.design.arms is None

    @property
    def stop_levels(self) -> tuple[float, float]:
        """Levels ``(a, b)`` at which a claim that may stop early does: its own, each divided by ``allocated``."""
        return self.validate_level / self.allocated, self.refute_level / self.allocated

    @property
    def validate_level(self) -> float:
        """Level a of the test that can end in VALIDATED."""
        return self.alpha

    @property
    def refute_level(self) -> float:
        """Level b of the test that can end in REFUTED: alpha without a margin, else 1 - power (DECIDING.md)."""
        return self.alpha if self.margin == 0.0 else _left_by(self.power)

    @property
    def limits(self) -> tuple[float, float]:
        """``(lo, hi)`` of a ``within`` claim."""
        if not isinstance(self.threshold, tuple):
            raise TypeError(f"claim {self.id!r} is {self.relation}, it has no two limits")
        return self.threshold

    @property
    def limit(self) -> float:
        """The single threshold of an ``at_least``/``at_most`` claim."""
        if not isinstance(self.threshold, float):
            raise TypeError(f"claim {self.id!r} is {self.relation}, it has no single threshold")
        return self.threshold


@lru_cache(maxsize=1024)
def _left_by(power: float) -> float:
    # 1 - 0.9 is 0.09999999999999998 in binary: the level an author means is the decimal one.
    return round(1.0 - power, 12)


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoTrials:
    """Record of how ``trials="auto"`` was resolved: frozen at registration."""

    m: int
    """Number of registered non-law claims in the family when n was derived (Bonferroni a/m)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimGroup:
    """All claims on one test function (one, or several stacked): they share one sample."""

    test: str
    claims: tuple[Claim, ...]
    digests: tuple[Digest, ...]
    """Digest of each claim, in the same order."""

    @property
    def trials(self) -> int:
        """Trials to run: the largest count any of the claims declares."""
        return max(claim.trials for claim in self.claims)

    @property
    def is_law(self) -> bool:
        return self.claims[0].is_law


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in a claim, told so that its author can mend it."""

    test: str
    argument: str
    expected: str
    came: str
    fix: str
    extra: dict[str, Any] = field(default_factory=dict)

    def describe(self) -> str:
        return f"{self.test}: {self.argument}: expected {self.expected}, came {self.came}. Write: {self.fix}"
