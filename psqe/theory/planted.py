"""Proposition P6: the effect of precision and coverage after one step, in closed form for a planted pair.

Two graphs have the same entities. The vectors of the right graph are rotated, so that nothing matches until
the rotation is learned from seeds. Entities of a region vary along directions of this region and along
directions that all regions share. A seed teaches the directions of its region and the shared ones, and a
wrong seed teaches noise.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from scipy.special import log_ndtr
from torch import nn

from psqe.errors import ParameterError
from psqe.graph import DoubleArray, IntArray
from psqe.training.loop import Training, TrainingConfig, seeded
from psqe.training.losses import info_nce


@dataclass(frozen=True)
class World:
    """The regions of a planted pair: how large they are and how easily their entities are confused.

    Attributes
    ----------
    sizes
        Number of entities ``n_r`` of each region, at least 2.
    directions
        Number ``m`` of dimensions along which the entities of a region vary, 32 by default. In a region with
        few of them entities are easily confused.
    shared
        Number of these dimensions that all regions have in common, 8 by default. What is learned there serves
        every region.
    noise
        Norm of the noise that each side adds to the vector of an entity, whose norm is one on average; 0.5 by
        default.

    Raises
    ------
    ParameterError
        If a number is out of its bounds.

    Examples
    --------
    >>> world = World((20, 30), directions=4, shared=1)
    >>> world.dim, world.axes(1).tolist()
    (7, [0, 4, 5, 6])
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
        """Number ``D`` of all dimensions together."""
        return self.shared + len(self.sizes) * (self.directions - self.shared)

    def axes(self, region: int) -> IntArray:
        """Return the axes along which a region varies ``(m,)``, the shared ones first."""
        private = self.directions - self.shared
        start = self.shared + region * private
        return np.concatenate([np.arange(self.shared), np.arange(start, start + private)])


