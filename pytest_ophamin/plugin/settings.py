"""Options and ini values of a session, read once into one frozen value."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from pytest_ophamin.plugin.invocation import Invocation

if TYPE_CHECKING:
    from collections.abc import Callable

CORRECTIONS = ("holm", "hochberg", "hommel", "bh", "by", "ebh", "none")
LOCK_NAME = "ophamin.lock"
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")

_TRIAL = re.compile(r"(?P<index>[0-9]{1,10})(?:@(?P<key>[0-9a-f]{32}))?\Z")

Mode = Literal["plain", "campaign", "register", "plan", "trial"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the command line and the ini file ask for."""

    mode: Mode
    name: str
    correction: str
    alpha: float
    power: float
    out: Path
    """Folder of bundles; the campaign's own lies in ``out / name``."""
    seed_policy: str
    inconclusive: str
    strict: bool
    unsigned: bool
    replan: bool
    subjects: tuple[Path, ...]
    trial: int | None
    trial_key: bytes | None
    """Stream key of that trial, where the command line names it."""
    lock_path: Path
    gates: tuple[tuple[str, float], ...]
    """Metric and limit that every benchmark without a claim of its own is held to."""
    baseline: str | None
    """Revision that benchmarks are compared with."""
    baseline_python: Path | None
    """Interpreter of the environment that benchmarks are compared with."""
    pairs: int | None
    """Most pairs of a benchmark gate, where they are asked for."""
    budget: float
    """Seconds of rounds of one benchmark in one process."""
    invocation: Invocation


def add_options(parser: pytest.Parser) -> None:
    """Declare every option, and the ini value of the same meaning."""
    group = parser.getgroup("ophamin", "claims decided with evidence (pytest-ophamin)")
    group.addoption(
        "--ophamin-campaign",
        action="store_true",
        default=False,
        help="Decide all claims as one campaign: corrected for multiplicity, recorded and signed.",
    )
    group.addoption("--ophamin-name", default=None, metavar="NAME", help="Name of the campaign (default: campaign).")
    group.addoption(
        "--ophamin-correction",
        default=None,
        metavar="METHOD",
        help=f"Correction of each family: {', '.join(CORRECTIONS)} (default: holm).",
    )
    group.addoption("--ophamin-alpha", default=None, metavar="ALPHA", help="Level of every family (default: 0.05).")
    group.addoption("--ophamin-out", default=None, metavar="DIR", help="Folder of campaign bundles (default: proofs).")
    group.addoption(
        "--ophamin-seed", default=None, metavar="POLICY", help="Seed policy: claim (default), commit, or an integer."
    )
    group.addoption(
        "--ophamin-strict", action="store_true", default=False, help="Unregistered and amended claims fail."
    )
    group.addoption(
        "--ophamin-unsigned",
        action="store_true",
        default=False,
        help="Write campaign.unsigned.jsonl, to be signed by `ophamin sign` in a job that runs no tests.",
    )
    group.addoption(
        "--ophamin-subject",
        action="append",
        default=[],
        metavar="FILE",
        help="A release artifact the campaign is about, recorded by its SHA-256 (repeatable).",
    )
    group.addoption(
        "--ophamin-register", action="store_true", default=False, help=f"Collect, run nothing, write {LOCK_NAME}."
    )
    group.addoption(
        "--ophamin-replan",
        action="store_true",
        default=False,
        help='With --ophamin-register: derive trials="auto" anew for every claim.',
    )
    group.addoption(
        "--ophamin-plan",
        action="store_true",
        default=False,
        help="Collect, run nothing, print trials, power and detectable effect of every claim.",
    )
    group.addoption(
        "--ophamin-trial",
        default=None,
        metavar="INDEX",
        help="Run exactly this trial of the selected claims; decides nothing. INDEX@KEY names the stream of its draws.",
    )
    group.addoption(
        "--ophamin-gate",
        action="append",
        default=[],
        metavar="METRIC:LIMIT",
        help="Hold every benchmark that makes no claim of its own to a limit: time_ratio:1.05 (repeatable).",
    )
    group.addoption(
        "--ophamin-baseline", default=None, metavar="REV", help="Compare benchmarks with the code of this revision."
    )
    group.addoption(
        "--ophamin-baseline-python",
        default=None,
        metavar="PATH",
        help="Compare benchmarks with the code installed for this interpreter.",
    )
    group.addoption(
        "--ophamin-pairs", default=None, metavar="N", help="Most pairs of processes of a benchmark gate (default: 30)."
    )
    group.addoption(
        "--ophamin-budget",
        default=None,
        metavar="MS",
        help="Milliseconds of rounds of one benchmark in one process of a gate (default: 50).",
    )
    parser.addini("ophamin_gate", "Limits for benchmarks that make no claim, as METRIC:LIMIT.", type="linelist")
    parser.addini("ophamin_pairs", "Most pairs of processes of a benchmark gate.", default="")
    parser.addini("ophamin_budget", "Milliseconds of rounds of one benchmark in one process of a gate.", default="")
    parser.addini("ophamin_name", "Name of the campaign.", default="")
    parser.addini("ophamin_correction", "Correction of each family.", default="")
    parser.addini("ophamin_alpha", "Level of every family.", default="")
    parser.addini("ophamin_power", "Default power of a claim with a margin.", default="")
    parser.addini("ophamin_out", "Folder of campaign bundles, relative to rootdir.", default="")
    parser.addini("ophamin_seed", "Seed policy: claim, commit, or an integer.", default="")
    parser.addini("ophamin_strict", "Unregistered and amended claims fail.", type="bool", default=False)
    parser.addini("ophamin_inconclusive", "What an INCONCLUSIVE claim does: fail or skip.", default="")


