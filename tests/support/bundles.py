"""A campaign with one claim of every fate, its bundle, and a forger who holds a trusted key.

draft = Forger.of(statements)
draft.proof("test_recall")["data"]["n"] = 7
draft.write(folder, signer)              # ids, digests and memberships fixed up, signed again
"""

from __future__ import annotations

import base64
import copy
import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pytest_ophamin._canonical import canonical_bytes, digest_of, sha256_hex
from pytest_ophamin.claims.document import claim_digest, claim_document
from pytest_ophamin.claims.lock import Lock, LockEntry, LockFamily, lock_text, read_lock
from pytest_ophamin.claims.metrics import Relation
from pytest_ophamin.claims.model import Claim, ClaimGroup, ClaimId, LawPlan, Scenario
from pytest_ophamin.claims.registration import registration_of
from pytest_ophamin.deciding.campaign import decide_campaign, with_dependence_findings
from pytest_ophamin.deciding.decide import decide_claim
from pytest_ophamin.deciding.outcome import Outcome, Registration, Status, Verdict
from pytest_ophamin.deciding.registry import PillarRegistry, load_shipped
from pytest_ophamin.records.build import Statements, build_statements
from pytest_ophamin.records.bundle import Written, write_bundle
from pytest_ophamin.records.context import RunContext
from pytest_ophamin.records.dsse import envelope_line
from pytest_ophamin.records.keys import Signer
from pytest_ophamin.records.names import SIGNED_NAME
from pytest_ophamin.records.trust import TrustedKey, TrustStore
from pytest_ophamin.records.verify import BundleReport, VerifyOptions, verify_bundle
from pytest_ophamin.substrate.files import FileDigest, ScenarioFiles
from pytest_ophamin.substrate.history import LockHistory
from pytest_ophamin.substrate.standing import LockStanding
from pytest_ophamin.substrate.subject import Subject
from pytest_ophamin.trials.failure import Failure
from pytest_ophamin.trials.sample import Column, Sample, Search
from pytest_ophamin.trials.streams import stream_key

COMMIT = "c0ffee" + "0" * 34
MODULE = "suite/test_filter.py"
NAME = "demo"
Statement = dict[str, Any]


@cache
def shipped() -> PillarRegistry:
    """Return the shipped pillars, loaded once."""
    return load_shipped()


def new_signer() -> Signer:
    """Return a key of its own, as CI without a key makes one."""
    return Signer(private=Ed25519PrivateKey.generate(), source="session")


def trust(*signers: Signer, revoked: Sequence[Signer] = ()) -> TrustStore:
    """Return a store that trusts ``signers``, and knows ``revoked`` ones as such."""
    keys = {signer.keyid: TrustedKey(id=signer.keyid, public=signer.public) for signer in signers}
    keys |= {s.keyid: TrustedKey(id=s.keyid, public=s.public, status="revoked") for s in revoked}
    return TrustStore(keys=keys)


def claim(name: str, **changes: Any) -> Claim:  # any field of a claim
    """Return a proportion claim of :data:`MODULE`, with ``changes``."""
    fields: dict[str, Any] = {
        "id": ClaimId(f"{MODULE}::{name}"),
        "test": f"{MODULE}::{name}",
        "statement": f"what {name} promises",
        "metric": "proportion",
        "relation": Relation.AT_LEAST,
        "threshold": 0.9,
        "trials": 100,
        "scenario": Scenario(title="Spam filter", tier="engineering", goal="few misses"),
    }
    return Claim(**{**fields, **changes})


def bits(n: int, misses: Iterable[int] = ()) -> Sample:
    """Return ``n`` observations, True but for ``misses``."""
    values = np.ones(n, dtype=np.bool_)
    values[list(misses)] = False
    return Sample(n=n, columns={"value": Column(kind="bits", values=values)})


def floats(n: int, seed: int, *, centre: float = 1.0) -> Sample:
    """Return ``n`` normal observations."""
    values = np.random.default_rng(seed).normal(centre, 0.5, n)
    return Sample(n=n, columns={"value": Column(kind="f64le", values=values)})


def pairs(n: int, seed: int) -> Sample:
    """Return ``n`` pairs that differ by about 1."""
    rng = np.random.default_rng(seed)
    first = rng.normal(2.0, 0.5, n)
    second = rng.normal(1.0, 0.5, n)
    columns = {"first": Column(kind="f64le", values=first), "second": Column(kind="f64le", values=second)}
    return Sample(n=n, columns=columns)


