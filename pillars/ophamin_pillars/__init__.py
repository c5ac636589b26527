"""The statistical methods shipped with pytest-ophamin: an ordinary pillar package behind the public hook.

It imports nothing of pytest-ophamin but its door for authors, ``pytest_ophamin.pillars``.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytest_ophamin.pillars import Pillar, hookimpl


@hookimpl
def ophamin_pillars() -> Sequence[Pillar]:
    """Return the shipped pillars."""
    from ophamin_pillars.cma_pillar import CmaPillar
    from ophamin_pillars.difference import DifferencePillar  # numpy only when a claim exists
    from ophamin_pillars.law import LawPillar
    from ophamin_pillars.mean import MeanPillar
    from ophamin_pillars.proportion import ProportionPillar
    from ophamin_pillars.quantile import QuantilePillar
    from ophamin_pillars.ratio import RatioPillar
    from ophamin_pillars.serial import SerialDependencePillar

    return [
        ProportionPillar(),
        QuantilePillar(),
        MeanPillar(),
        DifferencePillar(),
        RatioPillar(),
        LawPillar(),
        SerialDependencePillar(),
        CmaPillar(),
    ]
