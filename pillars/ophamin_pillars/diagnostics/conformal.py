"""Split conformal prediction: intervals, and forecasts of failure that count their own errors (``anticipatory``).

A forecast of failure
---------------------
Before each trial the system gives a score (greater: failure nearer); afterwards the trial turns out sound or failed.
Calibration trials of either class give, by rank alone (Vovk, Gammerman & Shafer 2005, 4.5 "Mondrian"; Lei et al. 2018),

    alarm_above   the ceil((n_sound + 1)(1 - alpha))-th smallest score of sound trials; a new trial above it "is not
                  sound". P(a sound trial lies above) <= alpha.
    clear_below   the floor((n_failed + 1) beta)-th smallest score of failed trials; a new trial below it "does not
                  fail". P(a failed trial lies below) <= beta.
    outlying      a new trial outside the ranks floor((n + 1) gamma / 2) from either end of all scores is unlike
                  anything seen. P(outside) <= gamma.

each over the draw of calibration and new trials together, for any score and any distribution, if trials of a class are
exchangeable. With too few calibration trials a limit is infinite: nothing is predicted. A class is excluded or not, so
a trial may be forecast sound, failing, either, or neither.

What is tested
--------------
On trials that were not used for calibration, the number of exclusions among m new ones is beta-binomial (m, b, a)
whatever the score's distribution, because the excluded share is the (n + 1 - k)-th spacing of n uniforms. Three tests,
exact for continuous scores and conservative with ties:

    p_false_alarms  null "new sound trials are exchangeable with the calibrated ones"; small: more false alarms than
                    promised (drift).
    p_misses        the same of failed trials and misses.
    p_no_forecast   null "failed trials are scored like sound ones"; small: alarms really anticipate failures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from ophamin_pillars.control.signals import Floats, as_sequence

Bools: TypeAlias = npt.NDArray[np.bool_]
Prediction: TypeAlias = Literal["sound", "failing", "either", "neither"]


def conformal_rank(n: int, alpha: float) -> tuple[int, bool]:
    """Return k = ceil((n + 1)(1 - alpha)), and whether k > n: the interval is infinite.

    Computed in fractions of the decimal written, so that (9 + 1)(1 - 0.1) is 9 and not the next whole number.

    Args:
        n: calibration scores, >= 0.
        alpha: miscoverage, in (0, 1).

    Raises:
        ValueError: an argument outside its range.
    """
    k = n + 1 - _share_of(n, alpha)
    return k, k > n


def conformal_limit(scores: npt.ArrayLike, alpha: float) -> float:
    """Return the score a new one stays at or below with probability at least 1 - alpha; infinite when n is too small.

    Args:
        scores: nonconformity of the calibration observations, shape (n,).
        alpha: miscoverage, in (0, 1).
    """
    s = np.sort(as_sequence(scores, "scores", least=0))
    k, infinite = conformal_rank(len(s), alpha)
    return math.inf if infinite else float(s[k - 1])


def coverage_quantile(n: int, alpha: float, level: float) -> float:
    """Return the coverage that a calibration draw undercuts with probability ``level``: of Beta(k, n + 1 - k)."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie in (0, 1), got {level!r}")
    k, infinite = conformal_rank(n, alpha)
    return 1.0 if infinite else float(special().betaincinv(k, n + 1 - k, level))


def excess_p(count: int, trials: int, calibrated: int, excluded_ranks: int) -> float:
    """Return P(at least ``count`` of ``trials`` new scores are excluded) under exchangeability.

    ``excluded_ranks`` of ``calibrated`` + 1 places among the calibration scores are excluded, so the count is
    beta-binomial with a = excluded_ranks and b = calibrated + 1 - excluded_ranks.
    """
    if not 0 <= count <= trials:
        raise ValueError(f"count must lie in 0..{trials}, got {count!r}")
    if count == 0:
        return 1.0
    if excluded_ranks < 1:
        return 0.0  # nothing is ever excluded
    a, b = float(excluded_ranks), float(calibrated + 1 - excluded_ranks)
    sp = special()
    k = np.arange(count, trials + 1, dtype=np.float64)
    logs = (
        sp.gammaln(trials + 1.0)
        - sp.gammaln(k + 1.0)
        - sp.gammaln(trials - k + 1.0)
        + sp.betaln(k + a, trials - k + b)
        - sp.betaln(a, b)
    )
    return min(1.0, float(np.exp(logs[::-1]).sum()))


