"""Every mistake in a claim is found, all at once, each with what to write instead."""

from __future__ import annotations

import dataclasses
import re
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from claimed import LAW, TEST, declared, law_claim, problems_of

from pytest_ophamin.claims.declare import Declaration, Defaults, ScenarioDeclaration, check_declaration
from pytest_ophamin.claims.metrics import Relation
from pytest_ophamin.claims.model import Claim, DataSet, Digest, Problem, Scenario

NONE_GIVEN: dict[str, Any] = {"at_least": None}


def one_problem(argument: str, **arguments: Any) -> Problem:
    """Return the only problem of a claim; it must be about ``argument``."""
    problems = problems_of(**arguments)
    assert [problem.argument for problem in problems] == [argument], [problem.describe() for problem in problems]
    return problems[0]


class Awkward:
    """Like an array, or worse: nothing may be asked of it."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise ValueError("ambiguous")

    def __bool__(self) -> bool:
        raise ValueError("ambiguous")

    def __repr__(self) -> str:
        raise ValueError("none")


@pytest.mark.parametrize(
    "argument", [field.name for field in dataclasses.fields(Declaration) if field.name != "unknown"]
)
def test_a_value_of_any_type_is_a_mistake_and_no_crash(argument: str) -> None:
    """Whatever an author passes for whatever argument, a problem is told of it; nothing is raised."""
    bases: list[dict[str, Any]] = [{}, {"metric": "law"}, {"metric": "effect:a", "factors": ("a",)}]
    for base in bases:
        for value in (np.array([1, 2]), np.array([]), Awkward(), Decimal("sNaN")):
            told = {problem.argument.partition("[")[0] for problem in problems_of(**{**base, argument: value})}
            assert argument in told or (argument in {"at_most", "within"} and told), (base, value)


def test_a_claim_without_mistakes_keeps_what_was_written() -> None:
    """Numbers become floats, the id is the node id, and the rest is as given or by default."""
    claim = declared(at_least=1, metric="mean", bounds=(0, 2), unit="ms", of="latency", trials=7)
    assert (claim.id, claim.test) == (TEST, TEST)
    assert (claim.relation, claim.threshold, claim.bounds) == (Relation.AT_LEAST, 1.0, (0.0, 2.0))
    assert type(claim.threshold) is float
    assert (claim.trials, claim.alpha, claim.power, claim.seed_policy) == (7, 0.05, 0.9, "claim")
    assert (claim.family, claim.errors, claim.unit, claim.of) == ("campaign", "void", "ms", "latency")


def test_defaults_fill_what_the_claim_does_not_say() -> None:
    """Level, power, seed policy and family come from the options; the claim's own words win."""
    defaults = Defaults(alpha=0.01, power=0.8, seed_policy="integer:7", family="all")
    silent = Declaration(statement="s", metric="proportion", at_least=0.5, trials=5)
    claim = check_declaration(silent, test=TEST, defaults=defaults)
    assert isinstance(claim, Claim)
    assert (claim.alpha, claim.power, claim.seed_policy, claim.family) == (0.01, 0.8, "integer:7", "all")
    spoken = dataclasses.replace(silent, alpha=0.02, power=0.7, seed="commit", family="own")
    claim = check_declaration(spoken, test=TEST, defaults=defaults)
    assert isinstance(claim, Claim)
    assert (claim.alpha, claim.power, claim.seed_policy, claim.family) == (0.02, 0.7, "commit", "own")


def test_scenario_gives_family_and_is_kept() -> None:
    """A scenario's family is the default of its claims, and tier and goal travel with the claim."""
    scenario = ScenarioDeclaration(title="Spam", tier="engineering", family="filter", goal="less spam")
    declaration = Declaration(statement="s", metric="proportion", at_least=0.5, trials=5)
    claim = check_declaration(declaration, test=TEST, scenario=scenario)
    assert isinstance(claim, Claim)
    assert claim.family == "filter"
    assert claim.scenario == Scenario(title="Spam", tier="engineering", goal="less spam")


