"""What the whole collected session says: one catalogue of all claims, and which item runs which trials."""

from __future__ import annotations

import dataclasses
import os
from functools import cache, partial
from typing import TYPE_CHECKING

import pytest

from pytest_ophamin.claims.allocation import allocate
from pytest_ophamin.claims.catalogue import Catalogue, CatalogueEntry
from pytest_ophamin.claims.declare import check_session
from pytest_ophamin.claims.document import claim_digest
from pytest_ophamin.claims.lock import read_lock
from pytest_ophamin.claims.model import Claim, ClaimGroup, ClaimId
from pytest_ophamin.errors import EvidenceError, LockError, OphaminError
from pytest_ophamin.plugin import keys
from pytest_ophamin.plugin.compat import clone_item, set_nodeid
from pytest_ophamin.plugin.gate_items import is_gate, leave_idle
from pytest_ophamin.plugin.pillars import late_pillars, registry_of
from pytest_ophamin.plugin.reruns import warn_of_reruns
from pytest_ophamin.plugin.settling import can_stop_early
from pytest_ophamin.trials.slices import slice_ranges
from pytest_ophamin.trials.streams import SEED_POLICY_COMMIT, stream_key
from pytest_ophamin.trials.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pytest_ophamin.claims.lock import Lock


def claim_items(items: Iterable[pytest.Item]) -> list[pytest.Function]:
    """Return the items that carry validated claims."""
    return [item for item in items if isinstance(item, pytest.Function) and keys.claims in item.stash]


def build_catalogue(session: pytest.Session, items: list[pytest.Item], commit: Callable[[], str | None]) -> Catalogue:
    """Turn the claim items of a session, before any deselection, into one catalogue, and stash each item's group.

    Args:
        session: The session being collected.
        items: All collected items, in order.
        commit: Reads the commit of the substrate; asked only under the seed policy ``commit``.
    """
    config = session.config
    leave_idle(config, claim_items(items))
    claimed = claim_items(items)
    problems: list[str] = []
    if claimed:
        problems.extend(late_pillars(config))
        warn_of_reruns(config, claimed)
    lock = read_working_lock(config, problems)
    resolved = _resolve_auto(config, [claim for item in claimed for claim in item.stash[keys.claims]], lock, problems)
    problems.extend(problem.describe() for problem in check_session(tuple(resolved.values())))
    problems.extend(_gate_problems(resolved.values(), lock, config.stash[keys.settings].correction))
    if config.stash[keys.settings].mode == "campaign":
        resolved = allocate(resolved, lock, config.stash[keys.settings].correction)
    entries: list[CatalogueEntry] = []
    module_of = cache(partial(_relative, config=config))  # resolving a path asks the file system
    for item in claimed:
        claims = tuple(resolved[id(claim)] for claim in item.stash[keys.claims])
        group = ClaimGroup(test=item.nodeid, claims=claims, digests=tuple(claim_digest(claim) for claim in claims))
        try:
            key = config.stash[keys.settings].trial_key or stream_key(
                group, commit() if claims[0].seed_policy == SEED_POLICY_COMMIT else None
            )
        except EvidenceError:
            continue  # a name that has no UTF-8 form: check_session has told it
        except OphaminError as error:
            problems.append(str(error))
            continue
        item.stash[keys.group] = group
        item.stash[keys.base_id] = item.nodeid
        item.stash[keys.trial] = Trial.of_group(group, key)
        entries.append(
            CatalogueEntry(group=group, key=key.hex(), module=module_of(item.path), line=(item.location[1] or 0) + 1)
        )
    return Catalogue(
        entries=tuple(entries), modules=_whole_modules(session, items), problems=tuple(dict.fromkeys(problems))
    )


def with_late_problems(catalogue: Catalogue, items: Iterable[pytest.Item]) -> Catalogue:
    """Add what other plugins did to claims after they were collected: a conftest.py may mark any test xfail."""
    late = tuple(
        f"{item.nodeid}: xfail: expected a claim that may be REFUTED on its own, came an xfail mark a plugin or "
        "conftest.py added: leave claims out there"
        for item in claim_items(items)
        if item.get_closest_marker("xfail") is not None
    )
    return dataclasses.replace(catalogue, problems=(*catalogue.problems, *late)) if late else catalogue


