"""Signing keys: whose they are, who may read them, and what is never said about them."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from pytest_ophamin.errors import KeyProblem
from pytest_ophamin.records.keys import (
    PRIVATE_NAME,
    PUBLIC_NAME,
    create_user_key,
    find_signer,
    key_id,
    private_from_pem,
    public_pem,
    read_private_key,
)
from pytest_ophamin.records.surroundings import config_folder, runs_in_ci
from pytest_ophamin.records.trust import TRUST_FILE, load_trust


def pem_of(key: Ed25519PrivateKey) -> str:
    """Return a private key as OPHAMIN_SIGNING_KEY holds it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_the_keyid_is_the_openssh_fingerprint(tmp_path: Path) -> None:
    """What `ssh-keygen -l` prints for the same key."""
    key = Ed25519PrivateKey.generate().public_key()
    (tmp_path / "key.pub").write_bytes(key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH) + b"\n")
    try:
        shown = subprocess.run(["ssh-keygen", "-lf", tmp_path / "key.pub"], capture_output=True, text=True, check=True)
    except FileNotFoundError:
        pytest.skip("ssh-keygen is not installed")
    assert shown.stdout.split()[1] == key_id(key)


def test_a_key_from_the_environment() -> None:
    """OPHAMIN_SIGNING_KEY is used as it is, in CI and elsewhere."""
    key = Ed25519PrivateKey.generate()
    for is_ci in (True, False):
        signer = find_signer(pem_of(key), is_ci=is_ci)
        assert (signer.keyid, signer.source) == (key_id(key.public_key()), "environment")
        assert pem_of(key).splitlines()[1] not in repr(signer)


def test_in_ci_without_a_key_one_is_made_for_the_session(tmp_path: Path) -> None:
    """Nothing of it is written by finding it, and two sessions have two."""
    one, other = (find_signer(None, is_ci=True, config=tmp_path / "c") for _ in range(2))
    assert one.source == other.source == "session"
    assert one.keyid != other.keyid
    assert not (tmp_path / "c").exists()


def test_elsewhere_a_key_is_made_for_the_user_once(tmp_path: Path) -> None:
    """0600 in a 0700 folder, public half beside it, the same key next time, also in CI."""
    config = tmp_path / "config" / "ophamin"
    made = find_signer(None, is_ci=False, config=config)
    assert (made.source, made.path) == ("new user key", config / PRIVATE_NAME)
    assert stat.S_IMODE((config / PRIVATE_NAME).stat().st_mode) == 0o600
    assert stat.S_IMODE(config.stat().st_mode) == 0o700
    assert (config / PUBLIC_NAME).read_bytes() == made.public_pem
    for is_ci in (False, True):
        again = find_signer(None, is_ci=is_ci, config=config)
        assert (again.keyid, again.source) == (made.keyid, "user")


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    """Neither a file nor a link, even a dangling one."""
    create_user_key(tmp_path / "a")
    before = (tmp_path / "a" / PRIVATE_NAME).read_bytes()
    with pytest.raises(KeyProblem, match="exists already"):
        create_user_key(tmp_path / "a")
    assert (tmp_path / "a" / PRIVATE_NAME).read_bytes() == before
    (tmp_path / "b").mkdir(mode=0o700)
    (tmp_path / "b" / PRIVATE_NAME).symlink_to(tmp_path / "target")
    with pytest.raises(KeyProblem):
        create_user_key(tmp_path / "b")
    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize("written", [0, 1])
