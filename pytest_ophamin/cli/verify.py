"""``ophamin verify``: run the fourteen steps and print each."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_ophamin.cli.output import say
from pytest_ophamin.errors import UsageError
from pytest_ophamin.records.verify.report import Exit, StepState

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from pytest_ophamin.records.verify.report import BundleReport
    from pytest_ophamin.records.verify.state import VerifyOptions

_RESULTS = {
    Exit.HOLDS: "every step holds",
    Exit.UNKNOWN_KEY: "intact, but signed by a key that is not trusted here",
    Exit.INCOMPLETE: "intact, but not everything could be recomputed here",
}
_TITLE_WIDTH = 44
_MAX_LOCK = 64 << 20
"""As long as a line of a bundle, in which a lock is embedded, may be."""


def run(arguments: argparse.Namespace) -> int:
    """Verify all paths; the exit status is the worst of all bundles."""
    from pytest_ophamin.deciding.registry import load_entry_points  # SciPy: not for `keys` or `--help`
    from pytest_ophamin.records.verify import verify_bundle

    options = _options(arguments)
    report = verify_bundle(arguments.paths, options, load_entry_points(arguments.pillar))
    for number, bundle in enumerate(report.bundles):
        if number:
            say()
        print_report(bundle)
    return int(report.exit_status)


def _options(arguments: argparse.Namespace) -> VerifyOptions:
    from pytest_ophamin.records.trust import load_trust
    from pytest_ophamin.records.verify import VerifyOptions
    from pytest_ophamin.records.verify.requirements import requirement_from_text
    from pytest_ophamin.substrate.files import digest_file

    if arguments.subject is not None and not arguments.subject.is_file():
        raise UsageError(f"--subject: expected a file, came {str(arguments.subject)!a}")
    if arguments.repo is not None and not arguments.repo.is_dir():
        raise UsageError(f"--repo: expected a folder, came {str(arguments.repo)!a}")
    return VerifyOptions(
        trust=load_trust(arguments.trust),
        name=arguments.name,
        commit=arguments.commit,
        lock=None if arguments.lock is None else _read(arguments.lock, "--lock"),
        subject=None if arguments.subject is None else digest_file(arguments.subject),
        repo=arguments.repo,
        require=tuple(requirement_from_text(text) for text in arguments.require),
    )


def _read(path: Path, option: str) -> bytes:
    from pytest_ophamin.substrate.files import read_bounded

    try:
        content = read_bounded(path, _MAX_LOCK)
    except OSError as error:
        raise UsageError(f"{option}: {str(path)!a} cannot be read: {error.strerror}") from error
    if len(content) > _MAX_LOCK:
        raise UsageError(f"{option}: {str(path)!a} has more than {_MAX_LOCK} bytes")
    return content


def print_report(bundle: BundleReport) -> None:
    """Print one bundle's steps, counts and result."""
    say(str(bundle.path))
    reached = [step for step in bundle.steps if bundle.failed_step is None or step.number <= bundle.failed_step]
    for step in reached:
        line = f"  {step.number:>2} {step.title:<{_TITLE_WIDTH}} {step.state}"
        say(line if not step.notes else f"{line}: {'; '.join(step.notes)}")
        if step.state is StepState.UNKNOWN_KEY:
            say("  UNSIGNED CONTENT from here on: nobody you trust stands by it")
    _print_content(bundle)
    say(f"  result: {_result(bundle)}")


def _print_content(bundle: BundleReport) -> None:
    from pytest_ophamin.records.models_campaign import CampaignStatement

    campaign = next((r.model for r in bundle.records if isinstance(r.model, CampaignStatement)), None)
    if campaign is None or bundle.exit_status is Exit.FAILED:
        return
    proof = campaign.predicate.proof
    verdicts = Counter(member.corrected for family in proof.families for member in family.members)
    counts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    say(f"  campaign {campaign.predicate.run.campaign}: {counts}; green: {'yes' if proof.green else 'no'}")
    say(
        f"  recomputed {bundle.recomputed}, from attested searches {bundle.attested}, "
        f"not recomputable here {bundle.not_recomputable}"
    )
    for name in bundle.not_checked:
        say(f"  not checked: {name}")


def _result(bundle: BundleReport) -> str:
    if bundle.failed_step is not None:
        step = next(step for step in bundle.steps if step.state in (StepState.FAILED, StepState.MISSING))
        return f"step {step.number} ({step.title}) {step.state}: {'; '.join(step.notes)}"
    return _RESULTS[bundle.exit_status]