def _gate_problems(claims: Iterable[Claim], lock: Lock | None, correction: str) -> list[str]:
    """Return what is wrong with the gates of a session: families nobody knows, or a correction that has none."""
    claims = [claim for claim in claims if not claim.is_law]
    waiting = [claim for claim in claims if claim.gate is not None]
    known = {claim.family for claim in claims} | ({family.name for family in lock.families} if lock else set())
    problems = [
        f"{claim.test}: gate: expected a family of this session or of ophamin.lock ({', '.join(sorted(known))}), came "
        f"{claim.gate!r}"
        for claim in waiting
        if claim.gate not in known
    ]
    if waiting and correction != "holm":
        problems.append(f"gate: expected the correction holm, which gates are proved for, came {correction!r}")
    return problems


def read_working_lock(config: pytest.Config, problems: list[str]) -> Lock | None:
    """Read ``ophamin.lock`` as it lies in the work tree; an unreadable one is a problem, a missing one is None."""
    path = config.stash[keys.settings].lock_path
    try:
        return read_lock(path.read_text(encoding="utf-8")) if path.is_file() else None
    except (LockError, OSError, UnicodeDecodeError) as error:
        problems.append(f"{path.name}: {error}")
        return None


def assign_slices(items: list[pytest.Item], *, workers: int, dist: str, only: int | None = None) -> None:
    """Replace each claim item, after selection, by one item per slice.

    With ``only``, the index given by ``--ophamin-trial``, each claim item runs just that trial.

    Without workers every claim keeps its one item. With workers every claim item gets a suffix, ``#1of4``: node ids are
    all the controlling process learns before tests run.
    """
    expanded: list[pytest.Item] = []
    for item in items:
        group = item.stash.get(keys.group, None)
        if group is None or not isinstance(item, pytest.Function):
            expanded.append(item)
            continue
        if only is not None:
            _check_trial(group, only)
            ranges = [range(only, only + 1)]
        elif is_gate(group):
            ranges = [range(group.trials)]  # measured by the controlling process, whoever collected it
        else:
            ranges = [range(0)] if group.is_law else _ranges(group, workers, dist)
        expanded.extend(_slice_item(item, number, part, len(ranges), workers) for number, part in enumerate(ranges, 1))
    items[:] = _dealt(expanded, workers) if dist == "load" else expanded


