"""Records: what happened, as signed in-toto attestations that anyone can verify and recompute.

    statements = build_statements(campaign, outcomes, context)
    written = write_bundle(folder, statements, signer)
    report = verify_bundle([written.path], VerifyOptions(trust=trust), registry)

RECORDS.md is the specification, SCHEMAS.md its field tables. Nothing here is imported by a session without a campaign.
"""

from __future__ import annotations

from pytest_ophamin.records.build import Statements, build_statements
from pytest_ophamin.records.bundle import Written, write_bundle
from pytest_ophamin.records.context import RunContext
from pytest_ophamin.records.keys import Signer, find_signer
from pytest_ophamin.records.previous import Previous, read_previous

__all__ = [
    "Previous",
    "RunContext",
    "Signer",
    "Statements",
    "Written",
    "build_statements",
    "find_signer",
    "read_previous",
    "write_bundle",
]
