"""Tests of a mean over the splits of one data set, which share their training data and so are not independent.

The naive t test takes them for independent and shrinks with the number of splits. Nadeau & Bengio (2003) Machine
Learning 52:239, section 3 and eq. (9): with J splits of n1 training and n2 test items the variance of the mean is about
(1/J + n2/n1) times the variance between splits, because two splits correlate by about n2 / (n1 + n2).
Approximate: that correlation is a rule of thumb, not an estimate (none is unbiased: Bengio & Grandvalet 2004). It needs
stable learners: where the difference is mostly noise of training, one side errs in 8 % at a nominal 5 %.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ophamin_pillars.models.estimate import Estimate, f_tail
from ophamin_pillars.student import mean_and_sd

Floats = npt.NDArray[np.float64]


def corrected_resampled(differences: npt.ArrayLike, n_train: float, n_test: float) -> Estimate:
    """Return the mean over splits with Nadeau and Bengio's standard error, J - 1 degrees of freedom.

    Args:
        differences: What each split measured (J), of random splits, a k-fold, or repeated folds.
        n_train: Items a split trains on.
        n_test: Items a split tests on.

    Raises:
        ValueError: There are fewer than two splits, or a size is not positive.
    """
    values = _splits(differences)
    if not (n_train > 0 and n_test > 0 and math.isfinite(n_train) and math.isfinite(n_test)):
        raise ValueError(f"expected positive sizes of training and test sets, got {n_train} and {n_test}")
    return _mean_with(values, 1.0 / len(values) + n_test / n_train)


def naive_resampled(differences: npt.ArrayLike) -> Estimate:
    """Return what the t test of independent splits says: for comparison only, its level is not kept."""
    values = _splits(differences)
    return _mean_with(values, 1.0 / len(values))


def five_by_two(differences: npt.ArrayLike) -> Estimate:
    """Return the first split's difference studentised by five two-fold variances: Dietterich's 5x2cv t, 5 df.

    Args:
        differences: Difference per replication and fold (5, 2).

    Source: Dietterich (1998) Neural Computation 10:1895, section 3.5.
    """
    values = _two_fold(differences)
    variances = ((values - values.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    return Estimate(
        value=float(values[0, 0]),
        standard_error=math.sqrt(float(variances.mean())),
        df=float(len(values)),
        n=values.size,
    )


def five_by_two_f(differences: npt.ArrayLike) -> tuple[float, float]:
    """Return F and p of the combined 5x2cv test, which does not hang on which split came first.

    Source: Alpaydin (1999) Neural Computation 11:1885. Arguments as for :func:`five_by_two`.
    """
    values = _two_fold(differences)
    variances = ((values - values.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    total = float((values * values).sum())
    if variances.sum() == 0.0:
        return (math.inf, 0.0) if total > 0.0 else (0.0, 1.0)
    f = total / (2.0 * float(variances.sum()))
    return f, f_tail(f, values.size, len(values))


def _splits(differences: npt.ArrayLike) -> Floats:
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
        raise ValueError(f"expected two finite differences or more, one per split, got shape {values.shape}")
    return values


def _two_fold(differences: npt.ArrayLike) -> Floats:
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != 2 or len(values) < 1 or not np.isfinite(values).all():
        raise ValueError(f"expected finite differences of shape (replications, 2), got {values.shape}")
    return values


def _mean_with(values: Floats, factor: float) -> Estimate:
    mean, sd = mean_and_sd(values)
    return Estimate(value=mean, standard_error=sd * math.sqrt(factor), df=len(values) - 1.0, n=len(values))
