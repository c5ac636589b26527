"""Error rates of a deciding pillar at the boundaries of a claim, and its interval against its verdict."""

from __future__ import annotations

from pytest_ophamin.claims.metrics import Relation
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.protocol import Assessment, BadSample, DecidingPillar
from pytest_ophamin.deciding.sides import minus, plus
from pytest_ophamin.deciding.verdict import judge
from pytest_ophamin.testing._answers import assess
from pytest_ophamin.testing._examples import Draw
from pytest_ophamin.testing._rates import APPROXIMATE, Boundary, generator, most_allowed
from pytest_ophamin.testing._watch import complain


def boundaries_of(claim: Claim) -> tuple[Boundary, ...]:
    """Return where VALIDATED and REFUTED are errors, just."""
    a, b, d = claim.validate_level, claim.refute_level, claim.margin
    if claim.relation is Relation.HOLDS:
        return ()
    if claim.relation is Relation.WITHIN:
        return tuple(
            Boundary(metric=limit, verdict=verdict, level=level, name=f"{name} limit")
            for name, limit in zip(("lower", "upper"), claim.limits, strict=True)
            for verdict, level in (("VALIDATED", a), ("REFUTED", b))
        )
    conceded = minus(claim.limit, d) if claim.relation is Relation.AT_LEAST else plus(claim.limit, d)
    refuted = Boundary(metric=claim.limit, verdict="REFUTED", level=b, name="threshold")
    if claim.kind == "quantile" and d:
        return (refuted,)  # its margin is one of probability: no value of the metric is the other boundary
    name = "threshold less margin" if d else "threshold"
    return (Boundary(metric=conceded, verdict="VALIDATED", level=a, name=name), refuted)


def check_rate(
    pillar: DecidingPillar, claim: Claim, draw: Draw, boundary: Boundary, *, runs: int, seed: int, place: int
) -> None:
    errors, exact = 0, True
    for run in range(runs):
        try:
            assessed = assess(pillar, claim, draw(generator(seed, 2, place, run), boundary.metric))
        except BadSample as bad:
            complain(pillar, f"answers to samples drawn at {boundary.metric:g}", f"BadSample: {bad}")
        if not isinstance(assessed, Assessment):
            complain(pillar, "an Assessment", type(assessed).__name__)
        exact = exact and assessed.exact
        verdict, _ = judge(claim, assessed.p_validate, assessed.p_refute, assessed.reason)
        errors += verdict.value == boundary.verdict
        _check_interval(pillar, claim, assessed, verdict)
    allowed = most_allowed(runs, boundary.level if exact else APPROXIMATE * boundary.level)
    if errors > allowed:
        word = "exact" if exact else f"approximate, so {APPROXIMATE:g} times"
        complain(
            pillar,
            f"at most {allowed} false {boundary.verdict} in {runs} claims at the {boundary.name} {boundary.metric:g} "
            f"({word} level {boundary.level:g})",
            f"{errors}",
        )


def _check_interval(pillar: DecidingPillar, claim: Claim, assessed: Assessment, verdict: Verdict) -> None:
    """The bounds invert the tests: a bound lies beyond the threshold where, and only where, its test rejects."""
    if claim.margin > 0.0 or claim.relation is Relation.WITHIN or claim.design.can_stop_early or assessed.reason:
        return
    slack = 1e-6 * (1.0 + abs(claim.limit))
    validates = "lower" if claim.relation is Relation.AT_LEAST else "upper"
    refutes = "upper" if validates == "lower" else "lower"
    for name, word in ((validates, Verdict.VALIDATED), (refutes, Verdict.REFUTED)):
        bound = assessed.lower if name == "lower" else assessed.upper
        beyond = None if bound is None else (bound - claim.limit if name == "lower" else claim.limit - bound)
        if verdict is word and (beyond is None or beyond < -slack):
            complain(pillar, f"a {name} bound beyond {claim.limit:g} of a {word} claim", f"{bound}")
        if verdict is Verdict.INCONCLUSIVE and beyond is not None and beyond > slack:
            complain(pillar, f"a {name} bound short of {claim.limit:g} where the claim is {verdict}", f"{bound}")