def test_data_sets_are_sorted_and_counted_once() -> None:
    """The order in which data sets are named changes no plan, nor does naming one twice."""
    a, b = (DataSet(name=name, sha256=Digest("0" * 64), size=1) for name in "ab")
    declaration = Declaration(statement="s", metric="proportion", at_least=0.5, trials=5)
    claim = check_declaration(declaration, test=TEST, data=(b, a, b))
    assert isinstance(claim, Claim)
    assert claim.data == (a, b)


def test_a_stacked_claim_is_told_apart_by_key_and_metric() -> None:
    """Without an id a stacked claim is NODEID|of:metric, a lone one about a key just the node id."""
    assert declared(of="latency", stacked=True).id == f"{TEST}|latency:proportion"
    assert declared(of="latency").id == TEST
    assert declared(of="latency", stacked=True, id="spam.recall").id == "spam.recall"


def test_auto_trials_wait_to_be_resolved() -> None:
    """trials="auto" leaves the number to planning, and says so in the claim."""
    claim = declared(trials="auto", expecting=0.95)
    assert claim.trials == 0
    assert claim.auto is not None
    assert claim.auto.m == 0


def test_a_law_has_no_threshold_trials_or_level_of_its_own() -> None:
    """A law holds; the default level is no part of it, so another --ophamin-alpha does not amend it."""
    claim = law_claim()
    assert (claim.relation, claim.threshold, claim.trials, claim.law) == (Relation.HOLDS, None, 0, LAW)
    declaration = Declaration(statement="merging is commutative", metric="law")
    other = check_declaration(declaration, test=claim.test, law=LAW, defaults=Defaults(alpha=0.01, power=0.5))
    assert other == claim


@pytest.mark.parametrize(
    ("metric", "fix"),
    [
        ("propotion", 'metric="proportion"'),
        ("Mean", 'metric="mean"'),
        ("ratios", 'metric="ratio"'),
        ("acu", 'metric="auc"'),
        ("p100", 'metric="p99"'),
        ("p0", 'metric="p99"'),
        ("p-5", 'metric="p99"'),
        ("p99.", 'metric="p99"'),
        ("P99", 'metric="p99"'),
        ("99th", 'metric="p99"'),
        ("quantile", 'metric="p99"'),
        ("average", 'metric="mean"'),
        ("Success_Rate", 'metric="proportion"'),
        ("latency", 'metric="p99"'),
        ("effect", 'metric="effect:FACTOR"'),
        ("zzz", "a metric from the list, or install the pillar that brings it"),
    ],
)
def test_an_unknown_metric_is_answered_by_the_nearest_known_one(metric: str, fix: str) -> None:
    """The message lists what there is, a pillar's own metric too, and suggests the nearest."""
    problem = one_problem("metric", metric=metric)
    assert problem.fix == fix
    assert "median" in problem.expected


@pytest.mark.parametrize("metric", [None, 3, b"mean", ["mean"]])
def test_a_metric_is_a_str(metric: object) -> None:
    """Anything but a str is refused by its own sentence."""
    assert one_problem("metric", metric=metric).expected == "a str"


def test_a_pillars_metric_is_known_when_it_is_loaded() -> None:
    """A metric a pillar brings is taken with any threshold, bounds and expectation on the claimed side."""
    assert declared(metric="auc", at_least=7, bounds=(0, 9), expecting=8, expecting_sd=1).kind == "auc"


@pytest.mark.parametrize(
    ("given", "came"),
    [
        ({"at_least": None}, "none of them"),
        ({"at_least": 0.5, "at_most": 0.6}, "at_least and at_most"),
        ({"at_least": 0.5, "at_most": 0.6, "within": (0.1, 0.2)}, "at_least and at_most and within"),
    ],
)
def test_exactly_one_relation_is_given(given: dict[str, Any], came: str) -> None:
    """No relation, or several, is one problem that names what was given."""
    assert one_problem("at_least, at_most, within", **given).came == came


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), True, "0.9", 1j, Decimal("0.9"), None.__class__, 10**400]
)
@pytest.mark.parametrize("argument", ["at_least", "at_most", "margin", "alpha", "power", "expecting"])
def test_numbers_are_finite_ints_or_floats(argument: str, value: object) -> None:
    """NaN, infinity, bool, str and anything else is no number of a plan."""
    problem = one_problem(argument, **{argument: value})
    assert problem.expected == "a finite number"