def read_settings(config: pytest.Config) -> Settings:
    """Read and validate all options; every problem is told at once.

    Raises:
        pytest.UsageError: An option has a value it cannot have, or two options contradict each other.
    """
    problems: list[str] = []

    def value(name: str, default: str, check: Callable[[str], str | None]) -> str:
        given = config.getoption(f"--ophamin-{name}", None) if name not in ("power", "inconclusive") else None
        source = f"--ophamin-{name}" if given is not None else f"ini ophamin_{name}"
        text = str(given if given is not None else (config.getini(f"ophamin_{name}") or default)).strip()
        problem = check(text)
        if problem is not None:
            problems.append(f"{source}: expected {problem}, came {text!r}")
            return default
        return text

    mode = _mode(config, problems)
    name = value("name", "campaign", _check_name)
    correction = value("correction", "holm", _one_of(*CORRECTIONS))
    alpha = float(value("alpha", "0.05", _between(0.0, 0.5)))
    power = float(value("power", "0.90", _between(0.5, 1.0)))
    seed = value("seed", "claim", _check_seed)
    inconclusive = value("inconclusive", "fail", _one_of("fail", "skip"))
    pairs = value("pairs", "", _check_pairs)
    budget = float(value("budget", "50", _between(0.0, 60_000.0))) / 1000.0
    gates = _gates(config, problems)
    python = _baseline_python(config, problems)
    trial_text = config.getoption("--ophamin-trial")
    trial = None if trial_text is None else _TRIAL.match(trial_text)
    if trial_text is not None and trial is None:
        problems.append(f"--ophamin-trial: expected a trial index (0, 1, ...), came {trial_text!r}")
    subjects = tuple(Path(config.invocation_params.dir, text) for text in config.getoption("--ophamin-subject"))
    problems.extend(
        f"--ophamin-subject: expected an existing file, came {str(path)!r}" for path in subjects if not path.is_file()
    )
    _check_together(config, mode, problems)
    if problems:
        raise pytest.UsageError("ophamin:\n  " + "\n  ".join(problems))
    given_out = config.getoption("--ophamin-out")
    out = (
        Path(config.invocation_params.dir, given_out)
        if given_out
        else config.rootpath / (config.getini("ophamin_out") or "proofs")
    )
    return Settings(
        mode=mode,
        name=name,
        correction=correction,
        alpha=alpha,
        power=power,
        out=out,
        seed_policy=f"integer:{int(seed)}" if seed not in ("claim", "commit") else seed,
        inconclusive=inconclusive,
        strict=bool(config.getoption("--ophamin-strict") or config.getini("ophamin_strict")),
        unsigned=bool(config.getoption("--ophamin-unsigned")),
        replan=bool(config.getoption("--ophamin-replan")),
        subjects=subjects,
        trial=None if trial is None else int(trial["index"]),
        trial_key=None if trial is None or trial["key"] is None else bytes.fromhex(trial["key"]),
        lock_path=config.rootpath / LOCK_NAME,
        gates=gates,
        baseline=config.getoption("--ophamin-baseline"),
        baseline_python=python,
        pairs=int(pairs) if pairs else None,
        budget=budget,
        invocation=Invocation.of(config),
    )


