"""Reference values about two independent arms, computed by the product: what ``test_reference_values`` looks up."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ophamin_pillars.arms import newcombe as newcombe_intervals
from ophamin_pillars.arms.fisher import FisherTable, boschloo_greater, boschloo_two_sided
from ophamin_pillars.arms.fisher_table import fisher_table
from ophamin_pillars.arms.homogeneity import equal_proportions
from ophamin_pillars.arms.means import MeanDifference
from ophamin_pillars.arms.permutation import permute_means
from ophamin_pillars.arms.permuted_effect import PermutedEffect
from ophamin_pillars.arms.rank_sum import LocationShift, RankSum
from ophamin_pillars.arms.ratio_of_means import FiellerRatio, GeometricRatio
from ophamin_pillars.arms.relative_effect import RelativeEffect
from ophamin_pillars.arms.score_difference import ScoreDifference
from ophamin_pillars.arms.score_ratio import ScoreRatio
from ophamin_pillars.arms.signed_rank import SignedRank, SymmetryCentre
from ophamin_pillars.arms.unconditional import UnconditionalDifference

Record = Mapping[str, Any]
Computed = dict[str, Any]
Floats = npt.NDArray[np.float64]

R_SEARCH = sys.float_info.epsilon**0.25
"""Where R's uniroot stops, and with it the odds ratios of its fisher.test."""
R_EXACT = 50
"""R's wilcox.test is exact below so many observations in each arm."""


def _counts(record: Record) -> tuple[int, int, int, int]:
    given = record["inputs"]
    return given["x1"], given["n1"], given["x2"], given["n2"]


def _arms(record: Record) -> tuple[Floats, Floats]:
    given = record["inputs"]
    return np.array(given["x"], dtype=np.float64), np.array(given["y"], dtype=np.float64)


def _confidence(record: Record) -> float:
    return float(record["inputs"].get("conf", 0.95))


def _tail(record: Record) -> float:
    return 0.5 * (1.0 - _confidence(record))


def _two_sided(greater: float, less: float) -> float:
    return min(1.0, 2.0 * min(greater, less))


def _score_difference(record: Record) -> Computed:
    given, corrected = record["inputs"], "miettinen" in record["id"]
    tests, tail = ScoreDifference(*_counts(record), corrected=corrected), _tail(record)
    d = float(given.get("delta", given.get("margin", given.get("d0", 0.0))))
    greater, less = tests.p_greater(d), tests.p_less(d)
    return {
        "estimate": tests.estimate,
        "lower": tests.lower_bound(tail),
        "upper": tests.upper_bound(tail),
        "z": tests.statistic(d),
        "p_greater": greater,
        "p_less": less,
        "p_value": _two_sided(greater, less),
    }


def _score_ratio(record: Record) -> Computed:
    tests, tail = ScoreRatio(*_counts(record), corrected="miettinen" in record["id"]), _tail(record)
    upper = tests.upper_bound(tail)
    return {
        "estimate": tests.estimate,
        "lower": tests.lower_bound(tail),
        "upper": math.inf if upper is None else upper,
    }


def _interval_by(
    method: Callable[[int, int, int, int, float], tuple[float, float]],
) -> Callable[[Record], Computed]:
    def computed(record: Record) -> Computed:
        lower, upper = method(*_counts(record), _confidence(record))
        return {"lower": lower, "upper": upper}

    return computed


def _unconditional(record: Record) -> Computed:
    d = float(record["inputs"].get("delta", 0.0))
    tests = UnconditionalDifference(*_counts(record))
    greater, less = tests.p_greater(d), tests.p_less(d)
    return {"p_greater": greater, "p_less": less, "p_value": _two_sided(greater, less)}


def _boschloo(record: Record) -> Computed:
    x1, n1, x2, n2 = _counts(record)
    both = boschloo_two_sided(x1, n1, x2, n2)
    one_sided = {"p_greater": boschloo_greater(x1, n1, x2, n2), "p_less": boschloo_greater(x2, n2, x1, n1)}
    return {"p_value": both, "p_two_sided": both, **one_sided}


