"""The special functions all methods rest on, imported when the first sample is decided (400 ms, never scipy.stats)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType, ModuleType
from typing import Any


@cache
def special() -> ModuleType:
    """Return ``scipy.special``."""
    import scipy.special  # lazily: see the module docstring

    return scipy.special


@cache
def scalar(name: str) -> Callable[[float, float, float], float]:
    """Return a function of three plain numbers of ``scipy.special``.

    The compiled scalar version where there is one: the same bits as the ufunc, at a fifth of what calling that costs.
    """
    import scipy.special.cython_special as compiled

    signatures = getattr(getattr(compiled, name, None), "__signatures__", {})
    if "double" in signatures:
        found: Callable[[float, float, float], float] = getattr(compiled, name)["double"]
        return found
    ufunc = getattr(special(), name)
    return lambda a, b, x: float(ufunc(a, b, x))


@cache
def libraries() -> Mapping[str, str]:
    """Return the versions of the numerical libraries the shipped methods compute with."""
    import numpy as np
    import scipy

    return MappingProxyType({"numpy": np.__version__, "scipy": scipy.__version__})


def betaincc(a: Any, b: Any, x: Any) -> Any:  # noqa: ANN401  # scalars and arrays alike, as in scipy.special
    """Return the complement of the regularised incomplete beta function, I_(1-x)(b, a)."""
    return special().betaincc(a, b, x)


def betainccinv(a: Any, b: Any, y: Any) -> Any:  # noqa: ANN401
    """Return the x with ``betaincc(a, b, x) = y``."""
    return special().betainccinv(a, b, y)
