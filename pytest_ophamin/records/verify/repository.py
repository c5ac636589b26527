"""Step 9, ``--repo DIR``: do commit, lock blob and ancestry exist in a repository the caller trusts?

Git is only asked about objects: no hook, no filter and no file of the work tree takes part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ophamin.claims.entries import lock_entries
from pytest_ophamin.errors import OphaminError
from pytest_ophamin.records.verify.state import Bundle, Notes, StepFailed
from pytest_ophamin.substrate.git import GitProblem, git, git_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def check_repository(bundle: Bundle) -> Notes:
    """Check what the campaign says about git against ``--repo``; without it nothing is known."""
    repo = bundle.options.repo
    if repo is None:
        bundle.not_checked.append("commit, lock blob and ancestry (state --repo)")
        return ()
    try:
        git("rev-parse", "--git-dir", cwd=repo)
        return _check(bundle, repo)
    except GitProblem as error:
        raise StepFailed(f"--repo {repo.name}: {error}") from error


def _check(bundle: Bundle, repo: Path) -> Notes:
    campaign = bundle.the_campaign.predicate
    base = campaign.run.base_commit
    if base is None:
        bundle.not_checked.append("git: the run names no commit")
        return ()
    if not _is_commit(repo, base):
        raise StepFailed(f"commit {base} does not exist in the repository")
    lock = campaign.proof.lock
    if lock.committed:
        if lock.path is None or _blob(repo, base, lock.path) != lock.blob:
            raise StepFailed(f"commit {base} does not hold lock blob {lock.blob}")
        _check_ancestry(bundle, repo, base, lock.path)
    return (f"commit {base} and its lock are in the repository",)


def _check_ancestry(bundle: Bundle, repo: Path, base: str, path: str) -> None:
    """Each registering commit is an ancestor and holds the claim's entry."""
    digests = {
        proof.statement.predicate.proof.claim.id: proof.statement.predicate.proof.claim.digest
        for proof in bundle.proofs
        if proof.statement.predicate.proof.registration.status == "registered"
    }
    entries: dict[str, Mapping[str, str]] = {}
    for claim, commit in bundle.the_campaign.predicate.run.registering.items():
        if commit is None:
            continue
        if commit not in entries:
            if not _is_ancestor(repo, commit, base):
                raise StepFailed(f"registering commit {commit} is no ancestor of {base}")
            entries[commit] = _entries(repo, commit, path)
        if entries[commit].get(claim) != digests.get(claim):
            raise StepFailed(f"registering commit {commit} does not hold the entry of {claim!a}")


def _is_commit(repo: Path, commit: str) -> bool:
    try:
        return git("cat-file", "-t", commit, cwd=repo) == "commit"
    except GitProblem:
        return False


def _blob(repo: Path, commit: str, path: str) -> str | None:
    try:
        return git("rev-parse", "--verify", "--quiet", f"{commit}:{path}", cwd=repo)
    except GitProblem:
        return None


def _is_ancestor(repo: Path, commit: str, descendant: str) -> bool:
    try:
        git("merge-base", "--is-ancestor", commit, descendant, cwd=repo)
    except GitProblem as problem:
        if problem.returncode == 1:
            return False
        raise StepFailed(f"registering commit {commit} does not exist in the repository") from problem
    return True


def _entries(repo: Path, commit: str, path: str) -> Mapping[str, str]:
    try:
        # Read as the session read its history: a plan in the words of an older version is an entry all the same.
        return lock_entries(git_bytes("cat-file", "blob", f"{commit}:{path}", cwd=repo).decode())
    except (OphaminError, ValueError):
        return {}