def test_numpy_floats_are_floats() -> None:
    """np.float64 is a float and becomes a plain one."""
    assert type(declared(at_least=np.float64(0.9)).threshold) is float


@pytest.mark.parametrize("value", [3, "ab", (0.1,), (0.1, 0.2, 0.3), [0.1]])
@pytest.mark.parametrize("argument", ["within", "bounds"])
def test_pairs_have_two_ends(argument: str, value: object) -> None:
    """within and bounds take exactly (lo, hi)."""
    others = {"metric": "mean", "within": (0.1, 0.2)} if argument == "bounds" else {}
    problem = one_problem(argument, **{**others, argument: value})
    assert problem.expected == "a pair (lo, hi) of finite numbers"


@pytest.mark.parametrize("pair", [(0.5, 0.5), (0.6, 0.5)])
@pytest.mark.parametrize("argument", ["within", "bounds"])
def test_pairs_ascend(argument: str, pair: tuple[float, float]) -> None:
    """lo below hi, in within as in bounds."""
    others = {"metric": "mean", "at_least": 0.0} if argument == "bounds" else {}
    assert one_problem(argument, **{**others, argument: pair}).expected == "lo < hi"


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ({"at_least": 0}, "at_least"),
        ({"at_least": 1}, "at_least"),
        ({"at_most": 1.0}, "at_most"),
        ({"at_most": -0.1}, "at_most"),
        ({"within": (0.0, 0.5)}, "within"),
        ({"within": (0.5, 1.5)}, "within"),
    ],
)
def test_a_proportion_lies_strictly_between_0_and_1(arguments: dict[str, Any], argument: str) -> None:
    """0 could never be refuted and 1 never validated; the message says so."""
    problem = one_problem(argument, **arguments)
    assert "strictly between 0 and 1: whatever the sample, 0 could never be refuted nor 1 validated" in problem.expected


@pytest.mark.parametrize(
    "arguments",
    [
        {"at_least": 0.05, "margin": 0.05},
        {"at_most": 0.9, "margin": 0.1},
        {"at_most": 0.7, "margin": 0.3},
        {"metric": "ratio", "at_least": 0.5, "margin": 0.5},
        {"metric": "mean", "bounds": (0, 1), "at_least": 0.5, "margin": 0.5},
        {"metric": "difference", "bounds": (-1, 1), "at_most": 0.5, "margin": 0.5},
        {"metric": "p99", "at_most": 5, "margin": 0.99},
        {"metric": "p99", "at_least": 5, "margin": 0.01},
    ],
)
def test_a_margin_leaves_something_to_test(arguments: dict[str, Any]) -> None:
    """A margin that moves the tested value out of its space could never be decided."""
    assert one_problem("margin", **arguments).fix == "a smaller margin="


@pytest.mark.parametrize(
    "arguments",
    [
        {"at_least": 0.06, "margin": 0.05},
        {"metric": "p99", "at_most": 5, "margin": 0.98},
        {"metric": "p90", "at_least": 5, "margin": 0.09},
        {"metric": "mean", "at_least": 0.0, "margin": 0.5},
        {"metric": "ratio", "at_most": 1.0, "margin": 3},
        {"metric": "difference", "at_least": 0.0, "margin": 0.02, "expecting": 0.0},
    ],
)
def test_a_margin_that_leaves_something_is_taken(arguments: dict[str, Any]) -> None:
    """Non-inferiority is an ordinary claim, also when no difference is expected."""
    assert declared(**arguments).margin == arguments["margin"]


