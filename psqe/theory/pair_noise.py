"""Proposition P8: seeds estimate the covariance of the noise between the two descriptions of an entity.

The left and the right vector of an entity differ, ``D = x_a - y_b``. Directions in which ``D`` varies much
say little about which entities are the same, and a comparison that gives them little weight finds more
counterparts. The aligner ``whitening`` estimates the second moment ``S_w = E D D^T`` from seeds. This module
computes the error of that estimate, what an error costs, and the distribution of a margin under one
comparison given that under another. All of it is in float64.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg

from psqe.errors import ParameterError
from psqe.graph import DoubleArray


def second_moment(differences: ArrayLike) -> DoubleArray:
    """Return the second moment ``S = sum_k D_k D_k^T / n`` of differences, ``(d, d)``.

    Parameters
    ----------
    differences
        One difference of two vectors in each row ``(n, d)``, at least one row.

    Raises
    ------
    ParameterError
        If there is no row.

    Examples
    --------
    >>> second_moment([[1.0, 0.0], [1.0, 2.0]]).tolist()
    [[1.0, 1.0], [1.0, 2.0]]
    """
    rows = np.asarray(differences, dtype=np.float64)
    if rows.ndim != 2 or not len(rows):
        raise ParameterError("differences must be a matrix with at least one row")
    moment: DoubleArray = rows.T @ rows / len(rows)
    return moment


def effective_dimension(moment: DoubleArray) -> float:
    """Return the effective number of dimensions ``d_eff = (tr S)^2 / |S|_F^2`` of a second moment.

    It lies between 1, where all differences lie on one line, and ``d``, where they vary equally in all
    directions.

    Parameters
    ----------
    moment
        The second moment ``S`` ``(d, d)``, not zero.

    Examples
    --------
    >>> effective_dimension(np.eye(3)), effective_dimension(np.diag([1.0, 0.0]))
    (3.0, 1.0)
    """
    return float(np.trace(moment) ** 2 / (moment**2).sum())


@dataclass(frozen=True)
class ErrorTerms:
    """The error of a second moment that was estimated from seeds, as :meth:`PairNoise.error` computes it.

    All numbers are Frobenius norms.

    Parameters
    ----------
    number
        What finitely many seeds cause: the root of the mean squared distance of the estimate from its mean.
    precision
        The largest distance of that mean from ``S_w`` that wrong seeds cause.
    coverage
        The largest distance that an uneven choice of regions causes.
    bias
        The exact distance of the mean from ``S_w``; at most ``precision + coverage``.

    Examples
    --------
    >>> terms = ErrorTerms(number=3.0, precision=1.0, coverage=3.0, bias=0.0)
    >>> terms.bound, terms.exact
    (5.0, 3.0)
    """

    number: float
    precision: float
    coverage: float
    bias: float

    @property
    def bound(self) -> float:
        """The bound by the three terms, ``sqrt(number^2 + (precision + coverage)^2)``."""
        return float(np.hypot(self.number, self.precision + self.coverage))

    @property
    def exact(self) -> float:
        """The root of the mean squared error, ``sqrt(number^2 + bias^2)``."""
        return float(np.hypot(self.number, self.bias))


@dataclass(frozen=True, eq=False)
class PairNoise:
    """The moments of the differences of linked pairs by region, and those of wrong pairs.

    Parameters
    ----------
    sizes
        Number ``n_r`` of linked entities of each region ``(R,)``; only ratios count.
    moments
        Second moment ``S_r`` of the differences of the linked pairs of each region ``(R, d, d)``.
    fourth
        Mean of ``|D|^4`` over the linked pairs of each region ``(R,)``.
    wrong
        Second moment of the differences of wrong pairs ``(d, d)``.
    wrong_fourth
        Mean of ``|D|^4`` over wrong pairs.

    Raises
    ------
    ParameterError
        If shapes do not fit, or a size is not positive.

    Examples
    --------
    >>> noise = PairNoise.gaussian([3, 1], [np.diag([1.0, 0.0]), np.diag([0.0, 2.0])], np.eye(2))
    >>> noise.within.tolist()
    [[0.75, 0.0], [0.0, 0.5]]
    >>> terms = noise.error(100, [0.5, 0.5], 0.9)
    >>> round(terms.number, 3), round(terms.precision, 3), round(terms.coverage, 3)
    (0.25, 0.056, 0.503)
    """

    sizes: DoubleArray
    moments: DoubleArray
    fourth: DoubleArray
    wrong: DoubleArray
    wrong_fourth: float

    def __post_init__(self) -> None:
        for name in ("sizes", "moments", "fourth", "wrong"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.float64))
        n_regions, dim = len(self.sizes), len(self.wrong)
        if self.moments.shape != (n_regions, dim, dim) or self.fourth.shape != (n_regions,):
            raise ParameterError(f"{n_regions} regions need as many moments of one width")
        if not n_regions or (self.sizes <= 0).any():
            raise ParameterError("every region needs entities")

    @classmethod
    def gaussian(cls, sizes: ArrayLike, covariances: ArrayLike, wrong: ArrayLike) -> PairNoise:
        """Return the moments of normal differences of mean zero.

        For these ``E |D|^4 = (tr S)^2 + 2 |S|_F^2``.

        Parameters
        ----------
        sizes
            Number of entities of each region ``(R,)``.
        covariances
            Covariance of the differences in each region ``(R, d, d)``.
        wrong
            Covariance of the differences of wrong pairs ``(d, d)``.
        """
        moments, other = np.asarray(covariances, dtype=np.float64), np.asarray(wrong, dtype=np.float64)
        fourth = [np.trace(s) ** 2 + 2 * (s**2).sum() for s in (*moments, other)]
        return cls(np.asarray(sizes, dtype=np.float64), moments, np.array(fourth[:-1]), other, fourth[-1])

    @classmethod
    def measured(cls, differences: ArrayLike, regions: ArrayLike, wrong: ArrayLike) -> PairNoise:
        """Measure the moments of given pairs.

        Parameters
        ----------
        differences
            The differences of all linked pairs ``(n, d)``.
        regions
            The region of each of them ``(n,)``, from 0; each region up to the largest has a pair.
        wrong
            The differences of wrong pairs ``(m, d)``.
        """
        rows, other = np.asarray(differences, dtype=np.float64), np.asarray(wrong, dtype=np.float64)
        label = np.asarray(regions)
        parts = [rows[label == r] for r in range(int(label.max()) + 1)]
        return cls(
            np.array([len(part) for part in parts], dtype=np.float64),
            np.stack([second_moment(part) for part in parts]),
            np.array([((part**2).sum(axis=1) ** 2).mean() for part in parts]),
            second_moment(other),
            float(((other**2).sum(axis=1) ** 2).mean()),
        )

    @property
    def within(self) -> DoubleArray:
        """The second moment ``S_w = sum_r (n_r / n) S_r`` of all linked pairs' differences ``(d, d)``."""
        mixed: DoubleArray = np.tensordot(self.sizes / self.sizes.sum(), self.moments, axes=1)
        return mixed

    def expected(self, shares: ArrayLike, precision: float) -> DoubleArray:
        """Return the mean ``rho sum_r pi_r S_r + (1 - rho) S_wrong`` of the estimate ``(d, d)``.

        Parameters
        ----------
        shares
            Share ``pi_r`` of each region among the correct seeds ``(R,)``; they add up to one.
        precision
            Share ``rho`` of correct seeds.

        Raises
        ------
        ParameterError
            If shares do not add up to one, or the precision is not from 0 to 1.
        """
        pi = self._checked(shares, precision)
        mean: DoubleArray = precision * np.tensordot(pi, self.moments, axes=1) + (1 - precision) * self.wrong
        return mean

    def error(self, n_seeds: int, shares: ArrayLike, precision: float) -> ErrorTerms:
        """Compute the terms of the error of the second moment of seeds, as an estimate of :attr:`within`.

        Parameters
        ----------
        n_seeds
            Number ``K`` of seeds, drawn independently; the error of as many that are drawn without
            replacement, or with a set number from each region, is not larger.
        shares, precision
            As for :meth:`expected`.

        Returns
        -------
        The terms, as Frobenius norms.

        Raises
        ------
        ParameterError
            As :meth:`expected`, or if there is no seed.
        """
        if n_seeds < 1:
            raise ParameterError("there must be at least one seed")
        pi, within = self._checked(shares, precision), self.within
        mean = self.expected(pi, precision)
        fourth = precision * float(pi @ self.fourth) + (1 - precision) * self.wrong_fourth
        distances = np.sqrt(((self.moments - within) ** 2).sum(axis=(1, 2)))
        return ErrorTerms(
            number=float(np.sqrt(max(0.0, fourth - (mean**2).sum()) / n_seeds)),
            precision=(1 - precision) * float(np.linalg.norm(self.wrong - within)),
            coverage=precision * float(np.abs(pi - self.sizes / self.sizes.sum()) @ distances),
            bias=float(np.linalg.norm(mean - within)),
        )

    def _checked(self, shares: ArrayLike, precision: float) -> DoubleArray:
        pi = np.asarray(shares, dtype=np.float64)
        if pi.shape != self.sizes.shape or (pi < 0).any() or not np.isclose(pi.sum(), 1):
            raise ParameterError("there must be one share for each region, and they must add up to one")
        if not 0 <= precision <= 1:
            raise ParameterError(f"the precision is {precision}", remedy="give a number from 0 to 1")
        return pi


