"""Gather this session's pillars: shipped, installed, from ``-p`` plugins and conftest.py files loaded at start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_ophamin.plugin import keys

if TYPE_CHECKING:
    import pytest

    from pytest_ophamin.deciding.registry import PillarRegistry

HOOK = "ophamin_pillars"


def note_start_plugins(config: pytest.Config) -> None:
    """Remember which plugins are there at session start: an xdist controller will never load a deeper conftest.py."""
    config.stash[keys.start_plugins] = frozenset(id(plugin) for _, plugin in config.pluginmanager.list_name_plugin())


def registry_of(config: pytest.Config) -> PillarRegistry:
    """Return the session's pillars; built when the first claim is met, so that a session without claims pays nothing.

    Raises:
        PillarError: A pillar is not well formed.
    """
    found = config.stash.get(keys.registry, None)
    if found is None:
        from pytest_ophamin.deciding.registry import PillarRegistry, add_shipped, new_manager

        manager = new_manager()
        add_shipped(manager)
        manager.load_setuptools_entrypoints("ophamin")
        for name, plugin in config.pluginmanager.list_name_plugin():
            if _brings_pillars(plugin) and not manager.is_registered(plugin):
                # The name is passed on: two conftest.py modules would both be called "conftest".
                manager.register(plugin, name=name)
        found = config.stash[keys.registry] = PillarRegistry(manager)
    return found


def late_pillars(config: pytest.Config) -> list[str]:
    """Return a message for every plugin with pillars that came too late to be known everywhere."""
    start = config.stash.get(keys.start_plugins, frozenset())
    return [
        f"{name}: expected pillars in a package, a -p plugin or a conftest.py that pytest loads at start, came one in "
        "a deeper conftest.py, which the controlling process of a parallel run never loads. Move it to the rootdir's "
        "conftest.py"
        for name, plugin in config.pluginmanager.list_name_plugin()
        if id(plugin) not in start and _brings_pillars(plugin)
    ]


def _brings_pillars(plugin: Any) -> bool:
    if plugin is None:
        return False
    function = getattr(type(plugin), HOOK, None) or getattr(plugin, "__dict__", {}).get(HOOK)
    return function is not None and hasattr(function, "ophamin_impl")
