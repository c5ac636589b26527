"""Which pillar decides which claim: pillars come through one pluggy hook and are checked when they come."""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import pluggy

from pytest_ophamin.claims.design import LOOKS, SEQUENTIAL
from pytest_ophamin.claims.metrics import BUILT_IN_METRICS
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.protocol import DecidingPillar, DiagnosingPillar, Pillar, SynthesisingPillar
from pytest_ophamin.errors import UsageError
from pytest_ophamin.hookspecs import PROJECT_NAME, PillarSpecs

ENTRY_POINT_GROUP = "ophamin"
SHIPPED_PLUGIN = "shipped"
"""Name under which the shipped pillars are registered (and of their entry point)."""
_SHIPPED_PACKAGE = "ophamin_pillars"


class PillarError(UsageError):
    """A pillar that is missing, ambiguous or not well formed."""


class PillarRegistry:
    """The pillars a pluggy manager of the project ``ophamin`` has gathered, read once.

    Args:
        manager: Built by :func:`new_manager`, or any manager that knows the hook specifications.

    Raises:
        PillarError: A pillar does not follow the protocol, or two have one name.
    """

    def __init__(self, manager: pluggy.PluginManager) -> None:
        self._by_name: dict[str, Pillar] = {}
        self._by_series_name: dict[str, SynthesisingPillar] = {}
        self._shipped: set[str] = set()
        self._found: dict[tuple[str, str | None], DecidingPillar] = {}
        self._sources: dict[int, str] = {}
        for source, pillars in _gathered(manager):
            for pillar in pillars:
                self._add(pillar, source)

    @cached_property
    def deciding(self) -> tuple[DecidingPillar, ...]:
        """Deciding pillars, sorted by name."""
        return tuple(p for _, p in sorted(self._by_name.items()) if _decides(p))  # type: ignore[misc]

    @cached_property
    def diagnosing(self) -> tuple[DiagnosingPillar, ...]:
        """Diagnosing pillars, sorted by name: the order findings have in a record."""
        return tuple(p for _, p in sorted(self._by_name.items()) if _diagnoses(p))  # type: ignore[misc]

    @cached_property
    def synthesising(self) -> tuple[SynthesisingPillar, ...]:
        """Synthesising pillars, sorted by name."""
        return tuple(p for _, p in sorted(self._by_series_name.items()))

    @cached_property
    def names(self) -> frozenset[str]:
        """Names of the pillars that judge samples: the ones a record can name."""
        return frozenset(self._by_name)

    @property
    def all(self) -> tuple[Pillar, ...]:
        """Every pillar: those that judge samples by name, then those that judge series."""
        return (*(p for _, p in sorted(self._by_name.items())), *self.synthesising)

    def source_of(self, pillar: Pillar) -> str:
        """Return the name of the plugin that brought a pillar of this registry."""
        return self._sources[id(pillar)]

    @cached_property
    def metrics(self) -> frozenset[str]:
        """Every metric kind some pillar decides."""
        return frozenset().union(*(pillar.metrics for pillar in self.deciding))

    def by_name(self, name: str) -> Pillar:
        """Return the deciding or diagnosing pillar of that name.

        Raises:
            PillarError: There is none.
        """
        try:
            return self._by_name[name]
        except KeyError:
            known = ", ".join(sorted(self._by_name)) or "none"
            raise PillarError(f"pillar {name!r} is not registered; registered are: {known}") from None

    def synthesising_by_name(self, name: str) -> SynthesisingPillar:
        """Return the synthesising pillar of that name.

        Raises:
            PillarError: There is none.
        """
        try:
            return self._by_series_name[name]
        except KeyError:
            known = ", ".join(sorted(self._by_series_name)) or "none"
            raise PillarError(f"no pillar {name!r} synthesises; those that do: {known}") from None

    def deciding_for(self, claim: Claim) -> DecidingPillar:
        """Return the pillar that decides ``claim``: the one it names, else the shipped one, else the only other one.

        Raises:
            PillarError: None decides this metric, the named one does not, or several could.
        """
        asked = (claim.question, claim.pillar)
        if asked not in self._found:
            self._found[asked] = self._find(claim)
        return self._found[asked]

    def _find(self, claim: Claim) -> DecidingPillar:
        if claim.pillar is not None:
            return self._named(claim, claim.pillar)
        able = [pillar for pillar in self.deciding if claim.question in pillar.metrics]
        able = [pillar for pillar in able if pillar.name in self._shipped] or able
        if not able:
            raise PillarError(
                f"metric {_asked(claim)}: no pillar decides it; built in are {', '.join(BUILT_IN_METRICS)}, "
                "and a pillar found only in a conftest.py below the start folder is not loaded under xdist"
            )
        if len(able) > 1:
            names = ", ".join(repr(pillar.name) for pillar in able)
            raise PillarError(f"metric {_asked(claim)}: several pillars decide it ({names}); name one with pillar=")
        return able[0]

    def _named(self, claim: Claim, name: str) -> DecidingPillar:
        pillar = self.by_name(name)
        if not isinstance(pillar, DecidingPillar) or not _decides(pillar):
            raise PillarError(f"pillar {name!r} diagnoses samples, it decides no claim")
        if claim.question not in pillar.metrics:
            able = ", ".join(sorted(pillar.metrics))
            raise PillarError(f"pillar {name!r} does not decide metric {_asked(claim)}; it decides: {able}")
        return pillar

    def _add(self, pillar: Pillar, source: str) -> None:
        check_pillar(pillar, source)
        # Two spaces of names: what a record can name, and what is asked about many records. O.spc is in both.
        names: dict[str, Any] = self._by_series_name if _synthesises(pillar) else self._by_name
        if pillar.name in names:
            raise PillarError(f"two pillars have the name {pillar.name!r} (the second comes from {source}); rename one")
        names[pillar.name] = pillar
        self._sources[id(pillar)] = source
        if source == SHIPPED_PLUGIN and names is self._by_name:
            self._shipped.add(pillar.name)


