"""Proposition P7: a region with few seeds is learned late, for linear encoders under gradient flow.

The loss is the spectral contrastive loss (HaoChen et al. 2021), which is InfoNCE to the second order in the
scores over the temperature. Its two terms hang on the seeds by their second moments alone, and for a planted
pair every direction is learned by itself, in the form of a logistic curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike
from scipy.integrate import solve_ivp
from torch import Tensor

from psqe.errors import ParameterError
from psqe.graph import DoubleArray
from psqe.theory.planted import Drawn, Seeding, World, hits
from psqe.training.loop import seeded
from psqe.training.losses import info_nce


@dataclass(frozen=True, eq=False)
class SpectralFlow:
    """The strength with which linear encoders have learned each direction of a planted pair, over time.

    The score of two entities is ``x^T W^T V y``. Where ``W`` and ``V`` start as small multiples of matrices
    with orthonormal columns that fit each other, the score stays ``sum_i u_i x_i y_i`` along the ``D``
    directions, and ``du_i / dt = 4 u_i (c_i - decay - q_i^2 u_i)``. Here ``c_i`` is the covariance of the two
    ends of a seed along the direction, and ``q_i`` the mean square of an end.

    Parameters
    ----------
    world
        The regions.
    seeding
        The seeds; their number does not matter here.
    start
        The strength ``u_i`` of every direction at time zero, positive; 0.0001 by default.
    decay
        Weight of the squared lengths of ``W`` and ``V`` in the loss; none by default.

    Raises
    ------
    ParameterError
        If ``start`` is not positive or ``decay`` is negative.

    Examples
    --------
    >>> seeding = Seeding(10, np.array([0.8, 0.2]))
    >>> flow = SpectralFlow(World((9, 9), directions=4, shared=0, noise=0.0), seeding)
    >>> flow.pull.tolist()
    [0.2, 0.2, 0.2, 0.2, 0.05, 0.05, 0.05, 0.05]
    >>> flow.of_regions(flow.correlation).round(6).tolist()
    [1.0, 1.0]
    """

    world: World
    seeding: Seeding
    start: float = 1e-4
    decay: float = 0.0

    def __post_init__(self) -> None:
        if self.start <= 0 or self.decay < 0:
            raise ParameterError("start is positive, and decay is not negative")
        if self.seeding.shares.shape != (len(self.world.sizes),):
            raise ParameterError(f"{len(self.seeding.shares)} shares for {len(self.world.sizes)} regions")

    @property
    def pull(self) -> DoubleArray:
        """Covariance ``c_i`` of a seed's ends along each direction ``(D,)``: ``rho_r pi_r / m``, summed."""
        return self._sum(self.seeding.shares * np.asarray(self.seeding.precision))

    @property
    def power(self) -> DoubleArray:
        """Mean square ``q_i`` of an end of a seed along each direction ``(D,)``."""
        return self._sum(self.seeding.shares) + self.world.noise**2 / self.world.dim

    @property
    def limit(self) -> DoubleArray:
        """Strength of each direction after infinite time ``(D,)``: ``(c_i - decay) / q_i^2``, or zero."""
        return np.maximum(self.pull - self.decay, 0) / self.power**2

    @property
    def correlation(self) -> DoubleArray:
        """The limit in units of what the ends of seeds vary, ``q_i`` times :attr:`limit` ``(D,)``.

        Without decay it is the correlation of the two ends along the direction.
        """
        return self.power * self.limit

    def strength(self, times: ArrayLike) -> DoubleArray:
        """Return ``u_i`` at each time ``(n_times, D)``."""
        return logistic_curves(self.pull - self.decay, self.power**2, times, start=self.start)

    def time_to(self, fraction: float) -> DoubleArray:
        """Return when each direction has a fraction of its limit ``(D,)``; infinite where that is zero.

        It is ``(log(limit / start - 1) + log(fraction / (1 - fraction))) / (4 (c_i - decay))``.

        Parameters
        ----------
        fraction
            Between 0 and 1; more than ``start`` is of the limit.
        """
        rate, limit = self.pull - self.decay, self.limit
        with np.errstate(divide="ignore", invalid="ignore"):
            found = (np.log(limit / self.start - 1) + np.log(fraction / (1 - fraction))) / (4 * rate)
        times: DoubleArray = np.where(rate > 0, found, np.inf)
        return times

    def of_regions(self, values: ArrayLike) -> DoubleArray:
        """Return the means over the directions of each region alone ``(..., R)`` of values ``(..., D)``.

        Where a region has no direction of its own, it is the mean over all of its directions.
        """
        array, shared = np.asarray(values, dtype=np.float64), self.world.shared
        parts = [self.world.axes(r) for r in range(len(self.world.sizes))]
        own = [axes[shared:] if shared < self.world.directions else axes for axes in parts]
        return np.stack([array[..., axes].mean(axis=-1) for axes in own], axis=-1)

    def stands_out(self, strength: ArrayLike) -> DoubleArray:
        """Return by how much the score of a true pair of each region stands out among rivals ``(R, R)``.

        It is the mean score of true pairs of region ``r`` over the standard deviation of the scores of an
        entity of region ``r`` with an entity of region ``q`` that is not its counterpart. Infinite where such
        scores are all zero.

        Parameters
        ----------
        strength
            The strength ``u_i`` of each direction ``(D,)``.
        """
        u, n_regions = np.asarray(strength, dtype=np.float64), len(self.world.sizes)
        signal = np.zeros((n_regions, self.world.dim))
        for r in range(n_regions):
            signal[r, self.world.axes(r)] = 1 / self.world.directions
        mean_square = signal + self.world.noise**2 / self.world.dim
        spread = np.sqrt((mean_square * u**2) @ mean_square.T)
        with np.errstate(divide="ignore"):
            found: DoubleArray = (signal @ u)[:, None] / spread
        return found

    def moments(self, turn: DoubleArray) -> tuple[DoubleArray, DoubleArray, DoubleArray]:
        """Return the second moments of seeds whose right ends are turned by ``turn`` ``(D, D)``.

        Returns
        -------
        ``E x y^T``, ``E x x^T`` and ``E y y^T`` ``(D, D)`` over the ends of seeds.
        """
        return np.diag(self.pull) @ turn.T, np.diag(self.power), turn @ np.diag(self.power) @ turn.T

    def _sum(self, of_regions: DoubleArray) -> DoubleArray:
        """Return the sum over the regions that vary along each direction, over ``m`` ``(D,)``."""
        total = np.zeros(self.world.dim)
        for r, value in enumerate(of_regions):
            total[self.world.axes(r)] += value / self.world.directions
        return total