@dataclass(frozen=True, slots=True)
class FailureForecast:
    """Limits learnt from calibration trials; see the module docstring."""

    alpha: float
    beta: float
    gamma: float
    sound: int
    """Sound calibration trials."""
    failed: int
    alarm_above: float
    clear_below: float
    usual_from: float
    usual_to: float

    def alarms(self, scores: Floats) -> Bools:
        """Return which trials are declared not sound, shape (n,)."""
        return scores > self.alarm_above

    def cleared(self, scores: Floats) -> Bools:
        """Return which trials are declared not to fail, shape (n,)."""
        return scores < self.clear_below

    def outlying(self, scores: Floats) -> Bools:
        """Return which trials are unlike all calibration trials, shape (n,)."""
        return (scores < self.usual_from) | (scores > self.usual_to)

    def predict(self, score: float) -> Prediction:
        """Return what is forecast for one trial."""
        not_sound, not_failing = score > self.alarm_above, score < self.clear_below
        if not_sound:
            return "neither" if not_failing else "failing"
        return "sound" if not_failing else "either"


@dataclass(frozen=True, slots=True)
class ForecastCounts:
    """What the forecast was worth on trials it had not seen."""

    sound: int
    false_alarms: int
    failed: int
    misses: int
    hits: int
    """Failed trials with an alarm."""
    outlying: int
    p_false_alarms: float
    p_misses: float
    p_outlying: float
    p_no_forecast: float


def calibrate(
    scores: npt.ArrayLike, failed: npt.ArrayLike, *, alpha: float = 0.05, beta: float = 0.05, gamma: float = 0.01
) -> FailureForecast:
    """Return the limits.

    Args:
        scores: given before each trial, shape (n,).
        failed: what became of it, bools of shape (n,).
        alpha: allowed share of false alarms among sound trials.
        beta: allowed share of misses among failed trials.
        gamma: allowed share of trials called outlying without being so.

    Raises:
        ValueError: shapes that differ, scores that are not finite, or a share outside (0, 1).
    """
    s, is_failed = _scored(scores, failed)
    sound_scores, failed_scores, everything = s[~is_failed], np.sort(s[is_failed]), np.sort(s)
    clear_rank = _share_of(len(failed_scores), beta)
    usual_rank = _share_of(len(s), gamma, halves=2)
    return FailureForecast(
        alpha=alpha,
        beta=beta,
        gamma=gamma,
        sound=len(sound_scores),
        failed=len(failed_scores),
        alarm_above=conformal_limit(sound_scores, alpha),
        clear_below=float(failed_scores[clear_rank - 1]) if clear_rank else -math.inf,
        usual_from=float(everything[usual_rank - 1]) if usual_rank else -math.inf,
        usual_to=float(everything[-usual_rank]) if usual_rank else math.inf,
    )


def evaluate(forecast: FailureForecast, scores: npt.ArrayLike, failed: npt.ArrayLike) -> ForecastCounts:
    """Count the forecast's errors on new trials, and test them; arguments as :func:`calibrate`."""
    s, is_failed = _scored(scores, failed)
    alarms, cleared = forecast.alarms(s), forecast.cleared(s)
    false_alarms, hits = int((alarms & ~is_failed).sum()), int((alarms & is_failed).sum())
    misses, outlying = int((cleared & is_failed).sum()), int(forecast.outlying(s).sum())
    failures, sound = int(is_failed.sum()), int((~is_failed).sum())
    calibrated = forecast.sound + forecast.failed
    alarm_ranks = _share_of(forecast.sound, forecast.alpha)
    usual_ranks = 2 * _share_of(calibrated, forecast.gamma, halves=2)
    return ForecastCounts(
        sound=sound,
        false_alarms=false_alarms,
        failed=failures,
        misses=misses,
        hits=hits,
        outlying=outlying,
        p_false_alarms=excess_p(false_alarms, sound, forecast.sound, alarm_ranks),
        p_misses=excess_p(misses, failures, forecast.failed, _share_of(forecast.failed, forecast.beta)),
        p_outlying=excess_p(outlying, len(s), calibrated, usual_ranks),
        p_no_forecast=excess_p(hits, failures, forecast.sound, alarm_ranks),
    )


def _share_of(n: int, share: float, halves: int = 1) -> int:
    """Return floor((n + 1) share / halves), exactly in the decimals written."""
    if n < 0 or not 0.0 < share < 1.0:
        raise ValueError(f"n must be at least 0 and the share lie in (0, 1), got n = {n!r}, share = {share!r}")
    return math.floor((n + 1) * Fraction(str(float(share))) / halves)


def _scored(scores: npt.ArrayLike, failed: npt.ArrayLike) -> tuple[Floats, Bools]:
    s = as_sequence(scores, "scores", least=0)
    is_failed = np.asarray(failed)
    if is_failed.shape != s.shape or (len(s) and is_failed.dtype != np.bool_):
        raise ValueError(f"failed must be bools of shape {s.shape}, got {is_failed.dtype} of shape {is_failed.shape}")
    return s, is_failed.astype(np.bool_)
