"""I.cma: the proofs of one claim over campaigns, pooled; proofs that share draws are refused."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pytest_ophamin.pillars import Relation, Series, SeriesProof, Synthesis

METHOD = "cma/1"
CONFIDENCE = 0.95
LEAST_PROOFS = 2


class CmaPillar:
    """Synthesises by random-effects meta-analysis (REML, HKSJ with max(1, q)), and accumulates e-values (ALL-IN)."""

    name = "I.cma"
    methods = (METHOD,)

    def synthesise(self, series: Series) -> Synthesis:
        """Pool what is independent and of one metric; say what was left out."""
        proofs, refusals = independent(series.proofs)
        pooled, left_out = pool_proofs(proofs)
        numbers: dict[str, float | int | None] = {} if pooled is None else pooled.numbers()
        evidence = accumulated(proofs)
        numbers |= evidence
        caution = _caution(series, pooled)
        doubtful = caution is not None or refusals or left_out
        return Synthesis(
            pillar=self.name,
            method=METHOD,
            status="warn" if doubtful else "ok",
            message=_message(pooled, evidence, caution, len(proofs)),
            numbers=numbers,
            refusals=(*refusals, *left_out),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """A random-effects analysis, back on the metric's own scale."""

    k: int
    mean: float
    lower: float
    upper: float
    prediction_lower: float
    """Where the metric of another campaign lies."""
    prediction_upper: float
    tau2: float
    """On the scale of the analysis."""
    q: float
    q_p: float
    i2: float
    scale: str

    def numbers(self) -> dict[str, float | int | None]:
        """All of it, by name; None for an end without a limit."""
        names = ("mean", "lower", "upper", "prediction_lower", "prediction_upper", "tau2", "q", "q_p", "i2")
        values = {name: float(getattr(self, name)) for name in names}
        return {"k": self.k, **{name: value if math.isfinite(value) else None for name, value in values.items()}}


def independent(proofs: tuple[SeriesProof, ...]) -> tuple[list[SeriesProof], list[str]]:
    """Return the proofs that may count as replicates, and why each other one may not.

    Of proofs with one stream key, or one data digest, the first stays: the choice must not look at the data. Declared
    input files are one finite set of items, however it is shuffled.
    """
    kept: list[SeriesProof] = []
    refusals: list[str] = []
    keys: dict[str, SeriesProof] = {}
    for proof in proofs:
        earlier = keys.get(proof.key) or keys.get(proof.data)
        if proof.claim.data or proof.claim.population is not None:
            refusals.append(f"{_name(proof)}: its trials draw on a finite data file, which no campaign draws anew")
        elif proofs[-1].claim.metric != proof.claim.metric or _setting(proof) != _setting(proofs[-1]):
            refusals.append(f"{_name(proof)}: it measured another metric or design than the last campaign")
        elif earlier is not None:
            refusals.append(f'{_name(proof)}: shares its draws with {_name(earlier)} (seed="commit" draws anew)')
        else:
            kept.append(proof)
            keys[proof.key] = keys[proof.data] = proof
    return kept, refusals


def pool_proofs(proofs: list[SeriesProof]) -> tuple[Pooled | None, list[str]]:
    """Return the meta-analysis, None with fewer than two proofs it could take; and what was left out."""
    from ophamin_pillars.synthesis.effects import NoEffect, effect_of, scale_of
    from ophamin_pillars.synthesis.meta_analysis import pool

    effects: list[tuple[float, float]] = []
    left_out: list[str] = []
    for proof in proofs:
        try:
            effects.append(effect_of(proof))
        except NoEffect as why:
            left_out.append(f"{_name(proof)}: {why}")
    if len(effects) < LEAST_PROOFS:
        return None, left_out
    found = pool([y for y, _ in effects], [v for _, v in effects])
    scale = scale_of(proofs[0].claim.kind, str(proofs[0].claim.design.name))
    lower, upper = found.pooled.interval(CONFIDENCE)
    low, high = found.prediction_interval(CONFIDENCE)
    return Pooled(
        k=len(effects),
        mean=scale.inverse(found.pooled.value),
        lower=scale.inverse(lower),
        upper=scale.inverse(upper),
        prediction_lower=scale.inverse(low),
        prediction_upper=scale.inverse(high),
        tau2=found.tau2,
        q=found.q,
        q_p=found.q_p,
        i2=found.i2,
        scale=scale.name,
    ), left_out


def accumulated(proofs: list[SeriesProof]) -> dict[str, float | int | None]:
    """Return the product of the proofs' e-values on both sides, with its anytime-valid p; {} where there are none.

    Only e-values against the last proof's null are multiplied: they must be evidence about one thing.
    """
    from ophamin_pillars.synthesis.all_in import Study, accumulate

    numbers: dict[str, float | int | None] = {}
    for side in ("validate", "refute"):
        null = getattr(proofs[-1].assessment, f"null_{side}") if proofs else None
        studies = [
            Study(name=proof.id, log_e=log_e, draws=proof.id)  # shared draws were refused before
            for proof in proofs
            if (log_e := getattr(proof.assessment, f"log_e_{side}")) is not None
            and getattr(proof.assessment, f"null_{side}") == null
        ]
        if studies:
            total = accumulate(studies)
            log_e = float(total.log_e[-1])
            numbers |= {f"e_proofs_{side}": len(studies), f"log_e_{side}": log_e, f"p_{side}": float(total.p[-1])}
    return numbers


def _name(proof: SeriesProof) -> str:
    commit = f" ({proof.commit[:12]})" if proof.commit else ""
    return f"{proof.start} {proof.campaign}{commit}"


def _setting(proof: SeriesProof) -> tuple[object, ...]:
    claim = proof.claim
    return claim.unit, claim.of, claim.design.name


def _caution(series: Series, pooled: Pooled | None) -> str | None:
    if pooled is None:
        return "nothing to pool"
    claim = series.proofs[-1].claim
    if claim.design.can_stop_early:
        return "estimates of claims that stopped early lean towards their verdict; the e-values do not"
    low, high = claim.limits if claim.relation is Relation.WITHIN else (claim.limit, claim.limit)
    misses_low = claim.relation is not Relation.AT_MOST and pooled.prediction_lower < low
    misses_high = claim.relation is not Relation.AT_LEAST and pooled.prediction_upper > high
    return "another campaign may lie beyond the threshold" if misses_low or misses_high else None


def _message(pooled: Pooled | None, evidence: dict[str, float | int | None], caution: str | None, k: int) -> str:
    parts = [] if caution is None else [caution]
    if pooled is None:
        parts = [f"nothing to pool: {k} independent {'proof' if k == 1 else 'proofs'}, {LEAST_PROOFS} are needed"]
    else:
        parts.insert(
            0,
            f"mean {pooled.mean:.4g} of {pooled.k} campaigns, {100 * CONFIDENCE:g} % interval "
            f"[{pooled.lower:.4g}, {pooled.upper:.4g}], another campaign "
            f"[{pooled.prediction_lower:.4g}, {pooled.prediction_upper:.4g}] ({pooled.scale} scale)",
        )
    for side in ("validate", "refute"):
        p, log_e = evidence.get(f"p_{side}"), evidence.get(f"log_e_{side}")
        if p is not None and log_e is not None:
            word = "for" if side == "validate" else "against"
            parts.append(f"accumulated evidence {word} the claim: e = {_e_value(log_e)}, p = {p:.2g} at any time")
    return "; ".join(parts)


def _e_value(log_e: float) -> str:
    return f"{math.exp(log_e):.3g}" if abs(log_e) < 700.0 else f"10^{log_e / math.log(10.0):.4g}"
