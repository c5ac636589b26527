"""``ophamin keys new`` and ``ophamin keys show``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ophamin.cli.output import say
from pytest_ophamin.errors import KeyProblem
from pytest_ophamin.records.keys import PRIVATE_NAME, Signer, create_user_key, read_private_key
from pytest_ophamin.records.surroundings import config_folder
from pytest_ophamin.records.verify.report import Exit

if TYPE_CHECKING:
    import argparse


def run_new(_: argparse.Namespace) -> int:
    """Make the user's key."""
    signer = create_user_key()
    say(f"new signing key in {signer.path}")
    _print_public(signer)
    return Exit.HOLDS


def run_show(_: argparse.Namespace) -> int:
    """Print the public half of the user's key: what others give to ``--trust``."""
    path = config_folder() / PRIVATE_NAME
    try:
        signer = Signer(private=read_private_key(path), source="user", path=path)
    except FileNotFoundError as error:
        raise KeyProblem(f"there is no signing key in {path.parent}; `ophamin keys new` makes one") from error
    _print_public(signer)
    return Exit.HOLDS


def _print_public(signer: Signer) -> None:
    say(f"id {signer.keyid}")
    for line in signer.public_pem.decode().splitlines():
        say(line)
