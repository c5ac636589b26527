"""JUnit properties of a claim: what a `<testcase>` says beyond pass or fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ophamin.deciding.protocol import Assessment

if TYPE_CHECKING:
    from pytest_ophamin.deciding.outcome import Corrected, Outcome

PREFIX = "ophamin."


def junit_properties(outcome: Outcome, corrected: Corrected | None = None) -> list[tuple[str, str]]:
    """Return the claim's numbers as ``(name, text)`` pairs for one ``<testcase>``.

    Args:
        outcome: The claim and what became of it.
        corrected: Its place in the campaign's correction; None in a plain session, which has no adjusted values.

    Returns:
        Names start with ``ophamin.``; those of a stacked claim with ``ophamin.KEY:METRIC.``, since the claims of one
        function share a ``<testcase>``. An unbounded end or a missing number is left out. Numbers are written so that
        they read back as the same float.
    """
    claim, assessment = outcome.claim, outcome.assessment
    pairs: list[tuple[str, object]] = [
        ("claim", claim.id),
        ("verdict", outcome.verdict),
        ("status", outcome.registration.status),
    ]
    if corrected is not None:
        pairs.append(("corrected_verdict", corrected.verdict))
    if isinstance(assessment, Assessment) and outcome.is_decided:
        pairs.extend(_numbers(assessment))
        if corrected is not None:
            pairs.append(("p_validate_adjusted", corrected.p_validate))
            pairs.append(("p_refute_adjusted", corrected.p_refute))
    prefix = f"{PREFIX}{claim.of}:{claim.metric}." if outcome.siblings else PREFIX
    return [(prefix + name, str(value)) for name, value in pairs if value is not None]


def _numbers(assessment: Assessment) -> list[tuple[str, object]]:
    return [
        ("n", assessment.n),
        ("estimate", assessment.estimate),
        ("lower", assessment.lower),
        ("upper", assessment.upper),
        ("p_validate", assessment.p_validate),
        ("p_refute", assessment.p_refute),
        ("method", assessment.method),
        ("exact", "exact" if assessment.exact else "approximate"),
    ]
