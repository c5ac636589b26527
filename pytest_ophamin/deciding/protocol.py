"""The door between Ophamin and a statistical method: what a pillar receives and what it answers.

A pillar receives frozen values (:class:`Claim`, :class:`Sample`) and returns frozen values. It decides nothing about
levels: it reports p-values, and :mod:`pytest_ophamin.deciding.verdict` compares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from pytest_ophamin.claims.model import Claim
from pytest_ophamin.trials.sample import Sample

if TYPE_CHECKING:
    from pytest_ophamin.deciding.series import Series, Synthesis  # it holds assessments, so it imports this module


class BadSample(Exception):
    """A sample the method cannot take (an observation outside its bounds, a pair that is not positive).

    It makes the claim VOID. ``message`` must not quote the observation: it enters a signed record.
    """

    def __init__(self, message: str, *, trial: int | None = None) -> None:
        super().__init__(message, trial)
        self.message = message
        self.trial = trial

    def __str__(self) -> str:
        return self.message if self.trial is None else f"trial {self.trial}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """How a claim that may stop early went, at some trial counts: enough to draw it."""

    at: tuple[int, ...]
    """Trial counts, rising; the last is the one the claim stopped at."""
    lower: tuple[float | None, ...]
    """Lower ends of the confidence sequence; None where there is none yet."""
    upper: tuple[float | None, ...]
    log_validate: tuple[float, ...]
    """Logarithm of the evidence for VALIDATED: of the e-process, or of the likelihood ratio; not its maximum."""
    log_refute: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What a deciding pillar says about a sample."""

    method: str
    """Method id with its version, ``"clopper-pearson/1"``; bumped when its numbers change."""
    exact: bool
    conditions: str | None = None
    """For an approximate method: the conditions within which its error rate was measured."""
    null_validate: str
    """The null hypothesis p_validate tests, in words: ``"proportion <= 0.9"``."""
    null_refute: str
    n: int
    estimate: float | None
    lower: float | None
    """One-sided bound at its side's level (which level belongs to which side: DECIDING.md); None when unbounded."""
    upper: float | None
    p_validate: float
    p_refute: float
    effect: float | None = None
    """Distance of the estimate from the threshold, in the metric's unit, positive on the claimed side."""
    spread: float | None = None
    """Standard deviation of the decision variable, where the method uses one."""
    needed: int | None = None
    """Least n at which a sample with the same estimate (and spread) would decide; None: on the boundary."""
    reason: str | None = None
    """Why nothing could be decided whatever the p-values (zero variance)."""
    log_e_validate: float | None = None
    """Logarithm of the stopped e-value of the validation test, where the method is an e-process (for e-BH)."""
    log_e_refute: float | None = None
    sequence: Sequence | None = None
    """Of a claim that may stop early."""
    libraries: Mapping[str, str] = field(default_factory=dict)
    """Versions of the numerical libraries used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchAssessment:
    """What a pillar says about a law's search: there is no p-value, and no place in a correction."""

    method: str
    outcome: Literal["corroborated", "refuted", "inconclusive"]
    summary: str
    """``"no counterexample in 100 valid examples"``."""
    libraries: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a diagnosing pillar says about a sample."""

    pillar: str
    method: str
    status: Literal["ok", "warn", "void"]
    message: str
    numbers: Mapping[str, float | int | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a deciding pillar knows before any data exists."""

    n: int
    least_n: int
    """Least n at which some sample could be VALIDATED at the given level; n below it is an error at collection."""
    power: float | None = None
    """P(VALIDATED) when the metric is ``expecting``; None when ``expecting`` (or a spread it needs) is not given."""
    detectable: float | None = None
    """Metric value nearest to the threshold that reaches ``claim.power``; None when it cannot be computed."""
    note: str | None = None


@runtime_checkable
class DecidingPillar(Protocol):
    """A method that decides claims about the metric kinds it names."""

    @property
    def name(self) -> str: ...
    @property
    def metrics(self) -> frozenset[str]:
        """Kinds it decides (:func:`metric_kind`): ``{"proportion"}``, ``{"quantile"}``, or a metric of its own."""
        ...

    def decide(self, claim: Claim, evidence: Any, /) -> Assessment | SearchAssessment:  # noqa: ANN401
        """Assess ``evidence``: a Sample, or a Search for a law (an implementation annotates the one it takes)."""
        ...

    def plan(self, claim: Claim, /, *, level: float) -> Plan:
        """Plan ``claim`` when its validation test is run at ``level`` (alpha, or alpha / m after correction)."""
        ...


@runtime_checkable
class SequentialPillar(Protocol):
    """A deciding pillar whose claims may stop early (questions that end in ``+sequential`` or ``+looks``)."""

    def stop(self, claim: Claim, sample: Sample, /) -> int | None:
        """Return after how many of the sample's trials the claim is decided at ``claim.stop_levels``, or None.

        ``sample`` holds the first trials, at most ``claim.trials``. The answer is a function of the trials up to it
        alone: a longer sample gives the same. At the cap None and the cap mean the same. Raise :class:`BadSample` with
        the trial of an observation the method cannot take: the trials before it are then asked about alone.
        """
        ...


@runtime_checkable
class DiagnosingPillar(Protocol):
    """A method that looks for a reason not to believe a sample.

    With an attribute ``on_request = True`` it is asked only where a claim names it in ``checks=``; it may then have a
    method ``check_options(claim, check)`` that raises :class:`BadPlan` at collection.
    """

    @property
    def name(self) -> str: ...

    def diagnose(self, claim: Claim, sample: Sample, /) -> Finding | None:
        """Return a finding, or None when the pillar does not apply to this claim. Must not raise on finite data."""
        ...


@runtime_checkable
class SynthesisingPillar(Protocol):
    """A method that looks at the proofs of one claim over several campaigns; it changes none of their verdicts.

    It may have the name of a diagnosing pillar: one method, asked about a sample and about a series (``O.spc``).
    """

    @property
    def name(self) -> str: ...

    def synthesise(self, series: Series, /) -> Synthesis:
        """Return what the series says, or why it says nothing. Must not raise, however short the series is."""
        ...


Pillar = DecidingPillar | DiagnosingPillar | SynthesisingPillar


class BadPlan(Exception):
    """A claim the method cannot decide whatever the data (a threshold on its bounds): an error at collection.

    The twin of :class:`BadSample`, before any data exists.
    """

    def __init__(self, *, argument: str, expected: str, came: str, fix: str) -> None:
        self.argument = argument
        self.expected = expected
        self.came = came
        self.fix = fix
        super().__init__(argument, expected, came, fix)

    def __reduce__(self) -> tuple[Any, ...]:
        return _bad_plan, (self.argument, self.expected, self.came, self.fix)

    def __str__(self) -> str:
        return f"{self.argument}: expected {self.expected}, came {self.came}. Write: {self.fix}"


def _bad_plan(argument: str, expected: str, came: str, fix: str) -> BadPlan:
    return BadPlan(argument=argument, expected=expected, came=came, fix=fix)


@runtime_checkable
class SizingPillar(Protocol):
    """A deciding pillar that knows by itself how many trials a claim needs (optional; else plans are searched)."""

    def size(self, claim: Claim, /, *, level: float) -> int | None:
        """Return the least n from which the power at ``claim.expecting`` never drops below ``claim.power``, or None."""
        ...
