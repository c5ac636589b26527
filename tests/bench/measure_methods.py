"""What the shipped methods cost beside their peers: ``python tests/bench/measure_methods.py`` (BENCHMARKS.md).

Every figure is the least processor time of interleaved rounds, which other work on the machine can only raise; a fixed
pure-Python loop is timed in the same run. Needs statsmodels and river.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from time import process_time

import numpy as np

from ophamin_pillars.control.adwin import adwin
from ophamin_pillars.control.page_hinkley import page_hinkley
from ophamin_pillars.models.random_intercept import fit_random_intercept
from ophamin_pillars.sequential.betting_process import BettingProcess
from pytest_ophamin.claims.metrics import Relation
from pytest_ophamin.claims.model import Claim, ClaimId
from pytest_ophamin.deciding.correction import adjust
from pytest_ophamin.deciding.protocol import Assessment
from pytest_ophamin.deciding.registry import load_shipped
from pytest_ophamin.deciding.verdict import judge
from pytest_ophamin.trials.sample import Column, Sample

ROUNDS = 9
POINTS = 100_000
Run = Callable[[], object]


def seconds(run: Run, times: int) -> float:
    """Return what one of ``times`` runs takes."""
    began = process_time()
    for _ in range(times):
        run()
    return (process_time() - began) / times


def least(*runs: tuple[Run, int]) -> list[float]:
    """Return the least time of each of ``(run, times)``, over interleaved rounds."""
    found = [[seconds(run, times) for run, times in runs] for _ in range(ROUNDS)]
    return [min(column) for column in zip(*found, strict=True)]


def reference_loop() -> int:
    """Count to a hundred thousand."""
    total = 0
    for number in range(POINTS):
        total += number & 7
    return total


def proportion_verdict() -> Run:
    """Return the verdict on 950 successes of 1,000: p-values, bounds, verdict."""
    claim = Claim(
        id=ClaimId("t"), test="t", statement="s", metric="proportion", relation=Relation.AT_LEAST, threshold=0.9,
        trials=1_000,
    )  # fmt: skip
    sample = Sample(n=1_000, columns={"value": Column(kind="bits", values=np.arange(1_000) < 950)})
    pillar = load_shipped().deciding_for(claim)

    def verdict() -> object:
        assessed = pillar.decide(claim, sample)
        assert isinstance(assessed, Assessment)
        return judge(claim, assessed.p_validate, assessed.p_refute)

    return verdict


def main() -> None:
    """Print the table."""
    rng = np.random.default_rng(1)
    models = importlib.import_module("statsmodels.regression.mixed_linear_model")
    multitest = importlib.import_module("statsmodels.stats.multitest")
    drift = importlib.import_module("river.drift")
    p = rng.random(1_000)
    listed, y, stream = p.tolist(), rng.random(10_000), rng.random(POINTS)
    numbers = stream.tolist()
    clusters = rng.integers(0, 100, 10_000)
    design = np.column_stack([np.ones(10_000), rng.normal(size=10_000)])
    z = design @ [1.0, 0.5] + rng.normal(0.0, 0.7, 100)[clusters] + rng.normal(0.0, 1.2, 10_000)

    def with_river(detector: type) -> Run:
        def scan() -> None:
            fresh = detector()
            for number in numbers:
                fresh.update(number)

        return scan

    rows: list[tuple[str, Run, int, Run | None]] = [
        ("loop of 100,000 additions", reference_loop, 5, None),
        ("verdict on a proportion, n = 1,000", proportion_verdict(), 500, None),
        ("betting, bets and path over 10,000 observations", lambda: BettingProcess.of(y, 0.05).log_e(0.5), 20, None),
        ("Holm, 1,000 claims", lambda: adjust(listed, "holm"), 100, lambda: multitest.multipletests(p, method="holm")),
        (
            "random intercept by REML, 10,000 rows, 100 groups",
            lambda: fit_random_intercept(z, clusters, design),
            4,
            lambda: models.MixedLM(z, design, clusters).fit(reml=True),
        ),
        ("ADWIN, 100,000 points", lambda: adwin(stream), 2, with_river(drift.ADWIN)),
        ("Page-Hinkley, 100,000 points", lambda: page_hinkley(stream), 2, with_river(drift.PageHinkley)),
    ]
    for name, ours, times, theirs in rows:
        found = least((ours, times), *([] if theirs is None else [(theirs, 1)]))
        peer = ["", ""] if theirs is None else [f"{found[1] * 1e3:.1f} ms", f"{found[1] / found[0]:.0f} x"]
        shown = f"{found[0] * 1e6:.1f} us" if found[0] < 1e-3 else f"{found[0] * 1e3:.2f} ms"
        print(f"| {name} | {shown} | {peer[0]} | {peer[1]} |")  # noqa: T201  # the table is what this script is for


if __name__ == "__main__":
    main()
