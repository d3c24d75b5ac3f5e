"""Regions of a pair of graphs, in three meanings: by degree, by density of the features, and by topic.

The three are different things, and every result says which it used.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from psqe.errors import ParameterError
from psqe.features.base import Features
from psqe.features.canonical_order import canonical_candidates
from psqe.features.fusion import fuse
from psqe.graph import SIDES, AlignmentTask, FloatArray, IntArray
from psqe.parameters import check_form
from psqe.similarity import Dot, top_k
from psqe.whole_numbers import whole_numbers

THIRDS = ("low", "middle", "high")
"""Names of the regions that are thirds of a quantity."""


@dataclass(frozen=True, eq=False)
class Regions:
    """A partition of the candidates of both sides.

    Parameters
    ----------
    kind
        What the regions are made by: ``degree``, ``density`` or ``semantic``.
    names
        Name of each region.
    left, right
        Number of the region of each entity, ``(n_left,)`` and ``(n_right,)``; -1 for entities in no region.

    Raises
    ------
    ParameterError
        If a number is not whole, or is that of no region.

    Examples
    --------
    >>> Regions("degree", ("low", "high"), np.array([0, 1, -1]), np.array([1])).sizes().tolist()
    [1, 2]
    """

    kind: str
    names: tuple[str, ...]
    left: IntArray
    right: IntArray

    def __post_init__(self) -> None:
        remedy = "give the number of a region for each entity, or make regions by Regions.from_labels"
        for side in SIDES:
            what = f"{side} regions by {self.kind}"
            numbers = whole_numbers(
                getattr(self, side), what, width=None, remedy=remedy, error=ParameterError
            )
            strange = numbers[(numbers < -1) | (numbers >= len(self.names))]
            if len(strange):
                raise ParameterError(
                    f"the {what} have the number {strange[0]}, and there are {len(self.names)} regions",
                    remedy=remedy,
                )
            object.__setattr__(self, side, numbers)

    @classmethod
    def from_labels(cls, kind: str, left: Sequence[str | None], right: Sequence[str | None]) -> Regions:
        """Make regions from the label of each entity.

        Parameters
        ----------
        kind
            What the labels are, for example ``country``.
        left, right
            The label of each entity of the left and of the right graph; ``None`` for one in no region.

        Returns
        -------
        The regions, their names in alphabetical order.

        Examples
        --------
        >>> regions = Regions.from_labels("country", ["it", "fr", None], ["fr"])
        >>> regions.names, regions.left.tolist(), regions.right.tolist()
        (('fr', 'it'), [1, 0, -1], [0])
        """
        names = sorted({label for side in (left, right) for label in side if label is not None})
        index = {name: number for number, name in enumerate(names)}
        numbers = [
            np.array([-1 if label is None else index[label] for label in side], dtype=np.int64)
            for side in (left, right)
        ]
        return cls(kind, tuple(names), *numbers)

    def sizes(self) -> IntArray:
        """Count the entities of both sides in each region ``(n_regions,)``."""
        both = np.concatenate([self.left, self.right])
        return np.bincount(both[both >= 0], minlength=len(self.names)).astype(np.int64)


RegionChoice = Regions | Iterable[Regions] | Mapping[str, Regions]
"""Partitions as :func:`psqe.evaluation.evaluate` takes them: one, several, or several by name."""


def regions_by_kind(task: AlignmentTask, regions: RegionChoice | None) -> dict[str, Regions]:
    """Return partitions by their kind, or by the names that they are given.

    Parameters
    ----------
    task
        The task whose entities are in the regions.
    regions
        One partition, a list of several, a dictionary of several by name, or ``None`` for none.

    Raises
    ------
    ParameterError
        If something else is given, two of the partitions have one kind, or one has another number of entities
        than the task.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> task, _ = planted_pair(60)
    >>> list(regions_by_kind(task, [degree_regions(task)]))
    ['degree']
    """
    remedy = "give Regions, such as Regions.from_labels(kind, left_labels, right_labels), or a list of them"
    if regions is None:
        return {}
    if isinstance(regions, Regions):
        regions = [regions]
    check_form("regions", regions, Mapping | list | tuple, remedy)
    found: dict[str, Regions] = {}
    for name, part in regions.items() if isinstance(regions, Mapping) else ((None, part) for part in regions):
        check_form("one of the regions", part, Regions, remedy)
        key = part.kind if name is None else name
        if key in found:
            raise ParameterError(
                f"two of the regions have the kind {key!r}", remedy="give a dictionary with a name for each"
            )
        for side in SIDES:
            n, n_given = task.sides[side].n_entities, len(getattr(part, side))
            if n_given != n:
                raise ParameterError(
                    f"the {side} regions by {part.kind} are those of {n_given} entities, and {task.name} has "
                    f"{n}",
                    remedy="give a number or a label for each entity, candidate or not",
                )
        found[key] = part
    return found


def _thirds(values: FloatArray | IntArray, candidates: IntArray, n: int) -> IntArray:
    """Return the third in which each candidate's value lies ``(n,)``; equal values share a third."""
    labels = np.full(n, -1, dtype=np.int64)
    low, high = np.quantile(values, [1 / 3, 2 / 3])
    labels[candidates] = (values > low).astype(np.int64) + (values > high)
    return labels


