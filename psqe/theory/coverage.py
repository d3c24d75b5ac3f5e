"""P4: how the seeds' shares of the regions decide the regions' shares of the gradient."""

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
    """Regions whose seeds are alike, in the mean-field view: an anchor meets average negatives.

    ``p+_r = e_r / (e_r + B pi_r kappa_in_r + B (1 - pi_r) kappa_out_r)`` with ``e_r = exp(s_r / tau)``. A
    region's mass in a batch, attraction and repulsion alike, is ``M_r = B pi_r (1 - p+_r) / tau``.

    Parameters
    ----------
    similarity
        ``s_r``, of true pairs ``(R,)``.
    log_kappa_in, log_kappa_out
        ``log E exp(s / tau)`` over negatives of the anchor's own region and of the others, ``(R,)``. With
        same-side negatives a seed stands there with both ends, and this is twice the mean.
    temperature
        ``tau``.
    n_batch
        ``B``, seeds in a batch.

    Raises
    ------
    ParameterError
        If shapes differ, or the temperature or the batch is not positive.
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
                raise ParameterError(f"{name} must be one number a region")
            object.__setattr__(self, name, values)
        if not self.temperature > 0 or self.n_batch < 1:
            raise ParameterError("temperature and n_batch must be positive")

    @classmethod
    def measured(cls, batch: Batch, regions: ArrayLike, n_regions: int) -> RegionModel:
        """The model's parameters as the embeddings of a batch have them.

        Parameters
        ----------
        batch
            Seeds; the left ends are the anchors.
        regions
            Region of each seed ``(B,)``, from 0.
        n_regions
            ``R``. A region with fewer than two seeds takes the means over all anchors.
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
        # With same-side negatives every other seed stands beside an anchor with both its ends.
        ends = float(np.log(negative[0].sum() / max(1, len(batch) - 1)))
        return cls(similarity, inside + ends, outside + ends, batch.temperature, len(batch))

    def _log_negatives(self, pi: DoubleArray) -> DoubleArray:
        with np.errstate(divide="ignore"):
            parts = np.logaddexp(np.log(pi) + self.log_kappa_in, np.log1p(-pi) + self.log_kappa_out)
        found: DoubleArray = np.log(self.n_batch) + parts
        return found

    def miss(self, pi: ArrayLike) -> DoubleArray:
        """``1 - p+_r`` ``(R,)`` at seed shares ``pi (R,)``."""
        shares = np.asarray(pi, dtype=np.float64)
        found: DoubleArray = expit(self._log_negatives(shares) - self.similarity / self.temperature)
        return found

    def mass(self, pi: ArrayLike) -> DoubleArray:
        """``M_r`` ``(R,)``."""
        found: DoubleArray = self.n_batch * np.asarray(pi) * self.miss(pi) / self.temperature
        return found

    def exponent(self, pi: ArrayLike) -> DoubleArray:
        """``d log M_r / d log pi_r`` ``(R,)`` while the other regions share the rest.

        ``1 + p+_r * B pi_r (kappa_in - kappa_out) / N_r``, with ``N_r`` all negatives: between one and two
        where a region's own entities are the harder negatives, as both factors lie between zero and one.
        """
        shares = np.asarray(pi, dtype=np.float64)
        log_n = self._log_negatives(shares)
        own = self.n_batch * shares * (np.exp(self.log_kappa_in - log_n) - np.exp(self.log_kappa_out - log_n))
        found: DoubleArray = 1 + (1 - self.miss(shares)) * own
        return found

    def effective_negatives(self, pi: ArrayLike, halved: RegionModel) -> DoubleArray:
        """``1 / sum_v w_v^2`` of an anchor ``(R,)``, from averages: how many negatives its push falls on.

        ``(sum_v e^{s_v / tau})^2 / sum_v e^{2 s_v / tau}``. The denominator is the sum of the numerator at
        half the temperature.

        Parameters
        ----------
        pi
            Seed shares ``(R,)``.
        halved
            The same regions at half the temperature.

        Raises
        ------
        ParameterError
            If ``halved`` is at another temperature.
        """
        if not np.isclose(2 * halved.temperature, self.temperature):
            raise ParameterError(f"the second model is at {halved.temperature}, not half {self.temperature}")
        shares = np.asarray(pi, dtype=np.float64)
        found: DoubleArray = np.exp(2 * self._log_negatives(shares) - halved._log_negatives(shares))
        return found

    def even(self, sizes: ArrayLike) -> DoubleArray:
        """The seed shares ``(R,)`` that make the smallest mass an entity as large as it can be.

        ``M_r`` grows with ``pi_r``, so at the best shares ``M_r / n_r`` is the same everywhere: a region
        could only gain at the cost of another. For a given level ``m`` the share of a region is the positive
        root of ``beta pi^2 + (alpha - m n_r beta) pi - m n_r (e + alpha) = 0`` with ``alpha = B kappa_out``
        and ``beta = B (kappa_in - kappa_out)``; the level is the one at which shares add up to one. It lies
        between the smallest and the largest ``1 - p+_r`` at proportional shares.

        Parameters
        ----------
        sizes
            Entities of each region, ``n_r`` ``(R,)``; only their ratios count.

        Raises
        ------
        ParameterError
            If a size is not positive, or a region's negatives are so much easier than others that more seeds
            bring it less mass.
        """
        n = np.asarray(sizes, dtype=np.float64)
        if n.shape != self.similarity.shape or not (n > 0).all():
            raise ParameterError("there must be one positive size for each region")
        if (self.exponent(np.ones_like(n)) <= 0).any():  # it is lowest where all seeds are
            raise ParameterError("a region's mass falls as its share of the seeds grows")
        n = n / n.sum()

        def shares(log_level: float) -> DoubleArray:
            return np.array([self._share(r, float(np.exp(log_level)) * n[r]) for r in range(len(n))])

        level = np.log(self.miss(n))
        low, high = level.min() - 1e-6, level.max() + 1e-6  # some room, against rounding
        level = brentq(lambda x: np.log(shares(x).sum()), low, high, xtol=1e-14)
        found = shares(level)
        return np.asarray(found / found.sum())

    def _share(self, region: int, wanted: float) -> float:
        """The share at which ``pi (1 - p+)`` is ``wanted``, one or less."""
        # All in units of e_r, so that nothing overflows.
        at_pair = self.similarity[region] / self.temperature
        inside, outside = (
            self.n_batch * np.exp(log - at_pair)
            for log in (self.log_kappa_in[region], self.log_kappa_out[region])
        )
        alpha, beta = outside, inside - outside
        half = (alpha - wanted * beta) / 2
        rest = wanted * (1 + alpha)
        # The root of beta x^2 + 2 half x - rest, in the form that does not cancel.
        root = np.sqrt(max(half**2 + beta * rest, 0.0))
        found = rest / (half + root) if half > 0 else (root - half) / beta
        return float(found)


