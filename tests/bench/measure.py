"""The figures of BENCHMARKS.md, measured side by side: ``python tests/bench/measure.py``.

Each figure is the median of interleaved rounds; a fixed pure-Python loop is timed in the same rounds, so that figures
from two machines can be compared. Needs pytest-repeat.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path
from time import process_time

ROUNDS = 5
FAST_TRIALS = 200_000
FRESH_TRIALS = 3_000
REPEATS = 1_000
CLAIMS = 1_000

HEAD = "import pytest\nfrom pytest_ophamin import claim\n"
SUITES = {
    "fast": f"""
        @claim("c", metric="proportion", at_least=0.1, trials={FAST_TRIALS})
        def test_it(trial):
            return True
    """,
    "rng": f"""
        @claim("c", metric="mean", at_least=0.1, trials={FAST_TRIALS})
        def test_it(trial):
            return trial.rng.random()
    """,
    "fresh": f"""
        @pytest.fixture
        def box():
            yield []

        @claim("c", metric="proportion", at_least=0.1, trials={FRESH_TRIALS})
        def test_it(trial, box):
            return True
    """,
    "repeat": """
        def test_it():
            return None
    """,
    "many": f"""
        @pytest.mark.parametrize("k", range({CLAIMS}))
        @claim("c", metric="proportion", at_least=0.5, trials=100)
        def test_it(trial, k):
            return True
    """,
    "plain": f"""
        @pytest.mark.parametrize("k", range({CLAIMS}))
        def test_it(k):
            pass
    """,
    "big": """
        @claim("c", metric="mean", at_least=0.1, trials=1_000_000)
        def test_it(trial):
            return trial.rng.random()
    """,
    "empty": """
        @claim("c", metric="proportion", at_least=0.1, trials=2)
        def test_it(trial):
            return True
    """,
}
VERIFY = "import sys; from pytest_ophamin.cli import main; sys.exit(main())"
OPTIONS = ("-q", "-W", "ignore", "-p", "no:randomly", "-p", "no:flaky", "-p", "no:cacheprovider")


def write_suites(folder: Path) -> None:
    """Write each suite into a folder of its own."""
    for name, body in SUITES.items():
        (folder / name).mkdir()
        (folder / name / "test_it.py").write_text(HEAD + textwrap.dedent(body), encoding="utf-8")


def run(folder: Path, *arguments: str) -> float:
    """Run pytest in ``folder`` and return how many seconds of processor time it took.

    Whole sessions are timed, of which trials are a part: waiting for a busy machine would drown them.

    Raises:
        RuntimeError: It could not run; a verdict is no failure here.
    """
    environment = environment_of(folder.parent)
    began = processor_seconds()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stdout + done.stderr)
    return processor_seconds() - began


def environment_of(folder: Path) -> dict[str, str]:
    """Return the environment of sessions below ``folder``: keys of their own, and byte code kept, as users keep it.

    Without it every session would rewrite the assertions of all plugins and of this package anew.
    """
    return {
        **os.environ,
        "XDG_CONFIG_HOME": str(folder / "config"),
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
    }


def processor_seconds() -> float:
    """Return the processor time, user and system, of all child processes so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def reference_loop() -> float:
    """Return the seconds of processor time a fixed pure-Python loop takes."""
    began = process_time()
    total = 0
    for number in range(2_000_000):
        total += number & 7
    return process_time() - began


def peak_megabytes(folder: Path) -> float:
    """Return the peak resident memory of a session with a claim of a million float trials."""
    code = (
        "import resource, sys, pytest; "
        f"pytest.main({[*OPTIONS]!r}); "
        "sys.stderr.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment_of(folder.parent),
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stderr.split()[-1]) / 1024


def per_unit(
    folder: Path, rounds: int = ROUNDS, typical: Callable[[list[float]], float] = statistics.median
) -> dict[str, float]:
    """Return seconds: per trial on each path, per repetition of pytest-repeat, and of the reference loop.

    Args:
        folder: Holds the suites.
        rounds: Interleaved rounds.
        typical: What stands for the rounds of one session: their median, or their least on a busy machine.
    """
    times: dict[str, list[float]] = {
        name: [] for name in ("empty", "fast", "rng", "fresh", "repeat1", "repeat", "loop")
    }
    run(folder / "empty")  # leaves the byte code
    run(folder / "repeat", "--count", "2")
    for _ in range(rounds):
        for name in ("empty", "fast", "rng", "fresh"):
            times[name].append(run(folder / name))
        times["repeat1"].append(run(folder / "repeat", "--count", "2"))
        times["repeat"].append(run(folder / "repeat", "--count", str(REPEATS)))
        times["loop"].append(reference_loop())
    middle = {name: typical(values) for name, values in times.items()}
    return {
        "fast": (middle["fast"] - middle["empty"]) / FAST_TRIALS,
        "rng": (middle["rng"] - middle["empty"]) / FAST_TRIALS,
        "fresh": (middle["fresh"] - middle["empty"]) / FRESH_TRIALS,
        "repeat": (middle["repeat"] - middle["repeat1"]) / (REPEATS - 2),
        "loop": middle["loop"],
    }


def main() -> None:
    """Print the table of BENCHMARKS.md."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_suites(folder)
        units = per_unit(folder)
        run(folder / "empty", "--ophamin-campaign")
        campaign = statistics.median(
            run(folder / "many", "--ophamin-campaign", "--ophamin-name", f"r{n}") for n in range(3)
        )
        plain = statistics.median(run(folder / "plain") for _ in range(3))
        bundle = folder / "many" / "proofs" / "r0"
        began = processor_seconds()
        subprocess.run(
            [sys.executable, "-c", VERIFY, "verify", str(bundle)],
            check=True,
            capture_output=True,
            env=environment_of(folder),
        )
        verify = processor_seconds() - began
        rows = [
            ("reference loop (2,000,000 additions)", f"{units['loop'] * 1e3:.0f} ms"),
            ("trial, fast path (decision included)", f"{units['fast'] * 1e6:.2f} us"),
            ("trial with `trial.rng` (one draw and the decision included)", f"{units['rng'] * 1e6:.2f} us"),
            ("trial with a fresh function-scoped yield fixture", f"{units['fresh'] * 1e6:.0f} us"),
            ("repetition by pytest-repeat", f"{units['repeat'] * 1e6:.0f} us"),
            ("pytest-repeat / fast path", f"{units['repeat'] / units['fast']:.0f} x"),
            (f"{CLAIMS} claims x 100 trials, campaign, per claim", f"{campaign / CLAIMS * 1e3:.2f} ms"),
            (f"{CLAIMS} plain tests, per test", f"{plain / CLAIMS * 1e3:.2f} ms"),
            ("`ophamin verify` of that bundle, per proof", f"{verify / CLAIMS * 1e3:.2f} ms"),
            ("peak memory, a claim of 1,000,000 float trials", f"{peak_megabytes(folder / 'big'):.0f} MB"),
        ]
        for name, value in rows:
            print(f"| {name} | {value} |")  # noqa: T201  # the table is what this script is for


if __name__ == "__main__":
    main()
