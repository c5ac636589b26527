"""Correlations: Pearson's, Spearman's and Kendall's, each at any limit.

A trial returns a pair ``(x, y)``. Pearson's is decided by the exact distribution for bivariate normal pairs. The rank
correlations are decided at the limit 0 by their permutation distribution, at other limits by z.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import libraries
from pytest_ophamin.pillars import (
    FIRST,
    SECOND,
    Assessment,
    BadSample,
    Claim,
    OneSided,
    Plan,
    Sample,
    claim_sides,
    compose,
    minus,
    plus,
    undecidable,
)

if TYPE_CHECKING:
    from collections.abc import Callable

PEARSON = "pearson-normal/1"
SPEARMAN = "spearman-permutation-z/1"
KENDALL = "kendall-permutation-z/1"
METHODS = {"correlation": PEARSON, "spearman": SPEARMAN, "kendall": KENDALL}
CONSTANT = "the values of one side are all equal: nothing is known about how they go with the other"
TOO_FEW = "fewer pairs than the method can judge"
FEW_VALUES = 3
"""A column that takes no more values than this is not normal, however many pairs there are."""
LARGEST_N = 10_000_000
"""Beyond this many trials a sample counts as lying on the boundary."""
_LEAST_N = {"correlation": 3, "spearman": 4, "kendall": 5}
"""Pairs with which the method can reject at limits other than 0."""

Floats = npt.NDArray[np.float64]
