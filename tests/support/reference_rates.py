"""Reference records of rates, correlations, bootstrap, effect sizes, tolerance limits and power, by the product's code.

Each function computes every key a record of its kind expects, from the record's inputs alone. Where a plan leaves one
of power, size and effect open, that one is solved for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ophamin_pillars.association import abc, bootstrap, kendall, pearson, spearman
from ophamin_pillars.power import (
    anova,
    arcsine,
    chi2,
    correlation,
    effect,
    equivalence,
    layouts,
    means,
    normal,
    regression,
    tolerance,
    two_proportions,
)
from ophamin_pillars.power.layouts import Layout
from ophamin_pillars.power.search import crossing, crossing_from, least_effect
from ophamin_pillars.rates import mtbf, poisson
from ophamin_pillars.rates.rate_ratio import RateRatioTests

Record = Mapping[str, Any]
Computed = dict[str, Any]
Floats = npt.NDArray[np.float64]
Given = Mapping[str, Any]

LARGEST_R_EXACT_SPEARMAN = 9
"""Beyond it R prints an Edgeworth series, or t where there are ties; our verdicts use neither."""


def _tails(record: Record) -> tuple[float, float]:
    """Return the error left below the lower and above the upper bound; 0 for an end that is not given."""
    given = record["inputs"]
    error = round(1.0 - given.get("conf", 0.95), 12)
    side = given.get("alternative", "two.sided")
    if side == "two.sided":
        return 0.5 * error, 0.5 * error
    return (error, 0.0) if side == "greater" else (0.0, error)


def _one_rate(record: Record) -> Computed:
    given = record["inputs"]
    tests = poisson.RateTests(1, given["x"], given["T"])
    null = given.get("r0", given.get("r", 1.0))
    below, above = _tails(record)
    side = given.get("alternative", "two.sided")
    if side == "two.sided":
        p = poisson.two_sided_p(tests.events, null * tests.exposure)
    else:
        test = tests.greater if side == "greater" else tests.less
        p = test(null, slack=0.0, strict=False, level=0.05)
    return {
        "rate": tests.estimate,
        "estimate": tests.estimate,
        "lower": tests.lower(below, slack=0.0) if below else 0.0,
        "upper": tests.upper(above, slack=0.0) if above else math.inf,
        "p": p,
        "p_value": p,
    }


def _two_rates(record: Record) -> Computed:
    given = record["inputs"]
    tests = RateRatioTests(2, tuple(given["x"]), tuple(given["T"]))
    null = given.get("r0", given.get("r", 1.0))
    below, above = _tails(record)
    side = given.get("alternative", "two.sided")
    if side == "two.sided":
        p = tests.two_sided_p(null)
    else:
        p = (tests.greater if side == "greater" else tests.less)(null, slack=0.0, strict=False, level=0.05)
    upper = tests.upper(above, slack=0.0) if above else None
    return {
        "ratio": math.inf if tests.estimate is None else tests.estimate,
        "lower": tests.lower(below, slack=0.0) if below else 0.0,
        "upper": math.inf if upper is None else upper,
        "p": p,
        "p_value": p,
    }


def _rates(record: Record) -> Computed:
    return _two_rates(record) if isinstance(record["inputs"]["x"], list) else _one_rate(record)


def _mtbf(record: Record) -> Computed:
    given, words = record["inputs"], record["method"].lower()
    ended = mtbf.Censoring.FAILURE if "failure-cens" in words or "failure cens" in words else mtbf.Censoring.TIME
    tests = mtbf.MtbfTests(1, given["failures"], given["hours"], ended)
    error = round(1.0 - given["conf"], 12)
    tail = error if "one-sided" in words or given.get("sided") == 1 else 0.5 * error
    upper = tests.upper(tail, slack=0.0)
    return {
        "mtbf": math.inf if tests.estimate is None else tests.estimate,
        "lower": tests.lower(tail, slack=0.0),
        "upper": math.inf if upper is None else upper,
    }


def _correlations(record: Record) -> Computed:
    given, expected = record["inputs"], record["expected"]
    x, y = _columns(given)
    n, r = len(x), pearson.pearson_r(x, y)
    lower, upper = pearson.fisher_interval(r, n, given.get("conf", 0.95))
    counted = kendall.concordance(x, y)
    rho = spearman.spearman_rho(x, y)
    found: Computed = {
        "r": r,
        "t": pearson.t_statistic(r, n),
        "df": n - 2,
        "n": n,
        "p": pearson.two_sided_p(r, n),
        "lower": lower,
        "upper": upper,
        "tau": counted.tau,
        "tau_p": min(1.0, 2.0 * min(kendall.zero_tails(x, y, counted))) if _r_counts(counted) else _normal_p(counted),
        "tau_z": counted.score / math.sqrt(counted.variance),
        "rho": rho,
        "rho_p": _spearman_p(x, y, rho, tied=counted.tied),
        "S": round((n**3 - n) * (1.0 - rho) / 6.0) if not counted.tied else (n**3 - n) * (1.0 - rho) / 6.0,
    }
    # A record of a rank correlation alone may call its p-value "p".
    if "r" not in expected and "tau" in expected:
        found["p"] = found["tau_p"]
    elif "r" not in expected and "rho" in expected:
        found["p"] = found["rho_p"]
    return found


def _columns(given: Given) -> tuple[Floats, Floats]:
    names = ("x", "y") if "x" in given else ("LSAT", "GPA")
    x, y = (np.array(given[name], dtype=np.float64) for name in names)
    return x, y


def _r_counts(counted: kendall.Concordance) -> bool:
    return not counted.tied and counted.n <= kendall.LARGEST_EXACT


def _normal_p(counted: kendall.Concordance) -> float:
    return 2.0 * kendall.normal_upper_tail(abs(counted.score), counted.variance)


def _spearman_p(x: Floats, y: Floats, rho: float, *, tied: bool) -> float:
    n = len(x)
    if tied:
        tails = spearman.t_tails(rho, n)
    elif n <= LARGEST_R_EXACT_SPEARMAN:
        tails = spearman.zero_tails(x, y)
    else:
        tails = (spearman.edgeworth_upper_tail(rho, n), spearman.edgeworth_upper_tail(-rho, n))
    return min(1.0, 2.0 * min(tails))


def _jackknifed_correlation(record: Record) -> Computed:
    pairs = np.column_stack(_columns(record["inputs"]))
    without = bootstrap.jackknife(pairs, bootstrap.correlation_of)
    return {
        "r": pearson.pearson_r(pairs[:, 0], pairs[:, 1]),
        "jack_se": bootstrap.jackknife_error(without),
        "acceleration": bootstrap.acceleration(without),
    }


def _bca_levels(record: Record) -> Computed:
    given = record["inputs"]
    tail = 0.5 * (1.0 - given["conf"])
    return {
        "alpha1": bootstrap.bca_level(tail, given["z0"], given["a"]),
        "alpha2": bootstrap.bca_level(1.0 - tail, given["z0"], given["a"]),
    }


def _abc(record: Record) -> Computed:
    given = record["inputs"]
    x = np.array(given["x"], dtype=np.float64)
    if "y" in given:
        weighted, data = abc.weighted_correlation(*_columns(given)), np.column_stack(_columns(given))
        plain = bootstrap.correlation_of
    elif "mean" in record["method"]:
        weighted, data, plain = abc.weighted_mean(x), x, bootstrap.mean_of
    else:
        weighted, data, plain = abc.weighted_variance(x), x, bootstrap.variance_of
    without = bootstrap.jackknife(data, plain)
    # R's abc.ci takes the first-order z0.
    lower, upper = abc.abc_interval(weighted, len(x), given["conf"], linear_z0=True)
    return {
        "theta": float(plain(data[None])[0]),
        "acceleration": bootstrap.acceleration(without),
        "jack_se": bootstrap.jackknife_error(without),
        "abc_lower": lower,
        "abc_upper": upper,
    }


def _effect_size(record: Record) -> Computed:
    given, words = record["inputs"], record["method"].lower()
    found: Computed = {}
    if "p1" in given:
        return {"h": effect.cohen_h(given["p1"], given["p2"])}
    if "P0" in given:
        return {"w": effect.cohen_w(np.array(given["P0"], dtype=np.float64), np.array(given["P1"], dtype=np.float64))}
    if "R2" in given or "r2" in given:
        return {"f2": effect.cohen_f2(given.get("R2", given.get("r2")))}
    x = np.array(given["x"], dtype=np.float64)
    if "y" not in given:
        size = effect.cohen_d_one(x, given.get("mu", 0.0))
    else:
        y = np.array(given["y"], dtype=np.float64)
        size = effect.cohen_d_paired(x, y) if "paired" in words else effect.cohen_d(x, y)
        found["delta"] = effect.glass_delta(x, y)
    conf = given.get("conf", 0.95)
    found["d_lower"], found["d_upper"] = size.interval(conf)
    found["g_lower"], found["g_upper"] = size.corrected_interval(conf)
    return {**found, "d": size.d, "g": size.g}


def _wilks_range(record: Record) -> Computed:
    given = record["inputs"]
    return {"n": tolerance.sample_size(given["coverage"], given["confidence"])}


def _sides(record: Record) -> int:
    given = record["inputs"]
    if "alternative" in given:
        return 2 if given["alternative"] == "two.sided" else 1
    words = record["id"] + record.get("command", "")
    return 1 if any(word in words for word in ("one_sided", "one.sided", "'greater'", "'less'")) else 2


def _both_tails(record: Record) -> bool:
    """Whether the oracle counts rejections in the wrong direction: ``pwr`` does, ``power.t.test`` does not."""
    return "pwr" in record.get("command", "") or "strict" in record.get("command", "")


LEAST_DF = 0.1
"""Where searches for a real-valued size begin; SciPy's noncentral t is no longer itself at a millionth."""
Power = Callable[[Given], float]


