"""The laws of scenarios/crdt_laws notice a merge that is broken on purpose."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pycrdt")

SCENARIO = Path(__file__).parents[2] / "scenarios" / "crdt_laws" / "test_crdt_laws.py"

# Planted: duplicates are recognised by their length, so of two different updates of one length the later is lost.
BROKEN_MERGE = """

def merged(*updates: bytes) -> str:
    doc: Doc[Text] = Doc(client_id=99)
    text = doc.get(ROOT, type=Text)
    for update in {len(update): update for update in reversed(updates)}.values():
        doc.apply_update(update)
    return str(text)
"""


def test_a_planted_broken_merge_is_refuted_with_a_small_counterexample(pytester: pytest.Pytester) -> None:
    """REFUTED, with three replicas of about one edit each: next to nothing of it could be left out."""
    pytester.makepyfile(test_planted=SCENARIO.read_text(encoding="utf-8") + BROKEN_MERGE)
    result = pytester.runpytest_subprocess("-p", "no:randomly", "-k", "commutative")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["merging concurrent edits is commutative*REFUTED*", "*1 REFUTED; raw verdicts*", "*1 failed, 4 deselected*"]
    )
    start = result.outlines.index("counterexample") + 1
    end = result.outlines.index("reproduce (the decorator goes above @given)")
    shown = "".join(line.strip() for line in result.outlines[start:end])
    # Three edits are the least; which minimum Hypothesis settles on depends on what else is loaded.
    assert 3 <= shown.count("Insert(") + shown.count("Delete(") <= 5, shown
    assert len(shown) < 600, shown
    assert result.outlines[end + 1].strip().startswith("@reproduce_failure(")


def test_the_unbroken_scenario_is_corroborated(pytester: pytest.Pytester) -> None:
    """The same laws hold for pycrdt's own merge: what failed above is the planted bug."""
    pytester.makepyfile(test_unbroken=SCENARIO.read_text(encoding="utf-8"))
    result = pytester.runpytest_subprocess("-p", "no:randomly", "-k", "commutative")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["merging concurrent edits is commutative*CORROBORATED*"])
