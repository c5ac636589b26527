"""The ``data`` part of a proof: what was observed, in a form that is decoded without any library's help.

Four kinds: ``sample`` (observation columns), ``search`` (a law's evidence), ``failure`` (why there is no evidence to
believe) and ``none`` (never tested).
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, cast

from pytest_ophamin._canonical import JSON, sha256_hex
from pytest_ophamin.errors import EvidenceError
from pytest_ophamin.records.columns import column_bytes
from pytest_ophamin.records.names import INLINE_LIMIT
from pytest_ophamin.trials.sample import Sample, Search

if TYPE_CHECKING:
    from pytest_ophamin.claims.model import Digest
    from pytest_ophamin.deciding.outcome import Outcome

Data = dict[str, JSON]


def evidence_data(outcome: Outcome) -> tuple[Data, dict[Digest, bytes]]:
    """Return the data part of an outcome's proof, and the sidecar files it refers to.

    Raises:
        EvidenceError: A decided outcome has no evidence.
    """
    if isinstance(outcome.evidence, Sample):
        return _sample_data(outcome.evidence)
    if isinstance(outcome.evidence, Search):
        return _search_data(outcome.evidence), {}
    if outcome.void is not None:
        void = outcome.void
        fields: Data = {"reason": void.reason, "trial": void.trial, "seed": void.seed}
        return {"kind": "failure", **fields, "exception": void.exception, "place": void.place}, {}
    if outcome.is_decided:
        raise EvidenceError(f"claim {outcome.claim.id!r} is {outcome.verdict} without evidence")
    return {"kind": "none", "reason": outcome.not_tested or "not tested"}, {}


def _sample_data(sample: Sample) -> tuple[Data, dict[Digest, bytes]]:
    encoded = {name: column_bytes(column) for name, column in sample.columns.items()}
    is_inline = sum(map(len, encoded.values())) <= INLINE_LIMIT
    columns: dict[str, JSON] = {}
    sidecars: dict[Digest, bytes] = {}
    for name, content in encoded.items():
        kind = sample.columns[name].kind
        if is_inline:
            columns[name] = {"kind": kind, "base64": base64.b64encode(content).decode()}
        else:
            digest = sha256_hex(content)
            sidecars[digest] = content
            columns[name] = {"kind": kind, "sha256": digest, "size": len(content)}
    against = cast("JSON", [int(trial) for trial in sample.errors_against])
    return {"kind": "sample", "n": sample.n, "columns": columns, "errors_against": against}, sidecars


def _search_data(search: Search) -> Data:
    return {
        "kind": "search",
        "valid_examples": search.valid_examples,
        "max_examples": search.max_examples,
        "exhausted": search.exhausted,
        "seed": str(search.seed),  # Hypothesis takes seeds of any size; a JSON number holds 53 bits
        "strategy": search.strategy,
        "database": search.database,
        "counterexample": search.counterexample,
        "exception": search.exception,
        "place": search.place,
        "reproduction": search.reproduction,
    }
