"""Checks that need more than one claim: those stacked on one function, and those of one session."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence

from pytest_ophamin.claims.gates import RATIO_KINDS
from pytest_ophamin.claims.model import Claim, Problem

MOST_CHARACTERS = 1 << 16
"""Of a name in a record (``Name`` of its schema)."""


def check_group(claims: Sequence[Claim]) -> tuple[Problem, ...]:
    """Return what forbids ``claims`` to stand on one function, where they share every trial."""
    if len(claims) <= 1:
        return ()
    problems = [problem for claim in claims for problem in _stacked_problems(claim)]
    problems += _equal(
        claims, "seed", lambda claim: claim.seed_policy, "one seed policy: the claims share their trials"
    )
    problems += _equal(
        claims,
        "population",
        lambda claim: claim.population or "not given",
        "one population: the claims share their trials",
    )
    problems += _equal(
        claims, "arms", lambda claim: str(claim.design.arms or "not given"), "one pair of arms: the trials are shared"
    )
    problems += _pairing_problems(claims)
    problems += _gated_problems(claims)
    return tuple(problems)


def check_session(claims: Sequence[Claim]) -> tuple[Problem, ...]:
    """Return what forbids ``claims`` to be decided in one session: names, equal ids, or two levels in one family."""
    return (*_name_problems(claims), *_id_problems(claims), *_level_problems(claims), *_gate_problems(claims))


def _stacked_problems(claim: Claim) -> list[Problem]:
    problems = []
    if claim.is_law:
        fix = "a test function of its own for the law"
        problems.append(
            _problem(claim, "metric", "no law among stacked claims: its examples are no trials", "law", fix)
        )
    elif claim.is_gate:
        pass  # whatever a process says of a benchmark is there for all its gates
    elif claim.of is None:
        fix = f'of="key", with {{"key": ...}} returned by the trial, in the claim {claim.statement!r}'
        problems.append(_problem(claim, "of", "a key, since several claims share one observation", "nothing", fix))
    return problems


def _equal(claims: Sequence[Claim], argument: str, read: Callable[[Claim], str], expected: str) -> list[Problem]:
    values = list(dict.fromkeys(read(claim) for claim in claims))
    if len(values) == 1:
        return []
    return [_problem(claims[0], argument, expected, " and ".join(values), f"the same {argument}= in all of them")]


def _pairing_problems(claims: Sequence[Claim]) -> list[Problem]:
    """One key holds pairs for all claims about it, or for none."""
    paired = {claim.of: claim.metric for claim in claims if claim.is_paired}
    single = {claim.of: claim.metric for claim in claims if not claim.is_paired}
    return [
        _problem(
            claims[0],
            "of",
            f"pairs or single numbers under the key {key!r}, not both",
            f"{paired[key]} and {single[key]}",
            "of= with another key for one of them",
        )
        for key in paired
        if key is not None and key in single
    ]


def _gated_problems(claims: Sequence[Claim]) -> list[Problem]:
    """A benchmark is run by processes, and compared with one thing."""
    problems = []
    gates = [claim for claim in claims if claim.is_gate]
    if gates and len(gates) < len(claims):
        expected, came = "benchmark gates alone on a benchmark", "another claim beside them, which has trials"
        problems.append(_problem(gates[0], "metric", expected, came, "a test function of its own for the other claim"))
    compared = dict.fromkeys(claim.versus for claim in gates if claim.kind in RATIO_KINDS)
    if len(compared) > 1:
        came = " and ".join(other or "a baseline" for other in compared)
        expected = "one thing a benchmark is compared with"
        problems.append(_problem(gates[0], "versus", expected, came, "a benchmark of its own for the other comparison"))
    return problems


def _name_problems(claims: Sequence[Claim]) -> list[Problem]:
    """A record holds the id and the test's node id: what it could not hold is told before any trial, not after all."""
    problems = []
    for claim in claims:
        for argument, name in dict.fromkeys((("test", claim.test), ("id", claim.id))):
            written = name.encode("utf-8", "backslashreplace").decode()
            if len(written) > MOST_CHARACTERS:
                came, written = f"one of {len(written)}", f"{written[:80]}..."
            elif written != name:
                came = f"{written!r}, which has no UTF-8 form"
            else:
                continue
            expected = f"a name of at most {MOST_CHARACTERS} characters, in UTF-8"
            fix = "another name for the file, the test or its parameters (ids= of parametrize)"
            problems.append(Problem(test=written, argument=argument, expected=expected, came=came, fix=fix))
    return problems


def _id_problems(claims: Sequence[Claim]) -> list[Problem]:
    """Ids are compared after normalisation: two that look the same must not be two claims."""
    seen: dict[str, Claim] = {}
    problems = []
    for claim in claims:
        other = seen.setdefault(unicodedata.normalize("NFC", claim.id), claim)
        if other is claim:
            continue
        same = "the same id" if other.id == claim.id else "an id that looks the same (equal under Unicode NFC)"
        came = f"{claim.id!r}, {same} as a claim of {other.test}"
        problems.append(_problem(claim, "id", "an id no other claim has", came, 'id="<a name of its own>"'))
    return problems


def _level_problems(claims: Sequence[Claim]) -> list[Problem]:
    """One alpha per family: it is the error rate of the family as a whole."""
    first: dict[str, Claim] = {}
    problems = []
    for claim in claims:
        if claim.is_law:
            continue
        other = first.setdefault(claim.family, claim)
        if other.alpha != claim.alpha:
            came = f"alpha={claim.alpha:g}, and alpha={other.alpha:g} in {other.test}"
            expected = f"one alpha for the family {claim.family!r}"
            problems.append(_problem(claim, "alpha", expected, came, f'alpha={other.alpha:g}, or family="<another>"'))
    return problems


def _gate_problems(claims: Sequence[Claim]) -> list[Problem]:
    """One gate per family, and no family that waits for itself."""
    gates: dict[str, Claim] = {}
    problems = []
    for claim in claims:
        if claim.is_law:
            continue
        other = gates.setdefault(claim.family, claim)
        if other.gate != claim.gate:
            came = f"gate={claim.gate!r}, and gate={other.gate!r} in {other.test}"
            expected = f"one gate for the family {claim.family!r}"
            problems.append(_problem(claim, "gate", expected, came, f"gate={other.gate!r}"))
    for family, claim in gates.items():
        gate = gates.get(claim.gate) if claim.gate is not None else None
        if gate is not None and gate.alpha != claim.alpha:
            came = f"alpha={claim.alpha:g}, and alpha={gate.alpha:g} in {gate.test}"
            expected = f"the alpha of the family {claim.gate!r}, which it is handed on by"
            problems.append(_problem(claim, "alpha", expected, came, f"alpha={gate.alpha:g}"))
        if family in _waited_for(family, gates):
            came = " after ".join([repr(family), *map(repr, _waited_for(family, gates))])
            fix = 'gate="<a family that does not wait for this one>"'
            problems.append(_problem(claim, "gate", "a family that does not wait for this one", came, fix))
    return problems


def _waited_for(family: str, gates: Mapping[str, Claim]) -> list[str]:
    """Return the families ``family`` waits for, nearest first; up to the first that comes twice."""
    found: list[str] = []
    gate = gates[family].gate
    while gate is not None and gate not in found:
        found.append(gate)
        gate = gates[gate].gate if gate in gates else None
    return found


def _problem(claim: Claim, argument: str, expected: str, came: str, fix: str) -> Problem:
    return Problem(test=claim.test, argument=argument, expected=expected, came=came, fix=fix)