def logistic_curves(rate: DoubleArray, brake: DoubleArray, times: ArrayLike, *, start: float) -> DoubleArray:
    """Solve ``du_i / dt = 4 u_i (rate_i - brake_i u_i)``, the curve along which P7 learns a direction.

    Parameters
    ----------
    rate, brake
        One of each for every direction ``(D,)``; a rate may be zero or negative.
    times
        Times ``(n_times,)``, from 0.
    start
        The value of every ``u_i`` at time zero, positive.

    Returns
    -------
    The values ``u_i`` at each time ``(n_times, D)``.

    Examples
    --------
    >>> logistic_curves(np.array([1.0, 0.0]), np.array([2.0, 2.0]), [0, 9], start=0.1).round(2).tolist()
    [[0.1, 0.1], [0.5, 0.01]]
    """
    t = np.asarray(times, dtype=np.float64)[:, None]
    # In this form the curve also holds for a rate of zero or below.
    with np.errstate(over="ignore"):
        grown = np.exp(np.minimum(4 * rate * t, 700))
        small = np.abs(rate) < 1e-300
        filled = np.where(small, 4 * t, (grown - 1) / np.where(small, 1, rate))
        found: DoubleArray = start * grown / (1 + start * brake * filled)
    return found


def moment_products(moments: Sequence[DoubleArray], times: ArrayLike, *, start: float) -> DoubleArray:
    """Return what linear encoders have learned at each time by P7, from the second moments of any seeds.

    The directions are the singular directions of ``E x y^T``, its singular values are ``c_i``, and the mean
    squares of the two ends along a direction have the product ``q_i^2``. That is the gradient flow where
    ``E x x^T`` and ``E y y^T`` have no entries between two directions, as in a planted pair, and an
    approximation elsewhere.

    Parameters
    ----------
    moments
        ``E x y^T``, ``E x x^T`` and ``E y y^T`` ``(D, D)``.
    times
        Times ``(n_times,)``, from 0.
    start
        The strength of every direction at time zero, positive.

    Returns
    -------
    ``W^T V`` at each time minus its value at time zero ``(n_times, D, D)``. The start of P7 is a multiple of
    the rotation that fits the seeds best, which already matches and which a random start does not know; that
    is why it is left out.

    Examples
    --------
    >>> moments = np.diag([0.5, 0.1]), np.eye(2), np.eye(2)
    >>> moment_products(moments, [0, 5, 1000], start=1e-3).diagonal(axis1=1, axis2=2).round(2).tolist()
    [[0.0, 0.0], [0.49, 0.01], [0.5, 0.1]]
    """
    both, of_left, of_right = moments
    left, pull, right = np.linalg.svd(both)
    power = [((rows @ second) * rows).sum(axis=1) for rows, second in ((left.T, of_left), (right, of_right))]
    learned = logistic_curves(pull, power[0] * power[1], times, start=start) - start
    products: DoubleArray = (left * learned[:, None, :]) @ right
    return products


