"""The statistical methods shipped with pytest-ophamin: an ordinary pillar package behind the public hook.

It imports nothing of pytest-ophamin but its door for authors, ``pytest_ophamin.pillars``.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytest_ophamin.pillars import Pillar, hookimpl


@hookimpl
def ophamin_pillars() -> Sequence[Pillar]:
    """Return the shipped pillars."""
    from ophamin_pillars.arm_difference import ArmDifferencePillar
    from ophamin_pillars.arm_ratio import ArmRatioPillar
    from ophamin_pillars.arm_shift import ArmShiftPillar
    from ophamin_pillars.arm_superiority import ArmSuperiorityPillar
    from ophamin_pillars.availability import AvailabilityPillar
    from ophamin_pillars.bandwidth import BandwidthPillar
    from ophamin_pillars.block import BlockPillar
    from ophamin_pillars.cma_pillar import CmaPillar
    from ophamin_pillars.correlation import CorrelationPillar
    from ophamin_pillars.diagnosing.pillars import (
        AnticipatoryPillar,
        DriftOfCampaigns,
        DriftPillar,
        InertiaPillar,
        KernelCouplingPillar,
        SpcOfCampaigns,
        SpcPillar,
        SrmPillar,
    )
    from ophamin_pillars.difference import DifferencePillar  # numpy only when a claim exists
    from ophamin_pillars.factors import MainEffectsPillar
    from ophamin_pillars.gate import GatePillar
    from ophamin_pillars.law import LawPillar
    from ophamin_pillars.mean import MeanPillar
    from ophamin_pillars.mixed_effects import MixedEffectsPillar
    from ophamin_pillars.proportion import ProportionPillar
    from ophamin_pillars.quantile import QuantilePillar
    from ophamin_pillars.ratio import RatioPillar
    from ophamin_pillars.resampled import CrossValidationPillar
    from ophamin_pillars.serial import SerialDependencePillar
    from ophamin_pillars.sprt_pillar import SprtPillar
    from ophamin_pillars.strata import StrataPillar

    return [
        ProportionPillar(),
        QuantilePillar(),
        MeanPillar(),
        DifferencePillar(),
        RatioPillar(),
        ArmDifferencePillar(),
        ArmRatioPillar(),
        ArmShiftPillar(),
        ArmSuperiorityPillar(),
        AvailabilityPillar(),
        BandwidthPillar(),
        CorrelationPillar(),
        MixedEffectsPillar(),
        BlockPillar(),
        StrataPillar(),
        MainEffectsPillar(),
        CrossValidationPillar(),
        SprtPillar(),
        GatePillar(),
        LawPillar(),
        SerialDependencePillar(),
        SpcPillar(),
        SrmPillar(),
        DriftPillar(),
        AnticipatoryPillar(),
        InertiaPillar(),
        KernelCouplingPillar(),
        CmaPillar(),
        SpcOfCampaigns(),
        DriftOfCampaigns(),
    ]
