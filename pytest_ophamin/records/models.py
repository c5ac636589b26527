"""The statements this version reads and writes, by predicateType.

The JSON Schemas under ``schema/`` are generated from these models; a test compares them.
"""

from __future__ import annotations

from pytest_ophamin.records.models_campaign import CampaignStatement
from pytest_ophamin.records.models_proof import ProofStatement
from pytest_ophamin.records.names import CAMPAIGN_TYPE, PROOF_TYPE

Statement = ProofStatement | CampaignStatement

STATEMENT_MODELS: dict[str, type[Statement]] = {PROOF_TYPE: ProofStatement, CAMPAIGN_TYPE: CampaignStatement}
