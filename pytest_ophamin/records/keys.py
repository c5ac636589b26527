"""Ed25519 keys: made for the user, taken from ``OPHAMIN_SIGNING_KEY``, or made for one session in CI.

There is no default and no built-in secret. A private key never appears in a message.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NewType

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from pytest_ophamin.errors import KeyProblem
from pytest_ophamin.records.surroundings import config_folder, runs_in_ci

if TYPE_CHECKING:
    from collections.abc import Mapping

KeyId = NewType("KeyId", str)
"""OpenSSH fingerprint: ``SHA256:`` and 43 characters of unpadded base64."""

KeySource = Literal["environment", "user", "new user key", "session"]

SIGNING_KEY_VARIABLE = "OPHAMIN_SIGNING_KEY"
PRIVATE_NAME = "signing-key.pem"
PUBLIC_NAME = "signing-key.pub.pem"

_MAX_KEY_BYTES = 64 * 1024
_HAS_MODES = os.name == "posix"
# O_NONBLOCK: opening a FIFO must not wait for a writer that never comes.
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A private key ready to sign, and where it came from."""

    private: Ed25519PrivateKey = field(repr=False)
    source: KeySource
    path: Path | None = None
    """Where the user's key lies; for announcing a new one."""

    @property
    def public(self) -> Ed25519PublicKey:
        return self.private.public_key()

    @property
    def keyid(self) -> KeyId:
        return key_id(self.public)

    @property
    def public_pem(self) -> bytes:
        return public_pem(self.public)

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)


def key_id(public: Ed25519PublicKey) -> KeyId:
    """Return the OpenSSH fingerprint: SHA-256 of the wire form of an ``ssh-ed25519`` key."""
    raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    wire = b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20" + raw
    return KeyId("SHA256:" + base64.b64encode(hashlib.sha256(wire).digest()).decode().rstrip("="))


