"""Planted pairs: two graphs grown from one hidden graph, every property of it a parameter.

Planted pairs serve theory, stress tests and the tests of miners and aligners; they are never evidence that a
method works. :func:`psqe.datasets.load_task` does not know them, as a planted pair comes with its features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from psqe.datasets.dangling import draw_dangling
from psqe.errors import ParameterError
from psqe.features.base import Features, Modality
from psqe.graph import SIDES, AlignmentTask, IntArray, KnowledgeGraph

Floats = NDArray[np.float64]
PerRegion = float | Sequence[float]
"""One number for all regions, or one number for each region."""

N_RELATIONS = 3
WITHIN_REGION = 0.8
"""Share of the edges that stay inside the region of their head; the tails of the others are anywhere."""


def planted_pair(
    n: int = 120,
    regions: int | Sequence[float] = 4,
    dim: int = 16,
    *,
    spread: PerRegion = 1.0,
    noise: PerRegion = 0.8,
    missing: PerRegion = 0.0,
    density: PerRegion = 4.0,
    edge_loss: float = 0.1,
    dangling: float = 0.125,
    modalities: Sequence[str] = ("image", "attribute"),
    random_state: int = 0,
) -> tuple[AlignmentTask, Features]:
    """Grow a hidden graph with vectors, and let two sides see it with noise.

    An entity's hidden vector is the centre of its region (standard normal) plus ``spread`` times a
    standard normal vector. A modality turns hidden vectors by its own random rotation, the same on
    both sides; each side then adds ``noise`` times a standard normal vector.

    Parameters
    ----------
    n
        Number of hidden entities, at least 4.
    regions
        Number of regions of equal size, or their relative sizes.
    dim
        Dimensions of the vectors.
    spread
        Distance of the entities from the centre of their region, as a standard deviation. With a small
        spread entities are easily confused.
    noise
        Standard deviation of the noise that each side adds to the vectors.
    missing
        Share of the entities without a vector, drawn for each side and modality.
    density
        Mean number of edges drawn for a hidden entity; edges drawn twice count once.
    edge_loss
        Share of the hidden edges that are missing on a side, drawn for each side.
    dangling
        Share of the hidden entities dropped from each side, in [0, 0.5).
    modalities
        Names of the modalities.
    random_state
        Not negative. It decides every draw.

    Returns
    -------
    task
        The pair. All entities are candidates; ``groups`` are the regions; right entities and links are in
        random order.
    features
        The vectors, one row per entity.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or its length is not the number of regions.

    Examples
    --------
    >>> task, features = planted_pair(40, regions=2, dangling=0.25)
    >>> len(task.links), features.shape
    (20, (30, 30))
    """
    if n < 4:
        raise ParameterError(f"n is {n}", remedy="give at least 4 entities")
    if dim < 1:
        raise ParameterError(f"dim is {dim}", remedy="give at least 1 dimension")
    if random_state < 0:
        raise ParameterError(f"random_state is {random_state}", remedy="give an integer of at least 0")
    region = regions_of(n, regions)
    n_regions = int(region.max()) + 1
    spreads = _per_region("spread", spread, n_regions)[region]
    noises = _per_region("noise", noise, n_regions)[region]
    missings = _per_region("missing", missing, n_regions, upper=1.0)[region]
    densities = _per_region("density", density, n_regions)
    if not 0 <= edge_loss < 1:
        raise ParameterError(f"edge_loss is {edge_loss}", remedy="give a share of at least 0 and below 1")

    rng = np.random.default_rng(random_state)
    both, left_only, right_only = draw_dangling(n, dangling, rng)
    members = (
        np.sort(np.concatenate([both, left_only])),
        rng.permutation(np.concatenate([both, right_only])),
    )
    edges = hidden_edges(region, densities, rng)
    graphs = [_graph(side, region, edges[rng.random(len(edges)) >= edge_loss]) for side in SIDES]
    centres = rng.standard_normal((n_regions, dim))
    hidden = centres[region] + spreads[:, None] * rng.standard_normal((n, dim))
    arrays: dict[str, ArrayLike] = {}
    for modality in modalities:
        rotation, _ = np.linalg.qr(rng.standard_normal((dim, dim)))
        for side, order in zip(SIDES, members, strict=True):
            view = hidden @ rotation + noises[:, None] * rng.standard_normal((n, dim))
            present = rng.random(n) >= missings
            arrays[f"{modality}_{side}"] = view[order].astype(np.float32)
            arrays[f"{modality}_{side}_present"] = present[order]
    parameters = {"n": n, "dangling": dangling, "random_state": random_state}
    task = AlignmentTask("synthetic/planted", graphs[0], graphs[1], np.column_stack([both, both]), parameters)
    task = task.take(*members)
    arrays |= {f"{side}_entities": np.array(task.sides[side].entities) for side in SIDES}
    return task, Features.from_arrays(arrays)


def planted_vectors(task: AlignmentTask, widths: Mapping[str, int], *, random_state: int = 0) -> Features:
    """Draw vectors for the entities of a pair, and let linked entities resemble each other.

    They have the sizes of real vectors and are enough to measure what mining and training cost; since they
    are made from the gold links, they are no evidence that a method works.

    Parameters
    ----------
    task
        The pair. Without gold links, all vectors are drawn independently.
    widths
        The number of dimensions of each modality, by name.
    random_state
        Not negative. It decides every draw.

    Returns
    -------
    Vectors of all entities. Those of the left side are standard normal; a right entity has the sum of the
    vectors of its counterparts and a standard normal vector of its own.

    Raises
    ------
    ParameterError
        If there is no modality.

    Examples
    --------
    >>> task, _ = planted_pair(40, dangling=0.25)
    >>> planted_vectors(task, {"image": 8, "attribute": 4})
    Features(image: 8-d, 30/30 left, 30/30 right; attribute: 4-d, 30/30 left, 30/30 right)
    """
    rng = np.random.default_rng(random_state)
    links = np.empty((0, 2), dtype=np.int64) if task.links is None else task.links
    modalities = {}
    for name, width in widths.items():
        left = rng.standard_normal((task.left.n_entities, width), dtype=np.float32)
        right = rng.standard_normal((task.right.n_entities, width), dtype=np.float32)
        for part in np.array_split(links, 1 + len(links) // 1000):  # no large copies
            right[part[:, 1]] += left[part[:, 0]]
        modalities[name] = Modality.from_arrays(left, right)
    return Features(modalities)


def regions_of(n: int, regions: int | Sequence[float]) -> IntArray:
    """Return the region of each entity ``(n,)``; every region has at least one entity.

    Raises
    ------
    ParameterError
        If there are no regions, more regions than entities, or a size is not positive.

    Examples
    --------
    >>> regions_of(4, 2).tolist()
    [0, 0, 1, 1]
    """
    shares = np.ones(regions) if isinstance(regions, int) else np.asarray(regions, dtype=float)
    if len(shares) == 0 or not (shares > 0).all() or len(shares) > n:
        raise ParameterError(
            f"regions is {regions}", remedy="give a number of regions from 1 to n, or their positive sizes"
        )
    free = n - len(shares)
    bounds = np.floor(np.cumsum(shares) / shares.sum() * free + 1e-9).astype(np.int64)
    sizes: IntArray = np.diff(bounds, prepend=0) + 1
    return np.repeat(np.arange(len(shares)), sizes)


def _per_region(name: str, value: PerRegion, n_regions: int, upper: float = np.inf) -> Floats:
    """Return one number per region ``(n_regions,)``."""
    values = np.asarray(value, dtype=float)
    if values.ndim and values.shape != (n_regions,):
        raise ParameterError(
            f"{name} has {values.size} values for {n_regions} regions", remedy="give one number, or one each"
        )
    if not ((values >= 0) & (values <= upper) & np.isfinite(values)).all():
        limit = "at least 0" if upper == np.inf else f"from 0 to {upper:g}"
        raise ParameterError(f"{name} is {value}", remedy=f"give numbers {limit}")
    return np.broadcast_to(values, (n_regions,))


def hidden_edges(region: IntArray, densities: Floats, rng: np.random.Generator) -> IntArray:
    """Draw hidden triples ``(n_edges, 3)``: at most one between two entities, and none within an entity.

    Parameters
    ----------
    region
        The region of each hidden entity ``(n,)``, ascending.
    densities
        The mean number of edges of an entity of each region.
    rng
        The random generator.

    Examples
    --------
    >>> region = regions_of(40, 2)
    >>> hidden_edges(region, np.full(2, 4.0), np.random.default_rng(0)).shape[1]
    3
    """
    n = len(region)
    heads = np.repeat(np.arange(n), rng.poisson(densities[region] / 2))
    starts = np.searchsorted(region, region[heads])
    sizes = np.searchsorted(region, region[heads], side="right") - starts
    near = starts + (rng.random(len(heads)) * sizes).astype(np.int64)
    tails = np.where(rng.random(len(heads)) < WITHIN_REGION, near, rng.integers(n, size=len(heads)))
    pairs = np.unique(np.sort(np.column_stack([heads, tails]), axis=1), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return np.column_stack([pairs[:, 0], rng.integers(N_RELATIONS, size=len(pairs)), pairs[:, 1]])


def _graph(side: str, region: IntArray, triples: IntArray) -> KnowledgeGraph:
    """Return the graph of one side over all hidden entities."""
    return KnowledgeGraph(
        name=f"planted-{side}",
        entities=tuple(f"{side}:{i}" for i in range(len(region))),
        relations=tuple(f"{side}-relation-{i}" for i in range(N_RELATIONS)),
        triples=triples,
        groups=tuple(f"region {r}" for r in region),
    )
