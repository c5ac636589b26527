"""The special functions all methods rest on, imported when the first sample is decided (400 ms, never scipy.stats)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType, ModuleType
from typing import Any


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


def betaincc(a: Any, b: Any, x: Any) -> Any:  # noqa: ANN401  # scalars and arrays alike, as in scipy.special
    """Return the complement of the regularised incomplete beta function, I_(1-x)(b, a).

    SciPy has it since 1.12; before, ``1 - x`` costs the digits x has beyond the 16th place.
    """
    sp = special()
    return sp.betaincc(a, b, x) if hasattr(sp, "betaincc") else sp.betainc(b, a, 1.0 - x)


def betainccinv(a: Any, b: Any, y: Any) -> Any:  # noqa: ANN401
    """Return the x with ``betaincc(a, b, x) = y``; see :func:`betaincc`."""
    sp = special()
    return sp.betainccinv(a, b, y) if hasattr(sp, "betainccinv") else 1.0 - sp.betaincinv(b, a, y)