def limit_product(moments: Sequence[DoubleArray]) -> DoubleArray:
    """Return ``W^T V`` after infinite time ``(D, D)``, the minimum of the spectral loss without decay.

    It is ``(E x x^T)^-1 E x y^T (E y y^T)^-1``, for encoders with at least ``D`` rows.

    Parameters
    ----------
    moments
        ``E x y^T``, ``E x x^T`` and ``E y y^T`` ``(D, D)``. Where the seeds do not span all directions, the
        inverse is the pseudoinverse.

    Examples
    --------
    >>> limit_product((np.diag([0.5, 0.1]), np.eye(2), 0.5 * np.eye(2))).tolist()
    [[1.0, 0.0], [0.0, 0.2]]
    """
    both, of_left, of_right = moments
    found: DoubleArray = np.linalg.pinv(of_left) @ both @ np.linalg.pinv(of_right)
    return found


def shared_pull(own: tuple[DoubleArray, DoubleArray], other: tuple[DoubleArray, DoubleArray]) -> float:
    """Return how much a true pair of another region pulls along a region's own directions.

    With the mean ``C`` of ``x y^T`` over true pairs of a region it is ``<C, C_other> / <C, C>``: what seeds
    of the other region add to the covariance along the directions that the region's own seeds show, in units
    of what these add. It is 0 where regions share no direction, and 1 where they are alike. If the region has
    the share ``pi`` of the correct seeds, it is pulled by ``pi + (1 - pi) s``, and by P7 the time that it
    takes is inversely proportional to that.

    Parameters
    ----------
    own, other
        Left and right vectors of the true pairs of the region, and of the other one, row by row ``(n, D)``.
        The estimate of ``<C, C>`` has no bias from the number of pairs.

    Raises
    ------
    ParameterError
        If a region has fewer than two true pairs.

    Examples
    --------
    >>> rows = np.eye(4).repeat(2, axis=0)
    >>> first, both = rows[:4], rows
    >>> shared_pull((first, first), (rows[4:], rows[4:])), round(shared_pull((first, first), (both, both)), 2)
    (0.0, 0.75)
    """
    (x, y), n = own, len(own[0])
    if n < 2 or len(other[0]) < 2:
        raise ParameterError("each of the two regions needs at least 2 true pairs")
    mean, mean_other = x.T @ y / n, other[0].T @ other[1] / len(other[0])
    # The square of a mean over n pairs holds each pair with itself, which says nothing about other pairs.
    itself = ((x**2).sum(axis=1) * (y**2).sum(axis=1)).sum()
    return float((mean * mean_other).sum() / ((n**2 * (mean**2).sum() - itself) / (n * (n - 1))))


