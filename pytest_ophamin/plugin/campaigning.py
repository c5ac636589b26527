"""The end of a campaign: every planned claim gets an outcome, all are corrected together, recorded, signed, written."""

from __future__ import annotations

import dataclasses
import datetime as dt
import platform
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ophamin.claims.allocation import family_sizes
from pytest_ophamin.claims.document import claim_from_document
from pytest_ophamin.claims.entries import lock_entries
from pytest_ophamin.claims.registration import registration_of
from pytest_ophamin.deciding.campaign import decide_campaign, with_dependence_findings
from pytest_ophamin.deciding.outcome import Campaign, Outcome, Registration, Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pytest_ophamin.claims.lock import Lock, LockEntry
    from pytest_ophamin.claims.model import Claim, Digest
    from pytest_ophamin.deciding.registry import PillarRegistry
    from pytest_ophamin.plugin.settings import Settings
    from pytest_ophamin.records.bundle import Written
    from pytest_ophamin.records.context import RunContext
    from pytest_ophamin.records.keys import Signer
    from pytest_ophamin.records.previous import Previous
    from pytest_ophamin.substrate.files import ScenarioFiles
    from pytest_ophamin.substrate.standing import LockStanding
    from pytest_ophamin.substrate.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The committed lock as this campaign found it at its start."""

    lock: Lock | None
    standing: LockStanding

    def registration(self, claim: Claim, digest: Digest, correction: str) -> Registration:
        """Return the standing of one collected claim."""
        return registration_of(claim, digest, self.lock, self.standing, correction)

    @property
    def active(self) -> tuple[LockEntry, ...]:
        """Entries in force: of a committed, unmodified lock, without the withdrawn."""
        if self.lock is None or not self.standing.committed:
            return ()
        return tuple(entry for entry in self.lock.entries if not entry.withdrawn)


@dataclass(slots=True, kw_only=True)
class ClosedCampaign:
    """What is shown and returned after the last test."""

    campaign: Campaign
    outcomes: tuple[Outcome, ...]
    written: Written | None = None
    new_key: Path | None = None
    """Where the user's key lies, when it was made just now."""
    warnings: tuple[str, ...] = ()
    """What a reader of the records should know (absolute paths in ids or counterexamples)."""
    problems: list[str] = field(default_factory=list)
    """Why the evidence could not be signed, written or verified: the exit status is then never 0."""


def close_campaign(
    outcomes: Iterable[Outcome],
    plan: Plan,
    settings: Settings,
    *,
    all_in_scope: bool,
    in_scope: Collection[str] = (),
) -> ClosedCampaign | None:
    """Add what was registered and not collected, then decide the campaign.

    Args:
        outcomes: Outcomes of every collected claim.
        plan: The committed lock.
        settings: Name, correction and level.
        all_in_scope: The collection did not end normally, so that no family can be called out of scope.
        in_scope: Families that were collected, whether or not they have an outcome.

    Returns:
        None when there is no claim at all.
    """
    found = list(outcomes)
    families = {outcome.claim.family for outcome in found} | set(in_scope)
    missing, out_of_scope = _missing(found, plan, None if all_in_scope else families)
    every = found + missing
    if not every:
        return None
    corrections = {
        outcome.claim.family: (settings.correction, outcome.claim.alpha)
        for outcome in sorted(every, key=lambda outcome: outcome.registration.status is Status.REGISTERED)
    }
    every = list(with_dependence_findings(every, corrections))
    withdrawn = () if plan.lock is None else (entry.id for entry in plan.lock.entries if entry.withdrawn)
    campaign = decide_campaign(
        settings.name,
        every,
        corrections,
        inconclusive=settings.inconclusive,
        out_of_scope=out_of_scope,
        withdrawn=tuple(withdrawn),
    )
    return ClosedCampaign(campaign=campaign, outcomes=tuple(every))