def test_margin_is_not_negative() -> None:
    """A negative concession is no concession."""
    assert one_problem("margin", margin=-0.1).came == "-0.1"


def test_margin_contradicts_within() -> None:
    """An equivalence claim has its margin in its limits."""
    assert "no margin= with within=" in one_problem("margin", within=(0.4, 0.6), margin=0.1).expected


@pytest.mark.parametrize(
    "arguments",
    [
        {"metric": "ratio", "at_least": 0.0},
        {"metric": "ratio", "at_most": -1},
        {"metric": "ratio", "within": (0, 2)},
        {"metric": "mean", "bounds": (0, 1), "at_least": 1},
        {"metric": "mean", "bounds": (0, 1), "at_most": 0},
        {"metric": "difference", "bounds": (-1, 1), "within": (-1, 0.5)},
    ],
)
def test_a_threshold_lies_inside_the_space_of_its_metric(arguments: dict[str, Any]) -> None:
    """A ratio is positive, a bounded mean lies strictly inside its bounds."""
    problems = problems_of(**arguments)
    assert [problem.argument for problem in problems] == [next(iter(arguments.keys() - {"metric", "bounds"}))]


def test_a_percentage_is_answered_by_the_proportion_it_means() -> None:
    """90 is not taken for 0.9, but that is what the message says to write."""
    assert one_problem("at_least", at_least=90).fix == "at_least=0.9"
    assert one_problem("at_least", at_least=-3).fix == "at_least=0.99"


@pytest.mark.parametrize(
    ("argument", "value", "fix"),
    [
        ("looks", ("a", 100), "looks=(100, 200, 300), trials=300"),
        ("within", (0.1, "b"), "within=(lo, hi)"),
        ("checks", "O.spc", "checks=('O.spc',)"),
    ],
)
def test_what_to_write_is_python_that_can_be_written(argument: str, value: object, fix: str) -> None:
    """A part of a tuple cannot be passed by itself, so the fix is the whole argument."""
    arguments = {**(NONE_GIVEN if argument == "within" else {}), argument: value}
    assert [problem.fix for problem in problems_of(**arguments)] == [fix]


def test_looks_contradict_sequential() -> None:
    """Either is enough; which one goes is the author's choice."""
    problems = problems_of(sequential=True, looks=(50, 100), trials=100)
    assert [problem.fix for problem in problems] == ["leave looks= or sequential= out"]


@pytest.mark.parametrize("trials", [0, -1, True, 1.0, "100", 2**32 + 1, float("nan"), np.array([1, 2])])
def test_trials_are_a_positive_integer(trials: object) -> None:
    """Neither True nor 1.0 is a number of trials."""
    assert one_problem("trials", trials=trials).expected == "an integer from 1 to 4294967296"


def test_trials_are_not_forgotten() -> None:
    """A claim without trials says what to write."""
    assert one_problem("trials", trials=None).fix == "trials=1000"


def test_auto_trials_need_an_expectation() -> None:
    """trials="auto" derives n from expecting=."""
    assert one_problem("expecting", trials="auto").came == "nothing"


def test_auto_trials_cannot_plan_an_equivalence_of_quantiles() -> None:
    """The power of such a claim is no function of one share."""
    assert one_problem("trials", metric="p50", within=(1, 2), trials="auto").came == '"auto"'
    one_problem("expecting", metric="p50", within=(1, 2), expecting=0.5)


