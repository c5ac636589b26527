"""Ratios of whole sessions against a peer, measured side by side; figures stand in BENCHMARKS.md."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def load_measure() -> ModuleType:
    """Import the script beside this file: tests are no package."""
    spec = importlib.util.spec_from_file_location("measure", Path(__file__).with_name("measure.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["measure"] = module
    spec.loader.exec_module(module)
    return module


def test_a_trial_is_200_times_faster_than_a_repeated_test(tmp_path: Path) -> None:
    """The same body, as trials of a claim and as repetitions by pytest-repeat."""
    pytest.importorskip("pytest_repeat")
    measure = load_measure()
    measure.write_suites(tmp_path)
    units = measure.per_unit(tmp_path, rounds=3, typical=min)
    assert units["repeat"] > 200 * units["fast"]
    assert units["fresh"] < units["repeat"]
