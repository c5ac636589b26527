"""What is written verifies, is what the models say, and does not depend on how the session ran."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from bundles import (
    full_statements,
    full_suite,
    new_signer,
    shipped,
    small_statements,
    small_suite,
    trust,
    verify,
    write,
)

from pytest_ophamin._canonical import canonical_bytes
from pytest_ophamin.records.models import STATEMENT_MODELS
from pytest_ophamin.records.verify import StepState, verify_written
from pytest_ophamin.records.verify.report import Exit


def test_a_campaign_with_every_fate_verifies(tmp_path: Path) -> None:
    """All fourteen steps hold over a bundle with every kind of evidence, and everything is recomputed."""
    signer = new_signer()
    written = write(tmp_path, full_statements(), signer)
    report = verify(written.path, signer)
    assert [step.notes for step in report.steps if step.state is not StepState.HOLDS] == []
    assert report.exit_status is Exit.HOLDS
    assert [step.number for step in report.steps] == list(range(1, 15))
    assert (report.recomputed, report.attested, report.not_recomputable) == (11, 2, 0)


def test_the_writer_verifies_its_own_file(tmp_path: Path) -> None:
    """A bundle just written holds against the key it was signed with, also when it is not signed yet."""
    for signer in (new_signer(), None):
        assert verify_written(write(tmp_path, small_statements(), signer), signer, shipped()) == []


def test_every_statement_follows_its_model_and_is_canonical() -> None:
    """The signed bytes are the RFC 8785 form of a statement the closed schema accepts."""
    for built in full_statements().all:
        assert built.payload == canonical_bytes(built.statement)
        STATEMENT_MODELS[str(built.statement["predicateType"])].model_validate(built.statement)


@pytest.mark.parametrize("change", [{"workers": 8}, {"start": "2027-01-01T00:00:00Z"}, {"duration": 99.0}])
def test_ids_do_not_depend_on_the_run(change: dict[str, object]) -> None:
    """Workers, clock and duration are signed but enter no id."""
    other = dataclasses.replace(small_suite(), changes=change).statements()
    assert [built.id for built in other.all] == [built.id for built in small_statements().all]
    assert other.campaign.payload != small_statements().campaign.payload


def test_ids_do_not_depend_on_the_order_of_outcomes() -> None:
    """The same outcomes in another order give the same bundle."""
    suite = full_suite()
    suite.evidence.reverse()
    assert [built.payload for built in suite.statements().all] == [built.payload for built in full_statements().all]


def test_an_unknown_key_is_reported_as_unsigned_content(tmp_path: Path) -> None:
    """An intact bundle by a key nobody named exits 3, with everything else checked."""
    written = write(tmp_path, small_statements(), new_signer())
    report = verify(written.path, new_signer())
    assert report.exit_status is Exit.UNKNOWN_KEY
    assert report.recomputed == 2


def test_a_revoked_key_beats_trust(tmp_path: Path) -> None:
    """A key that is revoked fails, whatever else is known about it."""
    signer = new_signer()
    report = verify(write(tmp_path, small_statements(), signer).path, trust=trust(signer, revoked=[signer]))
    assert (report.failed_step, report.exit_status) == (3, Exit.FAILED)