@pytest.mark.parametrize(
    "arguments",
    [
        {"at_least": 0.9, "expecting": 0.9},
        {"at_least": 0.9, "margin": 0.1, "expecting": 0.8},
        {"at_least": 0.3, "margin": 0.1, "expecting": 0.2},
        {"at_most": 0.1, "expecting": 0.2},
        {"within": (0.4, 0.6), "expecting": 0.6},
        {"metric": "mean", "at_most": 5, "expecting": 6},
        {"at_least": 0.9, "expecting": 1.5},
        {"metric": "p99", "at_most": 5, "expecting": 0.98},
        {"metric": "p99", "at_least": 5, "expecting": 0.005},
        {"metric": "p99", "at_most": 5, "expecting": 1.01},
    ],
)
def test_an_expectation_makes_the_claim_true(arguments: dict[str, Any]) -> None:
    """Power is planned for the case that the claim holds, so the other side is a mistake."""
    one_problem("expecting", **arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"at_least": 0.9, "expecting": 1.0},
        {"at_least": 0.9, "margin": 0.1, "expecting": 0.81},
        {"metric": "p99", "at_most": 5, "expecting": 0.995},
        {"metric": "p99", "at_least": 5, "expecting": 0.02},
        {"metric": "mean", "at_most": 5, "expecting": 4, "expecting_sd": 2},
    ],
)
def test_an_expectation_on_the_claimed_side_is_taken(arguments: dict[str, Any]) -> None:
    """For a quantile the expectation is the share of observations on the claimed side."""
    assert declared(**arguments).expecting == arguments["expecting"]


@pytest.mark.parametrize("alpha", [0, 1, 0.5, -0.1])
def test_alpha_is_a_level(alpha: float) -> None:
    """A level lies strictly between 0 and 0.5."""
    assert one_problem("alpha", alpha=alpha).came == str(float(alpha))


@pytest.mark.parametrize("power", [0.05, 0.01, 1, 2])
def test_power_lies_between_alpha_and_1(power: float) -> None:
    """A power not above alpha, or of 1, plans nothing."""
    one_problem("power", power=power)


@pytest.mark.parametrize("metric", ["proportion", "p99", "median", "ratio"])
def test_bounds_are_for_means_and_differences(metric: str) -> None:
    """Bounds given where they change nothing are a mistake, not a decoration."""
    assert one_problem("bounds", metric=metric, bounds=(0, 1)).fix == "leave bounds= out"


def test_spread_is_for_means_differences_and_ratios() -> None:
    """A proportion's spread follows from the proportion."""
    one_problem("expecting_sd", expecting_sd=1)
    one_problem("expecting_sd", metric="mean", expecting_sd=0.0)


@pytest.mark.parametrize("metric", ["mean", "difference", "ratio", "auc"])
def test_errors_against_need_a_countable_metric(metric: str) -> None:
    """An exception can count as False or as beyond a quantile, not as a number to be averaged."""
    assert one_problem("errors", metric=metric, errors="against").fix == 'errors="void", or leave it out'


def test_errors_against_have_no_side_within_limits() -> None:
    """With two limits there is no side an exception could count on."""
    one_problem("errors", within=(0.4, 0.6), errors="against")


@pytest.mark.parametrize("errors", ["ignore", None, 3, True, np.array([1])])
def test_errors_are_void_or_against(errors: object) -> None:
    """Any other error rule is refused."""
    assert one_problem("errors", errors=errors).expected == '"void" or "against"'


@pytest.mark.parametrize("seed", ["fresh", True, -1, 1.5, 10**18, np.array([1])])
def test_seed_policies_are_few(seed: object) -> None:
    """claim, commit or an integer."""
    one_problem("seed", seed=seed)


def test_an_integer_seed_is_written_out_in_the_policy() -> None:
    """The policy in the digest names the integer."""
    assert declared(seed=7).seed_policy == "integer:7"


@pytest.mark.parametrize("text", ["", "  ", "a\nb", "a\x1b[31m", "a\x00", "\ud800", "a\u2028b", 3, None, b"x"])
def test_a_statement_is_one_printable_line(text: object) -> None:
    """A statement is shown in tables and stored in records: control characters are refused."""
    one_problem("statement", statement=text)


@pytest.mark.parametrize("argument", ["id", "unit", "of", "pillar", "family"])
@pytest.mark.parametrize("text", ["", "a\nb", "\x7f", 3, b"x"])
def test_names_are_printable_words(argument: str, text: object) -> None:
    """Every name is a str of one line."""
    one_problem(argument, **{argument: text})


