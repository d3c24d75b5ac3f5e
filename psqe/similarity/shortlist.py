"""The shortlist: each entity's nearest neighbours on the other side, instead of all pairs of entities.

Links are chosen from these pairs and their confidence is computed on these pairs, so that memory grows with
the number of entities and not with its square.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psqe.errors import DataError
from psqe.graph import DoubleArray, IntArray, Sides
from psqe.similarity import Similarity, find_neighbours
from psqe.similarity.approximate import is_large
from psqe.similarity.csls import local_scale
from psqe.similarity.sinkhorn_scaling import Cells, neighbour_cells

N_LISTED = 32
"""Number of neighbours listed for each entity. Twice or half as many change 1 to 2 % of the links of the
emoji pairs and of DBP15K zh_en."""


N_LISTED_LARGE = 16
"""Number of neighbours listed for each entity of a large pair (:mod:`psqe.similarity.approximate`), where a
shortlist takes most of the memory."""


@dataclass(frozen=True, eq=False)
class Shortlist(Cells):
    """Pairs of entities of which one is among the nearest neighbours of the other.

    The pairs are sorted by left entity and then by right entity.

    Parameters
    ----------
    shape
        Number of left and of right entities.
    rows, columns
        Integer arrays ``(n,)``: positions of the left and of the right entity of each pair.
    values
        Float64 array ``(n,)``: the similarity of each pair.
    nearest
        For either side, the similarities of each entity's nearest neighbours, in descending order:
        ``(n_left, k)`` and ``(n_right, k)``. They are minus infinity where an approximate search found fewer.

    Examples
    --------
    >>> from psqe.similarity import Dot
    >>> unit = np.eye(3, dtype=np.float32)
    >>> len(Shortlist.from_similarity(Dot(unit, unit), k=1))
    3
    """

    nearest: Sides[DoubleArray]

    @classmethod
    def from_similarity(cls, similarity: Similarity, *, k: int | None = None) -> Shortlist:
        """List the nearest neighbours of each entity of either side, in one pass over the matrix.

        Parameters
        ----------
        similarity
            Similarities ``(n_left, n_right)``.
        k
            Number of neighbours to list; by default :data:`N_LISTED`, or :data:`N_LISTED_LARGE` of a pair
            that is so large that the search is approximate.

        Raises
        ------
        DataError
            If a side has no entity.
        FloatingPointError
            If a similarity is not finite.
        """
        n_left, n_right = similarity.shape
        if not n_left or not n_right:
            raise DataError(f"there are no pairs of {n_left} left and {n_right} right entities")
        if k is None:
            k = N_LISTED_LARGE if is_large(similarity) else N_LISTED
        scores = find_neighbours(similarity, k=k)
        nearest = Sides(scores.left_scores, scores.right_scores)
        cells = neighbour_cells(scores, *nearest.map(np.isfinite))
        return cls(similarity.shape, *cells, nearest.map(lambda values: values.astype(np.float64)))

    def without(self, hidden: Sides[IntArray]) -> tuple[Shortlist, Sides[IntArray]]:
        """Leave out some entities of either side.

        The others keep their listed pairs, so an entity may list fewer neighbours than a new search would
        find.

        Parameters
        ----------
        hidden
            Positions of the left and of the right entities to leave out.

        Returns
        -------
        The shortlist of the others, and the former position of each of them by side.
        """
        kept = Sides(*(np.setdiff1d(np.arange(n), out) for n, out in zip(self.shape, hidden, strict=True)))
        new = Sides(*(np.full(n, -1) for n in self.shape))
        for place, own in zip(new, kept, strict=True):
            place[own] = np.arange(len(own))
        rows, columns = new.left[self.rows], new.right[self.columns]
        both = (rows >= 0) & (columns >= 0)
        cells = Cells((len(kept.left), len(kept.right)), rows[both], columns[both], self.values[both])
        return self._of(cells), kept

    def without_pairs(self, pairs: IntArray) -> Shortlist:
        """Leave out some pairs, such as those that a person rejected.

        Parameters
        ----------
        pairs
            Positions of the left and the right entity of each of them ``(m, 2)``; those that are not listed
            are left out already.

        Returns
        -------
        The shortlist of the other pairs. An entity may list fewer neighbours then.

        Examples
        --------
        >>> from psqe.similarity import Dot
        >>> unit = np.eye(3, dtype=np.float32)
        >>> rest = Shortlist.from_similarity(Dot(unit, unit)).without_pairs(np.array([[0, 0]]))
        >>> len(rest), rest.nearest.left[:, 0].tolist()
        (8, [0.0, 1.0, 1.0])
        """
        width = self.shape[1]
        kept = ~np.isin(self.rows * width + self.columns, pairs @ [width, 1])
        cells = Cells(self.shape, self.rows[kept], self.columns[kept], self.values[kept])
        return self._of(cells)

    def _of(self, cells: Cells) -> Shortlist:
        """A shortlist of some of the cells, in which an entity has as many nearest neighbours at most."""
        nearest = Sides(
            cells.by_row.largest(cells.values, self.nearest.left.shape[1]),
            cells.by_column.largest(cells.values, self.nearest.right.shape[1]),
        )
        return Shortlist(cells.shape, cells.rows, cells.columns, cells.values, nearest)

    def csls(self) -> DoubleArray:
        """The score :func:`psqe.similarity.csls` of each pair ``(n,)``."""
        left, right = self.nearest.map(local_scale)
        scores: DoubleArray = 2 * self.values - left[self.rows] - right[self.columns]
        return scores


def mutual(shortlist: Shortlist, scores: DoubleArray, *, tie: float) -> IntArray:
    """Choose the pairs that have the best score of both their entities.

    A pair is left out when its score exceeds that of another pair of either entity by ``tie`` or less. Only
    the order of the entities could decide which of these pairs is best, and results must not depend on it.

    Parameters
    ----------
    shortlist
        The pairs to choose from.
    scores
        Float64 array ``(n,)``: the score of each pair.
    tie
        The largest difference of scores that counts as a tie.

    Returns
    -------
    Positions of the chosen pairs, ascending.
    """
    best_of_row, row_lead = shortlist.by_row.lead(scores)
    best_of_column, column_lead = shortlist.by_column.lead(scores)
    # Pairs are compared by their positions: an entity without a listed pair has no best one.
    both, of_row, of_column = np.intersect1d(
        best_of_row, best_of_column, assume_unique=True, return_indices=True
    )
    chosen: IntArray = both[np.minimum(row_lead[of_row], column_lead[of_column]) > tie]
    return chosen
