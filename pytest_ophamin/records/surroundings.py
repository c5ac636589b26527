"""Whose machine a session runs on: where its user keeps keys, and whether it has a user at all."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ophamin.errors import KeyProblem

if TYPE_CHECKING:
    from collections.abc import Mapping


def config_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Return Ophamin's folder below ``XDG_CONFIG_HOME``, else ``APPDATA`` on Windows, else ``~/.config``.

    Raises:
        KeyProblem: There is no home folder to fall back to.
    """
    variables = os.environ if environ is None else environ
    declared = variables.get("XDG_CONFIG_HOME", "")
    # The XDG specification: a relative path is invalid and must be ignored.
    if os.path.isabs(declared):  # noqa: PTH117  # Path("").is_absolute() reads worse
        return Path(declared, "ophamin")
    if sys.platform == "win32" and variables.get("APPDATA"):
        return Path(variables["APPDATA"], "ophamin")
    home = variables.get("USERPROFILE" if sys.platform == "win32" else "HOME")
    try:
        return Path(home or Path.home(), ".config", "ophamin")
    except RuntimeError as error:
        raise KeyProblem(
            "there is no home folder for the signing key; set XDG_CONFIG_HOME or OPHAMIN_SIGNING_KEY"
        ) from error


def runs_in_ci(environ: Mapping[str, str]) -> bool:
    """Tell whether a continuous integration service runs this: ``CI`` is set, and not to a word for no."""
    return environ.get("CI", "").lower() not in {"", "0", "false", "no"}
