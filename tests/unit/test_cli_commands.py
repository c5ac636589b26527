"""The command line: what each command prints, how it exits, and that no file makes it show a traceback."""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from bundles import Forger, Suite, bits, claim, full_statements, new_signer, small_statements, write
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pytest_ophamin.cli import main
from pytest_ophamin.records.keys import Signer
from pytest_ophamin.records.schemas import SCHEMA_FILES
from pytest_ophamin.records.verify.report import counted

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration folder of its own, and a current folder that holds nothing."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    return tmp_path / "config" / "ophamin"


@pytest.fixture
def signed(tmp_path: Path, home: Path) -> Path:
    """A bundle signed with the user's own key."""
    assert main(["keys", "new"]) == 0
    from pytest_ophamin.records.keys import find_signer

    return write(tmp_path, small_statements(), find_signer(None, is_ci=False)).path


def test_the_users_own_key_is_trusted(signed: Path, capsys: Captured) -> None:
    """Without any option, a bundle of one's own verifies."""
    assert main(["verify", str(signed)]) == 0
    shown = capsys.readouterr().out
    assert "every step holds" in shown
    assert [line.split()[0] for line in shown.splitlines() if line[:4].strip().isdigit()] == [
        str(number) for number in range(1, 15)
    ]
    assert "campaign demo: 2 VALIDATED; green: yes" in shown
    assert "not checked: freshness" in shown


def test_the_version_is_told(capsys: Captured) -> None:
    """`ophamin --version` says what is installed."""
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code in {0, None}
    assert capsys.readouterr().out.startswith("ophamin ")


def test_one_is_not_told_as_many() -> None:
    """Reports say 1 proof and 2 proofs."""
    assert [counted(1, "proof"), counted(2, "proof")] == ["1 proof", "2 proofs"]
    assert [counted(0, "family", "families"), counted(1, "family", "families")] == ["0 families", "1 family"]


def test_several_paths_and_the_worst_exit_status(signed: Path, tmp_path: Path, capsys: Captured) -> None:
    """Usage beats failure beats unknown key beats incomplete."""
    unknown = write(tmp_path / "u", small_statements(), new_signer()).path
    failing = tmp_path / "demo" / "copy" / "campaign.intoto.jsonl"
    failing.parent.mkdir()
    failing.write_bytes(signed.read_bytes())
    assert main(["verify", str(signed), str(unknown)]) == 3
    assert main(["verify", str(signed), str(unknown), str(failing)]) == 1
    assert main(["verify", str(signed), str(unknown), str(failing), str(tmp_path / "nothing")]) == 2
    assert "Traceback" not in capsys.readouterr().out


def test_trust_is_repeatable(tmp_path: Path, home: Path, capsys: Captured) -> None:
    """Every --trust counts, not only the last."""
    one, other = new_signer(), new_signer()
    options = []
    for number, signer in enumerate((one, other)):
        (tmp_path / f"{number}.pem").write_bytes(signer.public_pem)
        options += ["--trust", str(tmp_path / f"{number}.pem")]
    for folder, signer in (("a", one), ("b", other)):
        assert main(["verify", str(write(tmp_path / folder, small_statements(), signer).path), *options]) == 0
    capsys.readouterr()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["verify"],
        ["verify", "x", "--require", "nonsense"],
        ["verify", "x", "--require", "max-alpha=2"],
        ["verify", "x", "--require", "max-alpha"],
        ["verify", "x", "--require", "green=1"],
        ["verify", "x", "--trust", "missing.pem"],
        ["verify", "x", "--lock", "missing.lock"],
        ["verify", "x", "--subject", "missing.whl"],
        ["verify", "x", "--repo", "missing"],
        ["verify", "x", "--pillar", "missing"],
        ["verify", "missing"],
        ["show", "missing"],
        ["sign", "missing"],
        ["synthesise"],
        ["synthesise", "I.cma"],
        ["synthesise", "I.cma", "missing"],
        ["synthesise", "missing", "missing"],
        ["pillars", "--pillar", "missing"],
        ["keys", "show"],
        ["schema", "validate", "missing"],
        ["schema", "export", os.devnull],
    ],
)
def test_usage_mistakes_exit_2(home: Path, arguments: list[str], capsys: Captured) -> None:
    """A sentence, no traceback."""
    try:
        status = main(arguments)
    except SystemExit as stop:  # argparse
        status = int(str(stop.code))
    assert status == 2
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    assert shown.err or "nothing found" in shown.out or "no bundle there" in shown.out


