"""Tests that make claims.

A test makes a claim; its function is one trial. The plugin runs the trials, decides the claim, and keeps signed
evidence:

    from pytest_ophamin import claim

    @claim("catches at least 90 % of spam", metric="proportion", at_least=0.90, trials=1000)
    def test_recall(trial, spam_filter, spam):
        return spam_filter(trial.pick(spam))

Names are loaded when first used (PEP 562): ``import pytest_ophamin.records`` in a verifier imports no pytest, and a
session without claims imports neither numpy, scipy nor pydantic.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_ophamin.claims.model import Claim
    from pytest_ophamin.deciding.outcome import Verdict
    from pytest_ophamin.errors import OphaminError
    from pytest_ophamin.hookspecs import hookimpl
    from pytest_ophamin.plugin.marks import claim, scenario
    from pytest_ophamin.trials.trial import Trial

__all__ = ["Claim", "OphaminError", "Trial", "Verdict", "claim", "hookimpl", "scenario"]

_HOMES = {
    "Claim": "pytest_ophamin.claims.model",
    "OphaminError": "pytest_ophamin.errors",
    "Trial": "pytest_ophamin.trials.trial",
    "Verdict": "pytest_ophamin.deciding.outcome",
    "claim": "pytest_ophamin.plugin.marks",
    "hookimpl": "pytest_ophamin.hookspecs",
    "scenario": "pytest_ophamin.plugin.marks",
}


def __getattr__(name: str) -> object:
    """Load a public name from the module it lives in, once."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