def relative_error(estimate: DoubleArray, moment: DoubleArray) -> float:
    """Return the largest relative error ``eps`` of the variance of a direction, in the best scale.

    It is the smallest ``eps`` such that, for some factor ``c > 0``, ``c v^T S_hat v`` lies within a factor
    ``1 - eps`` and ``1 + eps`` of ``v^T S v`` for every ``v``.

    Parameters
    ----------
    estimate, moment
        ``S_hat`` and ``S``, positive definite ``(d, d)``.

    Returns
    -------
    A number from 0 to below 1.

    Examples
    --------
    >>> round(relative_error(np.diag([3.0, 1.0]), np.eye(2)), 6)
    0.5
    """
    values = linalg.eigvalsh(estimate, moment)
    return float((values[-1] - values[0]) / (values[-1] + values[0]))


def signal(gaps: ArrayLike, metric: DoubleArray, noise: DoubleArray) -> DoubleArray:
    """Return the mean margin of the counterpart over a rival, in standard deviations.

    Under the score ``-(x - y)^T M (x - y)`` a margin is ``G^T M G + 2 D^T M G``. For normal differences ``D``
    of mean zero and covariance ``S`` the counterpart beats the rival with probability ``Phi(t)``, where
    ``t = G^T M G / (2 sqrt(G^T M S M G))`` is what this function returns.

    Parameters
    ----------
    gaps
        Vector ``G`` of the counterpart minus that of a rival, one in each row ``(n, d)``.
    metric
        The matrix ``M`` of the score, positive definite ``(d, d)``: the identity for plain distances, the
        inverse of ``S`` for distances after whitening by ``S``.
    noise
        The covariance ``S`` ``(d, d)``.

    Returns
    -------
    One number for each gap ``(n,)``.

    Examples
    --------
    >>> signal([[2.0, 2.0]], np.eye(2), np.diag([1.0, 0.25])).round(3).tolist()
    [1.789]
    >>> signal([[2.0, 2.0]], np.diag([1.0, 4.0]), np.diag([1.0, 0.25])).round(3).tolist()
    [2.236]
    """
    rows = np.asarray(gaps, dtype=np.float64)
    turned = rows @ metric
    found: DoubleArray = (turned * rows).sum(axis=1) / (2 * np.sqrt(((turned @ noise) * turned).sum(axis=1)))
    return found


