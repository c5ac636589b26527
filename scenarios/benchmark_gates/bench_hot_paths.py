"""This project's own hot paths, each held to the time its baseline takes: `tox run -e gates`.

The file is not named like a test file: `pytest scenarios` decides claims about other people's code, in seconds, and
leaves these alone, which take minutes and need a baseline.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pytest_ophamin import claim, scenario
from pytest_ophamin._canonical import canonical_bytes
from pytest_ophamin.deciding.decide import decide_claim
from pytest_ophamin.deciding.registry import PillarRegistry, load_shipped
from pytest_ophamin.records.dsse import pre_authentication_encoding
from pytest_ophamin.records.trust import load_trust
from pytest_ophamin.records.verify import VerifyOptions, verify_bundle
from pytest_ophamin.testing import claim_of, sample_of
from pytest_ophamin.trials.loop import run_slice
from pytest_ophamin.trials.shape import Shape
from pytest_ophamin.trials.trial import Trial

pytestmark = scenario(
    "Hot paths of pytest-ophamin against its previous release",
    tier="engineering",
    family="hot paths",
    goal="No commit makes trials, verdicts, records or verification more than a tenth slower.",
)

LIMIT = 1.10
PROOFS = Path(__file__).parents[2] / "proofs" / "scenarios"
Benchmark = Callable[..., Any]


@pytest.fixture(scope="module")
def registry() -> PillarRegistry:
    """The shipped pillars."""
    return load_shipped()


@claim("the trial loop is not more than a tenth slower", metric="time_ratio", at_most=LIMIT)
def test_trial_loop(benchmark: Benchmark) -> None:
    """A thousand trials that return a float, without fixtures."""
    trial = Trial(bytes(16), trials=1000)
    shape = Shape.of_value("bench.py::test")

    def loop() -> int:
        return run_slice(lambda: 0.5, trial, start=0, stop=1000, shape=shape).stop

    assert benchmark(loop) == 1000


@claim("deciding a proportion is not more than a tenth slower", metric="time_ratio", at_most=LIMIT)
def test_deciding(benchmark: Benchmark, registry: PillarRegistry) -> None:
    """An exact binomial verdict on a thousand trials."""
    asked = claim_of("proportion", at_least=0.9, trials=1000)
    sample = sample_of(np.arange(1000) % 20 != 0)
    assert benchmark(decide_claim, asked, sample, registry).assessment is not None


@claim("the canonical form is not more than a tenth slower", metric="time_ratio", at_most=LIMIT)
def test_canonical_form(benchmark: Benchmark) -> None:
    """A document of two hundred numbers and names."""
    document = {f"name {n}": [n, math.sqrt(n), {"text": "é" * (n % 7)}] for n in range(200)}
    assert benchmark(canonical_bytes, document).startswith(b"{")


@claim("signing is not more than a tenth slower", metric="time_ratio", at_most=LIMIT)
def test_signing(benchmark: Benchmark) -> None:
    """Ed25519 over the pre-authentication encoding of four kilobytes."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    payload = bytes(4096)
    assert len(benchmark(lambda: key.sign(pre_authentication_encoding(payload)))) == 64


@claim("verification is not more than a tenth slower", metric="time_ratio", at_most=LIMIT)
def test_verify(benchmark: Benchmark, registry: PillarRegistry) -> None:
    """All fourteen steps on the bundle this tree ships."""
    options = VerifyOptions(trust=load_trust([PROOFS / "session-key.pub.pem"]))
    report = benchmark(verify_bundle, [PROOFS / "campaign.intoto.jsonl"], options, registry)
    assert len(report.bundles) == 1
