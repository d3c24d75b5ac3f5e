"""Confidence recalibrated by verdicts: how many of the judged pairs were correct, at which confidence.

The confidence of links is estimated without labels (:mod:`psqe.links.confidence`). Verdicts are labels. Let
``x`` be the logarithm of the odds of a pair's confidence. The recalibrated one is
``sigmoid(slope * x + intercept)``, Platt's scaling (Platt 1999) of a confidence that is a probability
already: without verdicts the slope is 1 and the intercept 0, and few verdicts change them little, because
both have a normal prior around these values. The pairs that a person looks at are not drawn at random. This
does no harm, because what is estimated is the share of correct pairs given their confidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import expit, logit

from psqe.graph import BoolArray, DoubleArray

PRIOR_SLOPE, PRIOR_INTERCEPT = 0.5, 1.0
"""Standard deviations of the prior of the slope, around 1, and of the intercept, around 0."""

LARGEST = 9.0
"""The largest logarithm of odds that counts; a confidence of exactly 1 has an infinite one."""

N_DRAWS = 400
"""Number of draws of slope and intercept that an interval is computed from."""


@dataclass(frozen=True, eq=False)
class Recalibration:
    """A function from confidences to confidences, fitted to judged pairs.

    Parameters
    ----------
    slope, intercept
        The function, see :mod:`psqe.links.recalibration`.
    covariance
        Covariance of slope and intercept ``(2, 2)``, of the normal distribution that approximates what the
        verdicts leave open (Laplace's approximation).
    n
        Number of judged pairs.

    Examples
    --------
    >>> unchanged = Recalibration.fit(np.empty(0), np.empty(0, dtype=bool))
    >>> unchanged(np.array([0.25, 0.75])).tolist()
    [0.25, 0.75]
    >>> doubted = Recalibration.fit(np.full(40, 0.9), np.arange(40) % 2 == 0)
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
        x = _log_odds(confidence)
        design = np.column_stack([x, np.ones_like(x)])
        precision = np.diag([PRIOR_SLOPE**-2, PRIOR_INTERCEPT**-2])
        prior = np.array([1.0, 0.0])
        found = prior.copy()
        hessian = precision
        for _ in range(100):
            chances = expit(design @ found)
            gradient = design.T @ (chances - correct) + precision @ (found - prior)
            hessian = design.T @ (design * (chances * (1 - chances))[:, None]) + precision
            step = np.linalg.solve(hessian, gradient)
            found = found - step / max(1.0, float(np.abs(step).max()))
            if np.abs(step).max() < 1e-10:
                break
        return cls(float(found[0]), float(found[1]), np.linalg.inv(hessian), len(x))

    def __call__(self, confidence: DoubleArray) -> DoubleArray:
        """Return the recalibrated confidence of pairs ``(n,)``."""
        changed: DoubleArray = expit(self.slope * _log_odds(confidence) + self.intercept)
        return changed

    @cached_property
    def _draws(self) -> DoubleArray:
        """Draws ``(N_DRAWS, 2)`` of slope and intercept; always the same."""
        rng = np.random.default_rng(0)
        return rng.multivariate_normal([self.slope, self.intercept], self.covariance, size=N_DRAWS)

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
            chances = expit(slope * x + intercept)
            sums[place], spreads[place] = chances.sum(), (chances * (1 - chances)).sum()
        half = 1.96 * float(np.sqrt(sums.var() + spreads.mean()))
        middle = float(self(confidence).sum())
        return max(0.0, middle - half), min(float(len(x)), middle + half)


def _log_odds(confidence: DoubleArray) -> DoubleArray:
    odds: DoubleArray = np.clip(logit(np.asarray(confidence, dtype=np.float64)), -LARGEST, LARGEST)
    return odds