def degree_regions(task: AlignmentTask) -> Regions:
    """Partition the candidates of each side into thirds by graph degree."""
    left, right = (
        _thirds(graph.degree()[graph.candidates], graph.candidates, graph.n_entities)
        for graph in (task.left, task.right)
    )
    return Regions("degree", THIRDS, left, right)


def density_regions(task: AlignmentTask, features: Features, *, k: int = 10) -> Regions:
    """Partition the candidates of each side into thirds by the local density of the fused features.

    The density of an entity is its mean cosine to the ``k`` nearest entities of the same side.

    Parameters
    ----------
    task, features
        The data.
    k
        Number of nearest entities.
    """
    fused = fuse(features, task.left.candidates, task.right.candidates)
    labels = []
    for graph, vectors in zip((task.left, task.right), fused, strict=True):
        # The nearest of all is the entity itself: leave it out. An entity that is alone has no density.
        nearest = top_k(Dot(vectors, vectors), k + 1)[1][:, 1:]
        density = nearest.mean(axis=1) if nearest.shape[1] else np.zeros(len(vectors), np.float32)
        labels.append(_thirds(density, graph.candidates, graph.n_entities))
    return Regions("density", THIRDS, labels[0], labels[1])


def cluster(vectors: FloatArray, n_clusters: int, *, n_starts: int = 4, random_state: int = 0) -> IntArray:
    """Cluster vectors by K-means, and keep the best of several starts.

    Parameters
    ----------
    vectors
        Float32 array ``(n, d)``. The starts are rows drawn by position, so that the clusters are independent
        of row order only where the rows are in canonical order. K-means works on the array in place and
        leaves it as it was, except for the last bits.
    n_clusters
        Number of clusters.
    n_starts
        Number of starts; 4 by default.
    random_state
        Random seed of the starts.

    Returns
    -------
    The cluster of each row ``(n,)``.

    Raises
    ------
    ParameterError
        If there are more clusters than rows, or none.
    """
    if not 1 <= n_clusters <= len(vectors):
        raise ParameterError(f"n_clusters is {n_clusters}; it must lie between 1 and {len(vectors)}")
    model = KMeans(n_clusters, n_init=n_starts, random_state=random_state, copy_x=False)
    with warnings.catch_warnings():
        # With fewer distinct rows than clusters, some clusters stay empty, which every caller allows.
        warnings.filterwarnings("ignore", "Number of distinct clusters", ConvergenceWarning)
        labels: IntArray = model.fit_predict(vectors).astype(np.int64)
    return labels


def semantic_regions(
    task: AlignmentTask, features: Features, *, n_clusters: int = 8, random_state: int = 0
) -> Regions:
    """Partition by topic: by the data's own groups where both graphs have them, else by K-means clusters.

    Clusters are made of the fused features of both sides together.

    Parameters
    ----------
    task, features
        The data.
    n_clusters
        Number of clusters, where the data has no groups.
    random_state
        Random seed of the clusters.
    """
    groups = task.left.groups, task.right.groups
    if all(any(group is not None for group in side) for side in groups):
        return Regions.from_labels("semantic", *groups)
    candidates = canonical_candidates(task, features)
    vectors = np.vstack(fuse(features, *candidates))
    n_clusters = min(n_clusters, len(vectors))
    labels = cluster(vectors, n_clusters, random_state=random_state)
    left = np.full(task.left.n_entities, -1, dtype=np.int64)
    right = np.full(task.right.n_entities, -1, dtype=np.int64)
    left[candidates.left], right[candidates.right] = np.split(labels, [len(candidates.left)])
    return Regions("semantic", tuple(f"cluster {i}" for i in range(n_clusters)), left, right)


def all_regions(task: AlignmentTask, features: Features) -> dict[str, Regions]:
    """Make every kind of regions.

    Returns
    -------
    The regions by kind: ``degree``, ``density`` and ``semantic``.

    Raises
    ------
    DataError
        If the features do not fit the task.
    """
    features.check(task)
    return {
        "degree": degree_regions(task),
        "density": density_regions(task, features),
        "semantic": semantic_regions(task, features),
    }
