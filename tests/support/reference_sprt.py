"""Reference values of sequential designs, computed by the product: see ``test_reference_values.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ophamin_pillars.sequential.group import GroupDesign, lan_demets, obrien_fleming, pocock, wang_tsiatis
from ophamin_pillars.sequential.law import operating_characteristics, stopping_law
from ophamin_pillars.sequential.likelihood_ratio import log_e
from ophamin_pillars.sequential.lines import ratio_boundaries
from ophamin_pillars.sequential.spending import (
    Spending,
    hwang_shih_decani,
    obrien_fleming_like,
    pocock_like,
    power_family,
)
from ophamin_pillars.sequential.sprt import bernoulli_sprt, normal_sprt
from ophamin_pillars.sequential.stopping import Boundaries

Record = Mapping[str, Any]
Computed = dict[str, Any]

ORACLE_HORIZON = 4_000
"""Trials after which the oracle's untruncated programme ends: its probabilities sum to 1 - 2.2657e-7 at p = .88
(Ville), which is the product's probability of being under way after 4,000 trials to all digits given."""


def _bernoulli(record: Record) -> Computed:
    given = record["inputs"]
    test = bernoulli_sprt(given["p0"], given["p1"], given["alpha"], given["beta"])
    return {
        "logA": test.log_a,
        "logB": test.log_b,
        "slope": test.slope,
        "h_accept": test.h_accept,
        "h_reject": test.h_reject,
        "asn_p0": test.average_sample_number(given["p0"]),
        "asn_p1": test.average_sample_number(given["p1"]),
        "asn_at_slope": test.average_sample_number(test.slope),
        "oc_at_slope": test.accept_probability(test.slope),
    }


def _normal(record: Record) -> Computed:
    given = record["inputs"]
    test = normal_sprt(given["mu0"], given["mu1"], given["sigma"], given["alpha"], given["beta"])
    return {
        "logA": test.log_a,
        "logB": test.log_b,
        "slope": test.slope,
        "h_accept": test.h_accept,
        "h_reject": test.h_reject,
        "n_approx_mu0": test.average_sample_number(given["mu0"]),
        "n_approx_mu1": test.average_sample_number(given["mu1"]),
        "n_approx_mid": test.average_sample_number(test.slope),
        "oc_mid": test.accept_probability(test.slope),
    }


def _exact(record: Record) -> Computed:
    given = record["inputs"]
    cap = next((int(given[name]) for name in ("cap", "n_max", "nmax", "N") if name in given), None)
    boundaries = ratio_boundaries(given["p0"], given["p1"], given["logA"], given["logB"], cap or ORACLE_HORIZON)
    final = next((int(given[name]) for name in ("c", "final_c", "c_final", "crit") if name in given), None)
    if final is not None:
        upper, lower = boundaries.upper.copy(), boundaries.lower.copy()
        upper[-1], lower[-1] = final, final - 1
        boundaries = Boundaries(upper=upper, lower=lower)
    found = operating_characteristics(stopping_law(boundaries), given["p"])
    # The oracle of an untruncated test sums n over samples that stopped; those under way at its horizon add nothing.
    under_way = 0.0 if cap else found.undecided * ORACLE_HORIZON
    return {
        "prob_accept_H1": found.validated,
        "prob_accept_H0": found.refuted,
        "ASN": found.mean_n - under_way,
    }


def _ratio(record: Record) -> Computed:
    given = record["inputs"]
    found = float(log_e(given["successes"], given["failures"], given["p0"], given["p1"]))
    return {"log_e": found, "e": np.exp(found)}


def _group(record: Record) -> Computed:
    given = record["inputs"]
    design = _group_design(given)
    found: Computed = {"critical_values": design.critical.tolist(), "cumulative_alpha": design.spent.tolist()}
    if "inflation_factor" in record["expected"]:
        found["inflation_factor"] = design.inflation(given["beta"])
    return found


def _group_design(given: Mapping[str, Any]) -> GroupDesign:
    looks, level, kind = given["K"], given["alpha_one_sided"], given["type"]
    if kind == "OF":
        return obrien_fleming(looks, level)
    if kind == "P":
        return pocock(looks, level)
    if kind == "WT":
        return wang_tsiatis(looks, level, given["deltaWT"])
    information = given.get("information_rates", np.arange(1, looks + 1) / looks)
    spending: dict[str, Callable[[], Spending]] = {
        "asOF": lambda: obrien_fleming_like,
        "asP": lambda: pocock_like,
        "asKD": lambda: power_family(given["gammaA"]),
        "asHSD": lambda: hwang_shih_decani(given["gammaA"]),
    }
    return lan_demets(information, level, spending[kind]())


COMPUTED: dict[str, Callable[[Record], Computed]] = {
    "sprt.bernoulli.": _bernoulli,
    "sprt.normal.": _normal,
    "sprt.exact.": _exact,
    "eproc.lr.": _ratio,
    "gsd.": _group,
}
