"""``ophamin sign``: where no test code runs, check a draft and sign it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_ophamin.cli.output import say
from pytest_ophamin.cli.verify import print_report
from pytest_ophamin.errors import EvidenceError, UsageError
from pytest_ophamin.records.verify.report import Exit

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from pytest_ophamin.claims.model import Digest
    from pytest_ophamin.records.verify.report import BundleReport


def run(arguments: argparse.Namespace) -> int:
    """Verify a draft's content, then write the signed bundle beside it."""
    from pytest_ophamin.deciding.registry import load_entry_points
    from pytest_ophamin.records.bundle import write_payloads
    from pytest_ophamin.records.keys import SIGNING_KEY_VARIABLE, find_signer
    from pytest_ophamin.records.surroundings import runs_in_ci
    from pytest_ophamin.records.verify import VerifyOptions, verify_bundle

    draft = _draft(arguments.path)
    key = os.environ.pop(SIGNING_KEY_VARIABLE, None)
    report = verify_bundle([draft], VerifyOptions(is_unsigned=True), load_entry_points(arguments.pillar)).bundles[0]
    if report.exit_status is not Exit.HOLDS:
        print_report(report)
        say("nothing was signed")
        return int(report.exit_status)
    payloads, campaign_id = _payloads(report)
    _check_history(draft, report)
    signer = find_signer(key, is_ci=runs_in_ci(os.environ))
    written = write_payloads(draft.parent, payloads, signer, campaign_id=campaign_id, sidecars={})
    say(f"signed {written.path} with {signer.keyid} ({signer.source} key)")
    if written.renamed is not None:
        say(f"the bundle before is now {written.renamed.name}")
    if written.session_key is not None:
        say(f"verify with: ophamin verify {written.path} --trust {written.session_key}")
    return Exit.HOLDS


def _draft(path: Path) -> Path:
    from pytest_ophamin.records.names import UNSIGNED_NAME

    draft = path / UNSIGNED_NAME if path.is_dir() else path
    if not draft.is_file():
        raise UsageError(f"expected an unsigned bundle ({UNSIGNED_NAME}), there is none at {str(path)!a}")
    return draft


def _payloads(report: BundleReport) -> tuple[list[bytes], Digest]:
    """Return the very bytes that were verified, the CampaignRecord's first, and its id."""
    from pytest_ophamin.records.models_campaign import CampaignStatement

    campaign = next(record for record in report.records if isinstance(record.model, CampaignStatement))
    others = [record.content for record in report.records if record is not campaign]
    return [campaign.content, *others], campaign.id


def _check_history(draft: Path, report: BundleReport) -> None:
    """A draft continues the signed bundle beside it, or it would fork the chain.

    Raises:
        EvidenceError: It does not.
    """
    from pytest_ophamin.records.models_campaign import CampaignStatement
    from pytest_ophamin.records.names import SIGNED_NAME
    from pytest_ophamin.records.previous import check_previous

    signed = draft.with_name(SIGNED_NAME)
    if not signed.is_file():
        return
    before = check_previous(signed)
    record = next(record for record in report.records if isinstance(record.model, CampaignStatement))
    if before.payload == record.payload:
        raise EvidenceError(f"{signed.name} already holds this campaign, signed")
    assert isinstance(record.model, CampaignStatement)  # noqa: S101  # for the type checker
    if record.model.predicate.run.history.previous != before.payload:
        raise EvidenceError(f"{draft.name} does not continue {signed.name}: it was made before that was signed")