RUBBISH = {
    "empty": b"",
    "newline": b"\n",
    "binary": bytes(range(256)) * 40,
    "nested": b'{"payload":' + b"[" * 100_000,
    "numbers": b'{"payload":' + b"9" * 100_000 + b"}\n",
    "nul": b"\0" * 4096,
    "utf-16": '{"payload":""}\n'.encode("utf-16"),
    "json": b'{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"keyid":"","sig":""}]}\n',
    "keyid not utf-8": b'{"payload":"e30=","payloadType":"application/vnd.in-toto+json",'
    b'"signatures":[{"keyid":"\xff","sig":""}]}\n',
}


@pytest.mark.parametrize("name", RUBBISH)
@pytest.mark.parametrize(
    "command", [["verify"], ["show"], ["show", "--json"], ["schema", "validate"], ["sign"], ["synthesise", "I.cma"]]
)
def test_rubbish_is_no_traceback(tmp_path: Path, home: Path, command: list[str], name: str, capsys: Captured) -> None:
    """Whatever the bytes, there is a sentence and a status."""
    for path in ("campaign.intoto.jsonl", "campaign.unsigned.jsonl"):
        (tmp_path / path).write_bytes(RUBBISH[name])
    for target in (tmp_path, tmp_path / "campaign.intoto.jsonl", tmp_path / "campaign.unsigned.jsonl"):
        assert main([*command, str(target)]) in (0, 1, 2)
    assert "Traceback" not in capsys.readouterr().err


def test_what_is_no_regular_file(tmp_path: Path, home: Path, capsys: Captured) -> None:
    """Links, FIFOs, devices and unreadable files fail at step 1; a folder of that name holds no bundle."""
    (tmp_path / "real").write_bytes(b"")
    (tmp_path / "link.intoto.jsonl").symlink_to(tmp_path / "real")
    os.mkfifo(tmp_path / "fifo.intoto.jsonl")
    (tmp_path / "folder.intoto.jsonl").mkdir()
    for name in ("link.intoto.jsonl", "fifo.intoto.jsonl"):
        assert main(["verify", str(tmp_path / name)]) == 1
        assert "step 1 " in capsys.readouterr().out
    assert main(["verify", "/dev/null"]) == 1
    assert main(["verify", str(tmp_path / "folder.intoto.jsonl")]) == 2
    if os.geteuid() != 0:
        (tmp_path / "real").chmod(0)
        assert main(["verify", str(tmp_path / "real")]) == 1


@pytest.mark.parametrize("option", ["--trust", "--lock", "--subject"])
@pytest.mark.parametrize("kind", ["folder", "fifo", "device", "dangling link"])
def test_an_option_that_names_no_file(signed: Path, tmp_path: Path, option: str, kind: str, capsys: Captured) -> None:
    """A usage mistake, or another lock than the campaign's; nothing hangs and nothing is read without end."""
    path = tmp_path / "odd"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero" if kind == "device" else "/nowhere")
    expected = 1 if (option, kind) == ("--lock", "fifo") else 2
    assert main(["verify", str(signed), option, str(path)]) == expected
    shown = capsys.readouterr()
    assert "odd" in shown.err if expected == 2 else "another lock" in shown.out


def test_a_pipe_may_be_named(tmp_path: Path, home: Path, capsys: Captured) -> None:
    """`ophamin verify X --trust <(fetch key)`: what the caller names need not lie on a disk."""
    signer = new_signer()
    path = write(tmp_path, small_statements(), signer).path
    reading, writing = os.pipe()
    os.write(writing, signer.public_pem)
    os.close(writing)
    try:
        assert main(["verify", str(path), "--trust", f"/dev/fd/{reading}"]) == 0
    finally:
        os.close(reading)
    capsys.readouterr()