def time_reached(times: ArrayLike, values: ArrayLike, level: float) -> float:
    """Return the time from which on measured values are at or above a level, interpolated.

    Parameters
    ----------
    times, values
        Ascending times and the value at each ``(n_times,)``.
    level
        The level. Values may be above it before, if they fall below it again.

    Returns
    -------
    The time; the first one where no value is below the level, infinite where the last value is below it.

    Examples
    --------
    >>> time_reached([0, 1, 2, 3], [0.5, 0.0, 0.2, 0.6], 0.4), time_reached([0, 1], [0.0, 0.1], 0.4)
    (2.5, inf)
    """
    t, found = np.asarray(times, dtype=np.float64), np.asarray(values, dtype=np.float64)
    below = np.flatnonzero(found < level)
    if not len(below):
        return float(t[0])
    k = int(below[-1])
    if k + 1 == len(t):
        return float("inf")
    return float(np.interp(level, found[k : k + 2], t[k : k + 2]))


def seed_moments(drawn: Drawn) -> tuple[DoubleArray, DoubleArray, DoubleArray]:
    """Return the second moments of the ends of drawn seeds, as :meth:`SpectralFlow.moments` has them."""
    x, y = drawn.left[drawn.seeds[:, 0]], drawn.right[drawn.seeds[:, 1]]
    return x.T @ y / len(x), x.T @ x / len(x), y.T @ y / len(y)


def spectral_loss(left: Tensor, right: Tensor, moments: Sequence[Tensor], *, decay: float = 0.0) -> Tensor:
    """Compute the spectral contrastive loss of linear encoders from second moments.

    It is ``-2 E z_a . z_b + E (z_a . z_b')^2``, where ``a`` and ``b'`` are ends of two independent seeds,
    plus ``decay`` times the squared lengths of both maps.

    Parameters
    ----------
    left, right
        The maps ``W`` and ``V`` ``(d, D)``.
    moments
        ``E x y^T``, ``E x x^T`` and ``E y y^T`` ``(D, D)``.
    decay
        Weight of the squared lengths; none by default.
    """
    both, of_left, of_right = moments
    attraction = (left @ both * right).sum()
    repulsion = ((left @ of_left @ left.T) * (right @ of_right @ right.T)).sum()
    return -2 * attraction + repulsion + decay * ((left**2).sum() + (right**2).sum())


def gradient_flow(
    moments: Sequence[DoubleArray],
    maps: tuple[DoubleArray, DoubleArray],
    times: ArrayLike,
    *,
    decay: float = 0.0,
    tolerance: float = 1e-8,
) -> DoubleArray:
    """Integrate the gradient flow of :func:`spectral_loss` numerically, with automatic differentiation.

    Parameters
    ----------
    moments
        As for the loss.
    maps
        ``W`` and ``V`` at time zero ``(d, D)``.
    times
        Ascending times ``(n_times,)``, from 0.
    decay
        Weight of the squared lengths; none by default.
    tolerance
        Relative tolerance of the integration; 1e-8 by default.

    Returns
    -------
    ``W^T V`` at each time ``(n_times, D, D)``.
    """
    given = [torch.from_numpy(np.ascontiguousarray(part)) for part in moments]
    shape = maps[0].shape

    def fall(_: float, flat: DoubleArray) -> DoubleArray:
        both = torch.from_numpy(flat.reshape(2, *shape).copy()).requires_grad_()
        (slope,) = torch.autograd.grad(spectral_loss(both[0], both[1], given, decay=decay), both)
        return np.asarray(-slope.numpy().ravel(), dtype=np.float64)

    at = np.asarray(times, dtype=np.float64)
    start = np.stack(maps).ravel()
    found = solve_ivp(fall, (0.0, at[-1]), start, t_eval=at, rtol=tolerance, atol=tolerance * 1e-3)
    states = found.y.T.reshape(len(at), 2, *shape)
    products: DoubleArray = np.einsum("tki,tkj->tij", states[:, 0], states[:, 1])
    return products