def test_a_key_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int) -> None:
    """On a full disk nothing stays that the next session would find and could neither use nor overwrite."""
    done: list[int] = []

    def full(descriptor: int) -> None:
        if len(done) == written:  # the private half, or the public one after it
            raise OSError(28, "No space left on device")
        done.append(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(KeyProblem, match="No space"):
            create_user_key(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert create_user_key(tmp_path).source == "new user key"


def test_a_linked_folder_is_refused(tmp_path: Path) -> None:
    """The folder is the user's own."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeyProblem, match="symbolic link"):
        create_user_key(tmp_path / "link")


def test_a_folder_others_can_read_is_closed(tmp_path: Path) -> None:
    """An existing folder gets the mode a key needs."""
    (tmp_path / "open").mkdir(mode=0o755)
    create_user_key(tmp_path / "open")
    assert stat.S_IMODE((tmp_path / "open").stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_key_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """And the message says what to run."""
    create_user_key(tmp_path)
    (tmp_path / PRIVATE_NAME).chmod(mode)
    with pytest.raises(KeyProblem, match="chmod 600"):
        find_signer(None, is_ci=False, config=tmp_path)


def test_what_is_no_key_file_is_refused(tmp_path: Path) -> None:
    """A link, a folder, a FIFO: nothing hangs and nothing is followed."""
    create_user_key(tmp_path / "real")
    for name in ("link", "folder", "fifo"):
        (tmp_path / name).mkdir()
    (tmp_path / "link" / PRIVATE_NAME).symlink_to(tmp_path / "real" / PRIVATE_NAME)
    (tmp_path / "folder" / PRIVATE_NAME).mkdir()
    os.mkfifo(tmp_path / "fifo" / PRIVATE_NAME, 0o600)
    for name in ("link", "folder", "fifo"):
        with pytest.raises(KeyProblem):
            read_private_key(tmp_path / name / PRIVATE_NAME)


@pytest.mark.parametrize("kind", ["rubbish", "passphrase", "elliptic curve", "public", "empty"])
def test_a_key_that_is_none(kind: str) -> None:
    """Refused with a sentence that names where it came from and quotes nothing."""
    key = Ed25519PrivateKey.generate()
    pem = {
        "rubbish": b"-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----\n",
        "passphrase": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")),
        "elliptic curve": ec.generate_private_key(ec.SECP256R1()).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ),
        "public": public_pem(key.public_key()),
        "empty": b"\n",
    }[kind]
    with pytest.raises(KeyProblem, match="OPHAMIN_SIGNING_KEY") as caught:
        private_from_pem(pem, origin="OPHAMIN_SIGNING_KEY")
    assert "SECRET" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_configuration_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG_CONFIG_HOME when absolute, APPDATA on Windows, else ~/.config."""
    assert config_folder({"XDG_CONFIG_HOME": str(tmp_path)}) == tmp_path / "ophamin"
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert config_folder({"XDG_CONFIG_HOME": "relative"}) == tmp_path / ".config" / "ophamin"
    assert config_folder({}) == tmp_path / ".config" / "ophamin"
    monkeypatch.setattr(sys, "platform", "win32")
    assert config_folder({"APPDATA": str(tmp_path / "roaming")}) == tmp_path / "roaming" / "ophamin"


def test_the_home_of_a_given_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A suite may have changed the process's own since."""
    monkeypatch.setenv("HOME", "/elsewhere")
    assert config_folder({"HOME": str(tmp_path)}) == tmp_path / ".config" / "ophamin"


@pytest.mark.parametrize(
    ("value", "expected"), [("true", True), ("1", True), ("", False), ("False", False), ("0", False)]
)
def test_what_ci_means(value: str, expected: bool) -> None:
    """A variable that says no is no."""
    assert runs_in_ci({"CI": value}) is expected
    assert not runs_in_ci({})


def test_no_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a home nothing is trusted by default, a key must be given, and both are said without a traceback."""

    def homeless() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", homeless)
    for name in ("XDG_CONFIG_HOME", "HOME"):
        monkeypatch.delenv(name)
    assert load_trust().keys == {}
    assert find_signer(None, is_ci=True).source == "session"
    with pytest.raises(KeyProblem, match="no home folder"):
        find_signer(None, is_ci=False)


def trust_file(folder: Path, text: str) -> None:
    """Write ``trusted.toml``."""
    folder.mkdir(exist_ok=True)
    (folder / TRUST_FILE).write_text(text)


def entry(key: Ed25519PrivateKey, more: str = "") -> str:
    """Return one trusted key as TOML."""
    public = key.public_key()
    return f"[[key]]\nid = \"{key_id(public)}\"\npublic = '''\n{public_pem(public).decode()}'''\n{more}\n"


def test_trust_is_the_users_key_the_file_and_what_is_named(tmp_path: Path) -> None:
    """Three sources, and a revocation in the file beats them all."""
    own = create_user_key(tmp_path)
    listed, named, revoked = (Ed25519PrivateKey.generate() for _ in range(3))
    trust_file(tmp_path, entry(listed, 'comment = "release"') + entry(revoked, 'status = "revoked"'))
    pems = []
    for number, key in enumerate((named, revoked)):
        path = tmp_path / f"{number}.pem"
        path.write_bytes(public_pem(key.public_key()))
        pems.append(path)
    store = load_trust(pems, config=tmp_path)
    found = {keyid: key.status for keyid, key in store.keys.items()}
    assert found == {
        own.keyid: "trusted",
        key_id(listed.public_key()): "trusted",
        key_id(named.public_key()): "trusted",
        key_id(revoked.public_key()): "revoked",
    }


@pytest.mark.parametrize(
    "text",
    [
        "not toml",
        "key = 1",
        "[[keys]]\n",
        "[[key]]\nid = 1\n",
        "[[key]]\nid = 'x'\npublic = 'y'\n",
        "[[key]]\nid = 'x'\npublic = 'y'\nalg = 'none'\n",
        "MISMATCH",
        "STATUS",
        "key = " + "[" * 100_000,
        "key = " + "9" * 5000,
    ],
)
def test_a_broken_trust_file_trusts_nobody(tmp_path: Path, text: str) -> None:
    """Every mistake is an error that names the file; an unknown word is never read as trust."""
    key = Ed25519PrivateKey.generate()
    if text == "MISMATCH":
        text = entry(key).replace("SHA256:", "SHA256:A")
    if text == "STATUS":
        text = entry(key, 'status = "ok"')
    trust_file(tmp_path, text)
    with pytest.raises(KeyProblem, match=TRUST_FILE):
        load_trust(config=tmp_path)


@pytest.mark.parametrize("kind", ["folder", "dangling link", "fifo"])
@pytest.mark.parametrize("name", [TRUST_FILE, PUBLIC_NAME])
def test_what_is_there_and_cannot_be_read_is_an_error(tmp_path: Path, kind: str, name: str) -> None:
    """A trust file may revoke keys: to pass over one would trust them again."""
    path = tmp_path / name
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(KeyProblem, match=name):
        load_trust(config=tmp_path)


def test_a_folder_nobody_may_look_into_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be seen is not taken for absent."""

    def closed(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "lstat", closed)
    with pytest.raises(KeyProblem, match="Permission denied"):
        load_trust(config=tmp_path)


def test_a_named_key_must_be_one(tmp_path: Path) -> None:
    """--trust of something else is a mistake to be told, not to be left out."""
    (tmp_path / "x.pem").write_text("x")
    (tmp_path / "big.pem").write_bytes(b"x" * (1 << 21))
    for name in ("x.pem", "big.pem", "missing.pem"):
        with pytest.raises(KeyProblem, match=name):
            load_trust([tmp_path / name], config=tmp_path)
