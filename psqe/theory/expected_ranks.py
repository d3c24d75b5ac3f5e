"""Proposition P9: what a ranking is expected to find, and how wrong that is with wrong probabilities.

The functions take small dense matrices; :class:`psqe.links.PairProbabilities` computes the same from sparse
ones, with probabilities that are estimated without labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from psqe.errors import ParameterError
from psqe.graph import DoubleArray, IntArray


def expected_correct(probabilities: ArrayLike, choices: ArrayLike) -> float:
    """Return the expected number of entities whose first choice is their counterpart, (a) of P9.

    Parameters
    ----------
    probabilities
        The probability that each pair is linked ``(n, m)``; a row adds up to at most 1.
    choices
        The column that a ranking puts first for each row ``(n,)``.

    Raises
    ------
    ParameterError
        If there is not one choice for each row, or a choice is no column.

    Examples
    --------
    >>> expected_correct([[0.75, 0.25], [0.5, 0.0]], [0, 0])
    1.25
    """
    p, first = np.asarray(probabilities, dtype=np.float64), np.asarray(choices, dtype=np.int64)
    if p.ndim != 2 or first.shape != (len(p),):
        raise ParameterError(
            f"the probabilities have shape {p.shape} and the choices {first.shape}",
            remedy="give a matrix and one choice for each row",
        )
    if len(first) and not (first.min() >= 0 and first.max() < p.shape[1]):
        raise ParameterError(
            f"the choices are from {first.min()} to {first.max()}",
            remedy=f"give columns from 0 to {p.shape[1] - 1}",
        )
    return float(p[np.arange(len(p)), first].sum())


def largest_error(
    probabilities: ArrayLike, estimates: ArrayLike, choices: ArrayLike, others: ArrayLike | None = None
) -> float:
    """Bound the error of the expected number by estimated probabilities, (c) of P9.

    Parameters
    ----------
    probabilities, estimates
        The true and the estimated probabilities ``(n, m)``.
    choices
        The first choices of a ranking ``(n,)``.
    others
        Those of another ranking ``(n,)``. Then the bound is about the difference of the two expected numbers,
        and rows on which the rankings agree add nothing.

    Raises
    ------
    ParameterError
        If shapes do not fit, or a choice is no column.

    Examples
    --------
    >>> largest_error([[0.75, 0.25]], [[0.5, 0.25]], [0])
    0.25
    >>> largest_error([[0.75, 0.25]], [[0.5, 0.25]], [0], [0])
    0.0
    """
    p, q = np.asarray(probabilities, dtype=np.float64), np.asarray(estimates, dtype=np.float64)
    if p.shape != q.shape:
        raise ParameterError(
            f"the probabilities have shape {p.shape} and the estimates {q.shape}", remedy="give equal shapes"
        )
    off = np.abs(q - p)
    if others is None:
        return expected_correct(off, choices)
    first, second = np.asarray(choices, dtype=np.int64), np.asarray(others, dtype=np.int64)
    if first.shape != second.shape:
        raise ParameterError(
            f"the rankings have shapes {first.shape} and {second.shape}",
            remedy="give one choice for each row",
        )
    differ = first != second
    return expected_correct(off[differ], first[differ]) + expected_correct(off[differ], second[differ])


@dataclass(frozen=True, eq=False)
class NoisyCopies:
    """Entities of which each is a noisy copy of one of several candidates, or of none.

    Here the probability of each pair is known, so that P9 can be checked.

    Attributes
    ----------
    left, right
        Vectors ``(n, d)`` and ``(m, d)``.
    counterpart
        The candidate of which each left entity is a copy, -1 for none ``(n,)``.
    noise
        The standard deviation of the noise in each dimension.
    dangling
        The probability that an entity is a copy of none.

    Examples
    --------
    >>> world = NoisyCopies.draw(4, 3, 2, noise=0.1, dangling=0.0, random_state=0)
    >>> world.probabilities().sum(axis=1).round(6).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """

    left: DoubleArray
    right: DoubleArray
    counterpart: IntArray
    noise: float
    dangling: float

    @classmethod
    def draw(
        cls, n: int, n_candidates: int, dim: int, *, noise: float, dangling: float, random_state: int
    ) -> NoisyCopies:
        """Draw candidates from a standard normal distribution, and copies of candidates drawn at random.

        Parameters
        ----------
        n, n_candidates, dim
            Number of left entities, of candidates and of dimensions.
        noise, dangling
            As the attributes. An entity that is a copy of none is a noisy copy of a vector that is no
            candidate.
        random_state
            Seed of the random generator.

        Raises
        ------
        ParameterError
            If the noise or a number is not positive, or ``dangling`` is not between 0 and 1.
        """
        if not 0 < noise < np.inf or not 0 <= dangling <= 1 or min(n, n_candidates, dim) < 1:
            raise ParameterError(
                f"noise is {noise}, dangling {dangling}, and the numbers are {n}, {n_candidates} and {dim}",
                remedy="give positive numbers and noise, and a share of dangling entities from 0 to 1",
            )
        rng = np.random.default_rng(random_state)
        right = rng.standard_normal((n_candidates, dim))
        counterpart = rng.integers(n_candidates, size=n)
        alone = rng.random(n) < dangling
        origin = np.where(alone[:, None], rng.standard_normal((n, dim)), right[counterpart])
        left = origin + noise * rng.standard_normal((n, dim))
        return cls(left, right, np.where(alone, -1, counterpart), noise, dangling)

    def probabilities(self, *, noise: float | None = None) -> DoubleArray:
        """Return the probability of each pair given the vectors ``(n, m)``, by Bayes' rule.

        Parameters
        ----------
        noise
            The standard deviation that is believed in; the true one by default. Another one makes
            probabilities that are too sure or too unsure.

        Raises
        ------
        ParameterError
            If the noise is not positive and finite.
        """
        sd = self.noise if noise is None else noise
        if not 0 < sd < np.inf:
            raise ParameterError(f"noise is {sd}", remedy="give a positive number")
        m, dim = self.right.shape
        distance = ((self.left[:, None, :] - self.right[None, :, :]) ** 2).sum(axis=2)
        copies = -distance / (2 * sd**2) - dim * np.log(sd) - np.log(m)
        spread = 1 + sd**2  # the variance of a copy of a vector that is no candidate
        none = -(self.left**2).sum(axis=1) / (2 * spread) - dim / 2 * np.log(spread)
        with np.errstate(divide="ignore"):
            copies, none = copies + np.log1p(-self.dangling), none + np.log(self.dangling)
        total = logsumexp(np.column_stack([copies, none]), axis=1)
        chances: DoubleArray = np.exp(copies - total[:, None])
        return chances
