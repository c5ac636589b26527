"""The procedure: fourteen steps, in order. A step that fails ends it, because the later ones rest on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ophamin.records.trust import TrustedKey, TrustStore
from pytest_ophamin.records.verify.chain import chain_problems, has_link_outside
from pytest_ophamin.records.verify.envelope import read_envelopes
from pytest_ophamin.records.verify.expectations import check_expectations
from pytest_ophamin.records.verify.families import recompute_families
from pytest_ophamin.records.verify.find import MAX_FILE, check_line_limits, find_bundles, read_regular
from pytest_ophamin.records.verify.identity import check_identity, check_members
from pytest_ophamin.records.verify.observations import check_observations
from pytest_ophamin.records.verify.parse import read_record
from pytest_ophamin.records.verify.recompute import recompute_proofs
from pytest_ophamin.records.verify.registration import check_registration
from pytest_ophamin.records.verify.report import BundleReport, Report, StepResult, StepState, counted
from pytest_ophamin.records.verify.requirements import check_requirements
from pytest_ophamin.records.verify.signer import check_signatures, check_signer
from pytest_ophamin.records.verify.state import Bundle, Notes, Step, StepFailed, VerifyOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pytest_ophamin.deciding.registry import PillarRegistry
    from pytest_ophamin.records.bundle import Written
    from pytest_ophamin.records.keys import Signer


def verify_bundle(paths: Iterable[Path], options: VerifyOptions, registry: PillarRegistry) -> Report:
    """Verify every bundle found below ``paths``.

    Args:
        paths: Bundle files, or folders that hold some.
        options: Trusted keys, expectations and requirements.
        registry: The pillars to recompute with; nothing is loaded because a record names it.

    Returns:
        A report per bundle; a path without any counts as one. Never raises for what a file holds.
    """
    found, empty = find_bundles(paths)
    runs = [_Run(path, options, registry) for path in found]
    for run in runs:
        run.steps_1_to_12()
    _step_13([run for run in runs if run.reached_12])
    for run in runs:
        run.step_14()
    reports = [run.report() for run in runs]
    return Report(bundles=(*reports, *(_nothing_at(path) for path in empty)))


def verify_written(written: Written, signer: Signer | None, registry: PillarRegistry) -> list[str]:
    """Verify a bundle this process has just written, against the key it was signed with.

    Args:
        written: What ``write_bundle`` returned.
        signer: Its signer; None for an unsigned bundle, whose steps 3 and 4 are left out.
        registry: The session's own pillars.

    Returns:
        What does not hold, one sentence each; empty when everything was recomputed.
    """
    keys = {} if signer is None else {signer.keyid: TrustedKey(id=signer.keyid, public=signer.public)}
    options = VerifyOptions(trust=TrustStore(keys=keys), is_unsigned=signer is None)
    report = verify_bundle([written.path], options, registry)
    return [
        f"{bundle.path.name}: step {step.number} ({step.title}): {'; '.join(step.notes) or step.state}"
        for bundle in report.bundles
        for step in bundle.steps
        if step.state not in (StepState.HOLDS, StepState.SKIPPED)
    ]


class _Run:
    """The procedure over one bundle."""

    def __init__(self, path: Path, options: VerifyOptions, registry: PillarRegistry) -> None:
        self.bundle = Bundle(path=path, options=options, registry=registry)
        self._results: list[StepResult] = []
        self._is_stopped = False

    @property
    def reached_12(self) -> bool:
        return not self._is_stopped

    def steps_1_to_12(self) -> None:
        # 1. Find, and read once.
        self._step(1, _read)
        # 2. Envelope profile on each line.
        self._step(2, _open_envelopes)
        # 3. Signer. 4. Ed25519 over the PAE of the received bytes.
        is_unsigned = self.bundle.options.is_unsigned
        self._step(3, _leave_out if is_unsigned else check_signer)
        self._step(4, _leave_out if is_unsigned else check_signatures)
        # 5. Strict parse, canonical form, closed schema.
        self._step(5, _parse)
        # 6. Ids recomputed, unique; one subject.
        self._step(6, check_identity)
        # 7. One CampaignRecord, whose members are the proofs present.
        self._step(7, check_members)
        # 8. Name against folder; the caller's expectations.
        self._step(8, check_expectations)
        # 9. Claim digests, lock, statuses, completeness; --repo.
        self._step(9, check_registration)
        # 10. Data: decoding, digest, count, finite, sidecars.
        self._step(10, check_observations)
        # 11. Findings, assessments, raw verdicts recomputed.
        self._step(11, recompute_proofs)
        # 12. Corrections, corrected verdicts, green flag recomputed.
        self._step(12, recompute_families)

    def step_13(self, problem: str | None, *, has_gap: bool) -> None:
        """History links among the bundles given."""
        if problem is not None:
            self._fail(13, problem)
            return
        if has_gap:
            self.bundle.not_checked.append("the previous campaign (its bundle was not given)")
        self._results.append(StepResult(number=13, state=StepState.HOLDS))

    def step_14(self) -> None:
        """Requirements, and what was not checked."""
        self._step(14, check_requirements)

    def report(self) -> BundleReport:
        bundle = self.bundle
        return BundleReport(
            path=bundle.path,
            steps=tuple(self._results),
            keyid=bundle.keyid,
            signer=bundle.signer,
            recomputed=bundle.recomputed,
            attested=bundle.attested,
            not_recomputable=bundle.not_recomputable,
            not_checked=tuple(bundle.not_checked),
            records=tuple(bundle.records),
            proofs=tuple(bundle.proofs),
        )

    def _step(self, number: int, step: Step) -> None:
        if self._is_stopped:
            self._results.append(StepResult(number=number, state=StepState.SKIPPED))
            return
        try:
            state, notes = step(self.bundle)
        except StepFailed as failed:
            self._fail(number, str(failed))
            return
        self._results.append(StepResult(number=number, state=state, notes=tuple(notes)))

    def _fail(self, number: int, message: str) -> None:
        self._results.append(StepResult(number=number, state=StepState.FAILED, notes=(message,)))
        self._is_stopped = True


def _step_13(runs: Sequence[_Run]) -> None:
    bundles = [run.bundle for run in runs]
    problems = chain_problems(bundles)
    for run in runs:
        run.step_13(problems.get(run.bundle.path), has_gap=has_link_outside(run.bundle, bundles))


def _nothing_at(path: Path) -> BundleReport:
    missing = StepResult(number=1, state=StepState.MISSING, notes=("no bundle (*.intoto.jsonl) there",))
    rest = tuple(StepResult(number=number, state=StepState.SKIPPED) for number in range(2, 15))
    return BundleReport(path=path, steps=(missing, *rest))


def _read(bundle: Bundle) -> tuple[StepState, Notes]:
    try:
        bundle.content = read_regular(bundle.path, MAX_FILE)
    except FileNotFoundError as error:
        raise StepFailed(f"{bundle.path.name} vanished") from error
    check_line_limits(bundle.content)
    return StepState.HOLDS, (f"{len(bundle.content)} bytes",)


def _open_envelopes(bundle: Bundle) -> tuple[StepState, Notes]:
    bundle.lines = read_envelopes(bundle.content, is_unsigned=bundle.options.is_unsigned)
    bundle.content = b""
    return StepState.HOLDS, (counted(len(bundle.lines), "line"),)


def _leave_out(_: Bundle) -> tuple[StepState, Notes]:
    return StepState.SKIPPED, ("not signed yet",)


def _parse(bundle: Bundle) -> tuple[StepState, Notes]:
    bundle.records = [read_record(line) for line in bundle.lines]
    return StepState.HOLDS, ()
