"""Compute reference records of process control, sample ratio, drift, change points and conformal ranks.

Each function returns every key of a record's ``expected`` from the product's own code; prefixes as in ``values.json``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from ophamin_pillars.control import cusum_design, ewma_design, kolmogorov, kolmogorov_exact, psi, sample_ratio
from ophamin_pillars.control.adwin import AdwinDesign, adwin
from ophamin_pillars.control.attributes import c_chart, np_chart, p_chart, u_chart
from ophamin_pillars.control.change_point import mean_change, ols_cusum, recursive_cusum
from ophamin_pillars.control.constants import chart_constants
from ophamin_pillars.control.cusum import tabular_cusum
from ophamin_pillars.control.estimation import PhaseOne
from ophamin_pillars.control.ewma import ewma, ewma_chart
from ophamin_pillars.control.page_hinkley import PageHinkleyDesign, page_hinkley
from ophamin_pillars.control.run_rules import western_electric
from ophamin_pillars.control.run_rules_chain import run_length as rules_run_length
from ophamin_pillars.control.sample_ratio_sequential import log_bayes_factor, sequential_p
from ophamin_pillars.control.shewhart import individuals, run_length, xbar_r, xbar_s
from ophamin_pillars.control.signals import Chart
from ophamin_pillars.control.smirnov import two_sample
from ophamin_pillars.control.sup_f import f_statistics, sup_f
from ophamin_pillars.diagnostics.conformal import conformal_rank

Record = Mapping[str, Any]
Computed = dict[str, Any]
Floats = npt.NDArray[np.float64]


def _constants(record: Record) -> Computed:
    return asdict(chart_constants(record["inputs"]["n"]))


def _shewhart_arl(record: Record) -> Computed:
    given = record["inputs"]
    shifts = given.get("shift", 0.0)
    lengths = [run_length(given["L"], shift, given.get("n", 1)) for shift in np.atleast_1d(shifts)]
    phase = PhaseOne(subgroups=1, size=1, sigmas=given["L"], degrees_of_freedom=1.0)
    return {"alpha": phase.nominal_false_alarms, "arl": lengths if "shift" in given else lengths[0]}


def _cusum_arl(record: Record) -> Computed:
    given = record["inputs"]
    sides = given.get("sides", "two")
    head = given.get("hs", 0.0)
    shifts = given.get("shift", 0.0)
    arl = [
        cusum_design.run_length(given["k"], given["h"], shift=shift, head_start=head, sides=sides)
        for shift in np.atleast_1d(shifts)
    ]
    return {"arl": arl if isinstance(shifts, list) else arl[0]}


def _cusum_design(record: Record) -> Computed:
    given = record["inputs"]
    return {"h": cusum_design.decision_interval(given["k"], given["L0"], sides=given.get("sides", "two"))}


def _cusum_example(record: Record) -> Computed:
    given = record["inputs"]
    found = tabular_cusum(
        given["x"], target=given["target"], k=given["k"], h=given["h"], head_start=given.get("hs", 0.0)
    )
    alarm = found.first_alarm
    return {
        "S_hi": found.high.tolist(),
        "S_lo": found.low.tolist(),
        "first_alarm_1based": None if alarm is None else alarm + 1,
    }


def _ewma_arl(record: Record) -> Computed:
    given = record["inputs"]
    shifts = given.get("shift", 0.0)
    arl = [ewma_design.run_length(given["lambda"], given["L"], shift=shift) for shift in np.atleast_1d(shifts)]
    return {"arl": arl if isinstance(shifts, list) else arl[0]}


def _ewma_design(record: Record) -> Computed:
    given = record["inputs"]
    width = ewma_design.limit_width(given["lambda"], given["L0"])
    return {"L": width, "c": width}


def _ewma_example(record: Record) -> Computed:
    given = record["inputs"]
    start, weight = given["start"], given["lambda"]
    chart = ewma_chart(given["x"], weight=weight, target=start, sigma=given["s"], width=given.get("L", 3.0))
    values = ewma(given["x"], weight, start)
    return {"ewma": [start, *values.tolist()], "ucl": float(chart.upper[-1]), "lcl": float(chart.lower[-1])}


def _limits(prefix: str, chart: Chart) -> Computed:
    return {
        f"{prefix}_center": chart.center,
        f"{prefix}_lcl": float(chart.lower[0]),
        f"{prefix}_ucl": float(chart.upper[0]),
    }


QCC_TABLE = {5: (2.326, 0.8640855)}
"""d2 and d3 as the tables of qcc 2.7 have them, by subgroup size: rounded, off by 3e-5 and 4e-6 from the exact ones."""


def _subgroup_charts(record: Record) -> Computed:
    subgroups = record["inputs"]["subgroups"]
    by_range = xbar_r(subgroups, constants=QCC_TABLE.get(len(subgroups[0])))
    by_deviation = xbar_s(subgroups)
    return {
        **_limits("xbar", by_range.location),
        **_limits("R", by_range.spread),
        **_limits("S", by_deviation.spread),
        "sd_uwave_r": by_range.sigma,
        "sd_uwave_sd": by_deviation.sigma,
        "violations_1based": [signal.index + 1 for signal in by_range.location.signals],
    }


def _individual_charts(record: Record) -> Computed:
    found = individuals(record["inputs"]["x"])
    location = found.location
    return {
        **_limits("I", location),
        **_limits("x", location),
        **_limits("MR", found.spread),
        **_general(location),
        "sd": found.sigma,
        "mr_bar": found.spread.center,
        "violations_1based": [signal.index + 1 for signal in location.signals],
    }


def _counts(record: Record) -> Computed:
    given = record["inputs"]
    counts = given.get("counts", given.get("x"))
    kind = given.get("type", record["id"].split(".")[2])
    charts: dict[str, Callable[[], Chart]] = {
        "p": lambda: p_chart(counts, given["sizes"]),
        "np": lambda: np_chart(counts, float(np.atleast_1d(given["sizes"])[0])),
        "u": lambda: u_chart(counts, given["sizes"]),
        "c": lambda: c_chart(counts),
    }
    return _general(charts[kind]())


def _qcc(record: Record) -> Computed:
    if "subgroups" in record["inputs"]:
        return _subgroup_charts(record)
    return _counts(record) if {"counts", "sizes"} & set(record["inputs"]) else _individual_charts(record)


def _general(chart: Chart) -> Computed:
    lower, upper = chart.lower.tolist(), chart.upper.tolist()
    same = len(set(lower)) == 1 == len(set(upper))
    return {
        "center": chart.center,
        "lcl": lower[0] if same else lower,
        "ucl": upper[0] if same else upper,
        "violations_1based": [signal.index + 1 for signal in chart.signals],
    }


def _runs_rules(record: Record) -> Computed:
    given = record["inputs"]
    rules = western_electric(given.get("rules") or record["id"].split(".")[2].lstrip("C"))
    shifts = given.get("shift", 0.0)
    arl = [rules_run_length(rules, shift=shift) for shift in np.atleast_1d(shifts)]
    return {"arl": arl if isinstance(shifts, list) else arl[0]}


def _ratio_exact(record: Record) -> Computed:
    given = record["inputs"]
    return {"p": sample_ratio.exact_p(given["counts"], given.get("ratio"))}


def _ratio_sequential(record: Record) -> Computed:
    given = record["inputs"]
    found = log_bayes_factor(given["counts"], given["ratio"], concentration=given["k"])
    return {"log_bf": found, "p": sequential_p(given["counts"], given["ratio"], concentration=given["k"])}


def _ratio_chi_square(record: Record) -> Computed:
    given = record["inputs"]
    checked = sample_ratio.check_sample_ratio(given["counts"], given.get("ratio"))
    statistic, p = sample_ratio.chi_square(given["counts"], given.get("ratio"))
    share = checked.counts[0] / sum(checked.counts)
    return {"chi2": statistic, "p": p, "sample_ratio": checked.sample_ratio, "share": share}


def _stream(text: str) -> Floats:
    """Return the stream a record describes in words: LCG numbers with a step, 2,000 of them."""
    change = 1_000
    if "null" in text or "no change" in text or "none" in text:
        change = 2_000
    elif found := re.search(r"i<(\d+)", text):
        change = int(found[1])
    state, numbers = 12_345, []
    for _ in range(2_000):
        state = (1_103_515_245 * state + 12_345) % 2**31
        numbers.append(state / 2**31)
    x: Floats = 0.4 * np.array(numbers) + np.where(np.arange(2_000) < change, 0.3, 0.5)
    return x


def _adwin(record: Record) -> Computed:
    return {"drift_at_0based": [change.index for change in adwin(_stream(record["inputs"]["stream"]), AdwinDesign())]}


def _page_hinkley(record: Record) -> Computed:
    design = PageHinkleyDesign(threshold=5.0, mode="up")
    return {"drift_at_0based": [alarm.index for alarm in page_hinkley(_stream(record["inputs"]["stream"]), design)]}


def _kolmogorov_limit(record: Record) -> Computed:
    given = record["inputs"]
    if "alpha" in given:
        return {"crit": kolmogorov.limit_quantile(given["alpha"])}
    p = kolmogorov.limit_survival(given["z"])
    return {"p": p, "prob": 1.0 - p}


def _kolmogorov_exact(record: Record) -> Computed:
    given = record["inputs"]
    return {
        "prob": kolmogorov_exact.distribution(given["n"], given["d"]),
        "p": kolmogorov_exact.survival(given["n"], given["d"]),
    }


def _kolmogorov_one(record: Record) -> Computed:
    given = record["inputs"]
    x = np.array(given["x"])
    name, first, second = re.fullmatch(r"(\w+)\(([^,]+),([^)]+)\)", given["dist"]).groups()  # type: ignore[union-attr]
    a, b = float(first), float(second)
    cdf = special().ndtr((x - a) / b) if name == "N" else np.clip((x - a) / (b - a), 0.0, 1.0)
    found = kolmogorov.one_sample(cdf, given.get("alternative", "two-sided"))
    return {"D": found.distance, "p": found.p}


def _kolmogorov_two(record: Record) -> Computed:
    given = record["inputs"]
    exact = not any(word in record["id"] + record["method"] for word in ("asym", "limit"))
    found = two_sample(given["x"], given["y"], given.get("alternative", "two-sided"), exact=exact)
    return {"D": found.distance, "p": found.p}


def _stability(record: Record) -> Computed:
    given = record["inputs"]
    if "pairs" in given:
        critical = [psi.critical_value(given["alpha"], n, m, given["B"]) for n, m in given["pairs"]]
        return {"critical": critical}
    found = psi.psi_of_counts(given["expected"], given["actual"])
    return {"psi": found.psi, "p": found.p_published}


def _change_point(record: Record) -> Computed:
    found = mean_change(record["inputs"]["x"])
    return {
        "index_1based_last_of_first_segment": found.index,
        "mean_before": found.mean_before,
        "mean_after": found.mean_after,
        "rss": found.rss,
    }


def _ols_cusum(record: Record) -> Computed:
    found = ols_cusum(record["inputs"]["x"])
    return {"stat": found.statistic, "p": found.p}


def _recursive_cusum(record: Record) -> Computed:
    found = recursive_cusum(record["inputs"]["x"])
    return {"stat": found.statistic, "p": found.p}


def _sup_f(record: Record) -> Computed:
    given = record["inputs"]
    trim = given.get("from", 0.15)
    found = sup_f(given["x"], trim=trim)
    return {"supF": found.statistic, "p": found.p, "aveF": f_statistics(given["x"], trim=trim).mean}


def _conformal_rank(record: Record) -> Computed:
    given = record["inputs"]
    k, infinite = conformal_rank(given["n"], given["alpha"])
    return {"k": k, "infinite": infinite}


COMPUTED: dict[str, Callable[[Record], Computed]] = {
    "spc.const.": _constants,
    "spc.shewhart.": _shewhart_arl,
    "spc.cusum.arl.": _cusum_arl,
    "spc.cusum.fir.": _cusum_arl,
    "spc.cusum.crit.": _cusum_design,
    "spc.cusum.nist": _cusum_example,
    "spc.ewma.arl.": _ewma_arl,
    "spc.ewma.crit.": _ewma_design,
    "spc.ewma.nist": _ewma_example,
    "spc.qcc.": _qcc,
    "spc.imr": _individual_charts,
    "spc.runsrules.": _runs_rules,
    "srm.exact": _ratio_exact,
    "srm.seq.": _ratio_sequential,
    "srm.": _ratio_chi_square,
    "drift.adwin.": _adwin,
    "drift.page_hinkley.": _page_hinkley,
    "ks.limit.": _kolmogorov_limit,
    "ks.mtw": _kolmogorov_exact,
    "ks1.": _kolmogorov_one,
    "ks2.": _kolmogorov_two,
    "psi.": _stability,
    "cp.nile.olscusum": _ols_cusum,
    "cp.nile.reccusum": _recursive_cusum,
    "cp.nile.supF": _sup_f,
    "cp.": _change_point,
    "conformal.rank.": _conformal_rank,
}
"""By prefix; the first that fits wins."""
