"""``ophamin calibrate``: what benchmark gates can tell on this machine, measured and resampled.

The benchmarks run in processes of their own, which import the project; this one never does.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ophamin.claims.gates import LARGEST_PAIRS, LEAST_PAIRS, PAIRS_PER_BLOCK
from pytest_ophamin.cli.output import complain, say
from pytest_ophamin.records.verify.report import Exit
from pytest_ophamin.reporting.text import escape_text, pad_right

if TYPE_CHECKING:
    from pytest_ophamin.comparing.calibration import Measurement
    from pytest_ophamin.comparing.replay import Plan
    from pytest_ophamin.comparing.resampling import BenchmarkFigures, SessionFigures

_PROGRAM = Path(__file__).parents[1] / "plugin" / "gate_child.py"
_INTERRUPTED = 130
_NAME_WIDTH = 40
_NOTE_WIDTH = 78


def run(arguments: argparse.Namespace) -> int:
    """Measure, resample, print; an interruption prints what there is."""
    from pytest_ophamin.comparing.calibration import bench, measure
    from pytest_ophamin.comparing.process import ProcessDied
    from pytest_ophamin.comparing.replay import Plan
    from pytest_ophamin.comparing.resampling import assess_pairs
    from pytest_ophamin.deciding.registry import load_shipped

    note, plan = Note(), Plan(pairs=arguments.pairs, threshold=arguments.threshold, alpha=arguments.alpha)
    try:
        with bench(_PROGRAM, arguments.paths, arguments.budget / 1000.0) as (gate, measurement):
            try:
                measure(gate, measurement, pairs=arguments.measure, tell=note.show)
            except KeyboardInterrupt:
                note.clear()
                complain(f"stopped after {measurement.pairs} pairs")
        recorded = measurement.recorded()
        if not recorded:
            _say_what_was_left_out(measurement)
            complain("nothing was measured")
            return Exit.FAILED if measurement.is_complete else _INTERRUPTED
        figures = assess_pairs(recorded, plan, load_shipped(), tell=note.show)
    except KeyboardInterrupt:
        note.clear()
        complain("stopped")
        return _INTERRUPTED
    except ProcessDied as error:
        note.clear()
        for line in (str(error), *error.output.splitlines()):
            complain(line)
        return Exit.USAGE
    finally:
        note.clear()
    if arguments.json:
        say(json.dumps(_document(arguments, measurement, figures), ensure_ascii=True, sort_keys=True))
    else:
        _print(measurement, plan, figures)
    return Exit.HOLDS if measurement.is_complete else _INTERRUPTED


class Note:
    """One line on a terminal's error stream, written over by the next; nothing anywhere else."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()

    def show(self, text: str) -> None:
        """Show ``text`` in place of what was shown."""
        if self._is_shown:
            sys.stderr.write(f"\r{pad_right(escape_text(text)[:_NOTE_WIDTH], _NOTE_WIDTH)}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Take back what is shown."""
        if self._is_shown:
            sys.stderr.write(f"\r{' ' * _NOTE_WIDTH}\r")
            sys.stderr.flush()


def whole_blocks(text: str) -> int:
    """Read a number of pairs; they come in whole blocks."""
    if not text.isdecimal() or not LEAST_PAIRS <= int(text) <= LARGEST_PAIRS or int(text) % PAIRS_PER_BLOCK:
        raise argparse.ArgumentTypeError(
            f"expected an even number from {LEAST_PAIRS} to {LARGEST_PAIRS}, came {text!r}"
        )
    return int(text)


def positive(text: str) -> float:
    """Read a number above 0."""
    return _number(text, 0.0, 60_000.0)


def ratio(text: str) -> float:
    """Read a limit of a ratio."""
    return _number(text, 0.0, 1000.0)


def level(text: str) -> float:
    """Read a level."""
    return _number(text, 0.0, 0.5)


def _number(text: str, low: float, high: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = low
    if not low < value < high:
        raise argparse.ArgumentTypeError(f"expected a number above {low:g} and below {high:g}, came {text!r}")
    return value


def _document(arguments: argparse.Namespace, measurement: Measurement, figures: SessionFigures) -> dict[str, object]:
    return {
        "measured": {
            "pairs": measurement.pairs,
            "seconds": round(measurement.seconds, 3),
            "complete": measurement.is_complete,
            "left_out": measurement.left_out,
        },
        "plan": {
            "pairs": arguments.pairs,
            "threshold": arguments.threshold,
            "alpha": arguments.alpha,
            "budget": arguments.budget,
        },
        **asdict(figures),
    }


def _print(measurement: Measurement, plan: Plan, figures: SessionFigures) -> None:
    pace = measurement.seconds / max(1, measurement.pairs)
    say(f"measured  {measurement.pairs} pairs of every benchmark against itself in {measurement.seconds:.0f} s")
    say(f"a session of at most {plan.pairs} pairs, limit {plan.threshold:g}, alpha {plan.alpha:g}, Holm:")
    say(f"  false alarms    {figures.false_alarms} of {figures.sessions} sessions resampled")
    say(f"  INCONCLUSIVE    {figures.inconclusive} of {figures.sessions}")
    say(f"  until decided   {figures.pairs:.1f} pairs on average, about {figures.pairs * pace:.0f} s here")
    say()
    head = ("a call", "sd of logs", "control", "INCONCLUSIVE", "pairs", "finds")
    say(f"{'benchmark':<{_NAME_WIDTH}}" + "".join(f"{word:>{_width(word)}}" for word in head))
    for each in figures.benchmarks:
        _print_benchmark(each, head)
    _say_what_was_left_out(measurement)
    say()
    say("finds: the least ratio that is REFUTED with 90 % power. Resampled from the pairs above: what this machine")
    say("does at other hours is not in them, and a rate below one session in the number resampled is not resolved.")


def _print_benchmark(each: BenchmarkFigures, head: tuple[str, ...]) -> None:
    cells = (
        _time(each.seconds),
        f"{each.sd:.4f}",
        f"{each.control:.4f}",
        f"{100.0 * each.inconclusive:.1f} %",
        f"{each.pairs:.1f}",
        "-" if each.detectable is None else f"{each.detectable:.2f}",
    )
    name = each.test
    if len(name) >= _NAME_WIDTH:
        say(name)
        name = ""
    say(f"{name:<{_NAME_WIDTH}}" + "".join(f"{cell:>{_width(word)}}" for cell, word in zip(cells, head, strict=True)))
    if each.problem is not None:
        say(f"    {each.problem}")


def _say_what_was_left_out(measurement: Measurement) -> None:
    for test, reason in measurement.left_out.items():
        say(f"left out  {test}: {reason}")


def _width(word: str) -> int:
    return max(len(word), 8) + 2


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.0f} ns"