def law(name: str) -> Claim:
    """Return a law claim."""
    plan = LawPlan(
        max_examples=100, phases=("generate", "shrink"), strategy="text()", deadline_ms=None, database="none"
    )
    return claim(name, metric="law", relation=Relation.HOLDS, threshold=None, trials=0, law=plan)


def search(*, counterexample: str | None = None) -> Search:
    """Return what a search leaves behind."""
    return Search(
        valid_examples=100 if counterexample is None else 7,
        max_examples=100,
        exhausted=False,
        seed=2**70 + 1,
        strategy="text()",
        database="none",
        counterexample=counterexample,
        exception=None if counterexample is None else "AssertionError",
        place=None if counterexample is None else f"{MODULE}:12",
        hypothesis_version="6.170.15",
    )


@dataclass(kw_only=True)
class Suite:
    """Claims with their evidence, turned into a campaign step by step."""

    evidence: list[tuple[Claim, Sample | Search | Failure | None]]
    """None: not tested."""
    registered: Sequence[Claim] | None = None
    """Claims in the committed lock; None: there is no lock."""
    correction: str = "holm"
    name: str = NAME
    stacked: tuple[str, ...] = ()
    """Ids of claims that share one test."""
    changes: dict[str, Any] = field(default_factory=dict)
    """Fields of the context to replace."""
    outcome_changes: Callable[[Outcome], Outcome] = field(default=lambda outcome: outcome)

    @property
    def lock(self) -> str | None:
        """Text of the lock."""
        if self.registered is None:
            return None
        entries = tuple(
            LockEntry(id=c.id, test=c.test, digest=claim_digest(c), document=claim_document(c)) for c in self.registered
        )
        alphas = {c.family: c.alpha for c in self.registered}
        families = tuple(LockFamily(name=name, correction="holm", alpha=alpha) for name, alpha in alphas.items())
        return lock_text(Lock(entries=entries, families=families))

    @property
    def standing(self) -> LockStanding:
        """What git would say about the lock."""
        text = self.lock
        if text is None:
            return LockStanding(committed=False, reason="there is no ophamin.lock")
        blob = hashlib.sha1(b"blob %d\0%b" % (len(text.encode()), text.encode()), usedforsecurity=False).hexdigest()
        return LockStanding(committed=True, blob=blob, text=text, path="suite/ophamin.lock", head=COMMIT)

    def outcomes(self) -> list[Outcome]:
        """Decide every claim, and add the registered slots of amended ones."""
        standing = self.standing
        lock = read_lock(standing.text) if standing.text is not None else None
        outcomes = [self._outcome(each, found, lock, standing) for each, found in self.evidence]
        amended = [outcome for outcome in outcomes if outcome.registration.status is Status.AMENDED]
        for outcome in amended:
            assert lock is not None
            entry = lock.find(outcome.claim.id)
            assert entry is not None
            slot = Registration(status=Status.REGISTERED, lock_blob=standing.blob)
            outcomes.append(
                Outcome(
                    claim=entry.claim,
                    digest=entry.digest,
                    registration=slot,
                    verdict=Verdict.NOT_TESTED,
                    key="0" * 32,
                    not_tested="amended",
                )
            )
        return outcomes

    def statements(self) -> Statements:
        """Correct the campaign and build its statements."""
        corrections = {each.family: (self.correction, each.alpha) for each, _ in self.evidence}
        outcomes = list(with_dependence_findings(self.outcomes(), corrections))
        campaign = decide_campaign(self.name, outcomes, corrections)
        return build_statements(campaign, outcomes, self.context())

    def context(self) -> RunContext:
        """Return what the session was."""
        first: dict[tuple[str, str], str] = {(c.id, claim_digest(c)): COMMIT for c in self.registered or ()}
        context = RunContext(
            name=self.name,
            subjects=(Subject(name="substrate", digest_kind="gitCommit", digest=COMMIT, base_commit=COMMIT),),
            start="2026-01-31T12:00:00Z",
            duration=12.5,
            python="3.11.7",
            platform="linux",
            workers=2,
            lock=self.standing,
            history=LockHistory(first=first, revisions={}),
            provenance={
                MODULE: ScenarioFiles(
                    module=FileDigest(path=MODULE, sha256=sha256_hex(b"module")),
                    conftests=(FileDigest(path="suite/conftest.py", sha256=sha256_hex(b"conftest")),),
                )
            },
            libraries={"pytest": "9.2.0"},
        )
        return dataclasses.replace(context, **self.changes)

    def _outcome(
        self, each: Claim, found: Sample | Search | Failure | None, lock: Lock | None, standing: LockStanding
    ) -> Outcome:
        digest = claim_digest(each)
        stacked = [(c, claim_digest(c)) for c, _ in self.evidence if c.id in self.stacked and each.id in self.stacked]
        stacked = stacked or [(each, digest)]
        group = ClaimGroup(test=each.test, claims=tuple(c for c, _ in stacked), digests=tuple(d for _, d in stacked))
        outcome = Outcome(
            claim=each,
            digest=digest,
            registration=registration_of(each, digest, lock, standing, self.correction),
            verdict=Verdict.NOT_TESTED,
            key=stream_key(group, COMMIT).hex(),
            not_tested="deselected" if found is None else None,
            siblings=tuple(c.id for c, _ in stacked if c.id != each.id),
            duration=0.25,
        )
        if found is None:
            return self.outcome_changes(outcome)
        decision = decide_claim(each, found, shipped())
        return self.outcome_changes(
            dataclasses.replace(
                outcome,
                verdict=decision.verdict,
                evidence=None if isinstance(found, Failure) else found,
                pillar=decision.pillar,
                assessment=decision.assessment,
                findings=decision.findings,
                void=decision.void,
                conceded=decision.conceded,
            )
        )


