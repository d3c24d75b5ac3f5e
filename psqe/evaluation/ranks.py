"""Ranks of true counterparts in a similarity matrix, and Hits@k and MRR from them.

A query is an entity, and it is asked once. If it has several true counterparts, its rank is the best of
theirs, and the others are no candidates: finding one of them first does not push another one down. This is
the *filtered* rank of knowledge graph completion (Bordes et al. 2013). With one counterpart for each entity,
it is the usual rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from psqe.graph import BoolArray, DoubleArray, FloatArray, IntArray
from psqe.similarity import Similarity

TIE = 1e-6
"""Scores that differ by less are equal, times the unit of the scores (``Similarity.unit``),
or times the score where that is larger. Blocked float32 products of equal rows differ by about 1e-7, and a
matching that divides them by a temperature divides this difference, too."""


METRICS = ("hits@1", "hits@5", "hits@10", "mrr")
"""The names of the numbers that are computed from ranks."""


@dataclass(frozen=True, eq=False)
class Ranks:
    """Rank of the best true counterpart among the candidates, from 1, for each query ``(n,)``.

    Attributes
    ----------
    optimistic, pessimistic
        The rank if that counterpart came first, or last, among the candidates with its score.

    Examples
    --------
    >>> Ranks(np.array([1, 2]), np.array([1, 3])).metrics()["hits@1"]
    0.5
    """

    optimistic: IntArray
    pessimistic: IntArray

    @property
    def realistic(self) -> DoubleArray:
        """The mean of the two ranks, which a random order of ties gives on average."""
        return (self.optimistic + self.pessimistic) / 2

    def metrics(
        self, kind: Literal["realistic", "optimistic", "pessimistic"] = "realistic"
    ) -> dict[str, float]:
        """Compute ``hits@1``, ``hits@5``, ``hits@10`` and ``mrr`` (the mean reciprocal rank) of one kind."""
        ranks = np.asarray(getattr(self, kind), dtype=np.float64)
        return {
            **{f"hits@{k}": float((ranks <= k).mean()) for k in (1, 5, 10)},
            "mrr": float((1 / ranks).mean()),
        }

    def metrics_of(self, mask: BoolArray) -> dict[str, float | None]:
        """Compute the metrics of realistic ranks over some queries, a mask ``(n,)``.

        Where the mask holds no query, each number is ``None``.

        Examples
        --------
        >>> Ranks(np.array([1, 2]), np.array([1, 3])).metrics_of(np.array([False, False]))["mrr"] is None
        True
        """
        if not mask.any():
            return dict.fromkeys(METRICS)
        return {**Ranks(self.optimistic[mask], self.pessimistic[mask]).metrics()}


def first_of_each(values: IntArray) -> IntArray:
    """Return the distinct values, in the order in which they occur first.

    Examples
    --------
    >>> first_of_each(np.array([5, 2, 5, 1])).tolist()
    [5, 2, 1]
    """
    return values[np.sort(np.unique(values, return_index=True)[1])]


def ranks(
    similarity: Similarity,
    queries: IntArray,
    answers: IntArray,
    *,
    known: tuple[IntArray, IntArray] | None = None,
) -> Ranks:
    """Rank the true answers of queries among the columns of a similarity matrix.

    Parameters
    ----------
    similarity
        ``(n_left, n_right)``.
    queries, answers
        Rows and true columns, ``(n,)``, each pair of them once. A row with several true columns is one query:
        its best true column is ranked among the columns that are not true.
    known
        Rows and columns ``(m,)`` of further pairs that are true, though they are not asked for: such a column
        is no candidate of its row. None by default.

    Returns
    -------
    The ranks of the distinct rows of ``queries``, in the order in which they occur first.

    Raises
    ------
    FloatingPointError
        If a similarity is not finite.
    """
    return ranks_of_each([similarity], queries, answers, known=known)[0]


def ranks_of_each(
    similarities: Sequence[Similarity],
    queries: IntArray,
    answers: IntArray,
    *,
    known: tuple[IntArray, IntArray] | None = None,
) -> list[Ranks]:
    """Rank the same answers of the same queries in several similarity matrices, block by block in turn.

    Similarities that share a base (:func:`psqe.similarity.matched_by_each`) have each of its blocks computed
    once.

    Parameters
    ----------
    similarities
        Similarities of one shape ``(n_left, n_right)``.
    queries, answers, known
        As for :func:`ranks`.

    Returns
    -------
    The ranks of the distinct rows of ``queries``, in the order in which they occur first, for each of the
    similarities.

    Raises
    ------
    FloatingPointError
        If a similarity is not finite.
    """
    cells = _TrueCells.of(queries, answers, known)
    order = first_of_each(queries)
    asked = np.zeros(max((s.shape[0] for s in similarities), default=0), dtype=bool)
    asked[queries] = True
    places = np.zeros((len(similarities), 2, len(asked)), dtype=np.int64)
    units = [max(1.0, similarity.unit) for similarity in similarities]
    for blocks in zip(*(similarity.blocks() for similarity in similarities), strict=True):
        for place, unit, (start, block) in zip(places, units, blocks, strict=True):
            rows = np.flatnonzero(asked[start : start + len(block)])
            if len(rows):
                place[:, start + rows] = cells.places(start, block, rows, unit)
    return [Ranks(optimistic[order], pessimistic[order]) for optimistic, pessimistic in places]


@dataclass(frozen=True, eq=False)
class _TrueCells:
    """The true cells of the rows that are asked.

    Attributes
    ----------
    rows, columns
        The cells ``(n,)``, sorted by row.
    is_answer
        Whether a cell is an answer that is asked for ``(n,)``; the others are known otherwise.
    """

    rows: IntArray
    columns: IntArray
    is_answer: BoolArray

    @classmethod
    def of(cls, queries: IntArray, answers: IntArray, known: tuple[IntArray, IntArray] | None) -> _TrueCells:
        """Collect the cells of the answers, and of what is known otherwise in the rows of the queries."""
        cells = np.column_stack([queries, answers])
        if known is not None:
            more = np.column_stack(known)
            more = more[np.isin(more[:, 0], queries)]
            cells = np.concatenate([cells, more])
        is_answer = np.arange(len(cells)) < len(queries)
        first = np.sort(np.unique(cells, axis=0, return_index=True)[1])  # of equal cells, an answer is first
        first = first[np.argsort(cells[first, 0], kind="stable")]
        return cls(cells[first, 0], cells[first, 1], is_answer[first])

    def places(self, start: int, block: FloatArray, rows: IntArray, unit: float) -> tuple[IntArray, IntArray]:
        """Compute optimistic and pessimistic ranks of some rows of a block that begins at ``start``."""
        inside = slice(*np.searchsorted(self.rows, [start, start + len(block)]))
        place = np.searchsorted(rows, self.rows[inside] - start)
        scores = block[self.rows[inside] - start, self.columns[inside]]
        is_answer = self.is_answer[inside]
        best = np.full(len(rows), -np.inf, dtype=np.float32)
        np.maximum.at(best, place[is_answer], scores[is_answer])
        tie = np.float32(TIE) * np.maximum(np.float32(unit), np.abs(best))
        above, below = best + tie, best - tie
        n_true_above = np.bincount(place[scores > above[place]], minlength=len(rows))
        n_true_equal = np.bincount(place[scores >= below[place]], minlength=len(rows))
        asked = block if len(rows) == len(block) else block[rows]
        n_above, n_equal = (asked > above[:, None]).sum(axis=1), (asked >= below[:, None]).sum(axis=1)
        return 1 + n_above - n_true_above, 1 + n_equal - n_true_equal