def public_pem(public: Ed25519PublicKey) -> bytes:
    """Return the key as SubjectPublicKeyInfo PEM, the form ``--trust`` reads."""
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def signature_holds(public: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    """Tell whether ``signature`` is this key's over ``message``; a signature of any other length is not."""
    try:
        public.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def find_signer(
    environment_key: str | None,
    *,
    is_ci: bool,
    config: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Signer:
    """Return the key to sign with.

    Args:
        environment_key: What ``OPHAMIN_SIGNING_KEY`` held before it was removed from the environment.
        is_ci: In CI without a key a one-session key is made; elsewhere a key is made for the user.
        config: Configuration folder; default the user's.
        environ: Environment to look for that folder in; default the process's.

    Returns:
        The signer; its ``source`` says what to announce. For ``"session"`` the caller hands it to ``write_bundle``,
        which writes the public half beside the bundle.

    Raises:
        KeyProblem: The key given or found cannot be used.
    """
    if environment_key:
        return Signer(
            private=private_from_pem(environment_key.encode(), origin=SIGNING_KEY_VARIABLE), source="environment"
        )
    if is_ci and not _user_key_exists(config, environ):
        return Signer(private=Ed25519PrivateKey.generate(), source="session")
    folder = config or config_folder(environ)
    try:
        return Signer(private=read_private_key(folder / PRIVATE_NAME), source="user", path=folder / PRIVATE_NAME)
    except FileNotFoundError:
        return create_user_key(folder)


def check_key(environment_key: str | None, *, environ: Mapping[str, str]) -> None:
    """Refuse the key that would sign, before hours of trials are run for evidence that cannot be signed.

    Raises:
        KeyProblem: It cannot be used. A key that is still to be made is no problem.
    """
    if environment_key:
        private_from_pem(environment_key.encode(), origin=SIGNING_KEY_VARIABLE)
    elif _user_key_exists(None, environ) or not runs_in_ci(environ):
        with contextlib.suppress(FileNotFoundError):
            read_private_key(config_folder(environ) / PRIVATE_NAME)


def create_user_key(config: Path | None = None) -> Signer:
    """Make the user's key: 0600 in a 0700 folder, never over an existing file.

    Raises:
        KeyProblem: A key exists already, or the folder is not the user's alone.
    """
    folder = config or config_folder()
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _check_folder(folder)
        _create(folder / PRIVATE_NAME, pem, mode=0o600)
        try:
            (folder / PUBLIC_NAME).unlink(missing_ok=True)  # the public half of a private key that is gone
            _create(folder / PUBLIC_NAME, public_pem(private.public_key()), mode=0o644)
        except OSError:
            (folder / PRIVATE_NAME).unlink()  # `verify` trusts the public half: bundles of a lone private one fail
            raise
    except FileExistsError as error:
        raise KeyProblem(
            f"{folder / PRIVATE_NAME} exists already and is not overwritten; `ophamin keys show` prints it"
        ) from error
    except OSError as error:
        raise KeyProblem(f"the signing key cannot be written in {folder}: {error.strerror}") from error
    return Signer(private=private, source="new user key", path=folder / PRIVATE_NAME)


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """Read the user's key, refusing a file others could read or exchange.

    Raises:
        FileNotFoundError: There is none.
        KeyProblem: It is a link, readable by others, or no unencrypted Ed25519 PKCS#8 PEM.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _NO_FOLLOW)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise KeyProblem(f"{path} cannot be read as a key (a symbolic link is refused): {error.strerror}") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise KeyProblem(f"{path} is not a regular file")
        if _HAS_MODES and status.st_mode & 0o077:
            raise KeyProblem(
                f"{path} can be read by others (mode {stat.S_IMODE(status.st_mode):04o}); run `chmod 600` on it"
            )
        return private_from_pem(os.read(descriptor, _MAX_KEY_BYTES), origin=str(path))
    finally:
        os.close(descriptor)


def private_from_pem(pem: bytes, *, origin: str) -> Ed25519PrivateKey:
    """Read an unencrypted PKCS#8 Ed25519 PEM.

    Raises:
        KeyProblem: It is anything else; ``origin`` names it, its content is never quoted.
    """
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError:
        raise KeyProblem(f"{origin}: expected an unencrypted key, this one has a passphrase") from None
    except (ValueError, UnsupportedAlgorithm):
        # `from None`: the library's message may quote the input.
        raise KeyProblem(f"{origin}: expected an unencrypted PKCS#8 PEM with an Ed25519 private key") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyProblem(f"{origin}: expected an Ed25519 key, came {type(key).__name__}")
    return key


def public_from_pem(pem: bytes, *, origin: str) -> Ed25519PublicKey:
    """Read an Ed25519 public key PEM.

    Raises:
        KeyProblem: It is anything else.
    """
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyProblem(f"{origin}: expected a PEM with an Ed25519 public key") from None
    if not isinstance(key, Ed25519PublicKey):
        raise KeyProblem(f"{origin}: expected an Ed25519 key, came {type(key).__name__}")
    return key


def is_public_half_of(path: Path, keyid: str | None) -> bool:
    """Tell whether ``path`` holds the public key of that id."""
    try:
        pem = path.read_bytes() if keyid is not None and path.is_file() else b""
        return key_id(public_from_pem(pem, origin=path.name)) == keyid
    except (OSError, KeyProblem):
        return False


def _user_key_exists(config: Path | None, environ: Mapping[str, str] | None) -> bool:
    try:
        return (config or config_folder(environ)).joinpath(PRIVATE_NAME).exists()
    except KeyProblem:
        return False


def _check_folder(folder: Path) -> None:
    status = folder.lstat()
    if stat.S_ISLNK(status.st_mode):
        raise KeyProblem(f"{folder} is a symbolic link; the signing key needs a folder of its own")
    if _HAS_MODES and status.st_mode & 0o077:
        folder.chmod(0o700)


def _create(path: Path, content: bytes, *, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink()  # half a key would never be overwritten, and would be found by every later session
        raise
