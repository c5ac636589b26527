"""What was measured, kept as files beside the pages that show it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[3] / "docs" / "validation"
MEASURED = FOLDER / "measured"

Results = dict[str, dict[str, Any]]
"""By what each measurement is about."""


def load(area: str) -> Results:
    """Return the measurements of an area, none where there is no file."""
    path = MEASURED / f"{area}.json"
    if not path.exists():
        return {}
    found: Results = json.loads(path.read_text(encoding="utf-8"))
    return found


def save(area: str, results: Results) -> None:
    """Write the measurements of an area, one to a line: a repeated study shows what changed."""
    MEASURED.mkdir(exist_ok=True)
    lines = ",\n".join(
        f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(found)}" for name, found in sorted(results.items())
    )
    (MEASURED / f"{area}.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
