"""Step 13: the bundles given form one chain per folder, each linking to the campaign before it.

A deleted bundle at the old end cannot be noticed here; one in the middle, a fork, or a link to nothing can.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pytest_ophamin.records.verify.state import Bundle


def chain_problems(bundles: Iterable[Bundle]) -> dict[Path, str]:
    """Return, per bundle that does not link as it should, why."""
    folders: dict[tuple[Path, str], list[Bundle]] = defaultdict(list)
    for bundle in bundles:
        if bundle.campaign is not None:
            folders[bundle.path.absolute().parent, bundle.campaign.predicate.run.campaign].append(bundle)
    problems: dict[Path, str] = {}
    for members in folders.values():
        problems.update(_folder_problems(members))
    return problems


def has_link_outside(bundle: Bundle, bundles: Iterable[Bundle]) -> bool:
    """Tell whether the bundle names a previous one that was not given."""
    previous = bundle.the_campaign.predicate.run.history.previous
    return previous is not None and all(_payload(other) != previous for other in bundles)


def _folder_problems(members: list[Bundle]) -> dict[Path, str]:
    by_payload = {_payload(member): member for member in members}
    problems: dict[Path, str] = {}
    successors: dict[str, Bundle] = {}
    oldest: list[Bundle] = []
    # By payload: a copy of a bundle, or one that was given by two names, is the same campaign and forks nothing.
    for member in sorted(by_payload.values(), key=lambda bundle: bundle.the_campaign.predicate.run.history.count):
        history = member.the_campaign.predicate.run.history
        if history.previous is None or history.previous not in by_payload:
            oldest.append(member)
            continue
        before = by_payload[history.previous]
        if history.previous in successors:
            problems[member.path] = f"{successors[history.previous].path.name} already follows the same campaign"
        successors[history.previous] = member
        if history.count < _least_count(before, member):
            problems[member.path] = f"it is campaign {history.count}, though {before.path.name} before it counts more"
    for member in oldest[1:]:
        problems[member.path] = f"its previous is not {oldest[0].path.name}, nor any other bundle of its folder"
    return problems


def _least_count(before: Bundle, member: Bundle) -> int:
    """An identical re-run is not a new look; unsigned campaigns in between only raise the count."""
    is_same = _campaign_id(before) == _campaign_id(member)
    return before.the_campaign.predicate.run.history.count + (not is_same)


def _payload(bundle: Bundle) -> str:
    return bundle.campaign_record.payload if bundle.campaign_record is not None else ""


def _campaign_id(bundle: Bundle) -> str:
    return bundle.campaign_record.id if bundle.campaign_record is not None else ""