@dataclass(frozen=True, eq=False)
class MarginLaw:
    """The normal law of margins under one score, given those under plain distances.

    Parameters
    ----------
    intercept, slope
        The mean is ``intercept + slope * margin``, one of each for every gap ``(n,)``.
    deviation
        The standard deviation ``(n,)``.
    """

    intercept: DoubleArray
    slope: DoubleArray
    deviation: DoubleArray


def margin_law(gaps: ArrayLike, metric: DoubleArray, noise: DoubleArray) -> MarginLaw:
    """Compute the law of a margin under the score of ``M``, given the margin under plain distances.

    With ``M`` the inverse of ``S`` the intercept is never negative: where plain distances do not decide
    between counterpart and rival, whitening favours the counterpart.

    Parameters
    ----------
    gaps, metric, noise
        As for :func:`signal`.

    Examples
    --------
    >>> law = margin_law([[2.0, 2.0]], np.diag([1.0, 4.0]), np.diag([1.0, 0.25]))
    >>> [round(float(values[0]), 3) for values in (law.intercept, law.slope, law.deviation)]
    [7.2, 1.6, 5.367]
    """
    rows = np.asarray(gaps, dtype=np.float64)
    turned = rows @ metric
    spread, shared, total = (
        ((left @ noise) * right).sum(axis=1)
        for left, right in ((rows, rows), (rows, turned), (turned, turned))
    )
    slope = shared / spread
    intercept = (turned * rows).sum(axis=1) - slope * (rows**2).sum(axis=1)
    deviation = 2 * np.sqrt(np.maximum(0, total - shared**2 / spread))
    return MarginLaw(intercept, slope, deviation)