def region_strengths(drawn: Drawn, product: DoubleArray, n_regions: int) -> tuple[DoubleArray, DoubleArray]:
    """Measure what scores ``x^T M y`` have learned of each region, without knowing its directions.

    Parameters
    ----------
    drawn
        Vectors and regions.
    product
        The matrix ``M`` ``(D, D)``.
    n_regions
        Number ``R`` of regions.

    Returns
    -------
    The mean score of the true pairs minus that of all pairs of the region ``(R,)``, which is ``u`` of the
    region's directions on average, and Hits@1 ``(R,)``.
    """
    scores = drawn.left @ product @ drawn.right.T
    true = np.diagonal(scores)
    apart = []
    for r in range(n_regions):
        inside = drawn.regions == r
        # The mean score of all pairs is the score of the mean vectors.
        of_all = drawn.left[inside].mean(axis=0) @ product @ drawn.right[inside].mean(axis=0)
        apart.append(true[inside].mean() - of_all)
    return np.array(apart), hits(scores, drawn.regions, n_regions)


def contrastive_descent(
    drawn: Drawn,
    n_regions: int,
    *,
    temperature: float,
    n_steps: int = 80,
    every: int = 2,
    learning_rate: float = 0.02,
    random_state: int = 0,
) -> pd.DataFrame:
    """Train linear maps on drawn seeds with InfoNCE of unit vectors, by plain gradient descent.

    All seeds are in one batch. The maps start as random matrices of 64 rows.

    Parameters
    ----------
    drawn
        Vectors, regions and seeds.
    n_regions
        Number ``R`` of regions.
    temperature
        Temperature of InfoNCE.
    n_steps
        Number of steps; 80 by default.
    every
        Number of steps between two measurements; 2 by default.
    learning_rate
        Length of a step, in units of the temperature for each row of a map; 0.02 by default.
    random_state
        Seed of the first weights.

    Returns
    -------
    pandas.DataFrame
        One row for each measured ``step`` and ``region``: ``strength``, the mean cosine of true pairs minus
        that of all pairs of the region, and ``hits``, Hits@1.
    """
    x, y = torch.from_numpy(drawn.left), torch.from_numpy(drawn.right)
    a, b = (torch.from_numpy(drawn.seeds[:, side]) for side in (0, 1))
    with seeded(random_state):
        maps = [(torch.randn(64, x.shape[1], dtype=torch.float64) / 8).requires_grad_() for _ in range(2)]
    rows = []

    def embedded(side: Tensor, weights: Tensor) -> Tensor:
        return torch.nn.functional.normalize(side @ weights.T, dim=1)

    for step in range(n_steps + 1):
        if step % every == 0:
            with torch.no_grad():
                left, right = (embedded(side, w).numpy() for side, w in zip((x, y), maps, strict=True))
            unit = Drawn(left, right, drawn.regions, drawn.seeds)
            strength, found = region_strengths(unit, np.eye(left.shape[1]), n_regions)
            rows += [
                {"step": step, "region": r, "strength": strength[r], "hits": found[r]}
                for r in range(n_regions)
            ]
        loss = info_nce(embedded(x[a], maps[0]), embedded(y[b], maps[1]), temperature=temperature)
        slopes = torch.autograd.grad(loss, maps)
        with torch.no_grad():
            for weights, slope in zip(maps, slopes, strict=True):
                weights -= learning_rate * temperature * slope * len(weights)
    return pd.DataFrame(rows)