def _mode(config: pytest.Config, problems: list[str]) -> Mode:
    asked: list[Mode] = [mode for mode in ("campaign", "register", "plan") if config.getoption(f"--ophamin-{mode}")]
    if config.getoption("--ophamin-trial") is not None:
        asked.append("trial")
    if len(asked) > 1:
        problems.append(f"--ophamin-{asked[0]} and --ophamin-{asked[1]} contradict each other: give one of them")
    return asked[0] if asked else "plain"


def _gates(config: pytest.Config, problems: list[str]) -> tuple[tuple[str, float], ...]:
    """Read METRIC:LIMIT, each metric once."""
    given = config.getoption("--ophamin-gate")
    source = "--ophamin-gate" if given else "ini ophamin_gate"
    if not given and not config.getini("ophamin_gate"):
        return ()
    from pytest_ophamin.claims.gates import GATE_KINDS  # nothing of the core is loaded where nothing asks for it

    found: dict[str, float] = {}
    for text in given or config.getini("ophamin_gate"):
        metric, _, limit = text.partition(":")
        try:
            number = float(limit)
        except ValueError:
            number = float("nan")
        if metric not in GATE_KINDS or not number > 0.0:
            kinds = ", ".join(sorted(GATE_KINDS))
            expected = f"METRIC:LIMIT, as time_ratio:1.05, with one of {kinds} (budgets in seconds)"
            problems.append(f"{source}: expected {expected}, came {text!r}")
        elif metric in found:
            problems.append(f"{source}: expected each metric once, came {metric} again")
        found[metric] = number
    return tuple(found.items())


def _baseline_python(config: pytest.Config, problems: list[str]) -> Path | None:
    given = config.getoption("--ophamin-baseline-python")
    if given is None:
        return None
    path = Path(os.path.abspath(config.invocation_params.dir / given))  # noqa: PTH100  # resolve() would leave the venv
    if not path.is_file():
        problems.append(f"--ophamin-baseline-python: expected an interpreter, as .venv-old/bin/python, came {given!r}")
    if config.getoption("--ophamin-baseline") is not None:
        problems.append("--ophamin-baseline and --ophamin-baseline-python contradict each other: give one of them")
    return path


def _check_pairs(text: str) -> str | None:
    if not text:
        return None
    from pytest_ophamin.claims.gates import LARGEST_PAIRS, LEAST_PAIRS, PAIRS_PER_BLOCK  # see _gates

    good = text.isdecimal() and LEAST_PAIRS <= int(text) <= LARGEST_PAIRS and int(text) % PAIRS_PER_BLOCK == 0
    return None if good else f"an even number from {LEAST_PAIRS} to {LARGEST_PAIRS}"


def _check_together(config: pytest.Config, mode: Mode, problems: list[str]) -> None:
    if mode != "campaign":
        problems.extend(
            f"{option}: only has a meaning with --ophamin-campaign"
            for option, given in (
                ("--ophamin-unsigned", config.getoption("--ophamin-unsigned")),
                ("--ophamin-subject", config.getoption("--ophamin-subject")),
            )
            if given
        )
    if mode != "register" and config.getoption("--ophamin-replan"):
        problems.append("--ophamin-replan: only has a meaning with --ophamin-register")
    if mode == "campaign":
        problems.extend(
            f"--ophamin-campaign and {flag} contradict each other: a campaign runs its trials"
            for flag, dest in (
                ("--collect-only", "collectonly"),
                ("--setup-only", "setuponly"),
                ("--setup-plan", "setupplan"),
            )
            if config.getoption(dest, False)
        )


def _check_name(text: str) -> str | None:
    return None if _SAFE_NAME.match(text) else "a name of letters, digits, '.', '_' and '-' (it becomes a folder)"


def _check_seed(text: str) -> str | None:
    if text in ("claim", "commit") or re.fullmatch(r"\d{1,18}", text):
        return None
    return "claim, commit, or an integer from 0 to 10^18 - 1"


def _one_of(*words: str) -> Callable[[str], str | None]:
    return lambda text: None if text in words else f"one of {', '.join(words)}"


def _between(low: float, high: float) -> Callable[[str], str | None]:
    def check(text: str) -> str | None:
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        return None if low < number < high else f"a number between {low:g} and {high:g}"

    return check
