"""``O.drift``: did the distribution of what the trials measure change while they ran?

Five methods, each with an error rate over the whole sample. ``ks`` compares the first part with the rest, exactly;
``psi`` too, binned, with the index's null distribution (or reorderings, where bins are small); ``cusum`` looks for one
change of the mean at an unknown place; ``adwin`` and ``page-hinkley`` are detectors without an error rate of their own
and are judged among reorderings of the same observations (:mod:`ophamin_pillars.diagnosing.reference`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ophamin_pillars.diagnosing.options import Asked, requested
from ophamin_pillars.diagnosing.pillars import DRIFT_METHODS, DriftPillar
from ophamin_pillars.diagnosing.series import read_of, series_of
from pytest_ophamin.pillars import Check, Claim, Finding, Sample

LEVEL = 0.01
LEAST_UNITS = 10
KS, PSI, CUSUM, ADWIN, PAGE_HINKLEY = DRIFT_METHODS
SPLIT_METHODS = (KS, PSI)


@dataclass(frozen=True, slots=True)
class DriftOptions:
    """What the author asked for."""

    of: str
    method: str
    split: float
    """Share of the first part where below 1, else its number of units."""
    bins: int
    void: bool
    level: float


def diagnose(claim: Claim, sample: Sample) -> Finding | None:
    """Return warn at the level; void at a tenth of it, where the author asked for that."""
    from ophamin_pillars.diagnosing.drifting import drift_of

    asked = read_drift(claim, requested(claim, DriftPillar.name))
    series = series_of(claim, sample, asked.of)
    if series is None:
        return None
    n = len(series.values)
    first = round(asked.split * n) if asked.split < 1.0 else int(asked.split)
    if n < LEAST_UNITS or (asked.method in SPLIT_METHODS and not 2 <= first <= n - 2):
        message = f"too few {series.unit}s to look for drift: {n}"
        return Finding(
            pillar=DriftPillar.name, method=f"drift-{asked.method}/1", status="ok", message=message, numbers={"n": n}
        )
    found = drift_of(series, asked, first)
    status: Literal["ok", "warn", "void"] = "warn" if found.p <= asked.level else "ok"
    if asked.void and found.p <= asked.level / 10.0:
        status = "void"
    verdict = "no drift found" if status == "ok" else "drift"
    numbers = {"p": found.p, "n": n, "at": found.at, **found.numbers}
    message = f"{verdict} ({found.told})"
    return Finding(
        pillar=DriftPillar.name, method=f"drift-{asked.method}/1", status=status, message=message, numbers=numbers
    )


def read_drift(claim: Claim, check: Check) -> DriftOptions:
    """Return the options.

    Raises:
        BadPlan: One of them is unknown, of another kind, or does not fit the claim.
    """
    asked = Asked(check)
    of = read_of(claim, asked)
    method = asked.choice("method", KS, DRIFT_METHODS)
    split = asked.number("split", 0.5, above=0.0)
    if asked.has("split") and method not in SPLIT_METHODS:
        asked.refuse("split", f"no split: the method {method!r} looks for the place itself", repr(split), "")
    if split >= 1.0 and not split.is_integer():
        asked.refuse("split", "a share below 1, or a whole number of trials", repr(split), "0.5")
    if split >= 1.0 and claim.trials and split > claim.trials - 2:
        asked.refuse("split", f"at most {claim.trials - 2} of {claim.trials} trials", repr(int(split)), "0.5")
    bins = asked.integer("bins", 10, least=2)
    if asked.has("bins") and method != PSI:
        asked.refuse("bins", f"no bins: the method {method!r} has none", repr(bins), "")
    void = asked.flag("void", default=False)
    level = asked.level(LEVEL)
    asked.finish()
    return DriftOptions(of, method, split, bins, void, level)
