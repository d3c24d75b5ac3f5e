"""Who is nearest to whom, and how sure that is: both directions of a similarity in one pass.

The **share** of a pair is the geometric mean of two softmax shares, ``p(v | u)`` among all candidates of
the left entity and ``p(u | v)`` among all of the right one:

    log share(u, v) = s(u, v) / t - (log sum_v' exp(s(u, v') / t) + log sum_u' exp(s(u', v) / t)) / 2

It is near one when neither entity has another candidate nearly as good, and small for an entity without
counterpart, which has many equally poor ones. No label is needed. With fused cosines and the temperature
:data:`TEMPERATURE` it comes close to the probability that the pair is right (the book measures how close).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psqe.errors import ParameterError
from psqe.graph import DoubleArray, FloatArray, IntArray
from psqe.similarity.blocks import Dot, Shifted, Similarity, best_in_rows

TEMPERATURE = 0.02
"""Of shares of fused cosines. Chosen on emoji/en-fr and dbp15k/zh_en, whose shares it calibrates."""

TIE_BREAK = 1e-3
"""What a similarity counts where pairs are ranked by share: ``log share + TIE_BREAK * (s - 1)``.

Many shares are one up to rounding. Among them, and among candidates of one entity whose shares are equal,
the more similar pair comes first. A cosine changes a share by a fifth of a percent at most.
"""

EXACT = 100_000
"""Above so many entities on a side, dot products are searched by an inverted file instead of all pairs."""

N_PROBE = 16
"""Cells of the inverted file that a search visits."""

N_LISTED = 16
"""Nearest ones kept of every entity; 4 times as many when searched approximately."""


@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest counterpart of every entity, in both directions.

    Attributes
    ----------
    of_left, of_right
        Index of the nearest entity on the other side, ``(n_left,)`` and ``(n_right,)``.
    score_left, score_right
        Its similarity.
    margin_left, margin_right
        How far it is ahead of the second nearest; infinite when there is no second.
    """

    of_left: IntArray
    of_right: IntArray
    score_left: FloatArray
    score_right: FloatArray
    margin_left: FloatArray
    margin_right: FloatArray

    def mutual(self) -> tuple[IntArray, IntArray]:
        """Pairs that are each other's nearest: left and right indices, ``(m,)`` each."""
        left = np.flatnonzero(self.of_right[self.of_left] == np.arange(len(self.of_left)))
        return left, self.of_left[left]

    def margin(self, left: IntArray, right: IntArray) -> FloatArray:
        """The smaller of the two margins of mutual pairs ``(m,)``: zero when the pair is tied."""
        smaller: FloatArray = np.minimum(self.margin_left[left], self.margin_right[right])
        return smaller


@dataclass(frozen=True, eq=False)
class Neighbours:
    """What one pass over a similarity leaves.

    Attributes
    ----------
    left_indices, left_scores
        The nearest right entities of every left one ``(n_left, k)``, best first.
    right_indices, right_scores
        The nearest left entities of every right one ``(n_right, k)``, best first.
    left_total, right_total
        ``log sum exp(s / temperature)`` over all candidates of an entity, ``(n_left,)`` and ``(n_right,)``;
        in float64, for near one a share is a small difference of large numbers.
    temperature
        Of the totals.
    """

    left_indices: IntArray
    left_scores: FloatArray
    right_indices: IntArray
    right_scores: FloatArray
    left_total: DoubleArray
    right_total: DoubleArray
    temperature: float

    def nearest(self) -> Nearest:
        """The nearest by similarity."""
        return _nearest(self.left_indices, self.left_scores, self.right_indices, self.right_scores)

    def nearest_by_share(self) -> Nearest:
        """The nearest by share, out of those listed; scores are those of :meth:`by_share`."""
        left = self._by_share(self.left_indices, self.left_scores, self.left_total, self.right_total)
        right = self._by_share(self.right_indices, self.right_scores, self.right_total, self.left_total)
        return _nearest(*left, *right)

    def _by_share(
        self, indices: IntArray, scores: FloatArray, own: DoubleArray, other: DoubleArray
    ) -> tuple[IntArray, FloatArray]:
        """One side's lists with the scores of :meth:`by_share` instead of similarities, best first."""
        exact = scores.astype(np.float64)
        logs = exact / self.temperature - (own[:, None] + other[indices]) / 2 + TIE_BREAK * (exact - 1)
        order = np.argsort(-logs, axis=1, kind="stable")
        ranked: FloatArray = np.take_along_axis(logs, order, axis=1).astype(np.float32)
        return np.take_along_axis(indices, order, axis=1), ranked

    def by_share(self, similarity: Similarity) -> Shifted:
        """What pairs are ranked by: the logarithms of all shares, with :data:`TIE_BREAK`.

        ``similarity`` is what was found.
        """
        of_left = (-self.left_total / 2 - TIE_BREAK).astype(np.float32)
        of_right = (-self.right_total / 2).astype(np.float32)
        return Shifted(similarity, 1 / self.temperature + TIE_BREAK, of_left, of_right)


