"""The constants of the record format, once."""

from __future__ import annotations

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"

# A URN: the schema's name must not depend on a host anyone could lose.
PROOF_TYPE = "urn:ophamin:EmpiricalProofRecord/v1"
CAMPAIGN_TYPE = "urn:ophamin:CampaignRecord/v1"
PREDICATE_TYPES = (PROOF_TYPE, CAMPAIGN_TYPE)

SIGNED_NAME = "campaign.intoto.jsonl"
SIGNED_SUFFIX = ".intoto.jsonl"
UNSIGNED_NAME = "campaign.unsigned.jsonl"
UNSIGNED_SUFFIX = ".unsigned.jsonl"
SESSION_KEY_NAME = "session-key.pub.pem"
PUBLIC_SUFFIX = ".pub.pem"
OBSERVATIONS = "observations"

INLINE_LIMIT = 1 << 20
"""Observation bytes of one claim above this size go to sidecar files."""

ATTESTED_PILLARS = frozenset({"global-random"})
"""Findings of the session itself: no stored observation could show them again, so they never influence a verdict."""

HYPOTHESIS = "hypothesis"
"""Key of Hypothesis's version in ``run.libraries``."""
