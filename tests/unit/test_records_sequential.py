"""Records of claims that stopped early: they hold, and a sample that ends elsewhere does not (step 11)."""

from __future__ import annotations

import base64
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundles import Forger, Suite, bits, claim, new_signer, shipped, verify, write

from pytest_ophamin.claims.design import Design
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.stopping import stopping_index
from pytest_ophamin.records.build import Statements
from pytest_ophamin.records.columns import column_bytes
from pytest_ophamin.records.verify.report import BundleReport, StepState
from pytest_ophamin.trials.sample import Column, Sample

SIGNER = new_signer()
SEQUENTIAL: dict[str, Any] = {"design": Design(sequential=True), "allocated": 2}
SHARE = claim("test_share", margin=0.05, trials=600, **SEQUENTIAL)
MEAN = claim("test_mean", metric="mean", threshold=0.4, trials=900, bounds=(0.0, 1.0), **SEQUENTIAL)
DRAWS = np.random.default_rng(3).random(900)


def means(n: int) -> Sample:
    """Return ``n`` observations between 0 and 1."""
    return Sample(n=n, columns={"value": Column(kind="f64le", values=DRAWS[:n])})


def end_of(each: Claim, sample: Sample) -> int:
    """Return where the claim is decided."""
    found = stopping_index(each, sample, shipped().deciding_for(each))
    assert found is not None
    return found


END = end_of(SHARE, bits(600))


def statements(share: int = END, *, is_registered: bool = True) -> Statements:
    """Return the statements of a campaign of two claims, one with so many observations."""
    evidence: list[Any] = [(SHARE, bits(share)), (MEAN, means(end_of(MEAN, means(900))))]
    return Suite(evidence=evidence, registered=(SHARE, MEAN) if is_registered else None).statements()


def verified(forger: Forger, folder: Path) -> BundleReport:
    """Sign what the forger made with a trusted key, and verify it."""
    fixed = forger.fix_data().fix_ids()
    return verify(fixed.write(folder / "demo", SIGNER), SIGNER)


def first_failure(report: BundleReport) -> tuple[int, str]:
    """Return the step verification ended at, and what it said."""
    return next((step.number, " ".join(step.notes)) for step in report.steps if step.state is StepState.FAILED)


def test_a_record_of_stopped_claims_holds(tmp_path: Path) -> None:
    """Sample, assessment, course and stop are computed again from the observations."""
    written = write(tmp_path, statements(), SIGNER)
    assert verify(written.path, SIGNER).exit_status == 0
    forger = Forger.of(statements())
    part = forger.proof("test_share")
    assert part["data"]["n"] == END < 600
    assert part["proof"]["plan"] == {
        "trials": 600,
        "key": part["proof"]["plan"]["key"],
        "allocated": 2,
        "comparison": None,
    }
    assert part["derived"]["assessment"]["sequence"]["at"][-1] == END
    assert verified(forger, tmp_path).exit_status == 0


@pytest.mark.parametrize("n", [END - 1, END + 1, 599])
def test_a_sample_that_ends_elsewhere_is_caught(tmp_path: Path, n: int) -> None:
    """One observation less, or more: the forger fixes data, ids and digests, and the stop is not theirs."""
    forger = Forger.of(statements())
    data = forger.proof("test_share")["data"]
    data["n"] = n
    data["columns"]["value"]["base64"] = base64.b64encode(column_bytes(bits(n).value)).decode()
    step, said = first_failure(verified(forger, tmp_path))
    assert step == 11
    assert "VOID" in said


@pytest.mark.parametrize("correction", ["none", "holm"])
def test_a_lone_exploratory_claim_shares_with_nobody(tmp_path: Path, correction: str) -> None:
    """Neither with the family's registered claims, nor where nothing is corrected."""
    new, lone = claim("test_new"), dataclasses.replace(SHARE, allocated=1)
    evidence: list[Any] = [(new, bits(100)), (MEAN, None), (lone, bits(end_of(lone, bits(600))))]
    if correction == "none":
        evidence[1] = (dataclasses.replace(MEAN, allocated=1), None)
    suite = Suite(evidence=evidence, registered=(new, MEAN) if correction == "holm" else (), correction=correction)
    assert verify(write(tmp_path, suite.statements(), SIGNER).path, SIGNER).exit_status == 0


def test_an_honest_looking_void_is_caught_as_well(tmp_path: Path) -> None:
    """A sample cut before its decision is VOID: a record that says so of a claim that was decided is another record."""
    forger = Forger.of(statements(END - 1))
    assert forger.proof("test_share")["proof"]["verdict"] == "VOID"
    assert verified(forger, tmp_path).exit_status == 0


def test_more_trials_than_the_cap_are_caught(tmp_path: Path) -> None:
    """Nothing of the plan allows them (step 10)."""
    forger = Forger.of(statements())
    data = forger.proof("test_share")["data"]
    data["n"] = 601
    data["columns"]["value"]["base64"] = base64.b64encode(column_bytes(bits(601).value)).decode()
    assert first_failure(verified(forger, tmp_path))[0] == 10


@pytest.mark.parametrize("is_registered", [True, False])
@pytest.mark.parametrize("allocated", [1, 3])
def test_alpha_shared_among_other_claims_is_caught(tmp_path: Path, allocated: int, is_registered: bool) -> None:
    """The lock says how many claims a family has, and the campaign how many exploratory ones there were (step 9)."""
    forger = Forger.of(statements(is_registered=is_registered))
    assert verified(forger, tmp_path).exit_status == 0
    forger.proof("test_share")["proof"]["plan"]["allocated"] = allocated
    assert first_failure(verified(forger, tmp_path))[0] == 9


@pytest.mark.parametrize("name", ["at", "lower", "upper", "log_validate", "log_refute"])
def test_an_edited_course_is_caught(tmp_path: Path, name: str) -> None:
    """Every number of the course is computed again."""
    forger = Forger.of(statements())
    course = forger.proof("test_share")["derived"]["assessment"]["sequence"]
    course[name][0] += 1 if name == "at" else 0.01
    assert first_failure(verified(forger, tmp_path))[0] == 11
