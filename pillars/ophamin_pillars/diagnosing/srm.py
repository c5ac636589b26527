"""``O.srm``: do the arms (strata, clusters, cells) hold the share of trials they were promised?

A gatekeeper (Fabijan et al. 2019, KDD "Diagnosing sample ratio mismatch"): where the assignment is broken nothing
computed from it means anything, so a failure makes the claim VOID. It is judged at a level of its own, .0005. A claim
that may stop early chooses when its trials are counted; it is judged by the e-process that allows that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars.diagnosing.options import Asked, requested
from ophamin_pillars.diagnosing.pillars import SrmPillar
from pytest_ophamin.pillars import ARM, Check, Claim, Finding, Sample

LEVEL = 0.0005
_MOST_TOLD = 8


@dataclass(frozen=True, slots=True)
class SrmOptions:
    """What the author asked for."""

    column: str
    codes: tuple[int, ...]
    ratio: tuple[float, ...]
    """Planned shares of the codes, on any scale."""
    level: float


@dataclass(frozen=True, slots=True)
class _Found:
    p: float
    chi_square: float
    method: str


def diagnose(claim: Claim, sample: Sample) -> Finding | None:
    """Return void when the counts contradict the planned shares."""
    asked = read_srm(claim, requested(claim, SrmPillar.name))
    codes = sample.columns[asked.column].values.astype(np.int64)
    places = np.searchsorted(asked.codes, codes)
    known = np.take(asked.codes, np.minimum(places, len(asked.codes) - 1)) == codes
    if not bool(known.all()):
        trial = int(np.argmin(known))
        message = f"sample ratio mismatch: trial {trial} has a code of {asked.column} that ratio= has no share for"
        return Finding(
            pillar=SrmPillar.name, method=SrmPillar.methods[0], status="void", message=message, numbers={"n": sample.n}
        )
    counts = np.bincount(places, minlength=len(asked.codes)).tolist()
    found = _judged(claim, places, counts, asked)
    return _finding(claim, asked, counts, found)


def read_srm(claim: Claim, check: Check) -> SrmOptions:
    """Return the options.

    Raises:
        BadPlan: One of them is unknown, of another kind, or does not fit the claim.
    """
    asked = Asked(check)
    columns = claim.design.columns
    if not columns:
        expected = "a claim whose trials are assigned to something: arms=, strata=, factors= or cluster="
        asked.refuse_claim(expected, "a plain claim", 'arms=("old", "new")')
    column = asked.column("column", ARM if ARM in columns else columns[0], columns)
    ratio = asked.numbers("ratio")
    if not ratio and column != ARM:
        asked.refuse("ratio", f"the planned share of each code of {column}", "nothing", "(1, 1)")
    if ratio and (len(ratio) < 2 or min(ratio) <= 0.0 or (column == ARM and len(ratio) != 2)):
        expected = "two shares above 0" if column == ARM else "two or more shares above 0"
        asked.refuse("ratio", expected, repr(ratio), "(1, 1)")
    shares = ratio or (1.0, 1.0)
    codes = tuple(int(code) for code in asked.numbers("codes")) or tuple(range(len(shares)))
    if len(codes) != len(shares) or len(set(codes)) != len(codes):
        asked.refuse("codes", f"{len(shares)} different codes, one for each share", repr(codes), "(0, 1)")
    level = asked.level(LEVEL)
    asked.finish()
    ordered = sorted(zip(codes, shares, strict=True))
    return SrmOptions(column, tuple(code for code, _ in ordered), tuple(share for _, share in ordered), level)


def _judged(claim: Claim, places: npt.NDArray[np.intp], counts: list[int], asked: SrmOptions) -> _Found:
    from ophamin_pillars.control.sample_ratio import check_sample_ratio
    from ophamin_pillars.control.sample_ratio_sequential import log_bayes_factors

    fixed = check_sample_ratio(counts, asked.ratio, level=asked.level)
    if not claim.design.can_stop_early:
        return _Found(fixed.p, fixed.chi_square, fixed.method)
    evidence = float(log_bayes_factors(places, asked.ratio).max())
    return _Found(float(np.exp(min(0.0, -evidence))), fixed.chi_square, "Dirichlet-multinomial e-process")


def _finding(claim: Claim, asked: SrmOptions, counts: list[int], found: _Found) -> Finding:
    failed = found.p <= asked.level
    arms = claim.design.arms
    names = list(arms) if asked.column == ARM and arms else [str(code) for code in asked.codes]
    planned = np.array(asked.ratio) / sum(asked.ratio) * sum(counts)
    told = [f"{name}: {k} ({e:.4g} planned)" for name, k, e in zip(names, counts, planned.tolist(), strict=True)]
    more = "" if len(told) <= _MOST_TOLD else f" and {len(told) - _MOST_TOLD} more"
    shown = f"{asked.column} {', '.join(told[:_MOST_TOLD])}{more} (p = {found.p:.2g}, {found.method})"
    return Finding(
        pillar=SrmPillar.name,
        method=SrmPillar.methods[0],
        status="void" if failed else "ok",
        message=f"sample ratio mismatch, the assignment is broken; {shown}" if failed else f"as planned; {shown}",
        numbers={
            "p": found.p,
            "chi_square": found.chi_square,
            "n": sum(counts),
            "least_count": min(counts),
            "greatest_count": max(counts),
        },
    )
