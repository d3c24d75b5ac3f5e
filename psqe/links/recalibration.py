"""Confidence recalibrated by verdicts: how many of the judged pairs were correct, at which confidence.

The confidence of links is estimated without labels (:mod:`psqe.links.confidence`). Verdicts are labels. Let
``x`` be the logarithm of the odds of a pair's confidence. The recalibrated one is
``sigmoid(slope * x + intercept)``, Platt's scaling (Platt 1999) of a confidence that is a probability
already: without verdicts the slope is 1 and the intercept 0, and few verdicts change them little, because
the logarithm of the slope and the intercept have normal priors around 0. The slope is positive, so that the
order of confidences stays. Two limits keep a single verdict from changing everything: a verdict is taken to
be mistaken with the probability :data:`MISTAKEN`, and logarithms of odds beyond :data:`LARGEST` are all the
same for the fit. Beyond this limit the function only shifts them, so that their order stays, too.

The pairs that a person looks at are not drawn at random. This does no harm as long as they are chosen by
their confidence, because what is estimated is the share of correct pairs given their confidence. It does harm
where a person judges correct pairs only, such as links that were known before, or wrong ones only.

The confidences are those of the run without verdicts. A pair that appears only after earlier verdicts has
none there, and a verdict on it teaches nothing here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit

from psqe.graph import BoolArray, DoubleArray

PRIOR_LOG_SLOPE, PRIOR_INTERCEPT = 0.2, 0.3
"""Standard deviations of the priors of the logarithm of the slope and of the intercept. They are small,
because a few dozen verdicts are usually about pairs of nearly the same confidence, which say little of
others. They were chosen on emoji/en-fr, random state 0, from these, 0.15 with 0.2, and 0.25 with 0.5."""

MISTAKEN = 0.02
"""The probability that a verdict is mistaken."""

LARGEST = 4.0
"""The largest logarithm of odds that the fit tells from larger ones, that of a confidence of 0.982."""

N_DRAWS = 400
"""Number of draws of slope and intercept that an interval is computed from."""

_STEP = 1e-3
"""Step of the finite differences of second derivatives."""


@dataclass(frozen=True, eq=False)
class Recalibration:
    """A function from confidences to confidences, fitted to judged pairs.

    Parameters
    ----------
    slope, intercept
        The function, see :mod:`psqe.links.recalibration`.
    covariance
        Covariance of the logarithm of the slope and of the intercept ``(2, 2)``, of the normal distribution
        that approximates what the verdicts leave open (Laplace's approximation).
    n
        Number of judged pairs.

    Examples
    --------
    >>> unchanged = Recalibration.fit(np.empty(0), np.empty(0, dtype=bool))
    >>> unchanged(np.array([0.25, 0.75])).round(6).tolist()
    [0.25, 0.75]
    >>> doubted = Recalibration.fit(np.full(400, 0.9), np.arange(400) % 2 == 0)
    >>> round(float(doubted(np.array([0.9]))[0]), 1)
    0.5
    """

    slope: float
    intercept: float
    covariance: DoubleArray
    n: int

    @classmethod
    def fit(cls, confidence: DoubleArray, correct: BoolArray) -> Recalibration:
        """Fit the function to judged pairs.

        Parameters
        ----------
        confidence
            The confidence of each pair ``(n,)``, as it was estimated without the verdicts.
        correct
            Whether each pair was accepted ``(n,)``.

        Returns
        -------
        Recalibration
            The most probable function.
        """
        x = np.clip(_log_odds(confidence), -LARGEST, LARGEST)

        def loss(point: DoubleArray) -> float:
            """Minus the logarithm of the posterior density, up to a constant."""
            log_slope, intercept = point
            chances = MISTAKEN + (1 - 2 * MISTAKEN) * expit(np.exp(log_slope) * x + intercept)
            told = np.log(np.where(correct, chances, 1 - chances)).sum()
            prior = (log_slope / PRIOR_LOG_SLOPE) ** 2 + (intercept / PRIOR_INTERCEPT) ** 2
            return float(prior / 2 - told)

        found = minimize(loss, np.zeros(2), method="BFGS").x if len(x) else np.zeros(2)
        return cls(float(np.exp(found[0])), float(found[1]), _covariance(loss, found), len(x))

    def __call__(self, confidence: DoubleArray) -> DoubleArray:
        """Return the recalibrated confidence of pairs ``(n,)``."""
        changed: DoubleArray = expit(_changed(_log_odds(confidence), self.slope, self.intercept))
        return changed

    @cached_property
    def _draws(self) -> DoubleArray:
        """Draws ``(N_DRAWS, 2)`` of slope and intercept; always the same."""
        rng = np.random.default_rng(0)
        drawn = rng.multivariate_normal([np.log(self.slope), self.intercept], self.covariance, size=N_DRAWS)
        return np.column_stack([np.exp(drawn[:, 0]), drawn[:, 1]])

    def expected_interval(self, confidence: DoubleArray) -> tuple[float, float]:
        """Compute the 95 % interval of the number of correct pairs.

        Parameters
        ----------
        confidence
            Confidences ``(n,)`` before they are recalibrated, of pairs that nobody has judged.

        Returns
        -------
        tuple of float
            The bounds. They count what verdicts leave open about the function, and the chance by which a pair
            of a given confidence is correct or wrong.
        """
        x = _log_odds(confidence)
        sums, spreads = np.empty(N_DRAWS), np.empty(N_DRAWS)
        for place, (slope, intercept) in enumerate(self._draws):
            chances = expit(_changed(x, slope, intercept))
            sums[place], spreads[place] = chances.sum(), (chances * (1 - chances)).sum()
        half = 1.96 * float(np.sqrt(sums.var() + spreads.mean()))
        middle = float(self(confidence).sum())
        return max(0.0, middle - half), min(float(len(x)), middle + half)


def _log_odds(confidence: DoubleArray) -> DoubleArray:
    odds: DoubleArray = logit(np.asarray(confidence, dtype=np.float64))
    return odds


def _changed(x: DoubleArray, slope: float, intercept: float) -> DoubleArray:
    """Logarithms of odds after the recalibration, which shifts those beyond :data:`LARGEST` only."""
    inside = np.clip(x, -LARGEST, LARGEST)
    beyond = np.where(np.abs(x) > LARGEST, x - inside, 0.0)
    changed: DoubleArray = slope * inside + intercept + beyond
    return changed


def _covariance(loss: Callable[[DoubleArray], float], point: DoubleArray) -> DoubleArray:
    """The inverse of the second derivatives of a loss at its minimum ``(2, 2)``."""
    steps = _STEP * np.eye(2)
    second = np.array(
        [
            [
                (loss(point + a + b) - loss(point + a - b) - loss(point - a + b) + loss(point - a - b))
                / (4 * _STEP**2)
                for b in steps
            ]
            for a in steps
        ]
    )
    prior = np.diag([PRIOR_LOG_SLOPE**2, PRIOR_INTERCEPT**2])
    # A mistaken verdict can bend the loss the wrong way; then nothing is known beyond the prior.
    if np.linalg.eigvalsh(second).min() <= 0:
        return prior
    covariance: DoubleArray = np.linalg.inv(second)
    return covariance
