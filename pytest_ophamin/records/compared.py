"""A benchmark gate's comparison and pairs, read back from its record for people to see."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from pytest_ophamin.claims.gates import CONTROL, RATIO_KINDS
from pytest_ophamin.errors import EvidenceError
from pytest_ophamin.records.columns import column_from_bytes
from pytest_ophamin.records.models_proof import InlineColumn
from pytest_ophamin.trials.comparison import Comparison
from pytest_ophamin.trials.sample import FIRST, SECOND, VALUE, Sample

if TYPE_CHECKING:
    from pytest_ophamin.records.models_proof import ComparisonPart, SampleData


def comparison_of(part: ComparisonPart) -> Comparison:
    """Return the comparison a record describes."""
    return Comparison(**{**part.model_dump(), "sides": tuple(part.sides)})


def sample_of_pairs(kind: str, data: SampleData) -> Sample | None:
    """Return the columns a picture of the pairs needs; None where they are not held in the record itself.

    Raises:
        EvidenceError: A column is not what an encoder of this format writes.
    """
    names = (CONTROL, *((FIRST, SECOND) if kind in RATIO_KINDS else (VALUE,)))
    columns = {}
    for name in names:
        column = data.columns.get(name)
        if not isinstance(column, InlineColumn):
            return None
        try:
            content = base64.b64decode(column.base64, validate=True)
        except ValueError as error:
            raise EvidenceError(f"the column {name} is no base64") from error
        columns[name] = column_from_bytes(column.kind, content, data.n)
    return Sample(n=data.n, columns=columns)
