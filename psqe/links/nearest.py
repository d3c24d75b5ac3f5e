"""The two nearest entities of each candidate: the closest competitors of a link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from psqe.errors import ParameterError
from psqe.graph import DoubleArray, FloatArray, IntArray, counted
from psqe.links.arguments import check_similarity
from psqe.similarity import Similarity, top_k
from psqe.similarity.sinkhorn_scaling import Groups


@dataclass(frozen=True, eq=False)
class TwoNearest:
    """The two nearest entities on the other side, for each candidate of one side.

    An entity of a seed is compared with all candidates of the other side; every other candidate is compared
    with the candidates that are in no seed.

    Parameters
    ----------
    entities
        Integer array ``(n_candidates, 2)``: entities of the other side, the nearest one first; -1 where
        there is none.
    scores
        Float32 array ``(n_candidates, 2)``: their similarities; minus infinity where there is none.

    Examples
    --------
    >>> two = TwoNearest(np.array([[7, 3]]), np.array([[0.9, 0.5]], dtype=np.float32))
    >>> two.best_other(np.array([0]), np.array([7]))
    (array([3]), array([0.5], dtype=float32))
    """

    entities: IntArray
    scores: FloatArray

    @classmethod
    def from_similarity(cls, others: IntArray, similarity: Similarity) -> TwoNearest:
        """Find the two nearest columns of each row of a matrix; column ``j`` is the entity ``others[j]``.

        Raises
        ------
        ParameterError
            If the matrix is something else, or has another number of columns.
        """
        check_similarity(similarity)
        if similarity.shape[1] != len(others):
            raise ParameterError(
                f"{counted(len(others), 'entity')} given for similarities with "
                f"{counted(similarity.shape[1], 'column')}",
                remedy="give the entity of each column",
            )
        columns, scores = top_k(similarity, 2)
        return cls(others[columns], scores)

    @classmethod
    def from_pairs(cls, others: IntArray, groups: Groups, values: DoubleArray) -> TwoNearest:
        """Find the two pairs of each group with the largest values; pair ``i`` leads to ``others[i]``.

        A group without pairs has no nearest entities, as one with a single pair has no second one.
        """
        best = np.full((groups.n_groups, 2), -1, dtype=np.int64)
        if len(values):
            best[groups.filled] = np.column_stack(groups.two_best(values))
        missing = best < 0
        scores = np.where(missing, -np.inf, values[best]).astype(np.float32)
        return cls(np.where(missing, -1, others[best]), scores)

    @classmethod
    def join(cls, candidates: IntArray, parts: Sequence[tuple[IntArray, TwoNearest]]) -> TwoNearest:
        """Join the results for parts of the candidates.

        Parameters
        ----------
        candidates
            All candidates of a side, ascending.
        parts
            Some of the candidates and their two nearest entities, part by part.
        """
        entities = np.full((len(candidates), 2), -1, dtype=np.int64)
        scores = np.full((len(candidates), 2), -np.inf, dtype=np.float32)
        for members, two in parts:
            rows, width = np.searchsorted(candidates, members), two.entities.shape[1]
            entities[rows, :width], scores[rows, :width] = two.entities, two.scores
        return cls(entities, scores)

    def best_other(self, rows: IntArray, entities: IntArray) -> tuple[IntArray, FloatArray]:
        """Find the nearest entity other than a given one.

        Parameters
        ----------
        rows
            Positions of candidates ``(n,)``.
        entities
            An entity of the other side for each of them ``(n,)``.

        Returns
        -------
        For each candidate the nearest entity that differs from the given one, and its similarity ``(n,)``;
        -1 and minus infinity where there is none.
        """
        column = (self.entities[rows, 0] == entities).astype(np.int64)
        return self.entities[rows, column], self.scores[rows, column]
