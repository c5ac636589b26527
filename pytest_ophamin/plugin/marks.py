"""``claim`` and ``scenario``: the two words an author of claims writes.

Both return ordinary pytest marks (``ophamin_claim``, ``ophamin_scenario``), so a suite may well have a ``claim`` marker
of its own. Nothing is checked here: every mistake is reported when the test is collected, all of a module together.

    >>> from pytest_ophamin import claim
    >>> claim("catches at least 90 % of spam", metric="proportion", at_least=0.90, trials=1000).name
    'ophamin_claim'
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Literal, ParamSpec

import pytest

from pytest_ophamin.claims.design import Option

P = ParamSpec("P")

DataSource = str | PathLike[str] | Callable[[], bytes]
"""A path (relative to the test's module) or a callable that returns the bytes a claim depends on."""


def _telling_later(function: Callable[P, pytest.MarkDecorator]) -> Callable[P, pytest.MarkDecorator]:
    """Take any arguments: one that does not exist, or is missing, is told at collection with all other mistakes.

    A TypeError here would stop the import of the module, and hide them.
    """
    accepted = inspect.signature(function).parameters
    first = next(iter(accepted))
    required = [name for name, parameter in accepted.items() if parameter.default is parameter.empty]

    @functools.wraps(function)
    def declare(*arguments: P.args, **named: P.kwargs) -> pytest.MarkDecorator:
        if len(arguments) == 1 and named.keys() <= accepted.keys() - {first} and named.keys() >= {*required[1:]}:
            return function(*arguments, **named)
        from pytest_ophamin.claims.argument_checks import MISSING  # a mistake

        unknown = [(f"argument {place}", value) for place, value in enumerate(arguments[1:], start=2)]
        unknown += [(name, value) for name, value in named.items() if name not in accepted]
        known: dict[str, object] = {name: value for name, value in named.items() if name in accepted}
        if arguments and known.setdefault(first, arguments[0]) is not arguments[0]:
            unknown.append(("argument 1", arguments[0]))
        mark = function(**{**dict.fromkeys(required, MISSING), **known})  # type: ignore[arg-type, call-arg]
        if not unknown:
            return mark
        declaration = dataclasses.replace(mark.args[0], unknown=tuple(unknown))
        bare: pytest.MarkDecorator = getattr(pytest.mark, mark.name)
        return bare.with_args(declaration)

    return declare


@_telling_later
def claim(
    statement: str,
    *,
    metric: str,
    at_least: float | None = None,
    at_most: float | None = None,
    within: tuple[float, float] | None = None,
    trials: int | Literal["auto"] | None = None,
    margin: float = 0.0,
    alpha: float | None = None,
    power: float | None = None,
    expecting: float | None = None,
    expecting_sd: float | None = None,
    unit: str | None = None,
    bounds: tuple[float, float] | None = None,
    of: str | None = None,
    errors: Literal["void", "against"] = "void",
    population: Literal["this file"] | None = None,
    seed: int | Literal["claim", "commit"] | None = None,
    family: str | None = None,
    gate: str | None = None,
    pillar: str | None = None,
    data: Sequence[DataSource] = (),
    id: str | None = None,  # noqa: A002  # the word users know from pytest.param(id=...)
    sequential: bool = False,
    looks: Sequence[int] = (),
    arms: tuple[str, str] | None = None,
    cluster: str | None = None,
    strata: str | None = None,
    factors: Sequence[str] = (),
    block: int | None = None,
    resampled: float | None = None,
    checks: Sequence[str] | Mapping[str, Mapping[str, Option]] = (),
    pairs: int | None = None,
    versus: Callable[..., object] | None = None,
) -> pytest.MarkDecorator:
    """Make a test a claim: its function becomes one trial, what it returns is one observation.

    Args:
        statement: The claim in words; it is printed, recorded and part of the digest.
        metric: ``"proportion"``, ``"mean"``, ``"median"``, ``"pNN"`` (``"p99.9"``), ``"difference"``, ``"ratio"`` (a
            trial returns a pair), ``"law"`` (a Hypothesis test), ``"time_ratio"`` (a benchmark, in fresh processes), or
            a metric a pillar brings.
        at_least: Threshold the metric is claimed to reach; exactly one of ``at_least``, ``at_most``, ``within``.
        at_most: Threshold the metric is claimed not to exceed.
        within: ``(lo, hi)``, an equivalence claim.
        trials: Number of trials n, or ``"auto"`` to derive it from ``expecting`` and ``power``.
        margin: What the author concedes (DECIDING.md): the validation test is against ``threshold - margin``
            (``+`` for ``at_most``). In the metric's unit; a probability for quantiles.
        alpha: Level of the validation test; one value per family. Default from ``--ophamin-alpha``, else 0.05.
        power: With a margin the refutation test has level ``1 - power``; also used by ``trials="auto"``. Default 0.90.
        expecting: Value the author expects, for planning; for quantiles the expected share on the claimed side.
        expecting_sd: Standard deviation expected, for planning claims about means, differences and ratios (of logs).
        unit: Unit of the observations, for people.
        bounds: ``(lo, hi)`` every observation (or difference) surely lies in; makes a mean exact.
        of: Key of a dict observation the claim is about; needed when claims are stacked on one function.
        errors: ``"void"``: an exception in a trial voids the claim. ``"against"``: it counts against the claim.
        population: ``"this file"`` when trials draw with replacement from a finite data set.
        seed: ``"claim"`` (default), ``"commit"`` or an integer. See "Seeds" in the documentation.
        family: Claims corrected together. Default: the scenario's, else the whole campaign.
        gate: Family that must be VALIDATED as a whole before alpha is spent on this claim's family; one per family.
        pillar: Name of the deciding pillar, when there is a choice.
        data: Data sets the claim depends on; their content is part of its digest.
        id: Identity of the claim across renames; default: the test's node id.
        sequential: Stop as soon as the claim is decided, in trial order; ``trials`` is then the cap.
        looks: Trial counts at which a group-sequential claim is looked at; the last is ``trials``.
        arms: Names of two independent arms; ``trial.arm`` says which one a trial belongs to.
        cluster: Key of the dict observation that holds an integer per cluster: the unit of replication.
        strata: Key of the dict observation that holds an integer per stratum.
        factors: Keys of the dict observation that hold the integer levels of a factorial design.
        block: Number of consecutive trials that form one unit of replication (for dependent trials).
        resampled: Test size over training size of resampled estimates, whose folds share training data.
        checks: Diagnosing pillars to ask, by name, or a mapping of names to their options.
        pairs: Of a benchmark gate (``"time_ratio"``, ``"memory_ratio"``, ``"time_median"``, ``"time_p99"``): the most
            pairs of fresh processes, an even number. Default from ``--ophamin-pairs``, else 30.
        versus: Of ``"time_ratio"`` and ``"memory_ratio"``: a callable that is benchmarked with the same arguments in
            place of the test's own, and compared with instead of a baseline.

    Returns:
        A mark to decorate a test function with. Several may be stacked on one function.
    """
    from pytest_ophamin.claims.declare import Declaration  # the first claim pays for what claims need

    declaration = Declaration(
        statement=statement,
        metric=metric,
        at_least=at_least,
        at_most=at_most,
        within=within,
        trials=trials,
        margin=margin,
        alpha=alpha,
        power=power,
        expecting=expecting,
        expecting_sd=expecting_sd,
        unit=unit,
        bounds=bounds,
        of=of,
        errors=errors,
        population=population,
        seed=seed,
        family=family,
        gate=gate,
        pillar=pillar,
        data=data,
        id=id,
        sequential=sequential,
        looks=looks,
        arms=arms,
        cluster=cluster,
        strata=strata,
        factors=factors,
        block=block,
        resampled=resampled,
        checks=checks,
        pairs=pairs,
        versus=versus,
    )
    return pytest.mark.ophamin_claim.with_args(declaration)


@_telling_later
def scenario(
    title: str,
    *,
    tier: str | None = None,
    family: str | None = None,
    gate: str | None = None,
    goal: str | None = None,
    data: Sequence[DataSource] = (),
) -> pytest.MarkDecorator:
    """Describe a module of claims, as its ``pytestmark``.

        >>> scenario("Spam filter on held-out mail", tier="engineering").name
        'ophamin_scenario'

    Args:
        title: What the module is about.
        tier: Free word for how much hangs on it (``"engineering"``, ``"research"``).
        family: Default family of the module's claims: claims of one family are corrected together.
        gate: The family that one waits for, see :func:`claim`.
        goal: What the claims are for, in a sentence.
        data: Data sets all the module's claims depend on.
    """
    from pytest_ophamin.claims.declare import ScenarioDeclaration

    declaration = ScenarioDeclaration(
        title=title,
        tier=tier,
        family=family,
        gate=gate,
        goal=goal,
        data=data,
    )
    return pytest.mark.ophamin_scenario.with_args(declaration)