def new_manager() -> pluggy.PluginManager:
    """Return an empty manager of the project ``ophamin`` that knows the hook specifications."""
    manager = pluggy.PluginManager(PROJECT_NAME)
    manager.add_hookspecs(PillarSpecs)
    return manager


def add_shipped(manager: pluggy.PluginManager) -> None:
    """Register the shipped pillars through the public hook, unless they are there already."""
    if not manager.has_plugin(SHIPPED_PLUGIN):
        # By module, not by entry point: reading all installed metadata costs 20 ms and gives the same module.
        manager.register(importlib.import_module(_SHIPPED_PACKAGE), name=SHIPPED_PLUGIN)


def load_shipped() -> PillarRegistry:
    """Return a registry of the shipped pillars alone."""
    return load_entry_points(())


def load_entry_points(names: Iterable[str]) -> PillarRegistry:
    """Return a registry of the shipped pillars and the entry points named, and nothing else.

    Args:
        names: Entry points of the group ``ophamin``. Nothing in a record is ever used as a name here.

    Raises:
        PillarError: A name is not an installed entry point, or its pillars are not well formed.
    """
    manager = new_manager()
    add_shipped(manager)
    for name in names:
        if name == SHIPPED_PLUGIN or manager.has_plugin(name):
            continue
        found = importlib.metadata.entry_points(group=ENTRY_POINT_GROUP, name=name)
        if not found:
            known = ", ".join(sorted(importlib.metadata.entry_points(group=ENTRY_POINT_GROUP).names)) or "none"
            raise PillarError(
                f"no installed package has the entry point {name!r} in group 'ophamin'; installed: {known}"
            )
        manager.register(next(iter(found)).load(), name=name)
    return PillarRegistry(manager)


def check_pillar(pillar: object, source: str) -> None:
    """Check that ``pillar`` follows one of the three protocols.

    Raises:
        PillarError: It does not; the message says what is missing.
    """
    who = f"pillar {getattr(pillar, 'name', None) or type(pillar).__name__!r} from {source}"
    name = getattr(pillar, "name", None)
    if not isinstance(name, str) or not name:
        raise PillarError(f"{who}: expected a non-empty str attribute 'name', came {type(name).__name__}")
    if _decides(pillar) + _diagnoses(pillar) + _synthesises(pillar) != 1:
        raise PillarError(f"{who}: expected exactly one of the methods 'decide', 'diagnose' and 'synthesise'")
    if not _decides(pillar):
        return
    if not callable(getattr(pillar, "plan", None)):
        raise PillarError(f"{who}: a deciding pillar needs the method plan(claim, *, level)")
    metrics = getattr(pillar, "metrics", None)
    if not isinstance(metrics, frozenset) or not metrics or not all(isinstance(m, str) for m in metrics):
        raise PillarError(f"{who}: expected 'metrics', a non-empty frozenset of str, came {type(metrics).__name__}")
    early = sorted(question for question in metrics if {SEQUENTIAL, LOOKS} & set(question.split("+")[1:]))
    if early and not callable(getattr(pillar, "stop", None)):
        raise PillarError(f"{who}: {early[0]!r} may stop early, which needs the method stop(claim, sample)")


def _gathered(manager: pluggy.PluginManager) -> list[tuple[str, Sequence[Pillar]]]:
    """Return what each plugin gave; plugin by plugin, so that a mistake is told with its origin."""
    gathered = []
    for implementation in manager.hook.ophamin_pillars.get_hookimpls():
        source = implementation.plugin_name
        try:
            pillars = implementation.function()
        except Exception as error:
            raise PillarError(f"{source}: ophamin_pillars() raised {type(error).__name__}: {error}") from error
        if isinstance(pillars, str) or not isinstance(pillars, Sequence):
            raise PillarError(
                f"{source}: ophamin_pillars() must return a list of pillars, came {type(pillars).__name__}"
            )
        gathered.append((source, pillars))
    return gathered


def _asked(claim: Claim) -> str:
    """Return a claim's metric, and its design where it has one, as people read them."""
    design = claim.design.name
    return f"{claim.metric!r} with the design {design!r}" if design else repr(claim.metric)


def _decides(pillar: object) -> bool:
    return callable(getattr(pillar, "decide", None))


def _diagnoses(pillar: object) -> bool:
    return callable(getattr(pillar, "diagnose", None))


def _synthesises(pillar: object) -> bool:
    return callable(getattr(pillar, "synthesise", None))
