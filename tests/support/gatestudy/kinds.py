"""The kinds of sessions the study runs."""

from __future__ import annotations

from dataclasses import dataclass

from gatestudy.projects import SIX, TWENTY, Shape


@dataclass(frozen=True, slots=True)
class Kind:
    """What a session is: which tool, which project, whether something is slower, and whether the machine is busy."""

    name: str
    shape: Shape = SIX
    is_peer: bool = False
    is_slow: bool = False
    is_busy: bool = False
    sessions: int = 125
    """How many show what is to be shown."""
    limit: float = 1.05

    def slowed(self, index: int) -> str | None:
        """Return which benchmark session ``index`` slows down."""
        return self.shape.slowed(index) if self.is_slow else None


_ALL = (
    Kind("aa-quiet"),
    Kind("aa-busy", is_busy=True),
    Kind("slow-quiet", is_slow=True),
    Kind("twenty-quiet", shape=TWENTY, is_slow=True, sessions=60),
    # A ratio of 1 against a limit of 1: log ratios of 1.05 against 1.05 are the same numbers, moved.
    Kind("boundary-quiet", sessions=60, limit=1.0),
    Kind("slow-busy", is_slow=True, is_busy=True, sessions=30),
    Kind("peer-aa-quiet", is_peer=True, sessions=30),
    Kind("peer-aa-busy", is_peer=True, is_busy=True, sessions=30),
    Kind("peer-slow-quiet", is_peer=True, is_slow=True, sessions=30),
    Kind("peer-slow-busy", is_peer=True, is_slow=True, is_busy=True, sessions=30),
)
KINDS = {kind.name: kind for kind in _ALL}
