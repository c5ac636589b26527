"""Ids and digests of a lock's entries, without reading the plans: for walking its history.

Reading a lock of 1,000 claims takes a quarter of a second, and a history has many revisions. The file is written by
one writer, in one form; whatever does not look like it is read the long way.
"""

from __future__ import annotations

import re
import tomllib

from pytest_ophamin.claims.lock import read_lock

_STRING = r'"(?:[^"\\\n]|\\.)*"'
_ENTRY = re.compile(
    rf'^\[\[claim\]\]\nid = (?P<id>{_STRING})\ntest = {_STRING}\ndigest = "(?P<digest>[0-9a-f]{{64}})"$', re.MULTILINE
)
_ANY_ENTRY = re.compile(r"^\s*\[\[\s*claim\s*\]\]", re.MULTILINE)


def lock_entries(text: str) -> dict[str, str]:
    """Return ``{claim id: digest}`` of a lock's text, withdrawn claims included.

    Raises:
        LockError: It is no lock.
    """
    found = {_unquoted(match["id"]): match["digest"] for match in _ENTRY.finditer(text)}
    if len(found) == len(_ANY_ENTRY.findall(text)) and found:
        return found
    return {entry.id: entry.digest for entry in read_lock(text).entries}


def _unquoted(literal: str) -> str:
    if "\\" not in literal:
        return literal[1:-1]
    text: str = tomllib.loads(f"x = {literal}")["x"]
    return text
