"""``ophamin synthesise``: verify bundles, put the proofs of each claim in a row, and ask a pillar about the row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pytest_ophamin._canonical import round12
from pytest_ophamin.cli.output import complain, say
from pytest_ophamin.errors import UsageError
from pytest_ophamin.records.verify.report import Exit

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from pytest_ophamin.claims.model import ClaimId
    from pytest_ophamin.deciding.series import Series, Synthesis

_NAME_WIDTH = 20


def run(arguments: argparse.Namespace) -> int:
    """Print a synthesis per claim; nothing at all when a bundle does not verify."""
    from pytest_ophamin.cli.verify import print_report  # SciPy: not for `keys` or `--help`
    from pytest_ophamin.deciding.registry import load_entry_points
    from pytest_ophamin.deciding.synthesis import synthesise
    from pytest_ophamin.records.series import series_of
    from pytest_ophamin.records.trust import load_trust
    from pytest_ophamin.records.verify import VerifyOptions, verify_bundle

    registry = load_entry_points(arguments.from_entry_points)
    pillar = registry.synthesising_by_name(arguments.pillar)
    report = verify_bundle(arguments.paths, VerifyOptions(trust=load_trust(arguments.trust)), registry)
    # A series with a hole is another series: who leaves out a bundle does so on the command line.
    doubted = [bundle for bundle in report.bundles if bundle.exit_status is not Exit.HOLDS]
    for bundle in doubted:
        print_report(bundle)
    if doubted:
        complain(f"{len(doubted)} of {len(report.bundles)} bundles do not verify: nothing was synthesised")
        return int(report.exit_status)
    found = [(series, synthesise(pillar, series)) for series in _selected(series_of(report.bundles), arguments.claim)]
    for number, (series, synthesis) in enumerate(found):
        if arguments.json:
            say(json.dumps(describe(series, synthesis), ensure_ascii=True, sort_keys=True))
            continue
        if number:
            say()
        _print(series, synthesis)
    return Exit.HOLDS if all(synthesis.numbers for _, synthesis in found) else Exit.FAILED


def describe(series: Series, synthesis: Synthesis) -> Mapping[str, object]:
    """Return a synthesis as JSON: what it says, and the ids of the proofs it was asked about."""
    return {
        "claim": series.claim,
        "pillar": synthesis.pillar,
        "method": synthesis.method,
        "status": synthesis.status,
        "message": synthesis.message,
        "numbers": {name: _number(value) for name, value in synthesis.numbers.items()},
        "refusals": list(synthesis.refusals),
        "omitted": list(series.omitted),
        "proofs": [proof.id for proof in series.proofs],
    }


def _selected(found: Mapping[ClaimId, Series], claims: Sequence[str]) -> list[Series]:
    """Return the series asked for; without ``--claim`` all that hold a decided proof.

    Raises:
        UsageError: A claim is in none of the bundles, or none has a decided proof.
    """
    missing = sorted(set(claims) - set(found))
    if missing:
        raise UsageError(f"no bundle has the claim {missing[0]!a}")
    selected = [series for claim, series in found.items() if (claim in claims if claims else series.proofs)]
    if not selected:
        raise UsageError("the bundles hold no proof with an estimate")
    return selected


def _print(series: Series, synthesis: Synthesis) -> None:
    say(f"{series.claim}")
    say(f"  {synthesis.pillar} ({synthesis.method}), {len(series.proofs)} proofs: {synthesis.status}")
    say(f"  {synthesis.message}")
    for name, value in synthesis.numbers.items():
        say(f"    {name:<{_NAME_WIDTH}}{'none' if value is None else f'{value:.6g}'}")
    for refusal in synthesis.refusals:
        say(f"  refused: {refusal}")
    for omission in series.omitted:
        say(f"  without an estimate: {omission}")


def _number(value: float | None) -> float | int | None:
    return value if value is None or isinstance(value, int) else round12(value)
