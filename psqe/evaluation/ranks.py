"""Ranks of true counterparts in a similarity matrix, and Hits@k and MRR from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from psqe.graph import DoubleArray, IntArray
from psqe.similarity import Similarity

TIE = 1e-6
"""Scores that differ by less are equal; where a score exceeds 1, the difference is relative to its size.
Blocked float32 products of equal rows differ by about 1e-7, and Sinkhorn's scores are some fifty times as
large."""


@dataclass(frozen=True, eq=False)
class Ranks:
    """Rank of the true counterpart among the candidates, from 1, for each query ``(n,)``.

    Attributes
    ----------
    optimistic, pessimistic
        The rank if the true counterpart came first, or last, among the candidates with its score.

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


def ranks(similarity: Similarity, queries: IntArray, answers: IntArray) -> Ranks:
    """Rank the true answers of queries among the columns of a similarity matrix.

    Parameters
    ----------
    similarity
        ``(n_left, n_right)``.
    queries, answers
        Row and true column of each query, ``(n,)``; each row at most once.

    Raises
    ------
    FloatingPointError
        If a similarity is not finite.
    """
    column = np.full(similarity.shape[0], -1, dtype=np.int64)
    column[queries] = answers
    optimistic = np.zeros(similarity.shape[0], dtype=np.int64)
    pessimistic = np.zeros(similarity.shape[0], dtype=np.int64)
    for start, block in similarity.blocks():
        wanted = column[start : start + len(block)]
        rows = np.flatnonzero(wanted >= 0)
        true = block[rows, wanted[rows]][:, None]
        tie = np.float32(TIE) * np.maximum(1, np.abs(true))
        optimistic[start + rows] = 1 + (block[rows] > true + tie).sum(axis=1)
        pessimistic[start + rows] = (block[rows] >= true - tie).sum(axis=1)
    return Ranks(optimistic[queries], pessimistic[queries])