def _dealt(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """Return ``items`` so that the first slices of a claim that may stop early are run side by side, not one's queue.

    ``--dist load`` first gives each worker a chunk of consecutive items. Where all of these are slices of one such
    claim, they are dealt out in turn, so that the earliest trials, which may be enough, come first.
    """
    if workers <= 1 or len(items) < 2 * workers:
        return items
    chunk = max(2, len(items) // workers // 4)
    first = items[: chunk * workers]
    groups = {id(item.stash.get(keys.group, None)) for item in first}
    group = first[0].stash.get(keys.group, None)
    if len(groups) > 1 or group is None or not can_stop_early(group):
        return items
    return [first[row * workers + worker] for worker in range(workers) for row in range(chunk)] + items[len(first) :]


def _ranges(group: ClaimGroup, workers: int, dist: str) -> list[range]:
    return slice_ranges(group.trials, workers, dist, stops_early=can_stop_early(group))


def _check_trial(group: ClaimGroup, index: int) -> None:
    if group.is_law:
        raise pytest.UsageError(
            f"ophamin: {group.test} is a law, whose search has no numbered trials: reproduce its counterexample with "
            "the @reproduce_failure line its report prints"
        )
    if is_gate(group):
        raise pytest.UsageError(
            f"ophamin: {group.test} is a benchmark gate, whose trials are pairs of processes: run the benchmark itself "
            f"with `pytest {group.test}`, without a baseline"
        )
    is_derived = any(claim.auto is not None for claim in group.claims)  # here from this test alone: from fewer claims
    if index >= group.trials and not is_derived:
        raise pytest.UsageError(
            f"ophamin: --ophamin-trial {index}: expected an index below {group.trials}, the trials of {group.test}"
        )


def _slice_item(item: pytest.Function, number: int, part: range, of: int, workers: int) -> pytest.Function:
    group, base, trial = item.stash[keys.group], item.stash[keys.base_id], item.stash[keys.trial]
    twin = item if of == 1 else clone_item(item)
    if workers:
        name, at, worker_group = item.nodeid.partition("@") if _has_worker_group(item) else (item.nodeid, "", "")
        set_nodeid(twin, f"{name}#{number}of{of}{at}{worker_group}")
    twin.stash[keys.group], twin.stash[keys.base_id] = group, base
    twin.stash[keys.trial] = Trial.of_group(group, trial.key)
    twin.stash[keys.slice_number] = (number, of)
    twin.stash[keys.slice_range] = part
    return twin


def _has_worker_group(item: pytest.Item) -> bool:
    """Tell whether xdist (before pytest 9.2) wrote ``@group`` behind the node id."""
    return item.nodeid != item.stash[keys.base_id]


def _resolve_auto(
    config: pytest.Config, claims: list[Claim], lock: Lock | None, problems: list[str]
) -> dict[int, Claim]:
    """Give every ``trials="auto"`` claim its number: from the lock when registered, else derived now."""
    resolved = {id(claim): claim for claim in claims}
    waiting = [claim for claim in claims if claim.auto is not None]
    if not waiting:
        return resolved
    from pytest_ophamin.deciding.planning import resolve_auto  # needs SciPy

    settings = config.stash[keys.settings]
    frozen = {} if lock is None or (settings.mode == "register" and settings.replan) else _frozen_auto(lock)
    still: list[Claim] = []
    for claim in waiting:
        known = frozen.get(claim.id)
        candidate = None if known is None else dataclasses.replace(claim, trials=known.trials, auto=known.auto)
        if known is not None and candidate is not None and claim_digest(candidate) == claim_digest(known):
            resolved[id(claim)] = candidate
        else:
            still.append(claim)
    if still:
        in_lock = {} if lock is None else {e.id: e.document for e in lock.entries if not e.withdrawn}
        try:
            done = resolve_auto(still, registry_of(config), m=_family_sizes(claims, in_lock))
        except OphaminError as error:
            problems.append(str(error))
            return resolved
        resolved.update({id(before): after for before, after in zip(still, done, strict=True)})
    return resolved


def _frozen_auto(lock: Lock) -> dict[str, Claim]:
    from pytest_ophamin.claims.document import claim_from_document

    claims = (claim_from_document(entry.id, entry.test, entry.document) for entry in lock.entries)
    return {claim.id: claim for claim in claims if claim.auto is not None}


def _family_sizes(claims: list[Claim], in_lock: Mapping[ClaimId, Mapping[str, object]]) -> dict[str, int]:
    """Count, per family, the non-law claims that are registered or about to be."""
    members: dict[str, set[str]] = {}
    for claim in claims:
        if not claim.is_law:
            members.setdefault(claim.family, set()).add(claim.id)
    for claim_id, document in in_lock.items():
        if document.get("metric") != "law":
            members.setdefault(str(document.get("family")), set()).add(claim_id)
    return {family: len(ids) for family, ids in members.items()}


def _whole_modules(session: pytest.Session, items: list[pytest.Item]) -> tuple[str, ...]:
    """Modules all of whose tests were asked for: no argument picks single tests of them."""
    config = session.config
    picked = {
        os.path.abspath(os.path.join(config.invocation_params.dir, argument.split("::", 1)[0]))  # noqa: PTH100, PTH118
        for argument in config.args
        if "::" in argument
    }
    modules = {item.path for item in items if str(item.path) not in picked}
    return tuple(sorted(_relative(path, config) for path in modules))


def _relative(path: os.PathLike[str], config: pytest.Config) -> str:
    from pytest_ophamin.substrate.files import display_path

    return display_path(type(config.rootpath)(path), config.rootpath)
