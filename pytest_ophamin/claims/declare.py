"""From what an author wrote in ``claim(...)`` to a :class:`Claim`, or to every mistake in it at once.

Nothing is checked where the decorator stands: a mistake belongs to its test and is reported when that is collected,
together with all others, each with the argument, what was expected, what came, and what to write.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from pytest_ophamin.claims.argument_checks import (
    LARGEST_TRIALS,
    Mistakes,
    as_integer,
    as_number,
    as_pair,
    check_text,
    check_unknown,
    harmless,
    shown,
)
from pytest_ophamin.claims.design_checks import read_design
from pytest_ophamin.claims.gate_checks import check_gate, gate_design, is_gate, read_pairs, versus_name
from pytest_ophamin.claims.gates import DEFAULT_PAIRS
from pytest_ophamin.claims.metrics import LAW, Relation
from pytest_ophamin.claims.model import (
    ERRORS_VOID,
    AutoTrials,
    Claim,
    ClaimId,
    DataSet,
    LawPlan,
    Problem,
    Scenario,
    Threshold,
)
from pytest_ophamin.claims.number_checks import AUTO, check_numbers
from pytest_ophamin.claims.together import check_group, check_session
from pytest_ophamin.claims.word_checks import check_family, check_metric, check_words

__all__ = [
    "AUTO",
    "Declaration",
    "Defaults",
    "ScenarioDeclaration",
    "check_declaration",
    "check_group",
    "check_scenario",
    "check_session",
]

LAW_ALPHA, LAW_POWER = 0.05, 0.90

_LARGEST_SEED = 10**18 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """The arguments of ``claim(...)`` exactly as given, of any type: nothing has been checked yet."""

    statement: Any
    metric: Any
    at_least: Any = None
    at_most: Any = None
    within: Any = None
    trials: Any = None
    margin: Any = 0.0
    alpha: Any = None
    power: Any = None
    expecting: Any = None
    expecting_sd: Any = None
    unit: Any = None
    bounds: Any = None
    of: Any = None
    errors: Any = ERRORS_VOID
    population: Any = None
    seed: Any = None
    family: Any = None
    gate: Any = None
    pillar: Any = None
    data: Any = ()
    id: Any = None
    arms: Any = None
    cluster: Any = None
    strata: Any = None
    factors: Any = ()
    block: Any = None
    resampled: Any = None
    sequential: Any = False
    looks: Any = ()
    checks: Any = ()
    pairs: Any = None
    versus: Any = None
    unknown: Any = ()
    """Pairs of name and value of arguments that do not exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioDeclaration:
    """The arguments of ``scenario(...)`` exactly as given."""

    title: Any
    tier: Any = None
    family: Any = None
    gate: Any = None
    goal: Any = None
    data: Any = ()
    unknown: Any = ()
    """As of :class:`Declaration`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What a claim that says nothing gets: from the command line, the ini file, or the project."""

    alpha: float = 0.05
    power: float = 0.90
    seed_policy: str = "claim"
    family: str = "campaign"
    pairs: int = DEFAULT_PAIRS


