"""P6: what training does with precision and coverage, on a planted pair where it can be computed.

Two graphs show the same entities; the right one shows them turned, so nothing matches until the turn is
learned from seeds. Entities of a region vary along directions of their own region and along directions that
all regions share. A seed teaches the directions of its own region and the shared ones; a wrong seed
teaches noise.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from scipy import stats
from torch import nn

from psqe.errors import ParameterError
from psqe.graph import DoubleArray, IntArray
from psqe.training.loop import Training, TrainingConfig, seeded
from psqe.training.losses import info_nce


@dataclass(frozen=True)
class World:
    """Regions of set size and confusability.

    Attributes
    ----------
    sizes
        Entities of each region, ``n_r``.
    directions
        ``m``: dimensions along which the entities of a region vary. Few make a region confusable.
    shared
        How many of them all regions have in common: what is learned there serves every region.
    noise
        Norm of what either side adds to an entity's vector, which has norm one on average.
    """

    sizes: tuple[int, ...]
    directions: int = 32
    shared: int = 8
    noise: float = 0.5

    def __post_init__(self) -> None:
        if not self.sizes or min(self.sizes) < 2:
            raise ParameterError("every region needs at least 2 entities")
        if not 0 <= self.shared <= self.directions or self.directions < 1 or self.noise < 0:
            raise ParameterError("shared lies between 0 and directions; noise is not negative")

    @property
    def dim(self) -> int:
        """``D``: all directions of the world together."""
        return self.shared + len(self.sizes) * (self.directions - self.shared)

    def axes(self, region: int) -> IntArray:
        """The axes along which a region varies ``(m,)``: shared ones first."""
        private = self.directions - self.shared
        start = self.shared + region * private
        return np.concatenate([np.arange(self.shared), np.arange(start, start + private)])


@dataclass(frozen=True, eq=False)
class Seeding:
    """How many seeds, where, and how many of them right.

    Attributes
    ----------
    n_seeds
        ``K``.
    shares
        ``pi_r`` ``(R,)``, adding up to one.
    precision
        ``rho``, the same everywhere or one a region.
    """

    n_seeds: int
    shares: DoubleArray
    precision: float | DoubleArray = 1.0

    def __post_init__(self) -> None:
        shares = np.asarray(self.shares, dtype=np.float64)
        if self.n_seeds < 2 or (shares < 0).any() or not np.isclose(shares.sum(), 1):
            raise ParameterError("a seeding has at least 2 seeds and shares that add up to one")
        object.__setattr__(self, "shares", shares)
        rho = np.broadcast_to(np.asarray(self.precision, dtype=np.float64), shares.shape)
        if (rho < 0).any() or (rho > 1).any():
            raise ParameterError("precision lies between 0 and 1")
        object.__setattr__(self, "precision", rho)


def predicted(
    world: World, seeding: Seeding, *, weights: DoubleArray | None = None, n_entities: int = 400
) -> DoubleArray:
    """Hits@1 of each region ``(R,)`` after one step from nothing: closed form for each entity.

    One gradient step of InfoNCE from small weights makes the score of two vectors ``x^T C y``, where
    ``C`` is the seeds' cross-covariance: ``C = sum_k w_k x_{a_k} y_{b_k}^T / K``. Its mean holds ``pi_r
    rho_r w_r / m`` on the private directions of region ``r`` and the sum of these over regions on the
    shared ones; around it lies the noise of finitely many seeds, right and wrong. Given an entity and its
    counterpart, scores are taken as normal: the true one around what the mean of ``C`` gives it, rivals
    around zero. If the entity stands in a seed, the seed adds to the score of its two ends. Hits@1 is the
    chance that no rival scores more, averaged over drawn entities of the region.

    Parameters
    ----------
    world, seeding
        What is planted and what is known.
    weights
        ``w_r`` ``(R,)``: what a seed of each region counts, ``1 - p+_r`` of P4; one when omitted.
    n_entities
        Entities drawn to average over; always the same ones.

    Raises
    ------
    ParameterError
        If world and seeding have different numbers of regions.
    """
    n_regions, m = len(world.sizes), world.directions
    if seeding.shares.shape != (n_regions,):
        raise ParameterError(f"{len(seeding.shares)} shares for {n_regions} regions")
    w = np.ones(n_regions) if weights is None else np.asarray(weights, dtype=np.float64)
    rho, k = np.asarray(seeding.precision), seeding.n_seeds
    sizes = np.asarray(world.sizes)

    # Second moments of a region's vectors by coordinate: signal on its own axes, noise everywhere.
    signal = np.zeros((n_regions, world.dim))
    for r in range(n_regions):
        signal[r, world.axes(r)] = 1 / m
    power = signal + world.noise**2 / world.dim
    mean_c = (seeding.shares * rho * w) @ signal  # of C, which is diagonal on average
    seeded = np.minimum(1.0, k * seeding.shares / sizes)  # chance that an entity stands in a seed
    itself = w / k * power.sum(axis=1)  # what a seed gives its own ends, on average
    found = np.zeros(n_regions)
    rng = np.random.default_rng(0)
    for r in range(n_regions):
        hidden = np.zeros((n_entities, world.dim))
        hidden[:, world.axes(r)] = rng.standard_normal((n_entities, m)) / m**0.5
        x, y, other = (
            h + world.noise / world.dim**0.5 * rng.standard_normal(hidden.shape)
            for h in (hidden, hidden, rng.permutation(hidden))
        )
        # The noise of C between x and some y: w <x, x_a> <y_b, y> over seeds of every region. The ends of a
        # right seed have one signal, so that what it adds varies more where x is like y.
        each = w**2 * seeding.shares * ((x**2) @ power.T) / k
        twice = w**2 * seeding.shares * rho / k
        own_mean = (x * mean_c * y).sum(axis=1)
        own_var = (each * ((y**2) @ power.T)).sum(axis=1) + ((x * y) @ signal.T) ** 2 @ twice
        rival_noise = each @ (power @ power.T) + (x**2 * (twice @ signal**2)) @ power.T

        others = sizes - (np.arange(n_regions) == r)
        counts = np.concatenate([
            others * (1 - seeded), others * seeded * rho, others * seeded * (1 - rho)
        ])  # fmt: skip
        ahead = w[r] / k * (x**2).sum(axis=1)
        for chance, mean, row, rival in (
            (1 - seeded[r], own_mean, x * mean_c, None),
            (
                seeded[r] * rho[r],
                own_mean + ahead * (y**2).sum(axis=1),
                x * mean_c + ahead[:, None] * y,
                None,
            ),
            (seeded[r] * (1 - rho[r]), own_mean, x * mean_c + ahead[:, None] * other, ahead * power[r].sum()),
        ):
            # A rival is met through this row of C; one that stands in a seed has its own part in C, too:
            # in a right seed that goes with its signal, in a wrong one it does not.
            plain = row**2 @ power.T + rival_noise
            apart = itself**2 * (x**2 @ power.T)
            together = 2 * itself * ((row * x) @ signal.T)
            rivals = np.hstack([plain, plain + apart + together, plain + apart])
            extra = None if rival is None else (rival, plain[:, r])
            found[r] += chance * _wins(mean, own_var, rivals, counts, extra) if chance > 0 else 0.0
    return found


def _wins(
    mean: DoubleArray,
    var: DoubleArray,
    rival_var: DoubleArray,
    counts: DoubleArray,
    extra: tuple[DoubleArray, DoubleArray] | None = None,
) -> float:
    """The chance that a normal score beats ``counts`` rivals of each kind, and one extra rival.

    Averaged over entities: ``mean``, ``var (n,)``, ``rival_var (n, kinds)``; the extra rival has a mean and a
    variance ``(n,)``.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    score = mean[:, None] + np.sqrt(var)[:, None] * nodes
    beaten = np.zeros_like(score)
    for kind, count in enumerate(counts):
        if count:
            # A hair of variance, for rivals that all score exactly zero.
            beaten += count * stats.norm.logcdf(score / np.sqrt(rival_var[:, kind, None] + 1e-30))
    if extra is not None:
        beaten += stats.norm.logcdf((score - extra[0][:, None]) / np.sqrt(extra[1][:, None] + 1e-30))
    return float((np.exp(beaten) @ weights).mean() / weights.sum())


