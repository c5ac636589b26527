"""Reference values of NIST, R and published tables, computed by the product's own code.

``values.json`` holds records of many methods, computed by id prefix here and in the modules ``reference_*.py`` of
tests/support; a record nobody has looked at makes the suite fail.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import reference_arms
import reference_control
import reference_eprocess
import reference_models
import reference_multiplicity
import reference_rates
import reference_sprt
from error_rates import Floats, plan_of, sample_of, shipped

from ophamin_pillars import intervals
from ophamin_pillars.betting import Wealth, greatest_root, open_ended_bets
from ophamin_pillars.binomial import (
    greatest_rejecting,
    least_n_all_successes,
    least_rejecting,
    lower_bound,
    lower_tail,
    upper_bound,
    upper_tail,
)
from ophamin_pillars.binomial_plan import BinomialTest, power_of, size_of
from ophamin_pillars.runs import autocorrelation
from ophamin_pillars.student import mean_and_sd, t_quantile
from ophamin_pillars.student_plan import equivalence_power, one_sided_power, t_power
from pytest_ophamin.deciding.correction import adjust
from pytest_ophamin.deciding.protocol import Assessment

Record = Mapping[str, Any]
Computed = dict[str, Any]
VALUES = json.loads(Path(__file__).with_name("values.json").read_text(encoding="utf-8"))
RECORDS: list[Record] = VALUES["records"]
NOT_FINITE = frozenset({"inf", "-inf", "nan"})

WITHOUT_DATA = (
    # Its data is not in the record, and is not pi: 5,000 digits have mean 4.5358, the certified one is 4.5348.
    "nist.univ.PiDigits",
)

ORACLE_ERRORS: dict[tuple[str, str], float] = {
    # R's ptukey integrates with 16 points a panel: d3 of 20 comes out 2.4e-7 low in D3. Two quadratures of the exact
    # density agree on d3 = .72868634571 to eleven digits.
    ("spc.const.", "D3"): 4e-7,
    ("spc.const.", "D4"): 4e-7,
    ("spc.const.", "d3"): 4e-7,
    # The oracle's root search stops at 1e-4: at x = 0 of 20 it gives 0.139086 for 1 - 0.05 ** (1 / 20) = 0.139108.
    ("prop1.mid_p.", "lower"): 1e-4,
    ("prop1.mid_p.", "upper"): 1e-4,
}
"""How far an oracle is known to be wrong, by record prefix and name of the number."""


def _two_sided_interval(record: Record) -> Computed:
    given = record["inputs"]
    method = getattr(intervals, record["id"].split(".")[1].replace("wilson_cc", "wilson_continuity"))
    lower, upper = method(given["x"], given["n"], given["conf"])
    return {"lower": lower, "upper": upper}


def _coverage(record: Record) -> Computed:
    given = record["inputs"]
    n, p = given["n"], given["p"]
    method = getattr(intervals, given["method"])
    total = 0.0
    for count in range(n + 1):
        lower, upper = method(count, n, given["conf"])
        if lower <= p <= upper:
            total += upper_tail(count, n, p) - upper_tail(count + 1, n, p)
    return {"coverage": total}


def _one_sided_binomial(record: Record) -> Computed:
    given = record["inputs"]
    claim = plan_of("proportion", "at_least", given["p0"], given["n"])
    assessed = _decided(claim, np.arange(given["n"]) < given["x"])
    return {"p_value": assessed.p_validate, "lower": lower_bound(given["x"], given["n"], 1 - given["conf"]), "upper": 1}


def _two_sided_binomial(record: Record) -> Computed:
    given = record["inputs"]
    lower, upper = intervals.clopper_pearson(given["x"], given["n"], 0.95)
    p = intervals.two_sided_p(given["x"], given["n"], given["p0"])
    return {"p_value": p, "lower": lower, "upper": upper, "estimate": given["x"] / given["n"]}


def _mid_p(record: Record) -> Computed:
    given = record["inputs"]
    return {"p_value": intervals.mid_p_lower(given["x"], given["n"], given["p0"])}


def _order_statistics(record: Record) -> Computed:
    given = record["inputs"]
    n, p, tail = given["n"], given["p"], 0.5 * (1.0 - given["conf"])
    least, greatest = greatest_rejecting(n, p, tail) + 1, least_rejecting(n, p, tail)
    exists = greatest <= n
    below, above = lower_tail(least - 1, n, p), upper_tail(greatest, n, p)
    return {
        "l": least,
        "u": greatest,
        "exact_coverage": 1.0 - below - above if exists else None,
        "prob_below_l": below,
        "prob_above": above,
        "upper_exists": exists,
    }


def _adjusted(record: Record) -> Computed:
    given = record["inputs"]
    adjusted = adjust(given["p"], given["method"].lower())
    found: Computed = {"adjusted": adjusted}
    if "n_reject_05" in record["expected"]:
        found["n_reject_05"] = sum(p <= 0.05 for p in adjusted)
    return found


def _paired_t(record: Record) -> Computed:
    given = record["inputs"]
    n, tail = len(given["x"]), 0.5 * (1.0 - given["conf"])
    claim = plan_of("difference", "within", (-1e-9, 1e-9), n, alpha=2 * tail)
    mean, sd = mean_and_sd(np.array(given["x"]) - np.array(given["y"]))
    assessed = _decided(plan_of("difference", "at_most", 0.0, n), given["x"], given["y"])
    interval = _decided(claim, given["x"], given["y"])
    return {
        "t": mean / (sd / math.sqrt(n)),
        "df": n - 1,
        "p": 2.0 * min(assessed.p_validate, assessed.p_refute),
        "lower": interval.lower,
        "upper": interval.upper,
    }


def _paired_equivalence(record: Record) -> Computed:
    given = record["inputs"]
    n, x, y = len(given["x"]), given["x"], given["y"]
    whole = _decided(plan_of("difference", "within", (given["low"], given["high"]), n, alpha=given["alpha"]), x, y)
    above = _decided(plan_of("difference", "at_least", given["low"], n, alpha=given["alpha"]), x, y)
    below = _decided(plan_of("difference", "at_most", given["high"], n, alpha=given["alpha"]), x, y)
    assert above.estimate is not None
    assert above.spread is not None
    error = above.spread / math.sqrt(n)
    return {
        "t_lower": (above.estimate - given["low"]) / error,
        "p_lower": above.p_validate,
        "t_upper": (below.estimate - given["high"]) / error if below.estimate is not None else None,
        "p_upper": below.p_validate,
        "p_tost": whole.p_validate,
        # The interval of a claim within limits follows its verdict; that of the two tests is always at alpha per side.
        "ci90": [above.lower, below.upper],
    }


def _nist_univariate(record: Record) -> Computed:
    x = _nist_data(record)
    mean, sd = mean_and_sd(x)
    return {"mean": mean, "sd": sd, "r1": autocorrelation(x, 1)}


def _nist_data(record: Record) -> Floats:
    given = record["inputs"]
    if "x" in given:
        return np.array(given["x"], dtype=np.float64)
    first, rest = {"NumAcc2": (1.2, (1.1, 1.3)), "NumAcc4": (10000000.2, (10000000.1, 10000000.3))}[given["dataset"]]
    return np.array([first, *(rest * 500)], dtype=np.float64)


def _zero_failures(record: Record) -> Computed:
    n, level = record["inputs"]["n"], 1.0 - record["inputs"]["conf"]
    return {"exact_upper": upper_bound(0, n, level), "rule_of_three": 3.0 / n}


def _wilks(record: Record) -> Computed:
    given = record["inputs"]
    return {"n": least_n_all_successes(given["coverage"], round(1.0 - given["confidence"], 12))}


def _acceptance(record: Record) -> Computed:
    given = record["inputs"]
    test = BinomialTest(greater=True, null=given["p"])
    level = round(1.0 - given["conf"], 12)
    n = next(n for n in range(given["k"] + 1, 10_000) if test.accepts_from(n, level)[0] <= n - given["k"])
    return {"n": n}


def _binomial_design(record: Record) -> Computed:
    given = record["inputs"]
    test, level, power = BinomialTest(greater=True, null=given["p0"]), given["alpha"], round(1.0 - given["beta"], 12)
    n = next(n for n in range(1, 10_000) if power_of((test,), n, level, given["p1"]) >= power)
    critical = test.accepts_from(n, level)[0]
    return {
        "n_min": n,
        "crit": critical,
        "size": upper_tail(critical, n, given["p0"]),
        "power": power_of((test,), n, level, given["p1"]),
        "n_all_larger_ok": size_of(test, level, given["p1"], power),
    }


def _least_real_n(power_at: Callable[[float], float], power: float) -> float:
    low, high = 2.0, 1e6
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if power_at(middle) >= power else (middle, high)
    return high


def _paired_t_size(record: Record) -> Computed:
    given = record["inputs"]
    level = 0.5 * given["alpha"]
    return {"n": _least_real_n(lambda n: one_sided_power(given["d"] * math.sqrt(n), n - 1, level), given["power"])}


def _two_sample_t(record: Record) -> Computed:
    """Two groups differ from one by degrees of freedom and standard error only: the same noncentral t."""
    given = record["inputs"]
    effect = given.get("d", given.get("delta", 0.0) / given.get("sd", 1.0))
    level = given["alpha"] * (1.0 if "one_sided" in record["id"] else 0.5)

    def power_at(n: float) -> float:
        return one_sided_power(effect * math.sqrt(n / 2.0), 2.0 * n - 2.0, level)

    return {"power": power_at(given["n"])} if "n" in given else {"n": _least_real_n(power_at, given["power"])}


def _noninferiority(record: Record) -> Computed:
    given = record["inputs"]
    n = given["n_per_group"]
    noncentrality = (given["delta"] - given["margin"]) / given["sd"] * math.sqrt(n / 2.0)
    return {"power": one_sided_power(noncentrality, 2 * n - 2, given["alpha"])}


def _parallel_equivalence(record: Record) -> Computed:
    given = record["inputs"]
    n, error = given["n_per_group"], given["sd"] * math.sqrt(2.0 / given["n_per_group"])
    below, above = (given["delta"] + given["margin"]) / error, (given["margin"] - given["delta"]) / error
    return {"power": equivalence_power(below, above, 2 * n - 2, given["alpha"])}


def _crossover_equivalence(record: Record) -> Computed:
    given = record["inputs"]
    within = math.sqrt(math.log1p(given["CV"] ** 2))

    def power_at(n: int) -> float:
        error, truth = within * math.sqrt(2.0 / n), math.log(given["theta0"])
        below, above = (truth - math.log(given["theta1"])) / error, (math.log(given["theta2"]) - truth) / error
        return equivalence_power(below, above, n - 2, given["alpha"])

    n = next(n for n in range(4, 1_000, 2) if power_at(n) >= given["target"])
    return {"n_total": n, "power": power_at(n)}


def _betting_sequence(record: Record) -> Computed:
    """The hedged confidence sequence at single times: each game at half of alpha, at most half of all staked."""
    given = record["inputs"]
    x, level = _sequence(given["sequence"], given["n"]), 0.5 * given["alpha"]
    found: dict[str, list[float]] = {"lower": [], "upper": []}
    for end in given["at_1based"]:
        for side, y in (("lower", x[:end]), ("upper", 1.0 - x[:end])):
            bound = _bound_now(Wealth(y, level, bets=open_ended_bets(y, level), truncation=0.5), level)
            found[side].append(bound if side == "lower" else 1.0 - bound)
    return dict(found)


def _bound_now(game: Wealth, level: float) -> float:
    """Return the bound the wealth of this moment gives; the product's own bound uses the best moment so far."""
    return greatest_root(lambda t: float(game.log_wealth(t)[-1]) + math.log(level))


