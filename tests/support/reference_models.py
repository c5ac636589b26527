"""Reference records of models and syntheses, computed by the product: record-id prefix to function."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ophamin_pillars.models.anova import grouped, one_way, welch_one_way
from ophamin_pillars.models.cross_validation import corrected_resampled, naive_resampled
from ophamin_pillars.models.estimate import two_sided_tail
from ophamin_pillars.models.factorial import Kind, fit_factorial
from ophamin_pillars.models.kenward_roger import contrast, contrast_of, f_test, random_intercept_components
from ophamin_pillars.models.least_squares import regress
from ophamin_pillars.models.lenth import lenth
from ophamin_pillars.models.mixed_components import mixed_components
from ophamin_pillars.models.mixed_effects import MixedModel, RandomTerm, fit_mixed
from ophamin_pillars.models.random_intercept import RandomIntercept, fit_random_intercept
from ophamin_pillars.synthesis import combine
from ophamin_pillars.synthesis.meta_analysis import MetaAnalysis, cumulative, leave_one_out, pool
from ophamin_pillars.synthesis.two_by_two import mantel_haenszel_odds, peto_odds, table_effects

Record = Mapping[str, Any]
Computed = dict[str, Any]
Floats = npt.NDArray[np.float64]
Rows = Sequence[Mapping[str, Any]]
VALUES = Path(__file__).parents[1] / "conformance" / "values.json"


@cache
def _records() -> list[Record]:
    found: list[Record] = json.loads(VALUES.read_text(encoding="utf-8"))["records"]
    return found


# --- mixed models: the formulas of lme4 -----------------------------------------------------------------------------


def _mixed(record: Record) -> Computed:
    model = _Mixed(record)
    fixed, expected = model.fixed_names, record["expected"]
    computed: Computed = {
        "fixef": dict(zip(fixed, model.fit.beta.tolist(), strict=True)),
        "se": dict(zip(fixed, model.fit.standard_errors.tolist(), strict=True)),
        "vcov": model.variances(),
        "logLik": model.fit.log_likelihood,
        "crit": model.fit.deviance,
    }
    if set(expected) <= set(computed):
        return computed
    return computed | model.tests(record)


class _Mixed:
    """A record's data and formula; a record of a test has its data in the record of the fit."""

    def __init__(self, record: Record) -> None:
        given = record["inputs"]
        if "data" not in given:
            given = next(r["inputs"] for r in _records() if _fits(r, given))
        self.rows: Rows = given["data"]
        response, terms = (part.strip() for part in given["formula"].split("~"))
        self.y = np.array([row[response] for row in self.rows], dtype=np.float64)
        self.random: list[tuple[str, list[str]]] = []
        self.terms: list[RandomTerm] = []
        for inside in re.findall(r"\(([^()|]*\|[^()]*)\)", terms):
            self._add(inside)
        self.fixed_names, self.design = self._columns(re.sub(r"\([^()|]*\|[^()]*\)", "", terms))
        # A record of a test names no criterion: degrees of freedom are of a fit by REML.
        reml = record["inputs"].get("REML", "ml" not in record["id"].split("."))
        plain = len(self.terms) == 1 and self.terms[0].columns is None
        self.fit: RandomIntercept | MixedModel = (
            fit_random_intercept(self.y, self.terms[0].clusters, self.design, reml=reml)
            if plain
            else fit_mixed(self.y, self.terms, self.design, reml=reml)
        )

    def _add(self, inside: str) -> None:
        left, bars, right = re.split(r"(\|\|?)", inside)
        names, columns = self._columns(left)
        parts = [part.strip() for part in right.split("/")]
        groups = [":".join(reversed(parts[: i + 1])) for i in range(len(parts))]
        for group in groups:
            labels = ["\0".join(str(row[name]) for name in group.split(":")) for row in self.rows]
            plain = names == ["(Intercept)"]
            self.terms.append(RandomTerm(labels, None if plain else columns, correlated=bars == "|"))
            self.random.append((group, names))

    def _columns(self, text: str) -> tuple[list[str], Floats]:
        words = [word for word in re.split(r"[+\s]+", text) if word]
        names, columns = ([], []) if "0" in words else (["(Intercept)"], [np.ones(len(self.rows))])
        for word in (word for word in words if word not in {"0", "1"}):
            values = [row[re.sub(r"factor\((.*)\)", r"\1", word)] for row in self.rows]
            if word.startswith("factor(") or isinstance(values[0], str):
                for level in sorted(set(values))[1:]:
                    names.append(f"{word}{level}")
                    columns.append(np.array([float(value == level) for value in values]))
            else:
                names.append(word)
                columns.append(np.array(values, dtype=np.float64))
        return names, np.stack(columns, axis=1)

    def variances(self) -> dict[str, float]:
        if isinstance(self.fit, RandomIntercept):
            covariances: tuple[Floats, ...] = (np.array([[self.fit.tau2]]),)
        else:
            covariances = self.fit.covariances
        found = {"Residual|NA|NA": self.fit.sigma2}
        for (group, names), covariance in zip(self.random, covariances, strict=True):
            for title in (group, ":".join(reversed(group.split(":")))):
                # lme4 numbers the terms that share a factor.
                seen = sum(key.split("|")[0].split(".")[0] == title and key.endswith("|NA") for key in found)
                taken = f"{title}|{names[0]}|NA" in found or (seen and len(self.random) > 1)
                label = f"{title}.1" if taken and title == group and ":" not in title else title
                for i, name in enumerate(names):
                    found[f"{label}|{name}|NA"] = float(covariance[i, i])
                    for j in range(i):
                        found[f"{label}|{names[j]}|{name}"] = float(covariance[i, j])
        return found

    def tests(self, record: Record) -> Computed:
        parts = (
            random_intercept_components(self.fit)
            if isinstance(self.fit, RandomIntercept)
            else mixed_components(self.fit)
        )
        named = re.search(r"for (\S+)", record["method"])
        at = self.fixed_names.index(named[1]) if named and named[1] in self.fixed_names else len(self.fixed_names) - 1
        kind = "satterthwaite" if "atterthwaite" in record["method"] + record["id"] else "kenward-roger"
        rows = np.eye(len(self.fixed_names))
        df: Any = kind
        found = [
            contrast(self.fit, row, df=df) if isinstance(self.fit, RandomIntercept) else contrast_of(parts, row, df=df)
            for row in rows
        ]
        one = found[at]
        f, ddf = (one.t() ** 2, one.df)
        if kind == "kenward-roger":
            tested = f_test(parts, rows[[at]])
            f, ddf = tested.f, tested.df2
        single: Computed = {"F": f, "ddf": ddf, "df": ddf, "t": one.t(), "p": one.two_sided(), "se": one.standard_error}
        several = {
            "df": [e.df for e in found],
            "t": [e.t() for e in found],
            "p": [e.two_sided() for e in found],
            "se": [e.standard_error for e in found],
        }
        for key, expected in record["expected"].items():
            if key in several and isinstance(expected, Mapping):
                single[key] = dict(zip(self.fixed_names, several[key], strict=True))
            elif key in several and isinstance(expected, list):
                single[key] = several[key]
        return single


