"""Trials a claim takes that may stop early, exactly: ``python tests/bench/expected_sample_number.py``.

``at_least=0.90, margin=0.05``, alpha .05, power .90, cap 600, uncorrected, by dynamic programming; every sample ends
with a verdict. A fixed number of trials with the same error rates is 379. The limits are those of the acceptance; the
script exits 1 when one is not kept.
"""

from __future__ import annotations

import sys

from ophamin_pillars.sequential.design import CountDesign
from ophamin_pillars.sequential.truncated import truncated_sprt

LIMITS = {0.80: 68, 0.85: 172, 0.90: 225, 0.95: 90}
"""Greatest mean number of trials per true proportion."""


def reference_design() -> CountDesign:
    """Return the design that decides the claim."""
    return truncated_sprt(0.85, 0.90, 0.05, 0.10, 600)


def rows() -> list[tuple[float, int, float, tuple[int, ...], float, float, float]]:
    """Return p, limit, mean n, its quantiles at 50, 90 and 99 %, and P(VALIDATED), P(REFUTED), P(INCONCLUSIVE)."""
    design = reference_design()
    found = [(limit, design.characteristics(p)) for p, limit in LIMITS.items()]
    return [(f.p, limit, f.mean_n, f.quantiles, f.validated, f.refuted, f.undecided) for limit, f in found]


def main() -> int:
    """Print the table of docs/sequential.md."""
    print("    p  limit  mean n   50 %   90 %   99 %  VALIDATED  REFUTED  INCONCLUSIVE")  # noqa: T201
    for p, limit, mean, (half, most, nearly), validated, refuted, undecided in rows():
        line = f"{p:5.2f}  {limit:5}  {mean:6.1f}  {half:5}  {most:5}  {nearly:5}"
        print(f"{line}  {validated:9.4f}  {refuted:7.4f}  {undecided:12.4f}")  # noqa: T201
    kept = all(mean <= limit and undecided == 0.0 for _, limit, mean, *_, undecided in rows())
    print("all limits kept" if kept else "a limit is NOT kept")  # noqa: T201
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