def _sequence(name: str, n: int) -> Floats:
    if name == "halton2":
        return np.array([_van_der_corput(i) for i in range(1, n + 1)])
    ones = {"bern19of20": 19, "bern9of10": 9}[name]
    return np.array(([1.0] * ones + [0.0]) * (n // (ones + 1)))


def _van_der_corput(i: int) -> float:
    value, share = 0.0, 0.5
    while i:
        value, share, i = value + share * (i & 1), 0.5 * share, i >> 1
    return value


def _decided(claim: Any, *columns: Any) -> Assessment:  # whatever a record holds
    assessed = shipped().deciding_for(claim).decide(claim, sample_of(*columns))
    assert isinstance(assessed, Assessment)
    return assessed


COMPUTED: dict[str, Callable[[Record], Computed]] = {
    "prop1.blaker.": _two_sided_interval,
    "prop1.clopper_pearson.": _two_sided_interval,
    "prop1.jeffreys.": _two_sided_interval,
    "prop1.mid_p.": _two_sided_interval,
    "prop1.wilson": _two_sided_interval,
    "coverage.": _coverage,
    "binomtest.85_100_p90.": _one_sided_binomial,
    "binomtest.mendel_conover": _two_sided_binomial,
    "binomtest.midp.": _mid_p,
    "quantile.orderstat.": _order_statistics,
    "padjust.BH.": _adjusted,
    "padjust.BY.": _adjusted,
    "padjust.holm.": _adjusted,
    "padjust.hochberg.": _adjusted,
    "paired_t.": _paired_t,
    "tost.paired.": _paired_equivalence,
    **{f"nist.univ.{name}": _nist_univariate for name in ("Lottery", "Mavro", "Michelso", "NumAcc2", "NumAcc4")},
    "zero_failure.": _zero_failures,
    "wilks1.": _wilks,
    "accept.": _acceptance,
    "design.exact_binom.": _binomial_design,
    "power.paired.": _paired_t_size,
    "power.t2.": _two_sample_t,
    "power.noninf.": _noninferiority,
    "power.tost.parallel.": _parallel_equivalence,
    "power.tost.2x2.": _crossover_equivalence,
    "cs.betting.": _betting_sequence,
    **reference_arms.COMPUTED,
    **reference_control.COMPUTED,
    **reference_eprocess.COMPUTED,
    **reference_models.COMPUTED,
    **reference_multiplicity.COMPUTED,
    **reference_rates.COMPUTED,
    **reference_sprt.COMPUTED,
}


def _method_of(record: Record) -> Callable[[Record], Computed] | None:
    """Return the method of the longest prefix: a record may have one of its own among its kind."""
    found = [prefix for prefix in COMPUTED if record["id"].startswith(prefix)]
    return COMPUTED[max(found, key=len)] if found else None


def _check(got: Any, expected: Any, allowed: Callable[[float], float], path: str) -> None:  # JSON values
    if isinstance(expected, dict):
        assert set(got) >= set(expected), path
        for name, value in expected.items():
            _check(got[name], value, allowed, f"{path}.{name}")
    elif isinstance(expected, list):
        assert len(got) == len(expected), path
        for i, (g, e) in enumerate(zip(got, expected, strict=True)):
            _check(g, e, allowed, f"{path}[{i}]")
    elif isinstance(expected, str) and expected in NOT_FINITE:
        assert str(float(got)) == expected, path
    elif expected is None or isinstance(expected, (bool, str)):
        assert got is expected or got == expected, path
    else:
        assert abs(got - expected) <= allowed(expected), f"{path}: {got!r} against {expected!r}"


def _tolerance(record: Record, name: str) -> Callable[[float], float]:
    given = record["tolerance"]
    error = max(
        (e for (prefix, key), e in ORACLE_ERRORS.items() if record["id"].startswith(prefix) and key == name),
        default=0.0,
    )

    def allowed(expected: float) -> float:
        stated = given["value"] * abs(expected) + 1e-12 if given["kind"] == "rel" else given["value"]
        return float(max(stated, error))

    return allowed


@pytest.mark.parametrize("record", [r for r in RECORDS if _method_of(r)], ids=lambda record: record["id"])
def test_the_product_reproduces_a_reference_value(record: Record) -> None:
    """Every number of the record is met to the record's own tolerance."""
    method = _method_of(record)
    assert method is not None
    found = method(record)
    for name, expected in record["expected"].items():
        _check(found[name], expected, _tolerance(record, name), f"{record['id']}.{name}")


def test_every_record_is_computed_or_has_no_data() -> None:
    """No record is overlooked, and none is both computed and excused."""
    for record in RECORDS:
        waits = record["id"].startswith(WITHOUT_DATA)
        assert waits != (_method_of(record) is not None), record["id"]


def test_a_t_quantile_inverts_the_tail_it_belongs_to() -> None:
    """Planning and deciding use one distribution: power at no effect is the level."""
    for level in (0.1, 0.05, 0.001):
        assert one_sided_power(0.0, 12, level) == pytest.approx(level, rel=1e-9)
        assert t_power((("greater", 0.0),), 13, level, 0.0, 1.0) == pytest.approx(level, rel=1e-9)
        assert t_quantile(level, 12) > 0.0
