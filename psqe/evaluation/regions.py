"""Regions of a pair of graphs, in three meanings: by degree, by density of the features, and by topic.

The three are different things, and every result says which it used.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from psqe.errors import ParameterError
from psqe.features.base import Features
from psqe.features.canonical_order import canonical_order
from psqe.features.fusion import fuse
from psqe.graph import AlignmentTask, FloatArray, IntArray
from psqe.similarity import Dot, top_k

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

    Examples
    --------
    >>> Regions("degree", ("low", "high"), np.array([0, 1, -1]), np.array([1])).sizes().tolist()
    [1, 2]
    """

    kind: str
    names: tuple[str, ...]
    left: IntArray
    right: IntArray

    def sizes(self) -> IntArray:
        """Count the entities of both sides in each region ``(n_regions,)``."""
        both = np.concatenate([self.left, self.right])
        return np.bincount(both[both >= 0], minlength=len(self.names)).astype(np.int64)


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
    groups = [task.left.groups, task.right.groups]
    if all(any(group is not None for group in side) for side in groups):
        names = sorted({group for side in groups for group in side if group is not None})
        index = {name: i for i, name in enumerate(names)}
        left, right = (
            np.array([-1 if group is None else index[group] for group in side], dtype=np.int64)
            for side in groups
        )
        return Regions("semantic", tuple(names), left, right)
    order_left, order_right = canonical_order(task, features)
    candidates = [
        order[np.isin(order, graph.candidates)]
        for order, graph in ((order_left, task.left), (order_right, task.right))
    ]
    vectors = np.vstack(fuse(features, candidates[0], candidates[1]))
    n_clusters = min(n_clusters, len(vectors))
    labels = cluster(vectors, n_clusters, random_state=random_state)
    left = np.full(task.left.n_entities, -1, dtype=np.int64)
    right = np.full(task.right.n_entities, -1, dtype=np.int64)
    left[candidates[0]], right[candidates[1]] = np.split(labels, [len(candidates[0])])
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