def _fits(record: Record, wanted: Mapping[str, Any]) -> bool:
    given = record["inputs"]
    same = given.get("dataset", "").split(" ")[0] == wanted.get("dataset", "").split(" ")[0]
    return "data" in given and "formula" in given and same and wanted.get("formula") in {None, given["formula"]}


# --- designs and analysis of variance -------------------------------------------------------------------------------


def _factorial(record: Record) -> Computed:
    given = record["inputs"]
    if "effects" in given or "contrasts" in given:
        return _lenth(record)
    response, terms = (part.strip() for part in given["formula"].split("~"))
    rows: Rows = given["data"]
    names, chosen = _expanded(terms)
    factors = {name: [row[re.sub(r"factor\((.*)\)", r"\1", name)] for row in rows] for name in names}
    fit = fit_factorial([row[response] for row in rows], factors, chosen)
    text = record["method"] + record.get("command", "")
    kind: Kind = "III" if re.search(r"(III\b|type ?= ?.?3)", text) else "II" if re.search(r"\bII\b", text) else "I"
    table = fit.table(kind)
    return {
        "terms": [*(test.name for test in table), "Residuals"],
        "df": [*(test.df for test in table), fit.residual_df],
        "SS": [*(test.ss for test in table), fit.residual_ss],
        "MS": [*(test.ms for test in table), fit.residual_ss / max(1, fit.residual_df)],
        "F": [*(test.f for test in table), None],
        "p": [*(test.p for test in table), None],
    }