def failure() -> Failure:
    """Return an exception in trial 17."""
    return Failure(
        reason="the trial raised ValueError", trial=17, seed=123, exception="ValueError", place=f"{MODULE}:9"
    )


def full_suite() -> Suite:
    """Return a campaign with one claim of every fate; it is not green."""
    recall = claim("test_recall")
    latency = claim("test_latency", metric="p90", relation=Relation.AT_MOST, threshold=3.0, unit="ms")
    gain = claim("test_gain", metric="difference", threshold=0.2, trials=60)
    amended = claim("test_amended", threshold=0.8)
    exploratory = claim("test_new", metric="mean", threshold=0.5, trials=40)
    crashed = claim("test_crashed")
    counted = claim("test_counted", errors="against", relation=Relation.AT_MOST, threshold=0.2)
    against = dataclasses.replace(
        Sample(n=100, columns={"value": Column(kind="bits", values=np.isin(np.arange(100), [3, 71]))}),
        errors_against=(3,),
    )
    speed = claim("test_stack", id=ClaimId(f"{MODULE}::test_stack|of:speed"), of="speed", metric="mean", threshold=0.4)
    size = claim("test_stack", id=ClaimId(f"{MODULE}::test_stack|of:size"), of="size", metric="median", threshold=0.4)
    commutes, broken = law("test_commutes"), law("test_broken")
    skipped = claim("test_skipped")
    registered = (recall, latency, gain, claim("test_amended"), crashed, counted, commutes, skipped)
    return Suite(
        evidence=[
            (recall, bits(100, [5])),
            (latency, floats(100, 1)),
            (gain, pairs(60, 2)),
            (amended, bits(100, [1, 2, 3, 4, 60])),
            (exploratory, floats(40, 3)),
            (crashed, failure()),
            (counted, against),
            (speed, floats(100, 4)),
            (size, floats(100, 5)),
            (commutes, search()),
            (broken, search(counterexample="a='\u202e', b='1'")),
            (skipped, None),
        ],
        registered=registered,
        stacked=(speed.id, size.id),
    )


def small_suite() -> Suite:
    """Return a green campaign of two registered claims."""
    recall, precision = claim("test_recall"), claim("test_precision")
    return Suite(evidence=[(recall, bits(100, [5])), (precision, bits(100))], registered=(recall, precision))


@cache
def full_statements() -> Statements:
    """Return the statements of :func:`full_suite`, built once."""
    return full_suite().statements()


@cache
def small_statements() -> Statements:
    """Return the statements of :func:`small_suite`, built once."""
    return small_suite().statements()


def write(tmp_path: Path, statements: Statements, signer: Signer | None) -> Written:
    """Write a bundle into the folder its name asks for."""
    return write_bundle(tmp_path / statements.name, statements, signer)


