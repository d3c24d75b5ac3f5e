"""Proposition P4: a region's share of the seeds and its share of the gradient, in one step.

Similarities are held fixed when seeds are shared out differently. A model that is trained again on other
seeds has other similarities, and the proposition does not cover it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import expit

from psqe.errors import ParameterError
from psqe.graph import DoubleArray, IntArray
from psqe.theory.batch import Batch


@dataclass(frozen=True, eq=False)
class RegionModel:
    """A mean-field model of ``R`` regions, in which every anchor meets average negatives.

    It is close where the entities of a region all meet much the same negatives. Where a region has a tight
    core and outskirts, the mean over anchors of the softmax shares is not the share at the mean, and the mass
    can be off by more than its own size.

    Let ``pi_r`` be the region's share of the seeds and ``e_r = exp(s_r / tau)``. The softmax share of the
    target is ``p+_r = e_r / (e_r + B pi_r kappa_in_r + B (1 - pi_r) kappa_out_r)``. The mass of a region in a
    batch, of attraction and of repulsion alike, is ``M_r = B pi_r (1 - p+_r) / tau``.

    Parameters
    ----------
    similarity
        Similarity ``s_r`` of true pairs in each region ``(R,)``.
    log_kappa_in
        ``log E exp(s / tau)`` over negatives of the anchor's region ``(R,)``. With same-side negatives a seed
        is a negative with both of its entities, and ``kappa`` is twice the mean.
    log_kappa_out
        The same over negatives of the other regions ``(R,)``.
    temperature
        The temperature ``tau``.
    n_batch
        Number ``B`` of seeds in a batch.

    Raises
    ------
    ParameterError
        If shapes differ, or the temperature or the size of the batch is not positive.

    Examples
    --------
    >>> model = RegionModel(np.array([0.8, 0.8]), np.array([1.0, 3.0]), np.array([1.0, 1.0]), 0.2, 64)
    >>> model.mass([0.5, 0.5]).round(2).tolist()
    [121.78, 148.86]
    >>> model.even([1, 1]).round(2).tolist()
    [0.55, 0.45]
    """

    similarity: DoubleArray
    log_kappa_in: DoubleArray
    log_kappa_out: DoubleArray
    temperature: float
    n_batch: int

    def __post_init__(self) -> None:
        shape = np.shape(self.similarity)
        for name in ("similarity", "log_kappa_in", "log_kappa_out"):
            values = np.atleast_1d(np.asarray(getattr(self, name), dtype=np.float64))
            if values.ndim != 1 or np.shape(getattr(self, name)) != shape:
                raise ParameterError(f"{name} must hold one number for each region")
            object.__setattr__(self, name, values)
        if not self.temperature > 0 or self.n_batch < 1:
            raise ParameterError("temperature and n_batch must be positive")

    @classmethod
    def measured(cls, batch: Batch, regions: ArrayLike, n_regions: int) -> RegionModel:
        """Measure the parameters of the model on the embeddings of a batch.

        Parameters
        ----------
        batch
            The seeds, with the left entities as anchors.
        regions
            Region of each seed ``(B,)``, from 0.
        n_regions
            Number ``R`` of regions. A region with fewer than two seeds gets the means over all anchors.
        """
        label = np.asarray(regions)
        logits = batch.s / batch.temperature
        negative = batch.is_candidate & ~batch.is_target
        columns = np.concatenate([label, label])
        same = label[:, None] == columns[None, :]

        def log_mean(rows: np.ndarray, mask: np.ndarray) -> float:
            values = logits[rows][mask[rows]]
            if not len(values):
                return log_mean(np.arange(len(label)), negative) if mask is not negative else -np.inf
            return float(np.logaddexp.reduce(values) - np.log(len(values)))

        similarity, inside, outside = (np.empty(n_regions) for _ in range(3))
        targets = batch.s[batch.is_target]
        for r in range(n_regions):
            rows = np.flatnonzero(label == r)
            similarity[r] = targets[rows].mean() if len(rows) else targets.mean()
            inside[r] = log_mean(rows, negative & same)
            outside[r] = log_mean(rows, negative & ~same)
        # With same-side negatives every other seed is a negative with both of its entities.
        per_seed = float(np.log(negative[0].sum() / max(1, len(batch) - 1)))
        return cls(similarity, inside + per_seed, outside + per_seed, batch.temperature, len(batch))

    def _log_negatives(self, pi: DoubleArray) -> DoubleArray:
        """Return the logarithm of the sum of ``exp(s / tau)`` over all negatives of an anchor ``(R,)``."""
        with np.errstate(divide="ignore"):
            parts = np.logaddexp(np.log(pi) + self.log_kappa_in, np.log1p(-pi) + self.log_kappa_out)
        total: DoubleArray = np.log(self.n_batch) + parts
        return total

    def miss(self, pi: ArrayLike) -> DoubleArray:
        """Return ``1 - p+_r`` ``(R,)`` at seed shares ``pi (R,)``."""
        shares = np.asarray(pi, dtype=np.float64)
        missed: DoubleArray = expit(self._log_negatives(shares) - self.similarity / self.temperature)
        return missed

    def mass(self, pi: ArrayLike) -> DoubleArray:
        """Return the masses ``M_r`` ``(R,)`` at seed shares ``pi (R,)``."""
        masses: DoubleArray = self.n_batch * np.asarray(pi) * self.miss(pi) / self.temperature
        return masses

    def exponent(self, pi: ArrayLike) -> DoubleArray:
        """Return the exponents ``d log M_r / d log pi_r`` ``(R,)`` of the masses at seed shares ``pi (R,)``.

        It is ``1 + p+_r * B pi_r (kappa_in - kappa_out) / N_r``, where ``N_r`` is the sum over all negatives.
        It lies between one and two where the entities of a region are the harder negatives of its anchors,
        because both factors then lie between zero and one.
        """
        shares = np.asarray(pi, dtype=np.float64)
        log_n = self._log_negatives(shares)
        excess = np.exp(self.log_kappa_in - log_n) - np.exp(self.log_kappa_out - log_n)
        exponents: DoubleArray = 1 + (1 - self.miss(shares)) * (self.n_batch * shares * excess)
        return exponents

    def effective_negatives(self, pi: ArrayLike, halved: RegionModel) -> DoubleArray:
        """Return how many negatives the repulsion of an anchor falls on, ``1 / sum_v w_v^2``, from averages.

        It is ``(sum_v e^{s_v / tau})^2 / sum_v e^{2 s_v / tau}``. The denominator is the sum in the numerator
        at half the temperature.

        Parameters
        ----------
        pi
            Seed shares ``(R,)``.
        halved
            The same regions at half the temperature.

        Returns
        -------
        Numbers of negatives ``(R,)``.

        Raises
        ------
        ParameterError
            If ``halved`` is at another temperature.
        """
        if not np.isclose(2 * halved.temperature, self.temperature):
            raise ParameterError(f"the second model is at {halved.temperature}, not half {self.temperature}")
        shares = np.asarray(pi, dtype=np.float64)
        numbers: DoubleArray = np.exp(2 * self._log_negatives(shares) - halved._log_negatives(shares))
        return numbers

    def even(self, sizes: ArrayLike) -> DoubleArray:
        """Return the seed shares that make the smallest mass per entity as large as possible.

        ``M_r`` grows with ``pi_r``, so at the best shares ``M_r / n_r`` is the same in all regions: a region
        could only gain at the cost of another. For a given level ``m`` the share of a region is the positive
        root of ``beta pi^2 + (alpha - m n_r beta) pi - m n_r (e + alpha) = 0`` with ``alpha = B kappa_out``
        and ``beta = B (kappa_in - kappa_out)``; the level is the one at which shares add up to one. It lies
        between the smallest and the largest ``1 - p+_r`` at proportional shares.

        Parameters
        ----------
        sizes
            Number of entities ``n_r`` of each region ``(R,)``; only their ratios count.

        Returns
        -------
        Seed shares ``(R,)``, which add up to one.

        Raises
        ------
        ParameterError
            If a size is not positive, or a region's negatives are so much easier than others that more seeds
            bring it less mass.
        """
        n = np.asarray(sizes, dtype=np.float64)
        if n.shape != self.similarity.shape or not (n > 0).all():
            raise ParameterError("there must be one positive size for each region")
        if (self.exponent(np.ones_like(n)) <= 0).any():  # it is lowest where a region has all seeds
            raise ParameterError("a region's mass falls as its share of the seeds grows")
        n = n / n.sum()

        def shares(log_level: float) -> DoubleArray:
            return np.array([self._share(r, float(np.exp(log_level)) * n[r]) for r in range(len(n))])

        level = np.log(self.miss(n))
        low, high = level.min() - 1e-6, level.max() + 1e-6  # wider by a margin for rounding
        level = brentq(lambda x: np.log(shares(x).sum()), low, high, xtol=1e-14)
        best = shares(level)
        return np.asarray(best / best.sum())

    def _share(self, region: int, wanted: float) -> float:
        """Return the share of one region at which ``pi (1 - p+)`` is ``wanted``, which is at most one."""
        # All quantities are in units of e_r, so that nothing overflows.
        at_pair = self.similarity[region] / self.temperature
        inside, outside = (
            self.n_batch * np.exp(log - at_pair)
            for log in (self.log_kappa_in[region], self.log_kappa_out[region])
        )
        alpha, beta = outside, inside - outside
        half = (alpha - wanted * beta) / 2
        rest = wanted * (1 + alpha)
        # This is the root of beta x^2 + 2 half x - rest in the form without cancellation.
        root = np.sqrt(max(half**2 + beta * rest, 0.0))
        return float(rest / (half + root) if half > 0 else (root - half) / beta)


def net_mass(
    model: RegionModel, pi: ArrayLike, precision: ArrayLike, *, harm: float, wrong_similarity: float = 0.0
) -> DoubleArray:
    """Return the mass of correct seeds minus ``harm`` times that of wrong ones, by region ``(R,)``.

    Parameters
    ----------
    model
        The regions.
    pi
        Their shares of the seeds ``(R,)``.
    precision
        Share ``rho_r`` of correct seeds among those of each region ``(R,)``.
    harm
        The cost of a unit of attraction to a wrong entity, in units of attraction to the correct one.
    wrong_similarity
        Similarity of the two entities of a wrong seed, 0 by default. Where it is lower than that of a correct
        seed, ``1 - p`` of the wrong seed is larger (proposition P3).
    """
    rho = np.asarray(precision, dtype=np.float64)
    shares = np.asarray(pi, dtype=np.float64)
    wrong = _with_similarity(model, wrong_similarity)
    net: DoubleArray = rho * model.mass(shares) - harm * (1 - rho) * wrong.mass(shares)
    return net


def _with_similarity(model: RegionModel, similarity: float) -> RegionModel:
    """Return the model with one similarity of its pairs in all regions."""
    return replace(model, similarity=np.full_like(model.similarity, similarity))


def bearable_harm(model: RegionModel, precision: ArrayLike, *, wrong_similarity: float = 0.0) -> DoubleArray:
    """Return the harm of a wrong seed at which a region with all seeds has no net mass ``(R,)``.

    It is ``rho_r (1 - p+_r) / ((1 - rho_r) (1 - p^wrong_r))`` at ``pi_r = 1``, and infinite where all seeds
    are correct. With more harm no share gives the region a positive net mass.

    Parameters
    ----------
    model, precision, wrong_similarity
        As in :func:`net_mass`.
    """
    rho = np.asarray(precision, dtype=np.float64)
    all_seeds = np.ones_like(model.similarity)
    wrong = _with_similarity(model, wrong_similarity).miss(all_seeds)
    with np.errstate(divide="ignore"):
        harm: DoubleArray = rho * model.miss(all_seeds) / ((1 - rho) * wrong)
    return harm


def best_shares(
    model: RegionModel,
    sizes: ArrayLike,
    precision: ArrayLike,
    *,
    harm: float,
    wrong_similarity: float = 0.0,
) -> tuple[float, float]:
    """Return the share of the second of two regions at which the smaller net mass per entity is largest.

    The net mass of a region is negative up to some share, often zero, and grows from there. Where shares
    exist that bring both regions above that point, the best ones make their net masses per entity the same.
    Otherwise one region gets nothing.

    Parameters
    ----------
    model
        The two regions.
    sizes
        Number of entities of each region ``(2,)``; only their ratio counts.
    precision, harm, wrong_similarity
        As in :func:`net_mass`.

    Returns
    -------
    The share ``pi_2``, and the net mass per entity of the worse region at that share. The mass is zero where
    one region gets nothing; the share is NaN where neither region can have a positive net mass.

    Raises
    ------
    ParameterError
        If there are not exactly two regions, the negatives of a region are easier within it than outside, or
        wrong seeds are more similar than correct ones.
    """
    n = np.asarray(sizes, dtype=np.float64)
    if n.shape != (2,) or len(model.similarity) != 2:
        raise ParameterError("best_shares is for two regions")
    if (model.log_kappa_in < model.log_kappa_out).any() or (model.similarity < wrong_similarity).any():
        raise ParameterError(
            "a region's negatives must be no easier than others, and its wrong seeds no more similar"
        )
    n = n / n.sum()

    def each(first: float, second: float) -> DoubleArray:
        """Return the net mass per entity, which depends on the region's share alone."""
        shares = (first, second)
        net = net_mass(model, shares, precision, harm=harm, wrong_similarity=wrong_similarity)
        return np.asarray(net / n)

    can = each(1, 1) > 0
    if not can.all():
        return (float("nan") if not can.any() else float(can[1])), 0.0
    some = 1e-9  # at a share of exactly zero the net mass is zero, whatever it is beside it
    from_one, from_two = (
        0.0 if each(some, some)[r] >= 0 else brentq(lambda x, r=r: each(x, x)[r], some, 1.0) for r in (0, 1)
    )
    if from_one + from_two >= 1:
        return 0.0, 0.0
    share = brentq(lambda x: np.subtract(*each(1 - x, x)), from_two, 1 - from_one, xtol=1e-12)
    return float(share), float(each(1 - share, share).min())


def measured_mass(batch: Batch, regions: IntArray, n_regions: int) -> DoubleArray:
    """Return the true mass of each region in a batch ``(R,)``, with the left entities as anchors."""
    masses = np.where(batch.is_target, 0, batch.p).sum(axis=1) / batch.temperature
    return np.bincount(regions, weights=masses, minlength=n_regions).astype(np.float64)


def region_shares(regions: Sequence[int] | IntArray, n_regions: int) -> DoubleArray:
    """Return the share ``pi_r`` of the seeds in each region ``(R,)``, from the region of each seed."""
    counts = np.bincount(np.asarray(regions), minlength=n_regions)
    return np.asarray(counts / counts.sum())
