"""Lists of the best candidates of every entity, and the entities that are hardest to match."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psqe.evaluation.ranks import ranks
from psqe.evaluation.truth import gold_links
from psqe.graph import AlignmentTask, BoolArray, DoubleArray, FloatArray, IntArray, Sides
from psqe.similarity import Dot, Similarity, find_neighbours, top_k


@dataclass(frozen=True, eq=False)
class CandidateLists:
    """The best candidates of every entity under one similarity, in both directions.

    Entities are named by their position among the candidates of their side.

    Attributes
    ----------
    name
        What is compared, for example ``"pictures"``.
    best
        The most similar entities of the other side ``(n, k)``, best first.
    scores
        Their similarities ``(n, k)``.
    ranks
        Rank of the best true counterpart of each entity ``(n,)``, from 1, with ties counted against it; 0 for
        an entity without counterpart.
    """

    name: str
    best: Sides[IntArray]
    scores: Sides[FloatArray]
    ranks: Sides[IntArray]

    def hardest(self, n: int) -> IntArray:
        """Return the left entities ``(n,)`` whose counterparts have the worst ranks, the worst first.

        Of equal ranks, the one whose first candidate is the most similar is first. Entities whose counterpart
        is ranked first are not among them, so that there can be fewer than ``n``.

        Examples
        --------
        >>> best = Sides(np.array([[1], [0], [2]]), np.array([[1], [0], [2]]))
        >>> scores = Sides(np.ones((3, 1), np.float32), np.ones((3, 1), np.float32))
        >>> lists = CandidateLists("pictures", best, scores, Sides(np.array([2, 3, 1]), np.array([2, 2, 1])))
        >>> lists.hardest(5).tolist()
        [1, 0]
        """
        order = np.lexsort(np.stack([-self.scores.left[:, 0], -self.ranks.left]))
        hardest: IntArray = order[self.ranks.left[order] > 1][:n]
        return hardest

    def closest_calls(self, n: int) -> IntArray:
        """Return the left entities ``(n,)`` whose counterparts are first by the smallest lead, closest first.

        With a single candidate in each list there is no lead, and nothing is returned.
        """
        scores = self.scores.left
        if scores.shape[1] < 2:
            return np.empty(0, dtype=np.int64)
        order = np.argsort(scores[:, 0] - scores[:, 1], kind="stable")
        closest: IntArray = order[self.ranks.left[order] == 1][:n]
        return closest


def candidate_lists(task: AlignmentTask, name: str, similarity: Similarity, *, k: int = 5) -> CandidateLists:
    """List the best candidates of every entity, and rank its true counterpart.

    Parameters
    ----------
    task
        The two graphs, with gold links.
    name
        What is compared.
    similarity
        The similarity of all left candidates with all right candidates, in the order of the task.
    k
        Number of candidates to list, 5 by default.

    Raises
    ------
    DataError
        If the task has no gold links.
    FloatingPointError
        If a similarity is not finite.
    """
    found = find_neighbours(similarity, k=k)
    places = link_places(task)
    of_sides = []
    for seen, ends, n in (
        (similarity, places.T, similarity.shape[0]),
        (similarity.T, places.T[::-1], similarity.shape[1]),
    ):
        of_entities = np.zeros(n, dtype=np.int64)
        queries = ends[0][np.sort(np.unique(ends[0], return_index=True)[1])]
        of_entities[queries] = ranks(seen, ends[0], ends[1]).pessimistic
        of_sides.append(of_entities)
    return CandidateLists(
        name,
        Sides(found.left_indices, found.right_indices),
        Sides(found.left_scores, found.right_scores),
        Sides(*of_sides),
    )


def link_places(task: AlignmentTask) -> IntArray:
    """Return the gold links ``(n, 2)`` as positions among the candidates of either side.

    Links with an end that is no candidate are left out.

    Raises
    ------
    DataError
        If the task has no gold links.
    """
    places = pair_places(task, gold_links(task))
    return places[(places >= 0).all(axis=1)]


def pair_places(task: AlignmentTask, pairs: IntArray) -> IntArray:
    """Return pairs of entities ``(n, 2)`` as positions among the candidates; -1 for what is no candidate."""
    columns = []
    for graph, ends in zip(task.sides, pairs.T, strict=True):
        place = np.full(graph.n_entities, -1, dtype=np.int64)
        place[graph.candidates] = np.arange(len(graph.candidates))
        columns.append(place[ends])
    found: IntArray = np.column_stack(columns)
    return found


def link_lengths(positions: Sides[DoubleArray], places: IntArray) -> DoubleArray:
    """Return the distance of the two ends of every link on a map, as a share of the map's larger extent.

    Parameters
    ----------
    positions
        The place of each candidate on the map, ``(n_left, 2)`` and ``(n_right, 2)``.
    places
        The links ``(m, 2)``, as positions among the candidates.

    Examples
    --------
    >>> link_lengths(Sides(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]])), np.array([[0, 0]])).tolist()
    [1.25]
    """
    both = np.concatenate([positions.left, positions.right])
    extent = float(np.ptp(both, axis=0).max())
    apart = positions.left[places[:, 0]] - positions.right[places[:, 1]]
    lengths: DoubleArray = np.linalg.norm(apart, axis=1) / (extent or 1.0)
    return lengths


def own_side_nearest(vectors: Sides[FloatArray]) -> Sides[BoolArray]:
    """Tell which entities are more similar to one of their own side than to any of the other side.

    Parameters
    ----------
    vectors
        The unit vectors of the left and of the right entities, ``(n_left, d)`` and ``(n_right, d)``.

    Returns
    -------
    A mask for each side, ``(n_left,)`` and ``(n_right,)``.

    Examples
    --------
    >>> left, right = np.eye(3, dtype=np.float32)[[0, 0]], np.eye(3, dtype=np.float32)[[0, 1]]
    >>> [mask.tolist() for mask in own_side_nearest(Sides(left, right))]
    [[False, False], [False, False]]
    """
    across = Dot(vectors.left, vectors.right)
    masks = []
    for own, similarity in ((vectors.left, across), (vectors.right, across.T)):
        _, best = top_k(similarity, 1)
        within = np.full(len(own), -np.inf, dtype=np.float32)
        for start, block in Dot(own, own).blocks():
            rows = np.arange(len(block))
            block[rows, start + rows] = -np.inf
            within[start + rows] = block.max(axis=1)
        masks.append(within > best[:, 0])
    return Sides(*masks)