def _fisher(record: Record) -> Computed:
    given = record["inputs"]
    rows = given.get("table", given.get("table_rows"))
    if np.shape(rows) != (2, 2):
        return {"p_value": fisher_table(rows)}
    (a, b), (c, d) = rows
    table, conf = FisherTable(a, a + b, c, c + d), _confidence(record)
    odds = table.odds_ratio(tolerance=R_SEARCH)
    both = (0.5 * (1.0 - conf), 1.0 - conf)
    upper, upper_less = (table.upper_bound(level, tolerance=R_SEARCH) for level in both)
    return {
        "p_value": table.p_two_sided(),
        "p_two_sided": table.p_two_sided(),
        "p_greater": table.p_greater(),
        "p_less": table.p_less(),
        "or_cond_mle": odds,
        "odds_ratio": odds,
        "lower": table.lower_bound(both[0], tolerance=R_SEARCH),
        "lower_greater": table.lower_bound(both[1], tolerance=R_SEARCH),
        "upper": math.inf if upper is None else upper,
        "upper_less": math.inf if upper_less is None else upper_less,
    }


def _k_sample(record: Record) -> Computed:
    given = record["inputs"]
    corrected = len(given["x"]) == 2 and "correct=FALSE" not in record["command"].replace(" ", "")
    found = equal_proportions(given["x"], given["n"], corrected=corrected)
    return {"chi2": found.statistic, "df": found.df, "p": found.p}


def _two_means(record: Record) -> Computed:
    tests, tail = MeanDifference.of(*_arms(record), pooled="pooled" in record["id"]), _tail(record)
    mu = float(record["inputs"].get("mu", 0.0))
    greater, less = tests.p_greater(mu), tests.p_less(mu)
    return {
        "t": tests.statistic(mu),
        "df": tests.df,
        "p": _two_sided(greater, less),
        "p_greater": greater,
        "p_less": less,
        "estimate": tests.estimate,
        "lower": tests.lower_bound(tail),
        "upper": tests.upper_bound(tail),
    }


def _equivalent_means(record: Record) -> Computed:
    given, pooled = record["inputs"], "welch" not in record["id"]
    if "x" in given:
        tests = MeanDifference.of(*_arms(record), pooled=pooled)
    else:
        n1, m1, sd1, n2, m2, sd2 = (given[key] for key in ("n1", "m1", "sd1", "n2", "m2", "sd2"))
        tests = MeanDifference(n1, m1, sd1, n2, m2, sd2, pooled)
    low, high = (given[end] if end in given else given[f"{end}_d"] * tests.spread for end in ("low", "high"))
    above, below = tests.p_greater(low), tests.p_less(high)
    return {
        "t_lower": tests.statistic(low),
        "t_upper": tests.statistic(high),
        "df": tests.df,
        "p_lower": above,
        "p_upper": below,
        "p_tost": max(above, below),
        "diff": tests.estimate,
        "ci90": [tests.lower_bound(given["alpha"]), tests.upper_bound(given["alpha"])],
    }


def _fieller(record: Record) -> Computed:
    paired = "paired" in record["id"] or "paired" in record["method"]
    tests = (FiellerRatio.paired if paired else FiellerRatio.independent)(*_arms(record))
    tail = _tail(record)
    return {"ratio": tests.estimate, "lower": tests.lower_bound(tail), "upper": tests.upper_bound(tail)}


def _geometric(record: Record) -> Computed:
    tests, tail = GeometricRatio.of(*_arms(record), pooled="pooled" in record["id"]), _tail(record)
    return {
        "ratio": tests.estimate,
        "df": tests.logs.df,
        "p": _two_sided(tests.p_greater(1.0), tests.p_less(1.0)),
        "lower": tests.lower_bound(tail),
        "upper": tests.upper_bound(tail),
    }


