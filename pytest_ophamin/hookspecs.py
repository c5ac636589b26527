"""The one hook of Ophamin: how a package, a ``-p`` plugin or a conftest.py brings statistical methods.

The project name of these hooks is ``ophamin`` (not ``pytest``): the same pillar works from pytest and from
``ophamin verify``, which never loads pytest.

    >>> from pytest_ophamin.hookspecs import hookimpl
    >>> @hookimpl
    ... def ophamin_pillars():
    ...     return []
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from pytest_ophamin.deciding.protocol import Pillar

PROJECT_NAME = "ophamin"

hookspec = pluggy.HookspecMarker(PROJECT_NAME)
hookimpl = pluggy.HookimplMarker(PROJECT_NAME)
"""Marks a function as an implementation of one of the hooks below."""


class PillarSpecs:
    """Hooks a plugin may implement; all results are collected, none is first-result."""

    @hookspec
    def ophamin_pillars(self) -> Sequence[Pillar]:  # type: ignore[empty-body]  # pluggy never calls a specification
        """Return the pillars this plugin brings.

        Called once, when the first claim is collected or a bundle is verified.

        Returns:
            Deciding, diagnosing and synthesising pillars, each with a name no other pillar has; a synthesising one may
            have that of a diagnosing one.
        """