def _solved(record: Record, power_of: Power, effects: tuple[str, ...], least_n: float = 2.0) -> Computed:
    """Return the power, the real-valued size or the effect: whichever the record expects."""
    given = dict(record["inputs"])
    found: Computed = {}
    for name in record["expected"]:
        if name == "power":
            found[name] = power_of(given)
        elif name in effects:
            found[name] = least_effect(lambda value, name=name: power_of({**given, name: value}), given["power"])  # type: ignore[misc]
        else:  # n, N or v
            found[name] = crossing_from(
                lambda value, name=name: power_of({**given, name: value}),  # type: ignore[misc]
                given["power"],
                least_n,
            )
    return found


def _arcsine(record: Record) -> Computed:
    arms, sides = (2 if record["id"].startswith("power.2p") else 1), _sides(record)

    def power_of(g: Given) -> float:
        h = abs(g["h"]) if "h" in g else abs(effect.cohen_h(g["p1"], g["p2"]))
        if "n1" in g:
            return arcsine.power(h, g["n1"], g["alpha"], second=g["n2"], sides=sides)
        return arcsine.power(h, g["n"], g["alpha"], arms=arms, sides=sides)

    return _solved(record, power_of, ("h",), 1e-3)


def _known_deviation(record: Record) -> Computed:
    sides = _sides(record)
    return _solved(record, lambda g: normal.power(abs(g["d"]), g["n"], g["alpha"], sides=sides), ("d",), 1e-3)


