"""P4: how the seeds' shares of the regions decide the regions' shares of the gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import expit

from psqe.errors import ParameterError
from psqe.kg import DoubleArray, IntArray
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
        ``log E exp(s / tau)`` over negatives of the anchor's own region and of the others, ``(R,)``.
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
        # Same-side negatives double what stands beside an anchor.
        n_batch = int(negative.sum(axis=1)[0]) + 1
        return cls(similarity, inside, outside, batch.temperature, n_batch)

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

    def even(self, sizes: ArrayLike) -> DoubleArray:
        """The seed shares ``(R,)`` that make the smallest mass an entity as large as it can be.

        ``M_r`` grows with ``pi_r``, so at the best shares ``M_r / n_r`` is the same everywhere: a region
        could only gain at the cost of another. For a given level ``m`` the share of a region is the positive
        root of ``beta pi^2 + (alpha - m n_r beta) pi - m n_r (e + alpha) = 0`` with ``alpha = B kappa_out``
        and ``beta = B (kappa_in - kappa_out)``; the level is the one at which shares add up to one.

        Parameters
        ----------
        sizes
            Entities of each region, ``n_r`` ``(R,)``; only their ratios count.

        Raises
        ------
        ParameterError
            If a size is not positive.
        """
        n = np.asarray(sizes, dtype=np.float64)
        if n.shape != self.similarity.shape or not (n > 0).all():
            raise ParameterError("there must be one positive size for each region")
        n = n / n.sum()

        def shares(log_level: float) -> DoubleArray:
            return np.array([self._share(r, float(np.exp(log_level)) * n[r]) for r in range(len(n))])

        low, high = -60.0, 60.0
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
        Of the two ends of a wrong seed: as it is lower than a right one's, its ``1 - p`` is larger (P3).
    """
    rho = np.asarray(precision, dtype=np.float64)
    shares = np.asarray(pi, dtype=np.float64)
    wrong = RegionModel(
        np.full_like(model.similarity, wrong_similarity), model.log_kappa_in, model.log_kappa_out,
        model.temperature, model.n_batch,
    )  # fmt: skip
    found: DoubleArray = rho * model.mass(shares) - harm * (1 - rho) * wrong.mass(shares)
    return found


def best_shares(
    model: RegionModel,
    sizes: ArrayLike,
    precision: ArrayLike,
    *,
    harm: float,
    wrong_similarity: float = 0.0,
    steps: int = 400,
) -> tuple[float, float]:
    """For two regions, the share of the second that makes the smaller net mass an entity largest.

    Searched on a grid: with wrong seeds the net mass of a region need not grow with its share, and the
    best share can jump from some to none.

    Returns
    -------
    The share ``pi_2`` and the net mass an entity that the worse region then gets.

    Raises
    ------
    ParameterError
        If there are not exactly two regions.
    """
    n = np.asarray(sizes, dtype=np.float64)
    if n.shape != (2,) or len(model.similarity) != 2:
        raise ParameterError("best_shares is for two regions")
    n = n / n.sum()
    grid = np.linspace(0, 1, steps + 1)
    worst = np.array([
        (net_mass(model, (1 - x, x), precision, harm=harm, wrong_similarity=wrong_similarity) / n).min()
        for x in grid
    ])  # fmt: skip
    best = int(worst.argmax())
    return float(grid[best]), float(worst[best])


def measured_mass(batch: Batch, regions: IntArray, n_regions: int) -> DoubleArray:
    """The true mass of each region in a batch ``(R,)``, with the left ends as anchors."""
    masses = np.where(batch.is_target, 0, batch.p).sum(axis=1) / batch.temperature
    return np.bincount(regions, weights=masses, minlength=n_regions).astype(np.float64)


def shares_of(regions: Sequence[int] | IntArray, n_regions: int) -> DoubleArray:
    """``pi_r`` ``(R,)`` of seeds in these regions."""
    counts = np.bincount(np.asarray(regions), minlength=n_regions)
    return np.asarray(counts / counts.sum())
