"""Campaigns with fresh draws per tree can be pooled, dirty trees included."""

from __future__ import annotations

import json
import subprocess

import pytest
from childrun import Runner

SUITE = """
from pytest_ophamin import claim

SHARE = 0.95

@claim("is mostly right", metric="proportion", at_least=0.8, trials=100, seed="commit")
def test_right(trial):
    return trial.rng.random() < SHARE
"""
