"""Node ids of slices: all that an xdist controller learns of the items its workers collected."""

from __future__ import annotations

import re

_SUFFIX = re.compile(r"#(\d+)of(\d+)(?=$|@[^\]]*$)")


def split_nodeid(nodeid: str) -> tuple[str, int, int] | None:
    """Return ``(base id, slice number, number of slices)`` of an item under xdist, or None for a plain test."""
    found = _SUFFIX.search(nodeid)
    return None if found is None else (nodeid[: found.start()], int(found.group(1)), int(found.group(2)))
