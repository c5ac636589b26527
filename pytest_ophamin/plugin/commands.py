"""``--ophamin-register`` and ``--ophamin-plan``: collect everything, run nothing."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ophamin.claims.lock import LockFamily, lock_text, update_lock
from pytest_ophamin.errors import OphaminError
from pytest_ophamin.plugin import keys
from pytest_ophamin.plugin.pillars import registry_of
from pytest_ophamin.plugin.session import read_working_lock
from pytest_ophamin.reporting.text import count

if TYPE_CHECKING:
    from pytest_ophamin.claims.catalogue import Catalogue


def run_command(mode: str, session: pytest.Session, catalogue: Catalogue | None) -> None:
    """Carry out ``register`` or ``plan``.

    Raises:
        pytest.UsageError: There is nothing to do, or it cannot be done.
    """
    if catalogue is None:
        raise pytest.UsageError("ophamin: no tests were collected")
    terminal = session.config.pluginmanager.getplugin("terminalreporter")
    write = terminal.write_line if terminal is not None else print
    try:
        if mode == "register":
            _register(session.config, catalogue, write)
        else:
            _plan(session.config, catalogue, write)
    except (OphaminError, OSError) as error:
        raise pytest.UsageError(f"ophamin: {error}") from error


def _register(config: pytest.Config, catalogue: Catalogue, write: Any) -> None:
    settings = config.stash[keys.settings]
    old = read_working_lock(config, [])  # a broken one already stopped the session, as a problem of the catalogue
    if not catalogue.claims and old is None:
        raise pytest.UsageError("ophamin: no claims were collected: nothing to register")
    alphas = {claim.family: settings.alpha for claim in catalogue.claims}
    alphas |= {claim.family: claim.alpha for claim in catalogue.claims if not claim.is_law}
    families = [
        LockFamily(name=family, correction=settings.correction, alpha=alpha) for family, alpha in sorted(alphas.items())
    ]
    known = () if old is None else old.entries
    existing = {entry.module for entry in known if Path(config.rootpath, entry.module).is_file()}
    lock, changes = update_lock(old, catalogue.claims, families, set(catalogue.modules), existing)
    text = lock_text(lock)
    path = settings.lock_path
    for change in changes:
        write(f"  {change}")
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        write(f"{path.name} is up to date: {count(len(lock.entries), 'claim')}")
        return
    _write_atomically(path, text)
    write(
        f"wrote {path.name}: {count(len(lock.entries), 'claim')}. Commit it: a claim is registered once its entry is "
        "committed."
    )


def _plan(config: pytest.Config, catalogue: Catalogue, write: Any) -> None:
    from pytest_ophamin.deciding.planning import plan_rows  # needs SciPy
    from pytest_ophamin.reporting.plan import plan_table

    settings = config.stash[keys.settings]
    corrections = {claim.family: (settings.correction, settings.alpha) for claim in catalogue.claims}
    corrections |= {claim.family: (settings.correction, claim.alpha) for claim in catalogue.claims if not claim.is_law}
    lines = plan_table(plan_rows(catalogue.claims, registry_of(config), corrections))
    if not lines:
        raise pytest.UsageError("ophamin: no claims were collected: nothing to plan")
    for line in lines:
        write(line)


def _write_atomically(path: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        temporary.chmod(0o644)  # mkstemp makes it private; a lock is there to be committed
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
