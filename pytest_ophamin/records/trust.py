"""Which keys a verifier believes: its own, those of ``trusted.toml``, those named with ``--trust``.

A key that lies in a repository or inside a bundle counts only if it was named: otherwise every forger would be trusted.

    [[key]]
    id = "SHA256:..."
    public = '''
    -----BEGIN PUBLIC KEY-----
    ...
    -----END PUBLIC KEY-----
    '''
    comment = "release key"
    status = "trusted"          # or "revoked"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pytest_ophamin.errors import KeyProblem
from pytest_ophamin.records.keys import PUBLIC_NAME, KeyId, key_id, public_from_pem
from pytest_ophamin.records.surroundings import config_folder
from pytest_ophamin.substrate.files import read_bounded

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

TRUST_FILE = "trusted.toml"
_FIELDS = frozenset({"id", "public", "comment", "status"})
_MAX_BYTES = 1 << 20

Standing = Literal["trusted", "revoked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedKey:
    """One key and what is thought of it."""

    id: KeyId
    public: Ed25519PublicKey
    status: Standing = "trusted"
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustStore:
    """The keys a verification may select from. The algorithm is the entry's: Ed25519, nothing a record could choose."""

    keys: Mapping[KeyId, TrustedKey] = field(default_factory=dict)

    def find(self, keyid: str) -> TrustedKey | None:
        return self.keys.get(KeyId(keyid))


def load_trust(pems: Iterable[Path] = (), *, config: Path | None = None) -> TrustStore:
    """Gather the trusted keys.

    Args:
        pems: Public keys named on the command line.
        config: Configuration folder; default the user's.

    Returns:
        The store. A key that any source calls revoked is revoked.

    Raises:
        KeyProblem: A named file or ``trusted.toml`` cannot be used.
    """
    folder = config or _default_folder()
    keys: dict[KeyId, TrustedKey] = {}
    named = [*([folder / PUBLIC_NAME] if folder is not None and _is_there(folder / PUBLIC_NAME) else []), *pems]
    for path in named:
        public = public_from_pem(_read(path), origin=str(path))
        keys[key_id(public)] = TrustedKey(id=key_id(public), public=public, comment=path.name)
    for entry in _trust_file(folder / TRUST_FILE) if folder is not None else ():
        if entry.id not in keys or entry.status == "revoked":
            keys[entry.id] = entry
    return TrustStore(keys=keys)


def _default_folder() -> Path | None:
    try:
        return config_folder()
    except KeyProblem:  # no home folder: nothing is trusted by default, and --trust still works
        return None


def _trust_file(path: Path) -> list[TrustedKey]:
    if not _is_there(path):
        return []
    if not path.is_file():  # it may revoke keys: passing over it would trust them again
        raise KeyProblem(f"{path}: expected a regular file")
    try:
        document = tomllib.loads(_read(path).decode())
    except (ValueError, RecursionError) as error:
        raise KeyProblem(f"{path}: not a TOML file: {error}") from error
    entries = document.pop("key", [])
    if document or not isinstance(entries, list):
        raise KeyProblem(f"{path}: expected only [[key]] tables, came {', '.join(sorted(document)) or 'another value'}")
    return [_entry(entry, f"{path}: key {number}") for number, entry in enumerate(entries, 1)]


def _is_there(path: Path) -> bool:
    """Tell whether the user has such a file: a folder nobody may look into is no answer.

    Raises:
        KeyProblem: That cannot be known.
    """
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise KeyProblem(f"{path}: cannot be read: {error.strerror}") from error
    return True


def _entry(entry: object, place: str) -> TrustedKey:
    if not isinstance(entry, dict) or not {"id", "public"} <= set(entry) <= _FIELDS:
        raise KeyProblem(f"{place}: expected id, public and optionally comment and status")
    if not all(isinstance(value, str) for value in entry.values()):
        raise KeyProblem(f"{place}: expected strings only")
    status = entry.get("status", "trusted")
    if status not in ("trusted", "revoked"):
        # An unknown word must not end up as trust.
        raise KeyProblem(f"{place}: expected status 'trusted' or 'revoked', came {status!r}")
    public = public_from_pem(entry["public"].encode(), origin=place)
    if entry["id"] != key_id(public):
        raise KeyProblem(
            f"{place}: id {entry['id']!r} is not the fingerprint of its public key, which is {key_id(public)}"
        )
    return TrustedKey(id=key_id(public), public=public, status=status, comment=entry.get("comment", ""))


def _read(path: Path) -> bytes:
    try:
        content = read_bounded(path, _MAX_BYTES)
    except OSError as error:
        raise KeyProblem(f"{path}: cannot be read: {error.strerror}") from error
    if len(content) > _MAX_BYTES:
        raise KeyProblem(f"{path}: too large for a key file")
    return content
