"""Why pairs have the similarity that they have: the cosine of each modality, and linked neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from psqe.adjacency import neighbour_matrix
from psqe.features.base import Features
from psqe.features.fusion import modality_vectors
from psqe.graph import AlignmentTask, BoolArray, FloatArray, IntArray

N_LINKED_NEIGHBOURS = 3
"""Number of linked pairs of neighbours that are named for each pair."""

_ROWS = 4096
"""Number of pairs whose vectors are multiplied at a time."""


def modality_cosines(task: AlignmentTask, features: Features, pairs: IntArray) -> dict[str, FloatArray]:
    """Compute the cosine of some pairs in each modality, each side's mean subtracted.

    Parameters
    ----------
    task, features
        The two graphs, and the vectors that were compared.
    pairs
        Left and right candidates ``(n, 2)``.

    Returns
    -------
    dict
        By modality, the cosine of each pair ``(n,)``; not a number where one of the two has no vector. They
        are those of :meth:`psqe.Alignment.explain`.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> task, features = planted_pair(30)
    >>> cosines = modality_cosines(task, features, task.links[:2])
    >>> list(cosines) == list(features), len(cosines["image"])
    (True, 2)
    """
    left, right = task.left.candidates, task.right.candidates
    rows, columns = np.searchsorted(left, pairs[:, 0]), np.searchsorted(right, pairs[:, 1])
    found = {}
    for name, vectors in features.items():
        known = vectors.left.present[pairs[:, 0]] & vectors.right.present[pairs[:, 1]]
        unit_left, unit_right = modality_vectors(features, name, left, right)
        cosines = np.full(len(pairs), np.nan, dtype=np.float32)
        for start in range(0, len(pairs), _ROWS):
            part = slice(start, start + _ROWS)
            cosines[part] = np.einsum("nd,nd->n", unit_left[rows[part]], unit_right[columns[part]])
        found[name] = np.where(known, cosines, np.float32(np.nan))
    return found


@dataclass(frozen=True, eq=False)
class LinkedNeighbours:
    """For some pairs, the neighbours of their two entities that are linked with each other.

    Parameters
    ----------
    counts
        The number of such pairs of neighbours, for each pair ``(n,)``.
    of
        The position of the pair ``(m,)`` that each row of ``pairs`` belongs to, ascending.
    pairs
        A left and a right neighbour ``(m, 2)``, at most :data:`N_LINKED_NEIGHBOURS` rows for a pair.

    Examples
    --------
    >>> nothing = np.empty(0, dtype=int)
    >>> len(LinkedNeighbours(nothing, nothing, np.empty((0, 2), dtype=int)).pairs)
    0
    """

    counts: IntArray
    of: IntArray
    pairs: IntArray


def linked_neighbours(task: AlignmentTask, links: IntArray, pairs: IntArray) -> LinkedNeighbours:
    """Find the neighbours of the entities of pairs that are linked with each other.

    Parameters
    ----------
    task
        The two graphs.
    links
        The links ``(m, 2)``, each once; an entity may be in several.
    pairs
        Left and right entities ``(n, 2)``.

    Returns
    -------
    LinkedNeighbours
        How many there are for each pair, and those with the fewest neighbours of their own: they say most,
        because the neighbours of an entity that has many are many.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> task, _ = planted_pair(30)
    >>> found = linked_neighbours(task, task.links, task.links[:4])
    >>> len(found.counts), int(found.counts.sum()) >= len(found.pairs)
    (4, True)
    """
    left, right = (neighbour_matrix(graph) for graph in task.sides)
    # A row has the links whose left entity is beside that of a pair, and their right entity beside its other.
    beside = left[pairs[:, 0]][:, links[:, 0]]
    common = sparse.coo_array(beside.multiply(right[pairs[:, 1]][:, links[:, 1]]))
    of, found = common.coords[0].astype(np.int64), links[common.coords[1]]
    own = (found == pairs[of]).all(axis=1)  # an entity that has a triple with itself
    of, found = of[~own], found[~own]
    degrees = np.diff(left.indptr)[found[:, 0]] + np.diff(right.indptr)[found[:, 1]]
    order = np.lexsort((found[:, 1], found[:, 0], degrees, of))
    of, found = of[order], found[order]
    kept = _first_of_each(of, N_LINKED_NEIGHBOURS)
    return LinkedNeighbours(np.bincount(of, minlength=len(pairs)), of[kept], found[kept])


def _first_of_each(groups: IntArray, n: int) -> BoolArray:
    """Tell which elements of ascending groups are among the first ``n`` of their group."""
    places = np.arange(len(groups)) - np.searchsorted(groups, groups)
    first: BoolArray = places < n
    return first