def _t(layout: Layout) -> Callable[[Record], Computed]:
    def computed(record: Record) -> Computed:
        sides, both = _sides(record), _both_tails(record)

        def power_of(g: Given) -> float:
            size = abs(g["d"] if "d" in g else g["delta"] / g.get("sd", 1.0))
            if both or sides == 1:
                return means.power(size, g["n"], g["alpha"], layout=layout, sides=sides)
            return means.power(size, g["n"], 0.5 * g["alpha"], layout=layout)

        return _solved(record, power_of, ("d", "delta"), (layout.lost + LEAST_DF) / layout.per)

    return computed


def _two_proportions(record: Record) -> Computed:
    given, sides = record["inputs"], _sides(record)

    def power_of(g: Given) -> float:
        return two_proportions.pooled_power(g["p1"], g["p2"], g["n"], g["alpha"], sides=sides)

    if "p2" in record["expected"]:
        return {"p2": crossing(lambda p: power_of({**given, "p2": p}), given["power"], given["p1"], 1.0)}
    return _solved(record, power_of, (), 1e-3)


def _anova(record: Record) -> Computed:
    def power_of(g: Given) -> float:
        k = g.get("k", g.get("groups"))
        f = g["f"] if "f" in g else math.sqrt((k - 1) / k * g["between_var"] / g["within_var"])
        return anova.power(f, k, g["n"], g["alpha"])

    return _solved(record, power_of, ("f",), 1.0 + LEAST_DF)


def _chi2(record: Record) -> Computed:
    return _solved(record, lambda g: chi2.power(g["w"], g["df"], g.get("N", g.get("n")), g["alpha"]), ("w",), 1e-3)


def _regression(record: Record) -> Computed:
    return _solved(record, lambda g: regression.power(g["f2"], g["u"], g["v"], g["alpha"]), ("f2",), 1.0)