def net_mass(
    model: RegionModel, pi: ArrayLike, precision: ArrayLike, *, harm: float, wrong_similarity: float = 0.0
) -> DoubleArray:
    """Mass of the right seeds less ``harm`` times that of the wrong ones, by region ``(R,)``.

    Parameters
    ----------
    model, pi
        The regions and the seed shares.
    precision
        ``rho_r``, share of right seeds among each region's ``(R,)``.
    harm
        What a unit of pull in a wrong direction costs, in units of pull in the right one.
    wrong_similarity
        Of the two ends of a wrong seed: where it is lower than a right one's, its ``1 - p`` is larger (P3).
    """
    rho = np.asarray(precision, dtype=np.float64)
    shares = np.asarray(pi, dtype=np.float64)
    wrong = _with_similarity(model, wrong_similarity)
    found: DoubleArray = rho * model.mass(shares) - harm * (1 - rho) * wrong.mass(shares)
    return found


def _with_similarity(model: RegionModel, similarity: float) -> RegionModel:
    return replace(model, similarity=np.full_like(model.similarity, similarity))


def bearable_harm(model: RegionModel, precision: ArrayLike, *, wrong_similarity: float = 0.0) -> DoubleArray:
    """The harm of a wrong seed at which a region's net mass is zero though it has all seeds ``(R,)``.

    ``rho_r (1 - p+_r) / ((1 - rho_r) (1 - p^wrong_r))`` at ``pi_r = 1``; infinite where all seeds are right.
    With more harm no share gives the region a positive net mass.
    """
    rho = np.asarray(precision, dtype=np.float64)
    all_of_them = np.ones_like(model.similarity)
    wrong = _with_similarity(model, wrong_similarity).miss(all_of_them)
    with np.errstate(divide="ignore"):
        found: DoubleArray = rho * model.miss(all_of_them) / ((1 - rho) * wrong)
    return found


def best_shares(
    model: RegionModel,
    sizes: ArrayLike,
    precision: ArrayLike,
    *,
    harm: float,
    wrong_similarity: float = 0.0,
) -> tuple[float, float]:
    """For two regions, the share of the second that makes the smaller net mass an entity largest.

    A region's net mass is negative up to some share, which is zero for many, and grows from there. Where
    shares exist that bring both regions above it, the best ones make their net masses an entity the same.
    Else one region gets nothing.

    Returns
    -------
    The share ``pi_2`` and the net mass an entity that the worse region then gets. It is zero where one
    region gets nothing; the share is NaN where neither can have a positive net mass.

    Raises
    ------
    ParameterError
        If there are not exactly two regions, a region's own negatives are easier than others, or wrong
        seeds are more similar than right ones.
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
        """Net mass an entity; a region's depends on its own share alone."""
        shares = (first, second)
        net = net_mass(model, shares, precision, harm=harm, wrong_similarity=wrong_similarity)
        return np.asarray(net / n)

    can = each(1, 1) > 0
    if not can.all():
        return (float("nan") if not can.any() else float(can[1])), 0.0
    some = 1e-9  # at no share at all the net mass is zero, whatever it is beside it
    from_one, from_two = (
        0.0 if each(some, some)[r] >= 0 else brentq(lambda x, r=r: each(x, x)[r], some, 1.0) for r in (0, 1)
    )
    if from_one + from_two >= 1:
        return 0.0, 0.0
    share = brentq(lambda x: np.subtract(*each(1 - x, x)), from_two, 1 - from_one, xtol=1e-12)
    return float(share), float(each(1 - share, share).min())


def measured_mass(batch: Batch, regions: IntArray, n_regions: int) -> DoubleArray:
    """The true mass of each region in a batch ``(R,)``, with the left ends as anchors."""
    masses = np.where(batch.is_target, 0, batch.p).sum(axis=1) / batch.temperature
    return np.bincount(regions, weights=masses, minlength=n_regions).astype(np.float64)


def shares_of(regions: Sequence[int] | IntArray, n_regions: int) -> DoubleArray:
    """``pi_r`` ``(R,)`` of seeds in these regions."""
    counts = np.bincount(np.asarray(regions), minlength=n_regions)
    return np.asarray(counts / counts.sum())