def verify(path: Path, *signers: Signer, **options: Any) -> BundleReport:  # any option
    """Verify one bundle, trusting ``signers``."""
    options.setdefault("trust", trust(*signers))
    return verify_bundle([path], VerifyOptions(**options), shipped()).bundles[0]


@dataclass(kw_only=True)
class Forger:
    """Statements that can be edited and made consistent again, as far as a forger with a trusted key would."""

    statements: list[Statement]
    sidecars: dict[str, bytes]

    @classmethod
    def of(cls, statements: Statements) -> Forger:
        """Start from true statements."""
        copies = [copy.deepcopy(json.loads(built.payload)) for built in statements.all]
        return cls(statements=copies, sidecars={str(name): data for name, data in statements.sidecars.items()})

    @property
    def campaign(self) -> Statement:
        """The CampaignRecord's predicate."""
        predicate: Statement = self.statements[0]["predicate"]
        return predicate

    def statement(self, name: str, family: str = "") -> Statement:
        """Return the statement of the proof whose claim id ends with ``name``."""
        return next(
            s
            for s in self.statements[1:]
            if s["predicate"]["proof"]["claim"]["id"].endswith(name)
            and (not family or family == self.family_of(s["predicate"]))
        )

    def proof(self, name: str, family: str = "") -> Statement:
        """Return the predicate of the proof whose claim id ends with ``name``."""
        predicate: Statement = self.statement(name, family)["predicate"]
        return predicate

    def member(self, name: str) -> Statement:
        """Return the campaign's entry of the claim whose id ends with ``name``."""
        return next(
            member
            for family in self.campaign["proof"]["families"]
            for member in family["members"]
            if member["claim"].endswith(name)
        )

    def numbers(self, name: str) -> Statement:
        """Return the p-values the campaign states for a claim."""
        return next(
            member
            for family in self.campaign["derived"]["families"]
            for member in family["members"]
            if member["claim"].endswith(name)
        )

    @staticmethod
    def family_of(predicate: Statement) -> str:
        """Return the family a proof is corrected in."""
        is_registered = predicate["proof"]["registration"]["status"] == "registered"
        base: str = predicate["proof"]["claim"]["document"]["family"]
        return base if is_registered else f"{base}:exploratory"

    def fix_data(self) -> Forger:
        """Make every data digest true again."""
        for statement in self.statements:
            statement["predicate"]["proof"]["data"] = digest_of(statement["predicate"]["data"])
        return self

    def fix_claims(self) -> Forger:
        """Make every claim digest true again, in the proofs and in the campaign."""
        for statement in self.statements[1:]:
            part = statement["predicate"]["proof"]["claim"]
            old, part["digest"] = part["digest"], digest_of(part["document"])
            for family in self.campaign["proof"]["families"]:
                for member in family["members"]:
                    if member["claim"] == part["id"] and member["digest"] == old:
                        member["digest"] = part["digest"]
        return self

    def fix_ids(self) -> Forger:
        """Make every id and every membership true again."""
        renamed = {}
        for statement in self.statements[1:]:
            old = statement["predicate"]["derived"]["id"]
            renamed[old] = self._fix_id(statement)
        for family in self.campaign["proof"]["families"]:
            for member in family["members"]:
                member["proof"] = renamed.get(member["proof"], member["proof"])
        self._fix_id(self.statements[0])
        return self

    def write(self, folder: Path, signer: Signer, *, name: str = SIGNED_NAME) -> Path:
        """Sign the statements as they are."""
        return self.write_raw(folder, signer, [canonical_bytes(s) for s in self.statements], name=name)

    def write_raw(self, folder: Path, signer: Signer, payloads: Iterable[bytes], *, name: str = SIGNED_NAME) -> Path:
        """Sign ``payloads``, canonical or not."""
        folder.mkdir(parents=True, exist_ok=True)
        for digest, content in self.sidecars.items():
            (folder / "observations").mkdir(exist_ok=True)
            (folder / "observations" / f"{digest}.bin").write_bytes(content)
        path = folder / name
        path.write_bytes(b"".join(envelope_line(payload, signer) for payload in payloads))
        return path

    @staticmethod
    def _fix_id(statement: Statement) -> str:
        predicate = statement["predicate"]
        predicate["derived"]["id"] = digest_of(
            {"predicateType": statement["predicateType"], "proof": predicate["proof"]}
        )
        new: str = predicate["derived"]["id"]
        return new


def encoded(values: bytes) -> str:
    """Return base64 text."""
    return base64.b64encode(values).decode()
