"""Reference values of e-processes, confidence sequences and calibrators, computed by the product's own code."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ophamin_pillars.sequential.boundaries import (
    BetaBinomialBoundary,
    GammaExponentialBoundary,
    GammaPoissonBoundary,
    NormalBoundary,
    normal_precision,
    stitched_bound,
)
from ophamin_pillars.sequential.bounded_sequence import empirical_bernstein_bounds, hoeffding_bounds
from ophamin_pillars.sequential.calibrator import best_power_log_e, mixture_log_e, p_from_log_e, power_log_e
from ophamin_pillars.sequential.proportion_sequence import bernoulli_interval
from ophamin_pillars.sequential.quantile_bounds import double_stitched_bound, iterated_logarithm_bound
from ophamin_pillars.sequential.quantile_sequence import two_sample_p_value

Floats = npt.NDArray[np.float64]
Record = Mapping[str, Any]
Computed = dict[str, Any]
Mixture = NormalBoundary | GammaExponentialBoundary | GammaPoissonBoundary | BetaBinomialBoundary


def _calibrators(record: Record) -> Computed:
    given = record["inputs"]
    if "p" not in given:
        return {"p": p_from_log_e(np.log(given["e"])).tolist()}
    p = given["p"]
    return {
        "sqrt_calibrator": np.exp(power_log_e(p, given.get("kappa", 0.5))).tolist(),
        "power_calibrator": np.exp(power_log_e(p, given.get("kappa", 0.5))).tolist(),
        "vovk_vwang_integral": np.exp(mixture_log_e(p)).tolist(),
        "max_bayes": np.exp(best_power_log_e(p)).tolist(),
    }


def _mixture(record: Record) -> Computed:
    """A boundary at ``v``, or log e at (s, v) where the record has a sum."""
    given, mixture = record["inputs"], _mixture_of(record)
    found: Computed = {}
    if "s" in given:
        found["log_mixture"] = found["log_e"] = mixture.log_e(given["s"], given["v"]).tolist()
    if "alpha" in given:
        found["bound"] = mixture.bound(given["v"], given["alpha"]).tolist()
    return found


def _mixture_of(record: Record) -> Mixture:
    given, name = record["inputs"], record["id"]
    one_sided = given.get("is_one_sided", "two_sided" not in name)
    precision = normal_precision(given["v_opt"], given.get("alpha_opt", 0.05), one_sided=one_sided)
    if name.startswith("cs.normal"):
        return NormalBoundary(precision, one_sided=one_sided)
    if name.startswith("cs.gamma_exp"):
        return GammaExponentialBoundary(precision, given["c"])
    if name.startswith("cs.gamma_poisson"):
        return GammaPoissonBoundary(precision, given["c"])
    return BetaBinomialBoundary(precision, given["g"], given["h"], one_sided=one_sided)


def _stitched(record: Record) -> Computed:
    given = record["inputs"]
    options = {"scale": given.get("c", 0.0), "s": given.get("s", 1.4), "eta": given.get("eta", 2.0)}
    return {"bound": stitched_bound(given["v"], given["alpha"], v_min=given["v_min"], **options).tolist()}


def _bernoulli(record: Record) -> Computed:
    given = record["inputs"]
    lower, upper = bernoulli_interval(
        given["successes"], given["n"], given["alpha"], given["t_opt"], given.get("alpha_opt", 0.05)
    )
    return {"lower": float(lower), "upper": float(upper)}


def _predictable_mixture(bounds: Callable[[Floats, float], Floats]) -> Callable[[Record], Computed]:
    """The record has the bounds of single times, each side at half of alpha, not their running intersection."""

    def compute(record: Record) -> Computed:
        given = record["inputs"]
        x, at = sequence(given["sequence"], given["n"]), np.array(given["at_1based"]) - 1
        level = 0.5 * given["alpha"]
        return {"lower": bounds(x, level)[at].tolist(), "upper": (1.0 - bounds(1.0 - x, level))[at].tolist()}

    return compute


def sequence(name: str, n: int) -> Floats:
    """Return the data a record names: van der Corput base 2, or k ones and a zero, repeated."""
    if name == "halton2":
        return np.array([_van_der_corput(i) for i in range(1, n + 1)])
    if name.startswith("bern") and "of" in name:
        ones, of = (int(part) for part in name.removeprefix("bern").split("of"))
        return np.resize(np.array([1.0] * ones + [0.0] * (of - ones)), n)
    raise ValueError(f"unknown sequence {name!r}")


def _van_der_corput(i: int) -> float:
    value, share = 0.0, 0.5
    while i:
        value, share, i = value + share * (i & 1), 0.5 * share, i >> 1
    return value


def _ab_p_value(record: Record) -> Computed:
    given = record["inputs"]
    a, b = (_integers(given[name]) for name in ("a", "b"))
    p = two_sample_p_value(a, b, given["quantile_p"], n_opt=given["t_opt"], level_opt=given.get("alpha_opt", 0.05))
    return {"p_value": p}


def _integers(text: str | list[float]) -> Floats:
    """Return the values of ``"first..last"``, or the list itself."""
    if not isinstance(text, str):
        return np.array(text, dtype=np.float64)
    first, last = (int(end) for end in text.split(".."))
    return np.arange(first, last + 1, dtype=np.float64)


def _double_stitching(record: Record) -> Computed:
    given = record["inputs"]
    options = {"delta": given.get("delta", 0.5), "s": given.get("s", 1.4), "eta": given.get("eta", 2.0)}
    bound = double_stitched_bound(given["quantile_p"], given["t"], given["alpha"], t_opt=given["t_opt"], **options)
    return {"bound": bound.tolist()}


def _empirical_process(record: Record) -> Computed:
    given = record["inputs"]
    bound = iterated_logarithm_bound(given["t"], given["alpha"], t_min=given["t_min"], a=given.get("A", 0.85)).tolist()
    return {"bound": "inf" if bound == math.inf else bound}


COMPUTED: dict[str, Callable[[Record], Computed]] = {
    "calibrator.": _calibrators,
    "cs.normal_mixture": _mixture,
    "cs.gamma_exponential": _mixture,
    "cs.gamma_poisson": _mixture,
    "cs.beta_binomial": _mixture,
    "cs.poly_stitching": _stitched,
    "cs.bernoulli.": _bernoulli,
    "cs.pm_eb.": _predictable_mixture(empirical_bernstein_bounds),
    "cs.pm_h.": _predictable_mixture(hoeffding_bounds),
    "qcs.ab_pvalue": _ab_p_value,
    "qcs.double_stitching": _double_stitching,
    "qcs.empirical_process_lil": _empirical_process,
}
