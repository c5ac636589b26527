"""The special functions all methods rest on, imported when the first sample is decided (400 ms, never scipy.stats)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType, ModuleType


@cache
def special() -> ModuleType:
    """Return ``scipy.special``."""
    import scipy.special  # lazily: see the module docstring

    return scipy.special


@cache
def libraries() -> Mapping[str, str]:
    """Return the versions of the numerical libraries the shipped methods compute with."""
    import numpy as np
    import scipy

    return MappingProxyType({"numpy": np.__version__, "scipy": scipy.__version__})