def _nearest(left: IntArray, left_scores: FloatArray, right: IntArray, right_scores: FloatArray) -> Nearest:
    margins = [
        scores[:, 0] - scores[:, 1] if scores.shape[1] > 1 else np.full(len(scores), np.inf, np.float32)
        for scores in (left_scores, right_scores)
    ]
    return Nearest(left[:, 0], right[:, 0], left_scores[:, 0], right_scores[:, 0], margins[0], margins[1])


def nearest(similarity: Similarity) -> Nearest:
    """Find the nearest and the margin to the second nearest, in both directions."""
    return neighbours(similarity, k=2).nearest()


def neighbours(similarity: Similarity, *, k: int = N_LISTED, temperature: float = TEMPERATURE) -> Neighbours:
    """Pass over a similarity once.

    Dot products with more than :data:`EXACT` entities on a side are searched approximately: lists are
    four times as long, may miss some, and the totals are over what is listed.

    Raises
    ------
    ParameterError
        If the temperature is not positive or ``k`` is less than 1.
    """
    if not temperature > 0 or k < 1:
        raise ParameterError("a survey needs a positive temperature and k of at least 1")
    if isinstance(similarity, Dot) and max(similarity.shape) > EXACT:
        return _searched(similarity, 4 * k, temperature)
    n_left, n_right = similarity.shape
    k_left, k_right = min(k, n_right), min(k, n_left)
    left_indices = np.empty((n_left, k_left), dtype=np.int64)
    left_scores = np.empty((n_left, k_left), dtype=np.float32)
    left_total = np.empty(n_left, dtype=np.float64)
    right_indices = np.zeros((n_right, k_right), dtype=np.int64)
    right_scores = np.full((n_right, k_right), -np.inf, dtype=np.float32)
    right_total = np.full(n_right, -np.inf, dtype=np.float64)
    for start, block in similarity.blocks():
        rows = slice(start, start + len(block))
        left_indices[rows], left_scores[rows] = best_in_rows(block, k_left)
        across = np.ascontiguousarray(block.T)
        indices, scores = best_in_rows(across, min(k_right, len(block)))
        # What was there came from earlier rows, so a stable sort keeps ties in the order of position.
        indices = np.hstack([right_indices, indices + start])
        scores = np.hstack([right_scores, scores])
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k_right]
        right_indices = np.take_along_axis(indices, order, axis=1)
        right_scores = np.take_along_axis(scores, order, axis=1)
        left_total[rows] = _log_sum_exp(block, left_scores[rows, 0], temperature)
        peak = across.max(axis=1)
        right_total = np.logaddexp(right_total, _log_sum_exp(across, peak, temperature))
    return Neighbours(
        left_indices, left_scores, right_indices, right_scores, left_total, right_total, temperature
    )


