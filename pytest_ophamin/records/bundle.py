"""Writing a bundle: atomically, never over an older one.

proofs/<name>/campaign.intoto.jsonl                         the last campaign
proofs/<name>/<campaign-id>-<payload-sha256>.intoto.jsonl   an earlier one
proofs/<name>/observations/<sha256>.bin                     samples above 1 MiB
proofs/<name>/session-key.pub.pem                           the public half of the last campaign's one-session key
proofs/<name>/<campaign-id>-<payload-sha256>.pub.pem        that of an earlier one
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ophamin._canonical import sha256_hex
from pytest_ophamin.records.dsse import envelope_line
from pytest_ophamin.records.keys import is_public_half_of
from pytest_ophamin.records.names import (
    OBSERVATIONS,
    PUBLIC_SUFFIX,
    SESSION_KEY_NAME,
    SIGNED_NAME,
    SIGNED_SUFFIX,
    UNSIGNED_NAME,
    UNSIGNED_SUFFIX,
)
from pytest_ophamin.records.previous import campaign_of, keyid_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pytest_ophamin.claims.model import Digest
    from pytest_ophamin.records.build import Statements
    from pytest_ophamin.records.keys import Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was written where, for the announcement."""

    path: Path
    campaign_id: Digest
    """Id of the CampaignRecord."""
    keyid: str | None
    """None for an unsigned bundle."""
    renamed: Path | None = None
    """Where the bundle that had this name is now."""
    session_key: Path | None = None
    """Public half of a one-session key: the file ``--trust`` needs."""


def write_bundle(folder: Path, statements: Statements, signer: Signer | None) -> Written:
    """Write a campaign into ``folder``.

    Args:
        folder: ``<out>/<name>``; created when missing. Its name must be the campaign's.
        statements: What ``build_statements`` returned.
        signer: None writes ``campaign.unsigned.jsonl``, to be signed by ``ophamin sign`` where no tests run.

    Returns:
        Paths to announce.

    Raises:
        OSError: The folder or a file cannot be written; an older bundle is then still there.
    """
    return write_payloads(
        folder,
        [built.payload for built in statements.all],
        signer,
        campaign_id=statements.campaign.id,
        sidecars=statements.sidecars,
    )


def write_payloads(
    folder: Path,
    payloads: Iterable[bytes],
    signer: Signer | None,
    *,
    campaign_id: Digest,
    sidecars: Mapping[Digest, bytes],
) -> Written:
    """Write payloads, the campaign's first, as envelopes; see :func:`write_bundle`."""
    folder.mkdir(parents=True, exist_ok=True)
    for digest, content in sidecars.items():
        _write_sidecar(folder / OBSERVATIONS, digest, content)
    path = folder / (UNSIGNED_NAME if signer is None else SIGNED_NAME)
    files = {path: b"".join(envelope_line(payload, signer) for payload in payloads)}
    session_key = folder / SESSION_KEY_NAME if signer is not None and signer.source == "session" else None
    if session_key is not None and signer is not None:
        files[session_key] = signer.public_pem
    # All bytes are on the disk before anything older moves: when it is full, the chain still has its end.
    with _written_beside(files) as replace_all:
        renamed = _move_aside(path)
        replace_all()
    return Written(
        path=path,
        campaign_id=campaign_id,
        keyid=None if signer is None else signer.keyid,
        renamed=renamed,
        session_key=session_key,
    )


def _move_aside(path: Path) -> Path | None:
    """Rename an existing bundle after its content; one that cannot be read gets a name no folder search finds."""
    if not os.path.lexists(path):
        return None
    found = campaign_of(path)
    if found is not None and found.payload is not None:
        stem = f"{found.id}-{found.payload}"
        target = path.with_name(stem + (UNSIGNED_SUFFIX if path.name == UNSIGNED_NAME else SIGNED_SUFFIX))
        session_key = path.with_name(SESSION_KEY_NAME)
        if is_public_half_of(session_key, keyid_of(path)):
            # The only copy there is: without it nobody could ever verify the older bundle again.
            session_key.replace(path.with_name(stem + PUBLIC_SUFFIX))
    else:
        content = path.read_bytes() if path.is_file() else os.fsencode(path)
        target = path.with_name(f"unreadable-{sha256_hex(content)}.kept")
    path.replace(target)
    return target


def _write_sidecar(folder: Path, digest: Digest, content: bytes) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / f"{digest}.bin"
    if path.is_symlink() or not path.is_file() or sha256_hex(path.read_bytes()) != digest:
        with _written_beside({path: content}) as replace_all:
            replace_all()


@contextlib.contextmanager
def _written_beside(files: Mapping[Path, bytes]) -> Iterator[Callable[[], None]]:
    """Write each content beside its path; the callable given puts them in place: old files, or whole new ones."""
    ready: dict[Path, Path] = {}

    def replace_all() -> None:
        for path in files:
            ready[path].replace(path)

    try:
        for path, content in files.items():
            descriptor, name = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
            ready[path] = Path(name)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            ready[path].chmod(0o644)  # mkstemp makes it private; a bundle is there to be read
        yield replace_all
    finally:
        for temporary in ready.values():
            temporary.unlink(missing_ok=True)