def check_declaration(
    declaration: Declaration,
    *,
    test: str,
    scenario: ScenarioDeclaration | None = None,
    defaults: Defaults | None = None,
    law: LawPlan | None = None,
    data: tuple[DataSet, ...] = (),
    known_metrics: frozenset[str] = frozenset(),
    stacked: bool = False,
) -> Claim | tuple[Problem, ...]:
    """Turn one declaration into a claim.

    Args:
        declaration: What the author wrote.
        test: Node id of the test at collection.
        scenario: The module's scenario, if it has one.
        defaults: Level, power, seed policy and family of claims that name none.
        law: How the test is searched, when it is a Hypothesis test.
        data: The hashed data sets of claim and scenario.
        known_metrics: Kinds the loaded pillars decide; the built-in ones are known without being named here.
        stacked: Whether the function carries several claims: the default id then tells them apart.

    Returns:
        The claim (``trials="auto"`` leaves ``trials=0`` and ``auto`` set, to be resolved later), or all problems.
    """
    mistakes = Mistakes(test)
    defaults = defaults or Defaults()
    # A callable answers harmless questions, and is asked none but whether it is one.
    asked = [field.name for field in fields(declaration) if field.name != "versus"]
    declaration = replace(declaration, **{name: harmless(getattr(declaration, name)) for name in asked})
    check_unknown(declaration.unknown, _accepted(Declaration), "claim", mistakes)
    check_metric(declaration.metric, law, known_metrics, mistakes)
    check_words(declaration, mistakes)
    mistakes.problems.extend(check_scenario(scenario, test=test))
    relation, threshold = _relation(declaration, mistakes)
    numbers = _Numbers.of(declaration, defaults, mistakes)
    check_numbers(declaration, relation, threshold, numbers, mistakes)
    seed_policy = _seed_policy(declaration.seed, defaults, mistakes)
    check_gate(declaration, mistakes)
    of, trials = declaration.of, numbers.trials
    if is_gate(declaration.metric):
        trials = read_pairs(declaration, defaults.pairs, mistakes)
        of, design = declaration.metric, gate_design(trials)  # several gates on one benchmark keep apart what they read
    else:
        design = read_design(declaration, mistakes)
    if mistakes.problems:
        return tuple(mistakes.problems)
    is_law = declaration.metric == LAW
    return Claim(
        id=_claim_id(declaration, test, stacked=stacked),
        test=test,
        statement=declaration.statement,
        metric=declaration.metric,
        relation=Relation.HOLDS if is_law else relation or Relation.HOLDS,
        threshold=None if is_law else threshold,
        margin=numbers.margin or 0.0,
        # A law has no p-value: another default level must not make it another claim.
        alpha=LAW_ALPHA if is_law else numbers.alpha or defaults.alpha,
        power=LAW_POWER if is_law else numbers.power or defaults.power,
        trials=0 if is_law else trials or 0,
        auto=AutoTrials(m=0) if _is_auto(declaration.trials) else None,
        expecting=numbers.expecting,
        expecting_sd=numbers.expecting_sd,
        unit=declaration.unit,
        bounds=numbers.bounds,
        of=of,
        errors=declaration.errors,
        population=declaration.population,
        seed_policy=seed_policy,
        family=_family(declaration, scenario, defaults),
        gate=None if is_law else _gate(declaration, scenario),
        pillar=declaration.pillar,
        data=tuple(sorted(set(data), key=lambda each: (each.name, each.sha256))),
        law=law if is_law else None,
        design=design,
        versus=versus_name(declaration.versus),
        scenario=None if scenario is None else Scenario(title=scenario.title, tier=scenario.tier, goal=scenario.goal),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Numbers:
    """The numeric arguments as plain floats; None where not given or not a number (then a mistake is noted)."""

    margin: float | None
    alpha: float | None
    power: float | None
    expecting: float | None
    expecting_sd: float | None
    bounds: tuple[float, float] | None
    trials: int | None

    @classmethod
    def of(cls, declaration: Declaration, defaults: Defaults, mistakes: Mistakes) -> _Numbers:
        def number(name: str, default: float | None = None) -> float | None:
            given = getattr(declaration, name)
            return default if given is None else as_number(name, given, mistakes)

        trials = declaration.trials
        takes_integer = trials is not None and not _is_auto(trials)
        return cls(
            margin=number("margin", 0.0),
            alpha=number("alpha", defaults.alpha),
            power=number("power", defaults.power),
            expecting=number("expecting"),
            expecting_sd=number("expecting_sd"),
            bounds=None if declaration.bounds is None else as_pair("bounds", declaration.bounds, mistakes),
            trials=as_integer("trials", trials, 1, LARGEST_TRIALS, mistakes) if takes_integer else None,
        )


def _is_auto(trials: object) -> bool:
    return isinstance(trials, str) and trials == AUTO


def _relation(declaration: Declaration, mistakes: Mistakes) -> tuple[Relation | None, Threshold]:
    """Return the one relation given and its threshold; a law has none."""
    given = {
        relation: value
        for relation in (Relation.AT_LEAST, Relation.AT_MOST, Relation.WITHIN)
        if (value := getattr(declaration, relation.value)) is not None
    }
    if declaration.metric == LAW:
        for relation, value in given.items():
            mistakes.useless(relation.value, "a law, which holds or has a counterexample", value)
        return Relation.HOLDS, None
    if len(given) != 1:
        came = " and ".join(relation.value for relation in given) or "none of them"
        mistakes.add("at_least, at_most, within", "exactly one of them", came, "at_least=<threshold>")
        for relation, value in given.items():  # the other mistakes of each are told too
            _threshold(relation, value, mistakes)
        return None, None
    ((relation, value),) = given.items()
    return relation, _threshold(relation, value, mistakes)


def _threshold(relation: Relation, value: object, mistakes: Mistakes) -> Threshold:
    if relation is Relation.WITHIN:
        return as_pair(relation.value, value, mistakes)
    return as_number(relation.value, value, mistakes)


def _seed_policy(seed: object, defaults: Defaults, mistakes: Mistakes) -> str:
    if seed is None:
        return defaults.seed_policy
    if isinstance(seed, str) and seed in ("claim", "commit"):
        return seed
    if isinstance(seed, int) and not isinstance(seed, bool) and 0 <= seed <= _LARGEST_SEED:
        return f"integer:{int(seed)}"
    mistakes.add(
        "seed", '"claim", "commit", or an integer from 0 to 10^18 - 1', shown(seed), 'seed="claim", or leave it out'
    )
    return defaults.seed_policy


def check_scenario(scenario: ScenarioDeclaration | None, *, test: str) -> tuple[Problem, ...]:
    """Return every mistake in the arguments of ``scenario(...)``, as told of ``test``."""
    mistakes = Mistakes(test)
    if scenario is None:
        return ()
    scenario = replace(scenario, **{field.name: harmless(getattr(scenario, field.name)) for field in fields(scenario)})
    check_unknown(scenario.unknown, _accepted(ScenarioDeclaration), "scenario", mistakes)
    check_text("scenario title", scenario.title, mistakes, 'scenario("Spam filter on held-out mail")')
    for name in ("tier", "goal"):
        value = getattr(scenario, name)
        if value is not None:
            check_text(f"scenario {name}", value, mistakes, f'{name}="..."')
    for name in ("family", "gate"):
        if getattr(scenario, name) is not None:
            check_family(getattr(scenario, name), mistakes, argument=f"scenario {name}")
    if not isinstance(scenario.data, (tuple, list)):
        mistakes.add("scenario data", "a tuple of paths or callables", shown(scenario.data), 'data=("corpus.json",)')
    return tuple(mistakes.problems)


def _accepted(declaration: type[Declaration | ScenarioDeclaration]) -> set[str]:
    return {field.name for field in fields(declaration)} - {"unknown"}


def _family(declaration: Declaration, scenario: ScenarioDeclaration | None, defaults: Defaults) -> str:
    if declaration.family is not None:
        return str(declaration.family)
    if scenario is not None and scenario.family is not None:
        return str(scenario.family)
    return defaults.family


def _gate(declaration: Declaration, scenario: ScenarioDeclaration | None) -> str | None:
    """Return the claim's own gate; the scenario's belongs to the scenario's family."""
    if declaration.gate is not None:
        return str(declaration.gate)
    if scenario is None or scenario.gate is None or declaration.family not in (None, scenario.family):
        return None
    return str(scenario.gate)


def _claim_id(declaration: Declaration, test: str, *, stacked: bool) -> ClaimId:
    if declaration.id is not None:
        return ClaimId(declaration.id)
    if not stacked:
        return ClaimId(test)
    key = "" if is_gate(declaration.metric) else f"{declaration.of}:"
    return ClaimId(f"{test}|{key}{declaration.metric}")