def _relative_effect(record: Record) -> Computed:
    tests, tail = RelativeEffect.of(*_arms(record)), _tail(record)
    greater, less = tests.p_greater(0.5), tests.p_less(0.5)
    found: Computed = {
        "stat": tests.statistic(0.5),
        "df": tests.df,
        "p": _two_sided(greater, less),
        "p_greater": greater,
        "p_less": less,
        "p_hat": tests.effect,
        "lower": tests.lower_bound(tail),
        "upper": tests.upper_bound(tail),
    }
    if "p_permuted" in record["expected"]:
        found["p_permuted"] = PermutedEffect.of(*_arms(record)).p_two_sided()
    return found


def _rank_sum(record: Record) -> Computed:
    x, y = _arms(record)
    tests, shift, tail = RankSum.of(x, y), LocationShift.of(x, y), _tail(record)
    exact = tests.ties == 0.0 and max(len(x), len(y)) < R_EXACT
    both = tests.p_two_sided(exact=exact)
    return {
        "W": tests.u,
        "U": tests.u,
        "p": both,
        "p_value": both,
        "p_two_sided": both,
        "p_greater": tests.p_greater(exact=exact),
        "p_less": tests.p_less(exact=exact),
        "hl_shift": shift.estimate,
        "lower": shift.lower_bound(tail),
        "upper": shift.upper_bound(tail),
    }


def _signed_rank(record: Record) -> Computed:
    x = np.array(record["inputs"]["x"], dtype=np.float64)
    differences = x - np.array(record["inputs"].get("y", np.zeros(len(x))), dtype=np.float64)
    tests, centre, tail = SignedRank.of(differences), SymmetryCentre.of(differences), _tail(record)
    exact = tests.ties == 0.0 and tests.zeros == 0 and len(x) < R_EXACT
    both = tests.p_two_sided(exact=exact)
    return {
        "V": tests.v,
        "p": both,
        "p_value": both,
        "p_two_sided": both,
        "p_greater": tests.p_greater(exact=exact),
        "p_less": tests.p_less(exact=exact),
        "hl_pseudomedian": centre.estimate,
        "lower": centre.lower_bound(tail),
        "upper": centre.upper_bound(tail),
    }


def _permutation(record: Record) -> Computed:
    found = permute_means(*_arms(record))
    return {
        "stat": found.statistic,
        "diff": found.statistic,
        "p_greater": found.p_greater,
        "p_less": found.p_less,
        "p_two_sided": found.p_two_sided,
        "p_value": found.p_two_sided,
        "n_perm": found.permutations,
    }


COMPUTED: dict[str, Callable[[Record], Computed]] = {
    "boschloo.": _boschloo,
    "brunner_munzel.": _relative_effect,
    "fisher.": _fisher,
    "mannwhitney.": _rank_sum,
    "perm.": _permutation,
    "pooled_t.": _two_means,
    "prop2.agresti_caffo": _interval_by(newcombe_intervals.agresti_caffo),
    "prop2.chan": _unconditional,
    "prop2.farrington_manning": _score_difference,
    "prop2.koopman": _score_ratio,
    "prop2.miettinen_nurminen_rd": _score_difference,
    "prop2.miettinen_nurminen_rr": _score_ratio,
    "prop2.newcombe_cc": _interval_by(newcombe_intervals.newcombe_continuity),
    "prop2.newcombe": _interval_by(newcombe_intervals.newcombe),
    "prop2.wald": _interval_by(newcombe_intervals.wald),
    "proptest.": _k_sample,
    "ratio.fieller.": _fieller,
    "ratio.geometric": _geometric,
    "tost.pooled": _equivalent_means,
    "tost.student": _equivalent_means,
    "tost.welch": _equivalent_means,
    "welch.": _two_means,
    "wilcoxon_signed.": _signed_rank,
}