@dataclass(frozen=True, eq=False)
class Seeding:
    """The number of seeds, how they spread over regions, and how many of them are correct.

    Attributes
    ----------
    n_seeds
        Number ``K`` of seeds, at least 2.
    shares
        Share ``pi_r`` of the seeds in each region ``(R,)``; they add up to one.
    precision
        Share ``rho`` of correct seeds in [0, 1], one for all regions or one for each ``(R,)``; 1 by default.

    Raises
    ------
    ParameterError
        If a number is out of its bounds, or the shares do not add up to one.

    Examples
    --------
    >>> Seeding(10, np.array([0.5, 0.5]), precision=0.8).precision.tolist()
    [0.8, 0.8]
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
    """Predict Hits@1 of each region after one gradient step from small weights, in closed form.

    After one step of InfoNCE from small weights the score of two vectors is ``x^T C y``, where ``C`` is the
    cross-covariance of the seeds, ``C = sum_k w_k x_{a_k} y_{b_k}^T / K``. The mean of ``C`` is
    ``pi_r rho_r w_r / m`` on the private directions of region ``r``, and the sum of these over regions on the
    shared ones; around the mean lies the noise of finitely many seeds, correct and wrong. Given an entity
    and its counterpart, scores are taken to be normal: the true one around its score under the mean of ``C``,
    those of rivals around zero. If the entity is in a seed, the seed adds to the score of its two entities.
    Hits@1 is the probability that no rival has a higher score, averaged over drawn entities of the region.

    Parameters
    ----------
    world
        The regions.
    seeding
        The seeds.
    weights
        Weight ``w_r`` of a seed of each region ``(R,)``, as ``1 - p+_r`` of proposition P4; 1 by default.
    n_entities
        Number of entities that are drawn to average over, 400 by default; they are always the same.

    Returns
    -------
    Hits@1 by region ``(R,)``.

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

    # The second moments of a region's vectors by coordinate: signal on the region's axes, noise on all.
    signal = np.zeros((n_regions, world.dim))
    for r in range(n_regions):
        signal[r, world.axes(r)] = 1 / m
    power = signal + world.noise**2 / world.dim
    mean_c = (seeding.shares * rho * w) @ signal  # the mean of C, which is diagonal
    seeded = np.minimum(1.0, k * seeding.shares / sizes)  # probability that an entity is in a seed
    itself = w / k * power.sum(axis=1)  # mean of what a seed adds to the score of its own entities
    found = np.zeros(n_regions)
    rng = np.random.default_rng(0)
    for r in range(n_regions):
        hidden = np.zeros((n_entities, world.dim))
        hidden[:, world.axes(r)] = rng.standard_normal((n_entities, m)) / m**0.5
        x, y, other = (
            h + world.noise / world.dim**0.5 * rng.standard_normal(hidden.shape)
            for h in (hidden, hidden, rng.permutation(hidden))
        )
        # The noise of C between x and some y is w <x, x_a> <y_b, y>, summed over seeds of every region. The
        # two entities of a correct seed have the same signal, so that its term varies more where x is like y.
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
            # The score of a rival comes from this row of C. A rival in a seed adds a part to C itself, which
            # is correlated with its signal in a correct seed and not in a wrong one.
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
    """Return the probability that a normal score is higher than those of all rivals, averaged over entities.

    Parameters
    ----------
    mean, var
        Mean and variance of the score of each entity's counterpart ``(n,)``.
    rival_var
        Variance of the score of a rival of each kind, whose mean is zero ``(n, kinds)``.
    counts
        Number of rivals of each kind ``(kinds,)``.
    extra
        Mean and variance ``(n,)`` of the score of one further rival, if there is one.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    score = mean[:, None] + np.sqrt(var)[:, None] * nodes
    beaten = np.zeros_like(score)
    for kind, count in enumerate(counts):
        if count:
            # A tiny variance is added for rivals whose score is exactly zero.
            beaten += count * log_ndtr(score / np.sqrt(rival_var[:, kind, None] + 1e-30))
    if extra is not None:
        beaten += log_ndtr((score - extra[0][:, None]) / np.sqrt(extra[1][:, None] + 1e-30))
    return float((np.exp(beaten) @ weights).mean() / weights.sum())


@dataclass(frozen=True, eq=False)
class Drawn:
    """A planted pair that was drawn: vectors of both sides, row by row of the same entity, and seeds.

    Attributes
    ----------
    left, right
        Vectors ``(n, D)``.
    regions
        Region of each entity ``(n,)``.
    seeds
        Rows of the left and the right entity of each seed ``(K, 2)``.

    Examples
    --------
    >>> drawn = draw(World((20, 30)), Seeding(10, np.array([0.5, 0.5])), random_state=0)
    >>> drawn.left.shape, drawn.seeds.shape
    ((50, 56), (10, 2))
    """

    left: DoubleArray
    right: DoubleArray
    regions: IntArray
    seeds: IntArray = field(repr=False)


def draw(world: World, seeding: Seeding, *, random_state: int) -> Drawn:
    """Draw entities and seeds.

    A region with fewer entities than seeds gives some of them more than once. The right entity of a wrong
    seed is another entity of the same region, drawn at random.

    Parameters
    ----------
    world
        The regions.
    seeding
        The seeds.
    random_state
        Seed of the random generator.
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
        inside = np.flatnonzero(regions == r)
        order = np.concatenate([rng.permutation(inside) for _ in range(-(-count // len(inside)))])[:count]
        shift = rng.integers(1, len(inside), len(order))
        others = inside[(np.searchsorted(inside, order) + shift) % len(inside)]
        wrong = np.zeros(count, dtype=bool)
        wrong[: round(count * (1 - float(np.asarray(seeding.precision)[r])))] = True
        pairs.append(np.column_stack([order, np.where(wrong, others, order)]))
    return Drawn(left, right @ turn.T, regions, np.concatenate(pairs).astype(np.int64))


def _rounded(values: DoubleArray, total: int) -> IntArray:
    """Round ``values`` to integers with the sum ``total``; those with the largest remainders go up."""
    counts = np.floor(values).astype(np.int64)
    counts[np.argsort(counts - values, kind="stable")[: total - counts.sum()]] += 1
    return counts


def hits(scores: DoubleArray, regions: IntArray, n_regions: int) -> DoubleArray:
    """Return Hits@1 by region ``(R,)`` of scores ``(n, n)`` whose true pairs are on the diagonal.

    An entity whose true score is the highest together with others, ``t`` in all, counts ``1 / t``.
    """
    best = scores.max(axis=1)
    first = np.flatnonzero(np.diagonal(scores) == best)
    won = np.zeros(len(scores))
    won[first] = 1 / (scores[first] == best[first, None]).sum(axis=1)
    return np.bincount(regions, weights=won, minlength=n_regions) / np.bincount(regions, minlength=n_regions)


def one_step(drawn: Drawn, n_regions: int, *, weights: DoubleArray | None = None) -> DoubleArray:
    """Return Hits@1 by region ``(R,)`` of the scores under the cross-covariance of the drawn seeds."""
    a, b = drawn.seeds.T
    w = np.ones(len(a)) if weights is None else np.asarray(weights)[drawn.regions[a]]
    c = (drawn.left[a] * w[:, None]).T @ drawn.right[b] / len(a)
    return hits(drawn.left @ c @ drawn.right.T, drawn.regions, n_regions)


def trained(
    drawn: Drawn,
    n_regions: int,
    *,
    temperature: float,
    n_batch: int = 512,
    n_epochs: int = 100,
    random_state: int = 0,
) -> DoubleArray:
    """Return Hits@1 by region ``(R,)`` of cosines after training one linear map per side with InfoNCE.

    The embeddings have 64 dimensions, and the learning rate of AdamW is 0.01.

    Parameters
    ----------
    drawn
        Vectors, regions and seeds.
    n_regions
        Number ``R`` of regions.
    temperature
        Temperature of InfoNCE.
    n_batch
        Largest number of seeds in a batch; 512 by default.
    n_epochs
        Number of passes over the seeds; 100 by default.
    random_state
        Seed of initial weights and batches.
    """
    x, y = (torch.from_numpy(side.astype(np.float32)) for side in (drawn.left, drawn.right))
    with seeded(random_state):
        maps = nn.ModuleList([nn.Linear(x.shape[1], 64, bias=False) for _ in range(2)])

        def embedded(rows: tuple[torch.Tensor, torch.Tensor]) -> list[torch.Tensor]:
            return [nn.functional.normalize(f(v), dim=1) for f, v in zip(maps, rows, strict=True)]

        def loss(batch: torch.Tensor) -> torch.Tensor:
            left, right = embedded((x[batch[:, 0]], y[batch[:, 1]]))
            return info_nce(left, right, temperature=temperature)

        config = TrainingConfig(n_epochs=n_epochs, batch_size=n_batch, learning_rate=1e-2)
        Training(maps, loss, torch.from_numpy(drawn.seeds), config, description="planted").run()
        with torch.inference_mode():
            left, right = embedded((x, y))
            scores = (left @ right.T).numpy()
    return hits(scores, drawn.regions, n_regions)
