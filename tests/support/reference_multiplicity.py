"""Reference values of M.fwer, computed by the product's own code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pytest_ophamin.deciding.multiplicity import ADJUSTMENTS, Graph, OnlineRule, SimesClosure, decide_online, q_values
from pytest_ophamin.deciding.multiplicity.combination import fisher, fisher_statistic, simes, stouffer
from pytest_ophamin.deciding.multiplicity.graphical import (
    bonferroni_graph,
    fallback,
    fixed_sequence,
    holm_graph,
    improved_fallback,
    parallel_graph,
)
from pytest_ophamin.deciding.multiplicity.online import (
    AddisSpending,
    AlphaSpending,
    ExhaustiveAddisSpending,
    Lond,
    OnlineFallback,
)
from pytest_ophamin.deciding.multiplicity.online_investing import (
    Addis,
    AlphaInvesting,
    LordDiscard,
    LordPlusPlus,
    Saffron,
)
from pytest_ophamin.deciding.multiplicity.online_lord import Lord3, LordDependent
from pytest_ophamin.deciding.multiplicity.storey import null_share, null_share_bootstrap, null_share_smoothed

Record = Mapping[str, Any]
Computed = dict[str, Any]


def _levels_of(found: Computed, record: Record, adjusted: list[float]) -> Computed:
    """Add how many, and which, adjusted p-values are rejected, where the record asks."""
    alpha = record["inputs"].get("alpha", 0.05)
    # The p-values of a record are decimals: 3 * 0.03 may be 0.09 and a last bit.
    rejected = [p <= alpha * (1.0 + 1e-12) for p in adjusted]
    wanted = record["expected"]
    if "rejected" in wanted:
        found["rejected"] = rejected
    if "n_reject_05" in wanted:
        found["n_reject_05"] = sum(p <= 0.05 * (1.0 + 1e-12) for p in adjusted)
    return found


def _adjusted(record: Record) -> Computed:
    given = record["inputs"]
    names = {"BH": "bh", "fdr": "bh", "BY": "by"}
    adjusted = ADJUSTMENTS[names.get(given["method"], given["method"])](given["p"], m=given.get("n"))
    return _levels_of({"adjusted": adjusted}, record, adjusted)


def _discoveries(record: Record) -> Computed:
    given = record["inputs"]
    closure = SimesClosure.of(given["p"])
    chosen = next((given[name] for name in ("ix", "subset", "set") if name in given), None)
    places = None if chosen is None else [i - 1 for i in chosen]  # R counts from 1
    bound = closure.discoveries(given["alpha"], places)
    found: Computed = {"lower_bound": bound}
    if "adjusted" in record["expected"]:
        found["adjusted"] = closure.adjusted()
    if "h" in record["expected"]:
        found["h"] = closure.largest_standing(given["alpha"])
    size = len(given["p"]) if places is None else len(places)
    return {**found, "tdp": bound / size, "fdp_upper": 1.0 - bound / size, "true_nulls_upper": size - bound}


_GRAPHS: dict[str, Callable[[Record], Graph]] = {
    "bonferroni": lambda given: bonferroni_graph(_weights(given)),
    "fallback_improved": lambda given: improved_fallback(_weights(given)),
    "fallback": lambda given: fallback(_weights(given)),
    "fixed": lambda given: fixed_sequence(len(given["p"])),
    "holm": lambda given: holm_graph(_weights(given)),
    "parallel": lambda given: parallel_graph(len(given["p"]) // 2, len(given["p"]) - len(given["p"]) // 2),
}
"""Graphs a record names by its id only, by the beginning of the name."""


def _weights(given: Record) -> list[float]:
    n = len(given["p"])
    return list(given.get("weights", [1.0 / n] * n))


def _graph(record: Record) -> Computed:
    given, name = record["inputs"], record["id"].split(".")[1]
    if "transitions" in given:
        graph = Graph.of(given["weights"], given["transitions"])
    else:
        graph = next(build for prefix, build in _GRAPHS.items() if name.startswith(prefix))(given)
    adjusted = graph.adjusted(given["p"])
    return _levels_of({"adjusted": adjusted}, record, adjusted)


def _late_lord3(alpha: float) -> OnlineRule:
    """onlineFDR 2.19 pays late and for a rejection that never was: see ``Lord3``."""
    return Lord3(alpha, late_payout=True)


def _dependent_lond(alpha: float) -> OnlineRule:
    return Lond(alpha, dependent=True)


_RULES: dict[str, Callable[[float], OnlineRule]] = {
    "ADDIS": Addis,
    "ADDIS_exhaustive": ExhaustiveAddisSpending,
    "ADDIS_spending": AddisSpending,
    "Alpha_investing": AlphaInvesting,
    "Alpha_spending": AlphaSpending,
    "LOND": Lond,
    "LONDdep": _dependent_lond,
    "LORD": LordPlusPlus,
    "LORD++": LordPlusPlus,
    "LORDpp": LordPlusPlus,
    "LORD3": _late_lord3,
    "LORDdep": LordDependent,
    "LORDdiscard": LordDiscard,
    "SAFFRON": Saffron,
    "bonfInfinite": AlphaSpending,
    "online_fallback": OnlineFallback,
}


def _online(record: Record) -> Computed:
    given = record["inputs"]
    name = record["id"].split(".")[1]
    rules = {_plain(known): rule for known, rule in _RULES.items()}
    decided = decide_online(given["p"], rules[_plain(name)](given["alpha"]))
    return {"alphai": list(decided.levels), "R": [int(rejected) for rejected in decided.rejected]}


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _share_of_nulls(record: Record) -> float:
    given = record["inputs"]
    means = str(given.get("pi0_method", given.get("pi0.method", record["id"])))
    if "bootstrap" in means:
        return null_share_bootstrap(given["p"])
    if "smoother" in means or "lambda" not in given:
        return null_share_smoothed(given["p"])
    return null_share(given["p"], given["lambda"])


def _storey(record: Record) -> Computed:
    share = _share_of_nulls(record)
    return {"pi0": share, "q": q_values(record["inputs"]["p"], share)}


def _combined(record: Record) -> Computed:
    p = record["inputs"]["p"]
    return {
        "fisher_chi2": fisher_statistic(p),
        "fisher_p": fisher(p),
        "stouffer_p": stouffer(p),
        "simes_p": simes(p),
    }


COMPUTED: dict[str, Callable[[Record], Computed]] = {
    "combine.": _combined,
    "graph.": _graph,
    "hommel.closed.": _discoveries,
    "online.": _online,
    "padjust.": _adjusted,
    "storey.": _storey,
}
"""By the beginning of a record's id."""
