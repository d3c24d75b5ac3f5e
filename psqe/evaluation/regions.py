"""Three meanings of "region": by graph degree, by density of the features, by meaning.

They are three different things, and every result says which it used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans

from psqe.errors import ParameterError
from psqe.features.base import Features
from psqe.features.canonical import canonical_order
from psqe.features.fusion import fuse
from psqe.graph import AlignmentTask, FloatArray, IntArray
from psqe.similarity import Dot, top_k

THIRDS = ("low", "middle", "high")


@dataclass(frozen=True, eq=False)
class Regions:
    """A partition of the candidates of both sides.

    Attributes
    ----------
    kind
        ``degree``, ``density`` or ``semantic``.
    names
        Name of each region.
    left, right
        Region of each entity, ``(n_left,)`` and ``(n_right,)``; -1 for entities in no region.
    """

    kind: str
    names: tuple[str, ...]
    left: IntArray
    right: IntArray

    def sizes(self) -> IntArray:
        """Number of entities of both sides in each region."""
        both = np.concatenate([self.left, self.right])
        return np.bincount(both[both >= 0], minlength=len(self.names)).astype(np.int64)


def _thirds(values: FloatArray | IntArray, candidates: IntArray, n: int) -> IntArray:
    """Lower, middle and upper third of the candidates' values; equal values share a third."""
    labels = np.full(n, -1, dtype=np.int64)
    low, high = np.quantile(values, [1 / 3, 2 / 3])
    labels[candidates] = (values > low).astype(np.int64) + (values > high)
    return labels


def degree_regions(task: AlignmentTask) -> Regions:
    """Thirds by graph degree, per side."""
    left, right = (
        _thirds(graph.degree()[graph.candidates], graph.candidates, graph.n_entities)
        for graph in (task.left, task.right)
    )
    return Regions("degree", THIRDS, left, right)


def density_regions(task: AlignmentTask, features: Features, *, k: int = 10) -> Regions:
    """Thirds by local density of the fused features, per side.

    The density of an entity is its mean cosine to the ``k`` nearest of its own side.
    """
    fused = fuse(features, task.left.candidates, task.right.candidates)
    labels = []
    for graph, vectors in zip((task.left, task.right), fused, strict=True):
        # The nearest of all is the entity itself: leave it out.
        density = top_k(Dot(vectors, vectors), k + 1)[1][:, 1:].mean(axis=1)
        labels.append(_thirds(density, graph.candidates, graph.n_entities))
    return Regions("density", THIRDS, labels[0], labels[1])


def cluster(vectors: FloatArray, n_clusters: int, *, random_state: int = 0) -> IntArray:
    """K-means labels ``(n,)`` of ``(n, d)``, best of four starts. Bring the rows in canonical order.

    Works on ``vectors`` in place and leaves them as they were but for the last bits.

    Raises
    ------
    ParameterError
        If there are more clusters than rows, or none.
    """
    if not 1 <= n_clusters <= len(vectors):
        raise ParameterError(f"n_clusters is {n_clusters}; it must lie between 1 and {len(vectors)}")
    model = KMeans(n_clusters, n_init=4, random_state=random_state, copy_x=False)
    labels: IntArray = model.fit_predict(vectors).astype(np.int64)
    return labels


def semantic_regions(
    task: AlignmentTask, features: Features, *, n_clusters: int = 8, random_state: int = 0
) -> Regions:
    """Regions by meaning: the data's own groups where both graphs have them, else K-means clusters.

    The clusters are of the fused features of both sides together.
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
    found = cluster(vectors, n_clusters, random_state=random_state)
    left = np.full(task.left.n_entities, -1, dtype=np.int64)
    right = np.full(task.right.n_entities, -1, dtype=np.int64)
    left[candidates[0]], right[candidates[1]] = np.split(found, [len(candidates[0])])
    return Regions("semantic", tuple(f"cluster {i}" for i in range(n_clusters)), left, right)


def all_regions(task: AlignmentTask, features: Features) -> dict[str, Regions]:
    """Every kind of region, by kind.

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