def _cohen_correlation(record: Record) -> Computed:
    sides = _sides(record)

    def power_of(g: Given) -> float:
        return correlation.cohen_power(g["r"], g["n"], g["alpha"], sides=sides)

    if "r" in record["expected"]:
        given = record["inputs"]
        return {"r": crossing(lambda r: power_of({**given, "r": r}), given["power"], 0.0, correlation.LARGEST_RHO)}
    return _solved(record, power_of, (), 4.0)


_DESIGNS: dict[str, tuple[Layout, int]] = {
    "parallel": (layouts.TWO_ARMS, 1),
    "paired": (layouts.ONE_SAMPLE, 1),
    "2x2x3": (layouts.CROSSOVER_3_PERIODS, 2),
    "2x2x4": (layouts.CROSSOVER_4_PERIODS, 2),
    "2x3x3": (layouts.CROSSOVER_3_PERIODS, 3),
    "2x4x4": (layouts.CROSSOVER_4_PERIODS, 4),
    "3x3": (layouts.LATIN_3, 3),
    "4x4": (layouts.LATIN_4, 4),
    "2x2": (layouts.CROSSOVER, 2),
}


def _bounds_of(g: Given) -> tuple[float, tuple[float, float], float]:
    """Return truth, limits and standard deviation of a TOST record, on the scale of its t tests."""
    if "CV" in g:
        limits = math.log(g.get("theta1", 0.8)), math.log(g.get("theta2", 1.25))
        return math.log(g["theta0"]), limits, layouts.sd_of_cv(g["CV"])
    return g["delta"], (-g["margin"], g["margin"]), g["sd"]


def _equivalence(record: Record) -> Computed:
    given, design = record["inputs"], record["id"].split(".")[2]
    layout, step = _DESIGNS[design]
    truth, limits, sd = _bounds_of(given)
    level = given["alpha"]
    n = next((given[name] for name in ("n", "n_total", "n_per_group") if name in given), None)
    total = 2 if design == "parallel" else 1
    if n is None:
        n = equivalence.sample_size(truth, limits, sd, level, given["target"], layout=layout, step=step)
        assert n is not None
    elif "n_total" in given:
        n = n / total
    return {
        "power": equivalence.power(truth, limits, sd, n, level, layout=layout),
        "n": n,
        "n_total": n * total,
        "n_per_group": n,
    }


def _noninferiority(record: Record) -> Computed:
    given, design = record["inputs"], record["id"].split(".")[2]
    layout, step = _DESIGNS[design]
    if "CV" in given:
        sd, gap = layouts.sd_of_cv(given["CV"]), math.log(given["theta0"]) - math.log(given["margin"])
    else:
        sd, gap = given["sd"], given["delta"] - given["margin"]
    size = gap / sd if given.get("margin", -1.0) < (1.0 if "CV" in given else 0.0) else -gap / sd
    total = 2 if design == "parallel" else 1
    n = next((given[name] for name in ("n", "n_per_group") if name in given), None)
    if n is None and "n_total" in given:
        n = given["n_total"] / total
    if n is None:
        target = given.get("target", given.get("power"))
        units = means.sample_size(size, given["alpha"], target, layout=layout)
        assert units is not None
        n = -(-units // step) * step
    power = means.power(size, n, given["alpha"], layout=layout)
    return {"power": power, "n": n, "n_total": n * total, "n_per_group": n}


COMPUTED: dict[str, Callable[[Record], Computed]] = {
    "poisson.": _rates,
    "mtbf.": _mtbf,
    "cor.": _correlations,
    "boot.law_school": _jackknifed_correlation,
    "boot.jack": _jackknifed_correlation,
    "boot.bca.alphas.": _bca_levels,
    "boot.abc.": _abc,
    "es.": _effect_size,
    "wilks2.": _wilks_range,
    "power.2p": _arcsine,
    "power.p.": _arcsine,
    "power.norm": _known_deviation,
    "power.z": _known_deviation,
    "power.t.": _t(layouts.TWO_ARMS),
    "power.t1": _t(layouts.ONE_SAMPLE),
    "power.t2.": _t(layouts.TWO_ARMS),
    "power.one_sample": _t(layouts.ONE_SAMPLE),
    "power.paired.": _t(layouts.ONE_SAMPLE),
    "power.prop2.": _two_proportions,
    "power.anova": _anova,
    "power.chi2.": _chi2,
    "power.f2.": _regression,
    "power.r0": _cohen_correlation,
    "power.r.": _cohen_correlation,
    "power.tost.": _equivalence,
    "power.noninf.": _noninferiority,
}