def test_unicode_words_are_welcome() -> None:
    """Any printable text of any script is a statement, an id or a unit."""
    claim = declared(statement="fängt ≥ 90 % 🙂 スパム", id="спам", unit="µs", metric="mean")
    assert (claim.statement, claim.id, claim.unit) == ("fängt ≥ 90 % 🙂 スパム", "спам", "µs")


def test_the_exploratory_suffix_is_not_an_authors_to_give() -> None:
    """Otherwise a family could pass for the exploratory part of another one."""
    assert one_problem("family", family="x:exploratory").fix == 'family="x"'


def test_population_is_this_file_or_nothing() -> None:
    """There is one thing to say about a finite population."""
    one_problem("population", population="everyone")
    assert declared(population="this file").population == "this file"


def test_data_is_a_tuple() -> None:
    """A lone str would be read letter by letter."""
    one_problem("data", data="corpus.json")
    assert problems_of(data=["corpus.json"]) == ()


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("at_least", 0.9),
        ("within", (0, 1)),
        ("trials", 100),
        ("trials", "auto"),
        ("alpha", 0.01),
        ("power", 0.8),
        ("margin", 0.1),
        ("expecting", 1),
        ("bounds", (0, 1)),
        ("of", "x"),
        ("unit", "ms"),
        ("population", "this file"),
    ],
)
def test_a_law_takes_none_of_the_sampling_arguments(argument: str, value: object) -> None:
    """What has no meaning for a search is a mistake."""
    problem = one_problem(argument, law=LAW, metric="law", **{**NONE_GIVEN, "trials": None, argument: value})
    assert "law" in problem.expected


def test_a_law_counts_no_errors() -> None:
    """Any exception of a law's body is a counterexample already."""
    one_problem("errors", law=LAW, metric="law", errors="against", trials=None, **NONE_GIVEN)


def test_a_law_is_a_hypothesis_test_and_nothing_else_is() -> None:
    """metric="law" without @given, and @given without metric="law", are both mistakes."""
    assert one_problem("metric", metric="law", trials=None, **NONE_GIVEN).came == "a test without @given"
    assert one_problem("metric", law=LAW).fix == 'metric="law"'


def test_all_mistakes_are_told_together() -> None:
    """One look at the output is enough to mend a claim."""
    problems = problems_of(
        statement="", metric="propotion", at_least="x", trials=0, alpha=2, seed="?", errors="?", id="\n", margin=-1
    )
    arguments = [problem.argument for problem in problems]
    assert arguments == ["metric", "statement", "id", "errors", "at_least", "trials", "alpha", "margin", "seed"]


def test_every_problem_names_test_expectation_and_remedy() -> None:
    """The line a problem becomes holds test, argument, expected, came and fix."""
    problem = one_problem("alpha", alpha=0.7)
    expected = f"{TEST}: alpha: expected a level strictly between 0 and 0.5, came 0.7. Write: alpha=0.05"
    assert problem.describe() == expected


def test_what_came_is_shortened_and_safe_to_print() -> None:
    """Neither a megabyte of text, nor an escape sequence, nor a broken repr reaches the terminal."""

    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    assert len(one_problem("unit", unit="x\n" * 10**6).came) < 120
    assert "\x1b" not in one_problem("unit", unit=type("\x1b[31m", (), {})()).came
    assert re.search(r"Broken", one_problem("unit", unit=Broken()).came)


def test_scenario_mistakes_are_told_with_the_claim() -> None:
    """A scenario without words, or with data that are no tuple, is a mistake of each of its claims."""
    scenario = ScenarioDeclaration(title="", tier=3, family="x:exploratory", goal="", data="x")
    declaration = Declaration(statement="s", metric="proportion", at_least=0.5, trials=5)
    problems = check_declaration(declaration, test=TEST, scenario=scenario)
    assert isinstance(problems, tuple)
    told = [problem.argument for problem in problems]
    assert told == ["scenario title", "scenario tier", "scenario goal", "scenario family", "scenario data"]