def test_a_folder_that_cannot_be_listed(signed: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    """A bundle nobody could look at does not pass for one that holds."""
    (signed.parent / "closed").mkdir()
    real = os.scandir

    def scandir(folder: str) -> object:
        if os.fspath(folder).endswith("closed"):
            raise PermissionError(13, "Permission denied", folder)
        return real(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    assert main(["verify", str(signed.parent)]) == 2
    assert "closed: Permission denied" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["verify", "show"])
def test_a_closed_output(signed: Path, command: str) -> None:
    """Who closes stdout wants the exit status, and no traceback."""
    code = "import os, sys; os.close(1); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    entry = "import sys; from pytest_ophamin.cli import main; sys.exit(main())"
    arguments = [sys.executable, "-c", code, "-c", entry, command, str(signed)]
    done = subprocess.run(arguments, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_interrupted_command(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    """Ctrl-C ends it with a sentence and the status a shell expects."""

    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("pytest_ophamin.cli.keys.run_show", interrupted)
    assert main(["keys", "show"]) == 130
    assert capsys.readouterr().err == "ophamin: interrupted\n"


def test_an_unsigned_bundle_is_refused_at_step_2(tmp_path: Path, home: Path, capsys: Captured) -> None:
    """In its folder and by name; beside a signed one it is only the draft."""
    draft = write(tmp_path, small_statements(), None).path
    for target in (draft, draft.parent):
        assert main(["verify", str(target)]) == 1
        assert "step 2 " in capsys.readouterr().out
    assert main(["sign", str(draft)]) == 0
    assert main(["verify", str(draft.parent)]) == 0


def test_sign_with_a_key_from_the_environment(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """The recommended form for CI: tests without a key, then signing without tests."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    monkeypatch.setenv("OPHAMIN_SIGNING_KEY", pem)
    folder = write(tmp_path, full_statements(), None).path.parent
    assert main(["sign", str(folder)]) == 0
    shown = capsys.readouterr()
    signer = Signer(private=key, source="environment")
    assert signer.keyid in shown.out
    assert pem.splitlines()[1] not in shown.out + shown.err
    assert "OPHAMIN_SIGNING_KEY" not in os.environ
    (tmp_path / "key.pem").write_bytes(signer.public_pem)
    assert main(["verify", str(folder), "--trust", str(tmp_path / "key.pem")]) == 0
    assert main(["verify", str(folder)]) == 3
    capsys.readouterr()
    assert main(["sign", str(folder)]) == 2
    assert "already holds" in capsys.readouterr().err


def test_sign_in_ci_without_a_key(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """A one-session key, announced with the verify line that works."""
    monkeypatch.setenv("CI", "true")
    folder = write(tmp_path, small_statements(), None).path.parent
    assert main(["sign", str(folder)]) == 0
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.startswith("verify with: ophamin verify ")
    assert main(line.removeprefix("verify with: ophamin ").split()) == 0
    assert not home.exists()


def test_sign_refuses_what_does_not_hold(tmp_path: Path, home: Path, capsys: Captured) -> None:
    """A draft is checked like any bundle before a key touches it."""
    forger = Forger.of(small_statements())
    forger.proof("test_recall")["proof"]["verdict"] = "REFUTED"
    from pytest_ophamin._canonical import canonical_bytes, sha256_hex
    from pytest_ophamin.records.bundle import write_payloads

    payloads = [canonical_bytes(statement) for statement in forger.fix_ids().statements]
    write_payloads(tmp_path / "demo", payloads, None, campaign_id=sha256_hex(b""), sidecars={})
    assert main(["sign", str(tmp_path / "demo")]) == 1
    shown = capsys.readouterr().out
    assert "nothing was signed" in shown
    assert "step 11 " in shown
    assert not (tmp_path / "demo" / "campaign.intoto.jsonl").exists()


def test_sign_refuses_to_fork_the_history(tmp_path: Path, home: Path, capsys: Captured) -> None:
    """A draft made before the present bundle was signed does not continue it."""
    write(tmp_path, small_statements(), None)
    other = Suite(evidence=[(claim("test_other"), bits(100))])
    write(tmp_path, other.statements(), new_signer())
    assert main(["sign", str(tmp_path / "demo")]) == 2
    assert "does not continue" in capsys.readouterr().err


def test_keys_new_and_show(home: Path, capsys: Captured) -> None:
    """A key is made once and its public half is what --trust reads."""
    assert main(["keys", "new"]) == 0
    made = capsys.readouterr().out
    assert main(["keys", "new"]) == 2
    assert "not overwritten" in capsys.readouterr().err
    assert main(["keys", "show"]) == 0
    shown = capsys.readouterr().out
    assert shown in made
    assert "PRIVATE" not in made + shown
    assert shown.split("\n", 1)[1] == (home / "signing-key.pub.pem").read_text()


def test_show_has_the_nine_sections(signed: Path, capsys: Captured) -> None:
    """Identity, claim, pre-registration, data, evidence, verdict, reproduction, provenance, signature."""
    assert main(["show", str(signed), "--claim", "suite/test_filter.py::test_recall"]) == 0
    shown = capsys.readouterr().out
    names = {line.split("  ")[0].split(" ")[0] for line in shown.splitlines() if line and not line.startswith(" ")}
    expected = [
        "identity",
        "claim",
        "pre-registration",
        "data",
        "evidence",
        "verdict",
        "reproduction",
        "provenance",
        "signature",
    ]
    assert set(expected) <= names
    assert "not verified" in shown
    assert main(["show", str(signed), "--claim", "nobody"]) == 2


def test_show_names_the_key_and_quotes_the_id(tmp_path: Path, home: Path, capsys: Captured) -> None:
    """Whose signature it claims to be; and a line that is pasted into a shell runs nothing but pytest."""
    odd = claim("test_x[';touch x;']")
    signer = new_signer()
    statements = Suite(evidence=[(odd, bits(100))]).statements()
    assert main(["show", str(write(tmp_path, statements, signer).path)]) == 0
    shown = capsys.readouterr().out
    assert shown.count(f"signature        by {signer.keyid} (not checked), payload sha256 ") == 2
    assert f"reproduction     pytest {shlex.quote(odd.test)}; stream key" in shown
    assert main(["show", str(write(tmp_path / "draft", statements, None).path)]) == 0
    assert "signature        not signed, payload sha256 " in capsys.readouterr().out


def test_show_every_fate(tmp_path: Path, home: Path, capsys: Captured) -> None:
    """Each kind of evidence has its words, and nothing of it reaches the terminal unescaped."""
    path = write(tmp_path, full_statements(), new_signer()).path
    assert main(["show", str(path)]) == 0
    shown = capsys.readouterr().out
    for words in (
        "counterexample: a='\\u202e', b='1'",
        "none: the trial raised ValueError in trial 17",
        "none: deselected",
        "1 errors counted against the claim",
        "amended: threshold: 0.9 -> 0.8",
        "unregistered: not in ophamin.lock",
        "first (f64le), second (f64le)",
    ):
        assert words in shown, words


def test_show_json_is_the_statements(signed: Path, capsys: Captured) -> None:
    """One statement per line."""
    assert main(["show", "--json", str(signed)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == [json.loads(built.payload) for built in small_statements().all]


def test_schema_validate_and_export(signed: Path, tmp_path: Path, capsys: Captured) -> None:
    """The form is checked, the schemas are written."""
    assert main(["schema", "validate", str(signed)]) == 0
    assert "3 statements follow the schema" in capsys.readouterr().out
    content = signed.read_bytes()
    signed.write_bytes(content[:-2] + b"\n")
    assert main(["schema", "validate", str(signed)]) == 1
    assert main(["schema", "export", str(tmp_path / "schemas")]) == 0
    assert sorted(path.name for path in (tmp_path / "schemas").iterdir()) == sorted(SCHEMA_FILES.values())


@pytest.mark.parametrize(
    ("requirement", "status"),
    [("green", 0), ("registered", 0), ("recomputed", 0), ("max-alpha=0.05", 0), ("max-alpha=0.01", 1)],
)
def test_requirements_of_a_green_campaign(signed: Path, requirement: str, status: int, capsys: Captured) -> None:
    """Verdicts and levels change the exit status only when asked."""
    assert main(["verify", str(signed), "--require", requirement]) == status
    assert ("step 14 " in capsys.readouterr().out) == bool(status)


@pytest.mark.parametrize("requirement", ["green", "registered"])
def test_requirements_of_a_mixed_campaign(tmp_path: Path, home: Path, requirement: str, capsys: Captured) -> None:
    """A campaign that is not green is intact evidence all the same."""
    signer = new_signer()
    (tmp_path / "k.pem").write_bytes(signer.public_pem)
    path = str(write(tmp_path, full_statements(), signer).path)
    trust = ["--trust", str(tmp_path / "k.pem")]
    assert main(["verify", path, *trust]) == 0
    assert main(["verify", path, *trust, "--require", requirement]) == 1
    capsys.readouterr()


def run_script(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command's entry point in ``folder``."""
    code = "import sys; from pytest_ophamin.cli import main; sys.exit(main())"
    # As a console script: sys.path[0] is the script's folder, here the current one, which is the worst case.
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def test_nothing_of_the_current_folder_is_imported(signed: Path, tmp_path: Path) -> None:
    """Modules that lie about in the tested project are not picked up, whatever their names."""
    trap = tmp_path / "trap"
    trap.mkdir()
    for name in ("conftest", "numpy", "pydantic", "ophamin_pillars", "rfc8785", "tomllib", "sitecustomize"):
        (trap / f"{name}.py").write_text("open('SPRUNG', 'w').close()\nraise RuntimeError('imported')\n")
    (trap / "evil-1.dist-info").mkdir()
    (trap / "evil-1.dist-info" / "METADATA").write_text("Name: evil\nVersion: 1\n")
    (trap / "evil-1.dist-info" / "entry_points.txt").write_text("[ophamin]\nevil = conftest\n")
    done = run_script(trap, "verify", str(signed))
    assert (done.returncode, done.stderr) == (0, "")
    done = run_script(trap, "verify", str(signed), "--pillar", "evil")
    assert done.returncode == 2
    assert "no installed package has the entry point 'evil'" in done.stderr
    assert not (trap / "SPRUNG").exists()


def test_the_import_path_is_restored(home: Path, capsys: Captured) -> None:
    """Calling main() from a program changes nothing for it."""
    before = list(sys.path)
    main(["keys", "show"])
    assert sys.path == before
    capsys.readouterr()


def test_a_reader_that_leaves_early(signed: Path, tmp_path: Path) -> None:
    """`ophamin show | head -1` ends quietly."""
    big = Suite(evidence=[(claim(f"test_{i}"), bits(100)) for i in range(300)])
    path = write(tmp_path / "big", big.statements(), new_signer()).path
    code = "import sys; from pytest_ophamin.cli import main; sys.exit(main())"
    with subprocess.Popen(
        [sys.executable, "-c", code, "show", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.readline()
        child.stdout.close()
        assert child.stderr.read() == b""


def test_a_terminal_without_unicode(tmp_path: Path, signed: Path) -> None:
    """What cannot be encoded is shown as an escape."""
    path = write(
        tmp_path / "u", Suite(evidence=[(claim("test_u", statement="größer ✓"), bits(100))]).statements(), new_signer()
    ).path
    code = "import sys; from pytest_ophamin.cli import main; sys.exit(main())"
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-c", code, "show", str(path)], env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0
    assert rb"gr\xf6\xdfer \u2713" in done.stdout


def test_a_third_party_pillar_is_named_not_guessed(tmp_path: Path, home: Path, capsys: Captured) -> None:
    """A bundle decided by a pillar that is not loaded is incomplete; the message says how to load it."""
    signer = new_signer()
    (tmp_path / "k.pem").write_bytes(signer.public_pem)
    forger = Forger.of(small_statements())
    for proof in (forger.proof("test_recall"), forger.proof("test_precision")):
        proof["proof"]["methods"]["pillar"] = "house-rule"
    path = str(forger.fix_ids().write(tmp_path / "demo", signer))
    assert main(["verify", path, "--trust", str(tmp_path / "k.pem")]) == 4
    assert "--pillar" in capsys.readouterr().out


def test_help_names_every_option(capsys: Captured) -> None:
    """The options of RECORDS.md exist."""
    with pytest.raises(SystemExit):
        main(["verify", "--help"])
    shown = capsys.readouterr().out
    for option in ("--trust", "--name", "--commit", "--lock", "--subject", "--repo", "--pillar", "--require"):
        assert option in shown


def test_a_signer_never_shows_its_private_half() -> None:
    """Not in repr, not when replaced."""
    signer = new_signer()
    assert "private" not in repr(dataclasses.replace(signer, source="user"))
