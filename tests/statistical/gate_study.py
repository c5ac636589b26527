"""The study of benchmark gates: fresh sessions of the real plugin, and of pytest-benchmark's own comparison beside it.

    python tests/statistical/gate_study.py run aa-quiet slow-quiet --file gate-study.jsonl
    python tests/statistical/gate_study.py report --file gate-study.jsonl

Not part of the suite: it takes hours. Every session is appended to the file when it is over, and a run goes on where
the last one ended, however that was. Kinds given together take turns, so that slow changes of the machine reach all.

A session checks out a candidate (the base itself, or a commit that lets one benchmark do a tenth more work), runs
``pytest --ophamin-campaign --ophamin-baseline base --ophamin-gate time_ratio:1.05``, and reads the signed bundle.
Quiet kinds want a machine to themselves: what others use is watched for a second before each session and over its
whole length, and is stored with it. Busy kinds start one process that keeps a processor busy; two runs side by side are
each other's load instead, if told so, and together take half the time:

    python tests/statistical/gate_study.py run aa-busy --loaded --sessions 30 --file one.jsonl &
    python tests/statistical/gate_study.py run aa-busy --loaded --first 30 --sessions 60 --file two.jsonl
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from gatestudy import gate, peer, report
from gatestudy.journal import Journal, check_settings, missing
from gatestudy.kinds import KINDS, Kind
from gatestudy.machine import QUIET, Watch, load, others_now, wait_for_quiet
from gatestudy.projects import Project, Shape

from pytest_ophamin.claims.gates import DEFAULT_PAIRS

_PATIENCE = 120.0
"""Seconds a quiet session waits for others to be done."""
_FIRST_SEED = 1000


def main(arguments: Sequence[str]) -> int:
    """Run sessions, or report what was run."""
    options = _parser().parse_args(arguments)
    journal = Journal(options.file)
    if options.command == "report":
        _say("\n".join(report.describe(journal.read())))
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _run(options, journal)
    except KeyboardInterrupt:
        _say("\nstopped; the same command goes on from here")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run sessions that have not been run yet")
    run.add_argument("kinds", nargs="+", choices=KINDS, metavar="KIND", help=", ".join(KINDS))
    run.add_argument("--sessions", type=int, help="how many of each kind (default: what its result needs)")
    run.add_argument("--first", type=int, default=0, help="sessions before this one are run elsewhere (default: 0)")
    run.add_argument("--pairs", type=int, default=DEFAULT_PAIRS, help="cap of a gate (default: %(default)s)")
    run.add_argument("--budget", type=float, default=50.0, help="milliseconds of rounds (default: %(default)s)")
    run.add_argument("--anyway", action="store_true", help="run quiet kinds on a machine that is not")
    run.add_argument("--loaded", action="store_true", help="busy kinds: something else loads the machine already")
    report_parser = commands.add_parser("report", help="print the tables")
    for each in (run, report_parser):
        each.add_argument("--file", type=Path, default=Path("gate-study.jsonl"), help="default: %(default)s")
    return parser


def _run(options: argparse.Namespace, journal: Journal) -> int:
    kinds = [KINDS[name] for name in dict.fromkeys(options.kinds)]
    done = journal.read()
    left: list[tuple[int, Kind]] = []
    for kind in kinds:
        check_settings(done, kind.name, _settings(kind, options))
        wanted = range(options.first, options.sessions or kind.sessions)
        left += [(index, kind) for index in missing(done, kind.name, wanted)]
    left.sort(key=lambda place: place[0])
    if any(not kind.is_busy for _, kind in left) and (others := others_now()) > QUIET:
        _say(f"others use {others:.2f} processors; a quiet machine has less than {QUIET:g}")
        if not options.anyway:
            _say("wait until they are done, or run with --anyway")
            return 2
    with tempfile.TemporaryDirectory(prefix="gate-study-", ignore_cleanup_errors=True) as name:
        projects = _Projects(Path(name).resolve())
        for place, (index, kind) in enumerate(left):
            session = _session(kind, index, projects.get(kind.shape), options)
            journal.append(session)
            done.append(session)
            _say(f"{kind.name} {index}: {_told(session)}; {_time_left(done, left[place + 1 :])}")
    return 0


class _Projects:
    """Projects of this run, made when they are first needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, Project] = {}

    def get(self, shape: Shape) -> Project:
        if shape.name not in self._made:
            self._made[shape.name] = Project.create(self._folder / shape.name / "project", shape)
        return self._made[shape.name]


def _settings(kind: Kind, options: argparse.Namespace) -> dict[str, Any]:
    how = {"expressions": list(peer.EXPRESSIONS)} if kind.is_peer else _gate_settings(kind, options).as_json()
    return {"project": kind.shape.digest, **how}


def _gate_settings(kind: Kind, options: argparse.Namespace) -> gate.Settings:
    return gate.Settings(options.pairs, options.budget, kind.limit)


def _session(kind: Kind, index: int, project: Project, options: argparse.Namespace) -> dict[str, Any]:
    slow = kind.slowed(index)
    before = others_now() if kind.is_busy or options.anyway else wait_for_quiet(_PATIENCE)
    watch = Watch()
    with load(on=kind.is_busy and not options.loaded):
        if kind.is_peer:
            found = peer.run_session(project, slow)
        else:
            found = gate.run_session(project, slow, _gate_settings(kind, options), _FIRST_SEED + index)
    return {
        "kind": kind.name,
        "index": index,
        "slow": slow,
        "settings": _settings(kind, options),
        "others_before": before,
        "others": watch.others(),
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        **found,
    }


def _told(session: dict[str, Any]) -> str:
    slow = "" if session["slow"] is None else f", slower: {session['slow']}"
    others = f", others {session['others_before']:.2f} then {session['others']:.2f}"
    if "trouble" in session:
        return f"ended without a result{slow}{others}\n{session['trouble']}"
    if "failed" in session:
        failed = ", ".join(f"{field} {len(names)}" for field, names in session["failed"].items())
        return f"{session['seconds']:.1f} s, failed by {failed}{slow}{others}"
    words = [f"{name} {line['verdict']} ({line['n']})" for name, line in session["lines"].items()]
    shown = [word for word in words if "VALIDATED" not in word] or ["all VALIDATED"]
    return f"{session['seconds']:.1f} s, {', '.join(shown)}{slow}{others}"


def _time_left(done: Sequence[Any], left: Sequence[tuple[int, Kind]]) -> str:
    """Return the time left at the mean pace of each kind; a kind never run yet takes as long as the others do."""
    every = [session["seconds"] for session in done]
    paces = {kind.name: [s["seconds"] for s in done if s["kind"] == kind.name] or every for _, kind in left}
    seconds = sum(fmean(paces[kind.name]) + 1.0 for _, kind in left)
    return f"{len(left)} left, about {seconds / 60:.0f} min"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