def _missing(found: list[Outcome], plan: Plan, families: set[str] | None) -> tuple[list[Outcome], tuple[str, ...]]:
    """Return a NOT TESTED outcome for every registered slot nobody filled, and the families left out."""
    filled = {
        (outcome.claim.id, outcome.digest) for outcome in found if outcome.registration.status is Status.REGISTERED
    }
    collected = {outcome.claim.id: outcome for outcome in found}
    missing: list[Outcome] = []
    out_of_scope: set[str] = set()
    sizes = family_sizes(plan.lock)
    for entry in plan.active:
        claim = claim_from_document(entry.id, entry.test, entry.document)
        claim = dataclasses.replace(claim, allocated=max(1, sizes[claim.family]))
        if (claim.id, entry.digest) in filled:
            continue
        if families is not None and claim.family not in families:
            out_of_scope.add(claim.family)
            continue
        amended = collected.get(claim.id)
        reason = "not collected" if amended is None else f"amended: {amended.registration.reason}"
        missing.append(
            Outcome(
                claim=claim if amended is None else dataclasses.replace(claim, scenario=amended.claim.scenario),
                digest=entry.digest,
                registration=Registration(status=Status.REGISTERED, lock_blob=plan.standing.blob),
                verdict=Verdict.NOT_TESTED,
                key="0" * 32,
                not_tested=reason,
            )
        )
    return missing, tuple(sorted(out_of_scope))


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """When the session began; read once."""

    started_at: float = field(default_factory=time.time)
    started: float = field(default_factory=time.perf_counter)

    @property
    def start(self) -> str:
        moment = dt.datetime.fromtimestamp(int(self.started_at), tz=dt.UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def duration(self) -> float:
        return time.perf_counter() - self.started


def write_evidence(
    closed: ClosedCampaign,
    *,
    settings: Settings,
    plan: Plan,
    subject: Subject,
    rootdir: Path,
    clock: Clock,
    workers: int,
    signing_key: str | None,
    environ: Mapping[str, str],
    registry: PillarRegistry,
) -> None:
    """Build, sign and write the campaign's records, then verify the file just written.

    Whatever goes wrong is added to ``closed.problems``: a campaign without its evidence is never green.
    """
    from pytest_ophamin.errors import OphaminError
    from pytest_ophamin.records.build import build_statements  # pydantic and cryptography: campaigns only
    from pytest_ophamin.records.bundle import write_bundle
    from pytest_ophamin.records.keys import find_signer
    from pytest_ophamin.records.previous import read_previous
    from pytest_ophamin.records.surroundings import runs_in_ci
    from pytest_ophamin.substrate.subject import artifact_subject

    folder = settings.out / settings.name
    try:
        signer = None if settings.unsigned else find_signer(signing_key, is_ci=runs_in_ci(environ), environ=environ)
        context = _context(
            closed,
            settings=settings,
            plan=plan,
            subjects=(subject, *(artifact_subject(path) for path in settings.subjects)),
            rootdir=rootdir,
            clock=clock,
            workers=workers,
            previous=read_previous(folder),
        )
        statements = build_statements(closed.campaign, closed.outcomes, context)
        closed.warnings = tuple(statements.warnings)
        closed.written = write_bundle(folder, statements, signer)
        if signer is not None and signer.source == "new user key":
            closed.new_key = signer.path
        closed.problems.extend(_verify_own(closed.written, signer, registry))
    except (OphaminError, OSError) as error:
        closed.problems.append(f"the evidence was not written: {error}")


def _context(
    closed: ClosedCampaign,
    *,
    settings: Settings,
    plan: Plan,
    subjects: tuple[Subject, ...],
    rootdir: Path,
    clock: Clock,
    workers: int,
    previous: Previous | None,
) -> RunContext:
    from importlib.metadata import version

    from pytest_ophamin.records.context import RunContext
    from pytest_ophamin.substrate.history import lock_history

    has_lock = settings.lock_path.is_file()
    return RunContext(
        name=settings.name,
        subjects=subjects,
        start=clock.start,
        duration=clock.duration,
        python=platform.python_version(),
        platform=sys.platform,
        workers=workers,
        lock=plan.standing if has_lock else None,
        history=lock_history(rootdir, settings.lock_path, lock_entries) if has_lock else None,
        provenance=_provenance(closed.outcomes, rootdir),
        libraries={"pytest-ophamin": version("pytest-ophamin"), "pytest": version("pytest")},
        previous=previous,
    )


def _provenance(outcomes: Iterable[Outcome], rootdir: Path) -> dict[str, ScenarioFiles]:
    """Digest the scenario modules, as they lie there now; one that is gone has none."""
    from pytest_ophamin.substrate.files import scenario_files

    modules = {outcome.claim.test.split("::", 1)[0] for outcome in outcomes}
    return {
        module: scenario_files(rootdir, rootdir / module) for module in sorted(modules) if (rootdir / module).is_file()
    }


def _verify_own(written: Written, signer: Signer | None, registry: PillarRegistry) -> list[str]:
    """Verify the bundle as anybody else would; what cannot be verified is no evidence."""
    from pytest_ophamin.records.verify import verify_written

    return verify_written(written, signer, registry)
