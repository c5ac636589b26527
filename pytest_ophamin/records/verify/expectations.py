"""Step 8: is this the campaign the caller means? A true record of another commit is no evidence for this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ophamin._canonical import sha256_hex
from pytest_ophamin.records.models_base import GitCommit
from pytest_ophamin.records.names import SIGNED_NAME, SIGNED_SUFFIX, UNSIGNED_NAME
from pytest_ophamin.records.verify.report import StepState
from pytest_ophamin.records.verify.state import Bundle, Notes, StepFailed

if TYPE_CHECKING:
    from pytest_ophamin.records.models_campaign import CampaignStatement


def check_expectations(bundle: Bundle) -> tuple[StepState, Notes]:
    """Step 8: name against folder (or ``--name``), then everything else the caller stated."""
    campaign = bundle.the_campaign
    _check_name(bundle, campaign)
    options = bundle.options
    notes = []
    if options.commit is None and options.lock is None and options.subject is None:
        bundle.not_checked.append("freshness (state --commit, --lock or --subject)")
    if options.commit is not None:
        _check_commit(campaign, options.commit)
        notes.append(f"commit {options.commit}")
    if options.lock is not None:
        _check_lock(campaign, options.lock)
        notes.append("the lock file is the one given")
    if options.subject is not None:
        if not any(getattr(subject.digest, "sha256", None) == options.subject for subject in campaign.subject):
            raise StepFailed(f"no subject has the sha256 {options.subject}")
        notes.append(f"subject {options.subject}")
    return StepState.HOLDS, notes


def _check_name(bundle: Bundle, campaign: CampaignStatement) -> None:
    name = campaign.predicate.run.campaign
    for proof in bundle.proofs:
        if proof.statement.predicate.run.campaign != name:
            raise StepFailed(
                f"line {proof.record.line}: campaign {proof.statement.predicate.run.campaign!a}, not {name!a}"
            )
    folder = bundle.path.absolute().parent.resolve().name
    expected = bundle.options.name if bundle.options.name is not None else folder
    if name != expected:
        where = "its folder is" if bundle.options.name is None else "--name is"
        raise StepFailed(f"the campaign's name is {name!a}, {where} {expected!a}")
    _check_file_name(bundle)


def _check_file_name(bundle: Bundle) -> None:
    """An earlier bundle of the folder carries its content in its name."""
    stem = bundle.path.name.removesuffix(SIGNED_SUFFIX)
    record = bundle.campaign_record
    if bundle.path.name in (SIGNED_NAME, UNSIGNED_NAME) or record is None or len(stem) != 2 * 64 + 1:
        return
    if stem != f"{record.id}-{record.payload}":
        raise StepFailed(f"the file's name says {stem}, its content is {record.id}-{record.payload}")


def _check_commit(campaign: CampaignStatement, commit: str) -> None:
    digest = campaign.subject[0].digest
    if not isinstance(digest, GitCommit):
        raise StepFailed(f"the substrate is no clean commit but {next(iter(digest.model_dump()))}, not commit {commit}")
    if digest.gitCommit != commit.lower():
        raise StepFailed(f"the substrate is commit {digest.gitCommit}, not {commit}")


def _check_lock(campaign: CampaignStatement, lock: bytes) -> None:
    text = campaign.predicate.data.lock
    # A record holds git's own bytes; a work tree may show them with CR LF, which TOML knows as the same line end.
    if text is None or text.encode() not in (lock, lock.replace(b"\r\n", b"\n")):
        came = "none" if text is None else f"one with sha256 {sha256_hex(text.encode())}"
        raise StepFailed(f"the campaign ran under another lock: expected sha256 {sha256_hex(lock)}, came {came}")
