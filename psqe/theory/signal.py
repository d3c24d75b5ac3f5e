"""Proposition P6, second part: signal and noise of a region after one step, and what seeds should be like.

A correct seed of a region adds to the score of the region's true pairs. Every seed adds noise to the score of
two entities that are not the same, more if it lies in their region. From the ratio of the two follow the best
shares of the seeds, and how much evenness a loss of precision is worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from psqe.errors import ParameterError
from psqe.graph import DoubleArray, IntArray
from psqe.theory.planted import World


@dataclass(frozen=True, eq=False)
class RegionSignal:
    """The signal-to-noise ratio of each of ``R`` regions, by precision and share of the seeds.

    It is ``SNR_r = sqrt(K) rho_r pi_r / sqrt(pi_r v_in + (1 - pi_r) v_out)``, in units of what one correct
    seed adds to the score of a true pair of its region. The variances are those of what one seed adds to the
    score of two entities of the region that are not the same.

    Parameters
    ----------
    precision
        Share ``rho_r`` of correct seeds in each region ``(R,)``, above 0 and at most 1.
    v_in
        Variance for a seed of the same region, one for all regions or one for each.
    v_out
        Variance for a seed of another region, not negative and at most ``v_in``.
    n_seeds
        Number ``K`` of seeds; 1 by default, which leaves out a factor that all regions share.

    Raises
    ------
    ParameterError
        If a number is out of its bounds.

    Examples
    --------
    >>> own_noise = RegionSignal(np.array([1.0, 0.5]), v_in=1.0, v_out=0.0)
    >>> own_noise.snr((0.5, 0.5)).round(3).tolist(), own_noise.worst_shares().round(3).tolist()
    ([0.707, 0.354], [0.2, 0.8])
    """

    precision: DoubleArray
    v_in: float | DoubleArray
    v_out: float | DoubleArray
    n_seeds: float = 1.0

    def __post_init__(self) -> None:
        precision = np.asarray(self.precision, dtype=np.float64)
        object.__setattr__(self, "precision", precision)
        for name in ("v_in", "v_out"):
            values = np.broadcast_to(np.asarray(getattr(self, name), dtype=np.float64), precision.shape)
            object.__setattr__(self, name, values)
        if precision.ndim != 1 or (precision <= 0).any() or (precision > 1).any() or self.n_seeds <= 0:
            raise ParameterError("precision is not above 0 and at most 1 in each region, or there is no seed")
        if (np.asarray(self.v_out) < 0).any() or (np.asarray(self.v_in) <= 0).any():
            raise ParameterError("a variance is negative, or that of a region's own seeds is zero")
        if (np.asarray(self.v_out) > np.asarray(self.v_in)).any():
            raise ParameterError("seeds of other regions are noisier than those of the own one")

    def snr(self, shares: ArrayLike) -> DoubleArray:
        """Return the ratio of each region ``(R,)`` at ``shares`` ``(R,)`` of the seeds."""
        pi = np.asarray(shares, dtype=np.float64)
        found: DoubleArray = self.n_seeds**0.5 * self.precision * pi / np.sqrt(self._variance(pi))
        return found

    def own_noise(self, shares: ArrayLike) -> DoubleArray:
        """Return the part ``phi_r`` of a region's noise that grows with its share ``(R,)``, in [0, 1].

        It is ``pi_r (v_in - v_out) / (pi_r v_in + (1 - pi_r) v_out)``.
        """
        pi = np.asarray(shares, dtype=np.float64)
        found: DoubleArray = pi * (np.asarray(self.v_in) - self.v_out) / self._variance(pi)
        return found

    def exchange(self, shares: ArrayLike) -> DoubleArray:
        """Return the percent of coverage that one percent of precision is worth in each region ``(R,)``.

        It is ``1 / (1 - phi_r / 2)``: two where own noise rules, one where noise does not depend on the
        share.
        """
        found: DoubleArray = 1 / (1 - self.own_noise(shares) / 2)
        return found

    def worst_shares(self) -> DoubleArray:
        """Return the shares ``(R,)`` that make the smallest ratio of a region as large as possible.

        All regions have the same ratio there. Where own noise rules, shares are proportional to
        ``v_in / rho_r^2``, where noise does not depend on the share, to ``sqrt(v_out) / rho_r``.
        """
        slope, rest = np.asarray(self.v_in) - self.v_out, np.asarray(self.v_out)
        squared = self.precision**2

        def shares(level: float) -> DoubleArray:
            found: DoubleArray = (
                level * slope + np.sqrt((level * slope) ** 2 + 4 * squared * level * rest)
            ) / (2 * squared)
            return found

        high = 1.0
        while shares(high).sum() < 1:
            high *= 2
        low = high
        while shares(low).sum() > 1:
            low /= 2
        found = shares(low if low == high else brentq(lambda x: shares(x).sum() - 1, low, high, xtol=1e-15))
        return np.asarray(found / found.sum(), dtype=np.float64)

    def mean_shares(self, weights: ArrayLike) -> DoubleArray:
        """Return the shares ``(R,)`` that make the weighted mean of ``log SNR_r`` as large as possible.

        They do not depend on the precisions. They are proportional to the weights where own noise rules, and
        where noise does not depend on the share.

        Parameters
        ----------
        weights
            Weight of each region ``(R,)``, such as its number of entities; positive.

        Raises
        ------
        ParameterError
            If there is not one positive weight for each region.
        """
        w = np.asarray(weights, dtype=np.float64)
        if w.shape != self.precision.shape or (w <= 0).any():
            raise ParameterError("there is not one positive weight for each region")
        slope, rest = np.asarray(self.v_in) - self.v_out, np.asarray(self.v_out)

        def share(level: float) -> DoubleArray:
            # The root of w (a pi + 2 b) / (2 pi (a pi + b)) = level, with a the slope and b the rest.
            p = 2 * level * rest - w * slope
            found: DoubleArray = np.where(
                slope > 0,
                (-p + np.sqrt(p**2 + 16 * level * slope * w * rest))
                / np.where(slope > 0, 4 * level * slope, 1),
                w / level,
            )
            return found

        total = w.sum()
        found = share(brentq(lambda level: share(level).sum() - 1, total / 4, 2 * total, xtol=1e-15))
        return np.asarray(found / found.sum(), dtype=np.float64)

    def mean_log_gain(self, before: ArrayLike, after: ArrayLike, weights: ArrayLike) -> float:
        """Return the gain in the weighted mean of ``log SNR_r`` from one set of shares to another.

        Precision changes that mean by the logarithm of its ratio. So ``exp(-gain)`` is the factor by which
        precision may fall in all regions for the shares ``after`` instead of ``before``.

        From shares ``pi`` to the weights ``w`` it is ``sum_r w_r log(w_r / pi_r)``, the divergence of the
        two, where noise does not depend on the share, and half of it where own noise rules.
        """
        w = np.asarray(weights, dtype=np.float64) / np.sum(weights)
        return float(w @ np.log(self.snr(after) / self.snr(before)))

    def _variance(self, pi: DoubleArray) -> DoubleArray:
        variance: DoubleArray = pi * self.v_in + (1 - pi) * np.asarray(self.v_out)
        return variance


def planted_variances(world: World) -> tuple[float, float]:
    """Return ``v_in`` and ``v_out`` of a planted pair, for a seed whose two ends are independent.

    They are ``(1 / m + e)^2`` and ``(s / m^2 + e)^2``, where ``s`` of the ``m`` directions are shared and
    ``e = (2 noise^2 + noise^4) / D`` comes from the noise of the vectors. The two ends of a correct seed are
    not independent, which adds a part of the order ``1 / m`` of the variance.

    Parameters
    ----------
    world
        The regions.

    Examples
    --------
    >>> planted_variances(World((9, 9), directions=4, shared=2, noise=0.0))
    (0.0625, 0.015625)
    """
    noise = (2 * world.noise**2 + world.noise**4) / world.dim
    m = world.directions
    return (1 / m + noise) ** 2, (world.shared / m**2 + noise) ** 2


def measured_variances(
    left: DoubleArray, right: DoubleArray, regions: IntArray | Sequence[int], n_regions: int
) -> tuple[DoubleArray, DoubleArray]:
    """Measure ``v_in`` and ``v_out`` of each region on vectors of true pairs.

    Every pair serves as a correct seed, and every two entities of a region that are not the same as those
    whose score it changes. The mean of what a seed adds is taken out.

    Parameters
    ----------
    left, right
        Vectors ``(n, d)`` of the two ends of each pair, row by row. Their means are taken out, too.
    regions
        Region of each pair ``(n,)``.
    n_regions
        Number ``R`` of regions; each has at least two pairs.

    Returns
    -------
    The variance for a seed of the same region and for one of another region, each ``(R,)``.

    Raises
    ------
    ParameterError
        If a region has fewer than two pairs.
    """
    labels = np.asarray(regions)
    if (np.bincount(labels, minlength=n_regions) < 2).any():
        raise ParameterError("a region has fewer than two pairs", remedy="leave it out")
    centred = [side - side.mean(axis=0) for side in (left, right)]
    of_left, of_right = (side @ side.T for side in centred)
    inside, outside = np.zeros(n_regions), np.zeros(n_regions)
    for r in range(n_regions):
        rows = np.flatnonzero(labels == r)
        for chosen, found in ((labels == r, inside), (labels != r, outside)):
            seeds = np.flatnonzero(chosen)
            if not len(seeds):
                continue
            on_left, on_right = of_left[np.ix_(rows, seeds)], of_right[np.ix_(seeds, rows)]
            alone = rows[:, None] != seeds  # a seed's own score is no noise
            squares = [(v**2 * keep).sum(axis=axis) / keep.sum(axis=axis)
                       for v, keep, axis in ((on_left, alone, 0), (on_right, alone.T, 1))]  # fmt: skip
            mean = (on_left * alone) @ (on_right * alone.T) / len(seeds)
            apart = ~np.eye(len(rows), dtype=bool)
            found[r] = (squares[0] * squares[1]).mean() - (mean[apart] ** 2).mean()
    return inside, outside