def _lenth(record: Record) -> Computed:
    given = record["inputs"]
    effects = given.get("effects", given.get("contrasts"))
    found = lenth(list(effects.values()) if isinstance(effects, Mapping) else effects, 1.0 - given.get("alpha", 0.05))
    return {
        "PSE": found.pse,
        "ME": found.margin,
        "SME": found.simultaneous_margin,
        "df": found.df,
        "t": found.t.tolist(),
    } | {"pse": found.pse, "me": found.margin, "sme": found.simultaneous_margin}


def _expanded(text: str) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return the factors and terms of an R formula of ``+``, ``:`` and ``*``; lower orders first, as R sorts them."""
    terms: list[tuple[str, ...]] = []
    for part in text.split("+"):
        names = [name.strip() for name in part.split("*")]
        for mask in range(1, 2 ** len(names)):
            chosen = [name for i, name in enumerate(names) if mask >> i & 1]
            terms.append(tuple(name.strip() for joined in chosen for name in joined.split(":")))
    unique = sorted(dict.fromkeys(terms), key=len)
    return list(dict.fromkeys(name for term in unique for name in term)), unique


def _one_way_of_rows(record: Record) -> Computed:
    rows: Rows = record["inputs"]["data"]
    response = next(key for key, value in rows[0].items() if not isinstance(value, str))
    label = next(key for key in rows[0] if key != response)
    groups = grouped([row[response] for row in rows], [row[label] for row in rows])
    table, welch = one_way(groups), welch_one_way(groups)
    return _one_way_values(groups) | {
        "p": table.p,
        "welch_F": welch.f,
        "welch_df1": welch.df1,
        "welch_df2": welch.df2,
        "welch_p": welch.p,
    }


def _nist_one_way(record: Record) -> Computed:
    package = find_spec("scipy")
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parents[1] / record["inputs"]["dataset"].split(" ")[0]
    lines = path.read_text(encoding="ascii").splitlines()
    pairs = [line.split() for line in lines[60:] if line.strip()]
    return _one_way_values(grouped([float(pair[1]) for pair in pairs], [pair[0] for pair in pairs]))


def _one_way_values(groups: Sequence[Sequence[Any]]) -> Computed:
    table = one_way(groups)
    return {
        "df_between": table.df_between,
        "ss_between": table.ss_between,
        "ms_between": table.ms_between,
        "F": table.f,
        "df_within": table.df_within,
        "ss_within": table.ss_within,
        "ms_within": table.ms_within,
        "r_squared": table.r_squared,
        "resid_sd": table.residual_sd,
    }


def _regression(record: Record) -> Computed:
    given = record["inputs"]
    x = given.get("X", given.get("x"))
    fit = regress(given["y"], x, intercept=given.get("intercept", True))
    return {
        "beta": fit.beta.tolist(),
        "se": fit.standard_errors.tolist(),
        "resid_sd": fit.residual_sd,
        "r2": fit.r_squared,
        "F": fit.f,
        "p": fit.p,
        "df": fit.df,
    }


def _corrected_resampled(record: Record) -> Computed:
    given = record["inputs"]
    found = corrected_resampled(given["diffs"], given["n_train"], given["n_test"])
    naive = naive_resampled(given["diffs"])
    return {
        "t": found.t(),
        "df": found.df,
        "p": found.two_sided(),
        "se": found.standard_error,
        "naive_t": naive.t(),
        "naive_p": naive.two_sided(),
    }


# --- syntheses ------------------------------------------------------------------------------------------------------


def _meta(record: Record) -> Computed:
    words = record["id"].rsplit(".", 1)[1].split("_")
    given = record["inputs"]
    if "escalc" in words or ("tpos" in given and words[0] not in {"mh", "peto"}):
        return _effects_of_tables(record, words[-1].upper())
    if words[0] in {"mh", "peto"}:
        return _pooled_tables(record, words[0])
    method: Any = next((w.upper() for w in words if w.upper() in METHODS), _method_in(record))
    error: Any = "hksj" if "hksj" in words or "knha" in record.get("command", "") else "z"
    if "max1" in words or "adhoc" in record.get("command", ""):
        error = "hksj-max1"
    y, v = given["yi"], given["vi"]
    if any(word.startswith("cumul") for word in words):
        return _columns_of(cumulative(y, v, given.get("year", given.get("order")), method=method, error=error))
    if any(word in {"loo", "leave1out"} for word in words):
        return _columns_of(leave_one_out(y, v, method=method, error=error))
    found = pool(y, v, method=method, error=error)
    values = _pooled(found)
    low, high = found.prediction_interval()
    if "pi" in words:
        return values | {"lower": low, "upper": high}
    return values | {"pi_lower": low, "pi_upper": high, "k": len(y)}


METHODS = ("FE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM")


def _method_in(record: Record) -> str:
    found = re.search(r"method ?= ?[\"'](\w+)", record.get("command", ""))
    return found[1] if found else "REML"


def _pooled(found: MetaAnalysis) -> Computed:
    lower, upper = found.pooled.interval(0.95)
    return {
        "estimate": found.pooled.value,
        "se": found.pooled.standard_error,
        "lower": lower,
        "upper": upper,
        "tau2": found.tau2,
        "Q": found.q,
        "Qp": found.q_p,
        "I2": found.i2,
        "H2": found.h2,
        "p": found.pooled.two_sided(),
    }


def _columns_of(analyses: Sequence[MetaAnalysis]) -> Computed:
    rows = [_pooled(found) for found in analyses]
    return {key: [row[key] for row in rows] for key in rows[0]}


def _effects_of_tables(record: Record, measure: str) -> Computed:
    wanted: Any = measure
    effects, variances = table_effects(*_tables(record), wanted)
    return {"yi": effects.tolist(), "vi": variances.tolist()}


def _pooled_tables(record: Record, name: str) -> Computed:
    found = (mantel_haenszel_odds if name == "mh" else peto_odds)(*_tables(record))
    lower, upper = found.interval(0.95)
    return {
        "estimate": found.value,
        "se": found.standard_error,
        "lower": lower,
        "upper": upper,
        "p": two_sided_tail(found.t(), found.df),
    }


def _tables(record: Record) -> tuple[Any, Any, Any, Any]:
    given = record["inputs"]
    names = ("tpos", "tneg", "cpos", "cneg") if "tpos" in given else ("ai", "bi", "ci", "di")
    return given[names[0]], given[names[1]], given[names[2]], given[names[3]]


def _combined(record: Record) -> Computed:
    given = record["inputs"]
    p, weights = given["p"], given.get("weights")
    found = {
        "fisher": combine.fisher(p),
        "stouffer": combine.stouffer(p, weights),
        "pearson": combine.pearson(p),
        "simes": combine.simes(p),
        "tippett": combine.tippett(p),
        "edgington": combine.edgington(p),
        "cauchy": combine.cauchy(p, weights),
    }
    computed: Computed = {f"{name}_p": one.p for name, one in found.items()}
    return computed | {
        "fisher_chi2": found["fisher"].statistic,
        "fisher_df": 2 * len(p),
        "stouffer_z": found["stouffer"].statistic,
    }


COMPUTED: dict[str, Callable[[Record], Computed]] = {
    "lmm.": _mixed,
    "mea.": _factorial,
    "anova.": _one_way_of_rows,
    "nist.anova.": _nist_one_way,
    "nist.longley": _regression,
    "cv.": _corrected_resampled,
    "meta.": _meta,
    "combine.": _combined,
}
