"""The full study of error rates: ``python tests/statistical/study.py``, some two hours on one core.

It measures what docs/validation/measured does not hold yet and writes the tables of docs/validation. Stopped and
started again, it goes on. Names of areas limit it to them; ``--again`` measures anew; ``--list`` names the areas.
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the processes share the cores among themselves
ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "pillars"), str(ROOT)]

from error_study import results  # noqa: E402
from error_study.pages import write_pages  # noqa: E402
from error_study.tasks import TASKS, compute, urgency  # noqa: E402


def main(arguments: list[str] | None = None) -> int:
    """Run what is missing, then write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("areas", nargs="*", metavar="AREA", help=f"of {', '.join(TASKS)}; default: all")
    parser.add_argument("--again", action="store_true", help="measure again what was measured")
    parser.add_argument("--tables", action="store_true", help="only write the tables")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    chosen = parser.parse_args(arguments)
    unknown = sorted(set(chosen.areas) - set(TASKS))
    if unknown:
        parser.error(f"no area {', '.join(unknown)}; there are {', '.join(TASKS)}")
    if not chosen.tables:
        run(chosen.areas or list(TASKS), again=chosen.again, workers=chosen.workers)
    write_pages()
    return 0


def run(areas: list[str], *, again: bool, workers: int) -> None:
    """Measure what is missing; every result is kept at once."""
    kept = {area: {} if again else results.load(area) for area in areas}
    kept = {area: {name: found for name, found in kept[area].items() if name in TASKS[area]} for area in areas}
    missing = [(area, name) for area in areas for name in TASKS[area] if name not in kept[area]]
    with ProcessPoolExecutor(workers) as pool:
        running = {pool.submit(compute, *task): task for task in sorted(missing, key=urgency)}
        for future in as_completed(running):
            area, name = running[future]
            kept[area][name] = future.result()
            results.save(area, kept[area])
            print(f"{area}: {name}", flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