def shares(
    similarity: Similarity, rows: IntArray, columns: IntArray, *, temperature: float = TEMPERATURE
) -> FloatArray:
    """Shares of some pairs ``(n,)``, at the cost of their own rows and columns of the matrix only."""
    scores, of_rows = _totals(similarity, rows, columns, temperature)
    _, of_columns = _totals(similarity.T, columns, rows, temperature)
    logs = scores.astype(np.float64) / temperature - (of_rows + of_columns) / 2
    return np.exp(logs).clip(0, 1).astype(np.float32)


def _totals(
    similarity: Similarity, rows: IntArray, columns: IntArray, temperature: float
) -> tuple[FloatArray, DoubleArray]:
    """The cells of the pairs ``(n,)``, and the logarithms of the sums of their rows ``(n,)``."""
    own, place = np.unique(rows, return_inverse=True)
    total = np.empty(len(own), dtype=np.float64)
    scores = np.empty(len(rows), dtype=np.float32)
    for start, block in similarity.take(own, None).blocks():
        total[start : start + len(block)] = _log_sum_exp(block, block.max(axis=1), temperature)
        here = np.flatnonzero((place >= start) & (place < start + len(block)))
        scores[here] = block[place[here] - start, columns[here]]
    return scores, total[place]


def nearest_one_way(
    similarity: Similarity, *, temperature: float = TEMPERATURE
) -> tuple[IntArray, FloatArray, DoubleArray]:
    """Per row the nearest column, its similarity and ``log sum exp(s / temperature)``, ``(n_left,)`` each."""
    n = similarity.shape[0]
    best, scores, total = np.empty(n, np.int64), np.empty(n, np.float32), np.empty(n, np.float64)
    for start, block in similarity.blocks():
        rows = slice(start, start + len(block))
        best[rows] = block.argmax(axis=1)
        scores[rows] = block.max(axis=1)
        total[rows] = _log_sum_exp(block, scores[rows], temperature)
    return best, scores, total


def _log_sum_exp(block: FloatArray, peak: FloatArray, temperature: float) -> DoubleArray:
    """``log sum_j exp(block[i, j] / temperature)`` for rows whose largest cell is ``peak``: ``(n,)``."""
    shifted = block - peak[:, None]
    shifted *= np.float32(1 / temperature)
    np.exp(shifted, out=shifted)
    total: DoubleArray = peak.astype(np.float64) / temperature + np.log(shifted.sum(axis=1, dtype=np.float64))
    return total


def _searched(similarity: Dot, k: int, temperature: float) -> Neighbours:
    """The survey of many vectors, by an inverted file (Johnson et al. 2019) for either direction."""
    if not (np.isfinite(similarity.left).all() and np.isfinite(similarity.right).all()):
        raise FloatingPointError("similarities are not finite: some vectors are not")
    left_indices, left_scores = _search(similarity.left, similarity.right, k)
    right_indices, right_scores = _search(similarity.right, similarity.left, k)
    totals = [_log_sum_exp(scores, scores[:, 0], temperature) for scores in (left_scores, right_scores)]
    return Neighbours(
        left_indices, left_scores, right_indices, right_scores, totals[0], totals[1], temperature
    )


def _search(queries: FloatArray, base: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
    """Approximately the ``k`` largest dot products of every query: ``(n, k)``, or as many as there are."""
    import faiss

    k = min(k, len(base))
    n_cells = min(len(base), round(4 * len(base) ** 0.5))
    index = faiss.IndexIVFFlat(
        faiss.IndexFlatIP(base.shape[1]), base.shape[1], n_cells, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.seed = 0
    index.train(base)
    index.add(base)
    index.nprobe = min(N_PROBE, n_cells)
    scores, indices = index.search(queries, k)
    # Where the cells visited hold fewer than k vectors, places stay empty.
    empty = indices < 0
    indices[empty], scores[empty] = 0, -np.inf
    return indices, scores