@dataclass(frozen=True, eq=False)
class Drawn:
    """A world drawn: vectors of both sides, row by row the same entity, and seeds.

    Attributes
    ----------
    left, right
        ``(n, D)``.
    regions
        ``(n,)``.
    seeds
        ``(K, 2)``: left and right rows.
    """

    left: DoubleArray
    right: DoubleArray
    regions: IntArray
    seeds: IntArray = field(repr=False)


def draw(world: World, seeding: Seeding, *, random_state: int) -> Drawn:
    """Draw entities and seeds. A region that has fewer entities than seeds gives them more than once.

    A wrong seed's right end is another entity of the same region, drawn at random.
    """
    rng = np.random.default_rng(random_state)
    regions = np.repeat(np.arange(len(world.sizes)), world.sizes)
    n = len(regions)
    hidden = np.zeros((n, world.dim))
    for r in range(len(world.sizes)):
        rows = np.flatnonzero(regions == r)
        hidden[np.ix_(rows, world.axes(r))] = rng.standard_normal((len(rows), world.directions))
    hidden /= world.directions**0.5
    turn = np.linalg.qr(rng.standard_normal((world.dim, world.dim)))[0]
    left, right = (
        hidden + world.noise / world.dim**0.5 * rng.standard_normal(hidden.shape) for _ in range(2)
    )
    pairs = []
    counts = _rounded(seeding.shares * seeding.n_seeds, seeding.n_seeds)
    for r, count in enumerate(counts):
        own = np.flatnonzero(regions == r)
        order = np.concatenate([rng.permutation(own) for _ in range(-(-count // len(own)))])[:count]
        others = own[(np.searchsorted(own, order) + rng.integers(1, len(own), len(order))) % len(own)]
        wrong = np.zeros(count, dtype=bool)
        wrong[: round(count * (1 - float(np.asarray(seeding.precision)[r])))] = True
        pairs.append(np.column_stack([order, np.where(wrong, others, order)]))
    return Drawn(left, right @ turn.T, regions, np.concatenate(pairs).astype(np.int64))


def _rounded(values: DoubleArray, total: int) -> IntArray:
    """Integers near ``values`` with this sum, the largest remainders rounded up."""
    counts = np.floor(values).astype(np.int64)
    counts[np.argsort(counts - values, kind="stable")[: total - counts.sum()]] += 1
    return counts


def hits(scores: DoubleArray, regions: IntArray, n_regions: int) -> DoubleArray:
    """Hits@1 by region ``(R,)`` of scores ``(n, n)``, right on the diagonal; ``t`` that tie get ``1 / t``."""
    own = np.diagonal(scores)[:, None]
    better = (scores > own).sum(axis=1)
    tied = (scores == own).sum(axis=1)
    won = (better == 0) / tied
    return np.bincount(regions, weights=won, minlength=n_regions) / np.bincount(regions, minlength=n_regions)


def one_step(drawn: Drawn, n_regions: int, *, weights: DoubleArray | None = None) -> DoubleArray:
    """Hits@1 by region ``(R,)`` when the cross-covariance of the drawn seeds is all that was learned."""
    a, b = drawn.seeds.T
    w = np.ones(len(a)) if weights is None else np.asarray(weights)[drawn.regions[a]]
    c = (drawn.left[a] * w[:, None]).T @ drawn.right[b] / len(a)
    return hits(drawn.left @ c @ drawn.right.T, drawn.regions, n_regions)


def trained(
    drawn: Drawn,
    n_regions: int,
    *,
    temperature: float,
    dim: int = 64,
    n_batch: int = 512,
    n_epochs: int = 100,
    learning_rate: float = 1e-2,
    random_state: int = 0,
) -> DoubleArray:
    """Hits@1 by region ``(R,)`` after InfoNCE training of one linear map a side; cosines of embeddings."""
    x, y = (torch.from_numpy(side.astype(np.float32)) for side in (drawn.left, drawn.right))
    with seeded(random_state):
        maps = nn.ModuleList([nn.Linear(x.shape[1], dim, bias=False) for _ in range(2)])

        def embedded(rows: tuple[torch.Tensor, torch.Tensor]) -> list[torch.Tensor]:
            return [nn.functional.normalize(f(v), dim=1) for f, v in zip(maps, rows, strict=True)]

        def loss(batch: torch.Tensor) -> torch.Tensor:
            left, right = embedded((x[batch[:, 0]], y[batch[:, 1]]))
            return info_nce(left, right, temperature=temperature)

        config = TrainingConfig(n_epochs=n_epochs, batch_size=n_batch, learning_rate=learning_rate)
        Training(maps, loss, torch.from_numpy(drawn.seeds), config, description="planted").run()
        with torch.inference_mode():
            left, right = embedded((x, y))
            scores = (left @ right.T).numpy()
    return hits(scores, drawn.regions, n_regions)
