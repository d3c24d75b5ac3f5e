"""The pairs worth a thought: of every entity its nearest ones on the other side, instead of all pairs.

What chooses links and says how sure they are works on these, so that memory grows with the number of
entities and not with its square.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from psqe.errors import DataError
from psqe.graph import DoubleArray, IntArray
from psqe.similarity import Similarity, find_neighbours
from psqe.similarity.sinkhorn import Groups

N_NEAREST = 32
"""Nearest ones listed of every entity. Twice or half as many change links of emoji and zh_en by 1 to 2 %."""

CSLS_K = 10
"""Nearest ones that the local scale of CSLS is a mean of, as in :func:`psqe.similarity.csls`."""


class PairsByEntity(Groups):
    """The pairs of a shortlist by their entity of one side; every entity has at least one."""

    def two_best(self, values: DoubleArray) -> tuple[IntArray, IntArray]:
        """Positions of each entity's pairs of the largest and the second largest value: ``(n_entities,)``.

        Of equal ones the first in the list comes first; the second of an only pair is -1.
        """
        order = np.lexsort((-values, self.of))
        first, second = order[self.starts], order[np.minimum(self.starts + 1, len(order) - 1)]
        alone = (first == second) | (self.of[first] != self.of[second])
        return first, np.where(alone, -1, second)

    def lead(self, values: DoubleArray) -> tuple[IntArray, DoubleArray]:
        """Each entity's best pair, and how far it is ahead of the second; infinite without a second."""
        first, second = self.two_best(values)
        return first, np.where(second < 0, np.inf, values[first] - values[second])


@dataclass(frozen=True, eq=False)
class Shortlist:
    """Pairs of which one entity is among the nearest of the other, by row and then by column.

    Attributes
    ----------
    shape
        ``(n_left, n_right)``, of the similarities.
    rows, columns
        Left and right entity of each pair, by their positions ``(n,)``.
    similarity
        Of each pair ``(n,)``.
    nearest
        For either side, similarities of the nearest ones of every entity, best first: ``(n_left, k)`` and
        ``(n_right, k)``; minus infinity where an approximate search found fewer.
    """

    shape: tuple[int, int]
    rows: IntArray
    columns: IntArray
    similarity: DoubleArray
    nearest: tuple[DoubleArray, DoubleArray]

    @classmethod
    def from_similarity(cls, similarity: Similarity, *, k: int = N_NEAREST) -> Shortlist:
        """List the ``k`` nearest of every entity of either side, in one pass.

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
        found = find_neighbours(similarity, k=k)
        rows = np.repeat(np.arange(n_left), found.left_indices.shape[1])
        columns = np.repeat(np.arange(n_right), found.right_indices.shape[1])
        cells = np.concatenate(
            [rows * n_right + found.left_indices.ravel(), found.right_indices.ravel() * n_right + columns]
        )
        nearest = found.left_scores.astype(np.float64), found.right_scores.astype(np.float64)
        values = np.concatenate([scores.ravel() for scores in nearest])
        there = np.isfinite(values)
        cells, first = np.unique(cells[there], return_index=True)
        return cls((n_left, n_right), cells // n_right, cells % n_right, values[there][first], nearest)

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def by_left(self) -> PairsByEntity:
        """The pairs by their left entity."""
        return PairsByEntity(self.rows, self.shape[0])

    @cached_property
    def by_right(self) -> PairsByEntity:
        """The pairs by their right entity."""
        return PairsByEntity(self.columns, self.shape[1])

    def csls(self) -> DoubleArray:
        """:func:`psqe.similarity.csls` of each pair ``(n,)``, with :data:`CSLS_K`."""
        of_left, of_right = (_mean_of_first(scores) for scores in self.nearest)
        scaled: DoubleArray = 2 * self.similarity - of_left[self.rows] - of_right[self.columns]
        return scaled


def _mean_of_first(scores: DoubleArray) -> DoubleArray:
    """Mean of the first :data:`CSLS_K` of each row ``(n, k)`` that are there: ``(n,)``."""
    first = scores[:, :CSLS_K]
    mean: DoubleArray = np.mean(first, axis=1, where=np.isfinite(first))
    return mean
