"""Diagnosing and synthesising pillars by name; their methods are in modules that load when a claim asks for one."""

from __future__ import annotations

from pytest_ophamin.pillars import Check, Claim, Finding, Sample, Series, Synthesis

DRIFT_METHODS = ("ks", "psi", "cusum", "adwin", "page-hinkley")
"""Values of the option ``method`` of ``O.drift``."""


class SpcPillar:
    """Diagnoses a process out of control: :mod:`ophamin_pillars.diagnosing.spc`."""

    name = "O.spc"
    methods = ("control-charts/1",)
    on_request = True

    def check_options(self, claim: Claim, check: Check) -> None:
        """Raise :class:`BadPlan` for options this claim's sample cannot be charted with."""
        from ophamin_pillars.diagnosing.spc import read_spc

        read_spc(claim, check)

    def diagnose(self, claim: Claim, sample: Sample) -> Finding | None:
        """Return warn when the order of the trials goes further than others at the level."""
        from ophamin_pillars.diagnosing.spc import diagnose

        return diagnose(claim, sample)


class SrmPillar:
    """Diagnoses a sample ratio mismatch: :mod:`ophamin_pillars.diagnosing.srm`."""

    name = "O.srm"
    methods = ("sample-ratio/1",)
    on_request = True

    def check_options(self, claim: Claim, check: Check) -> None:
        """Raise :class:`BadPlan` for options that name no column of the claim's sample, or no shares."""
        from ophamin_pillars.diagnosing.srm import read_srm

        read_srm(claim, check)

    def diagnose(self, claim: Claim, sample: Sample) -> Finding | None:
        """Return void when the counts contradict the planned shares."""
        from ophamin_pillars.diagnosing.srm import diagnose

        return diagnose(claim, sample)


class DriftPillar:
    """Diagnoses drift: :mod:`ophamin_pillars.diagnosing.drift`."""

    name = "O.drift"
    methods = tuple(f"drift-{method}/1" for method in DRIFT_METHODS)
    on_request = True

    def check_options(self, claim: Claim, check: Check) -> None:
        """Raise :class:`BadPlan` for options that do not fit the claim."""
        from ophamin_pillars.diagnosing.drift import read_drift

        read_drift(claim, check)

    def diagnose(self, claim: Claim, sample: Sample) -> Finding | None:
        """Return warn at the level; void at a tenth of it, where the author asked for that."""
        from ophamin_pillars.diagnosing.drift import diagnose

        return diagnose(claim, sample)


class AnticipatoryPillar:
    """Diagnoses a forecast of failure: :mod:`ophamin_pillars.diagnosing.anticipatory`."""

    name = "diagnostics.anticipatory"
    methods = ("conformal-forecast/1",)
    on_request = True

    def check_options(self, claim: Claim, check: Check) -> None:
        """Raise :class:`BadPlan` for a claim whose trials return no pair, or wrong options."""
        from ophamin_pillars.diagnosing.anticipatory import read_anticipatory

        read_anticipatory(claim, check)

    def diagnose(self, claim: Claim, sample: Sample) -> Finding | None:
        """Return warn when the forecast breaks a promise on trials it was not calibrated on."""
        from ophamin_pillars.diagnosing.anticipatory import diagnose

        return diagnose(claim, sample)


class InertiaPillar:
    """Diagnoses resistance to updating, and overshoot: :mod:`ophamin_pillars.diagnosing.inertia`."""

    name = "diagnostics.inertia"
    methods = ("inertia/1",)
    on_request = True

    def check_options(self, claim: Claim, check: Check) -> None:
        """Raise :class:`BadPlan` for a claim whose trials return no pair, or wrong options."""
        from ophamin_pillars.diagnosing.inertia import read_inertia

        read_inertia(claim, check)

    def diagnose(self, claim: Claim, sample: Sample) -> Finding | None:
        """Return warn when the system resists, overshoots, or moves without evidence."""
        from ophamin_pillars.diagnosing.inertia import diagnose

        return diagnose(claim, sample)


class KernelCouplingPillar:
    """Diagnoses an effect its setting is to blame for, or not: :mod:`ophamin_pillars.diagnosing.kernel_coupling`."""

    name = "diagnostics.kernel_coupling"
    methods = ("kernel-coupling/1",)
    on_request = True

    def check_options(self, claim: Claim, check: Check) -> None:
        """Raise :class:`BadPlan` for a claim without the columns of a sweep, or wrong options."""
        from ophamin_pillars.diagnosing.kernel_coupling import read_coupling

        read_coupling(claim, check)

    def diagnose(self, claim: Claim, sample: Sample) -> Finding | None:
        """Return warn for an effect that is miscalibrated or intrinsic."""
        from ophamin_pillars.diagnosing.kernel_coupling import diagnose

        return diagnose(claim, sample)


class SpcOfCampaigns:
    """Synthesises by control charts of the estimates: :mod:`ophamin_pillars.diagnosing.campaigns`."""

    name = SpcPillar.name
    methods = ("control-charts-of-campaigns/1",)

    def synthesise(self, series: Series) -> Synthesis:
        """Return warn when the order of the campaigns' estimates goes further than other orders at the level."""
        from ophamin_pillars.diagnosing.campaigns import chart_campaigns

        return chart_campaigns(series)


class DriftOfCampaigns:
    """Synthesises by the CUSUM of the estimates: :mod:`ophamin_pillars.diagnosing.campaigns`."""

    name = DriftPillar.name
    methods = ("drift-of-campaigns/1",)

    def synthesise(self, series: Series) -> Synthesis:
        """Return warn when the estimates change with the order of the campaigns at the level."""
        from ophamin_pillars.diagnosing.campaigns import drift_of_campaigns

        return drift_of_campaigns(series)
