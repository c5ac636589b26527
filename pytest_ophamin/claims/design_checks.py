"""From the arguments of ``claim(...)`` that arrange its trials to a :class:`Design`, or to every mistake in them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pytest_ophamin.claims.argument_checks import LARGEST_TRIALS, Mistakes, as_integer, as_number, check_text, shown
from pytest_ophamin.claims.design import Check, Design, Option
from pytest_ophamin.claims.metrics import DIFFERENCE, EFFECT, RATIO, SHIFT, SUPERIORITY, effect_factors, metric_kind

if TYPE_CHECKING:
    from pytest_ophamin.claims.declare import Declaration

_COMPARES_ARMS = frozenset({DIFFERENCE, RATIO, SHIFT, SUPERIORITY})
_NEEDS_ARMS = frozenset({SHIFT, SUPERIORITY})
_LEAST_LOOKS, _MOST_LOOKS = 2, 100


def read_design(declaration: Declaration, mistakes: Mistakes) -> Design:
    """Return the design a declaration describes; what cannot be read is a mistake and left out."""
    design = Design(
        arms=_arms(declaration, mistakes),
        cluster=_key("cluster", declaration.cluster, mistakes),
        strata=_key("strata", declaration.strata, mistakes),
        factors=_factors(declaration, mistakes),
        block=None
        if declaration.block is None
        else as_integer("block", declaration.block, 2, LARGEST_TRIALS, mistakes),
        resampled=_resampled(declaration, mistakes),
        sequential=_sequential(declaration, mistakes),
        looks=_looks(declaration, mistakes),
        checks=_checks(declaration.checks, mistakes),
    )
    _check_keys(declaration, design, mistakes)
    return design


def _arms(declaration: Declaration, mistakes: Mistakes) -> tuple[str, str] | None:
    arms = declaration.arms
    kind = metric_kind(declaration.metric) if isinstance(declaration.metric, str) else ""
    if arms is None:
        if kind in _NEEDS_ARMS:
            expected = f"the names of two arms: the metric {kind!r} compares them"
            mistakes.add("arms", expected, "nothing", 'arms=("old", "new")')
        return None
    if not isinstance(arms, (tuple, list)) or len(arms) != 2:  # noqa: PLR2004
        mistakes.add("arms", "the names of two arms", shown(arms), 'arms=("old", "new")')
        return None
    if not all(check_text(f"arms[{place}]", arm, mistakes, 'arms=("old", "new")') for place, arm in enumerate(arms)):
        return None
    if arms[0] == arms[1]:
        mistakes.add("arms", "two different names", shown(arms), 'arms=("old", "new")')
        return None
    if kind and kind not in _COMPARES_ARMS:
        expected = f"a metric that compares two arms ({', '.join(sorted(_COMPARES_ARMS))})"
        mistakes.add("metric", expected, f"{declaration.metric!r} with arms=", 'metric="difference"')
    return str(arms[0]), str(arms[1])


def _key(argument: str, value: object, mistakes: Mistakes) -> str | None:
    if value is None:
        return None
    return str(value) if check_text(argument, value, mistakes, f'{argument}="user"') else None


def _factors(declaration: Declaration, mistakes: Mistakes) -> tuple[str, ...]:
    factors = declaration.factors
    named = effect_factors(declaration.metric) if isinstance(declaration.metric, str) else ()
    if isinstance(factors, str) or not isinstance(factors, (tuple, list)):
        mistakes.add("factors", "a tuple of keys", shown(factors), 'factors=("cache", "threads")')
        return ()
    if not all(
        check_text(f"factors[{place}]", factor, mistakes, 'factors=("a", "b")') for place, factor in enumerate(factors)
    ):
        return ()
    if len(set(factors)) != len(factors):
        mistakes.add("factors", "different keys", shown(factors), 'factors=("cache", "threads")')
    missing = [name for name in named if name not in factors]
    if missing:
        expected = f"every factor of the metric {declaration.metric!r}"
        mistakes.add("factors", expected, shown(tuple(factors)), f"factors={(*factors, *missing)!r}")
    if factors and isinstance(declaration.metric, str) and metric_kind(declaration.metric) != EFFECT:
        fix = f'metric="effect:{factors[0]}"'
        mistakes.add("metric", "an effect of the declared factors", shown(declaration.metric), fix)
    return tuple(str(factor) for factor in factors)


def _resampled(declaration: Declaration, mistakes: Mistakes) -> float | None:
    if declaration.resampled is None:
        return None
    share = as_number("resampled", declaration.resampled, mistakes)
    if share is not None and share <= 0.0:
        mistakes.add("resampled", "test size over training size, above 0", shown(share), "resampled=1 / 9")
        return None
    return share


def _sequential(declaration: Declaration, mistakes: Mistakes) -> bool:
    if not isinstance(declaration.sequential, bool):
        mistakes.add("sequential", "True or False", shown(declaration.sequential), "sequential=True")
        return False
    if declaration.sequential and declaration.looks:
        expected = "no looks= with sequential=True, which looks at every trial"
        mistakes.add("looks", expected, shown(declaration.looks), "leave looks= or sequential= out")
    return declaration.sequential


def _looks(declaration: Declaration, mistakes: Mistakes) -> tuple[int, ...]:
    looks, fix = declaration.looks, "looks=(100, 200, 300), trials=300"
    if not isinstance(looks, (tuple, list)):
        mistakes.add("looks", "a tuple of trial counts", shown(looks), fix)
        return ()
    if not looks:
        return ()
    found = [
        as_integer(f"looks[{place}]", look, 1, LARGEST_TRIALS, mistakes, fix=fix) for place, look in enumerate(looks)
    ]
    counts = tuple(look for look in found if look is not None)
    if len(counts) < len(looks):
        return ()
    rising = all(one < other for one, other in pairwise(counts))
    if not rising or not _LEAST_LOOKS <= len(counts) <= _MOST_LOOKS or counts[-1] != declaration.trials:
        expected = f"{_LEAST_LOOKS} to {_MOST_LOOKS} rising trial counts, the last of them trials="
        mistakes.add("looks", expected, shown(tuple(looks)), fix)
    return counts


def _checks(checks: object, mistakes: Mistakes) -> tuple[Check, ...]:
    fix = 'checks=("O.drift",), or checks={"O.spc": {"subgroup": 5}}'
    if isinstance(checks, (tuple, list)) and all(isinstance(name, str) for name in checks):
        asked: Mapping[Any, Any] = {name: {} for name in checks}
    elif isinstance(checks, Mapping):
        asked = checks
    else:
        expected = "names of diagnosing pillars, or a mapping of names to options"
        written = f"checks=({checks!r},)" if isinstance(checks, str) and checks.strip() else fix
        mistakes.add("checks", expected, shown(checks), written)
        return ()
    found = []
    for name, options in asked.items():
        if not check_text("checks", name, mistakes, fix):
            continue
        if not isinstance(options, Mapping) or not all(isinstance(key, str) for key in options):
            mistakes.add(f"checks[{name!r}]", "a mapping of option names to values", shown(options), fix)
            continue
        read = [(key, _option(f"checks[{name!r}][{key!r}]", value, mistakes)) for key, value in sorted(options.items())]
        found.append(Check(pillar=name, options=tuple((key, value) for key, value in read if value is not None)))
    return tuple(sorted(found, key=lambda check: check.pillar))


def _option(argument: str, value: object, mistakes: Mistakes) -> Option | None:
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, int) and abs(value) < LARGEST_TRIALS:
        return value
    if isinstance(value, (tuple, list)):
        numbers = [as_number(f"{argument}[{place}]", each, mistakes) for place, each in enumerate(value)]
        return tuple(number for number in numbers if number is not None)
    number = as_number(argument, value, mistakes)
    # 5 and 5.0 are one JSON number, so they are one option.
    return int(number) if number is not None and number.is_integer() else number


def _check_keys(declaration: Declaration, design: Design, mistakes: Mistakes) -> None:
    """Codes beside an observation come in a dict, so the observation needs a key of its own."""
    keys = [key for _, key in design.keys]
    if not keys:
        return
    if declaration.of is None:
        expected = f"the key of the observation: the trial returns a dict that also holds {', '.join(map(repr, keys))}"
        mistakes.add("of", expected, "nothing", f'of="value", with {{"value": ..., "{keys[0]}": ...}} returned')
    elif declaration.of in keys or len(set(keys)) != len(keys):
        expected = "different keys for the observation, cluster, strata and factors"
        mistakes.add("of", expected, ", ".join(map(repr, [declaration.of, *keys])), 'of="value"')
