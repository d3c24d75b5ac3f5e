"""Nearest neighbours in both directions of a similarity, and the share of each pair.

The **share** of a pair is the geometric mean of two softmax shares, ``p(v | u)`` among all candidates of
the left entity and ``p(u | v)`` among all of the right one:

    log share(u, v) = s(u, v) / t - (log sum_v' exp(s(u, v') / t) + log sum_u' exp(s(u', v) / t)) / 2

It is near one when neither entity has another candidate nearly as good, and small for an entity without
counterpart, which has many equally poor ones. No label is needed. With fused cosines and the temperature
:data:`TEMPERATURE` it comes close to the probability that the pair is correct (the book measures how close).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from psqe.errors import ParameterError
from psqe.graph import BoolArray, DoubleArray, FloatArray, IntArray
from psqe.similarity.approximate import is_large, search
from psqe.similarity.base import BLOCK_CELLS, Shifted, Similarity
from psqe.similarity.search import BLOCKS_SENT, best_in_rows, mutual_pairs, top_k
from psqe.similarity.workers import is_sent, map_parts, row_ranges

TEMPERATURE = 0.02
"""Temperature of the shares of fused cosines. It was chosen on emoji/en-fr and dbp15k/zh_en, whose shares it
calibrates."""

TIE_BREAK = 1e-3
"""Weight of the similarity where pairs are ranked by share: ``log share + TIE_BREAK * (s - 1)``.

Many shares are one up to rounding. Among them, and among candidates of one entity whose shares are equal,
the more similar pair comes first. A cosine changes a share by a fifth of a percent at most.
"""

N_LISTED = 16
"""Number of nearest entities kept for every entity."""

N_KNOWN = 32
"""Number of nearest entities that an approximate search finds at least, and the similarity then knows, so
that they are searched once."""

PAIRS_AT_ONCE = 1 << 16
"""Number of pairs whose similarities are computed at a time."""

LONG = 64
"""Above this number of listed entities, the lists of the right side are made in a pass of their own over a
matrix of several blocks: merging long lists block by block takes longer than computing the blocks again."""


@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest entity on the other side of every entity, in both directions.

    Attributes
    ----------
    of_left, of_right
        Index of the nearest entity on the other side, ``(n_left,)`` and ``(n_right,)``.
    score_left, score_right
        Similarity to the nearest entity, or the score that it was ranked by.
    margin_left, margin_right
        Lead of the nearest over the second nearest; infinite when there is no second.

    Examples
    --------
    >>> from psqe.similarity import Dot, find_nearest
    >>> nearest = find_nearest(Dot(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32)))
    >>> nearest.of_left.tolist(), nearest.margin_left.tolist()
    ([0, 1], [1.0, 1.0])
    """

    of_left: IntArray
    of_right: IntArray
    score_left: FloatArray
    score_right: FloatArray
    margin_left: FloatArray
    margin_right: FloatArray

    @classmethod
    def from_lists(
        cls, left: IntArray, left_scores: FloatArray, right: IntArray, right_scores: FloatArray
    ) -> Nearest:
        """Take the nearest entities from lists of neighbours.

        Parameters
        ----------
        left, left_scores
            The neighbours of every left entity and their scores ``(n_left, k)``, best first.
        right, right_scores
            The same for every right entity ``(n_right, k)``.
        """
        margins = [
            scores[:, 0] - scores[:, 1] if scores.shape[1] > 1 else np.full(len(scores), np.inf, np.float32)
            for scores in (left_scores, right_scores)
        ]
        return cls(left[:, 0], right[:, 0], left_scores[:, 0], right_scores[:, 0], margins[0], margins[1])

    def mutual(self) -> tuple[IntArray, IntArray]:
        """Return the pairs that are each other's nearest: left and right indices, ``(m,)`` each."""
        return mutual_pairs(self.of_left, self.of_right)

    def margin(self, left: IntArray, right: IntArray) -> FloatArray:
        """Return the smaller of the two margins of each pair ``(m,)``: zero when a mutual pair is tied."""
        smaller: FloatArray = np.minimum(self.margin_left[left], self.margin_right[right])
        return smaller


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Lists of nearest entities in both directions, and what is needed to compute shares.

    Attributes
    ----------
    left_indices, left_scores
        The nearest right entities of every left one and their similarities ``(n_left, k)``, best first.
    right_indices, right_scores
        The nearest left entities of every right one and their similarities ``(n_right, k)``, best first.
    left_total, right_total
        ``log sum exp(s / temperature)`` over all candidates of each entity, ``(n_left,)`` and ``(n_right,)``.
        They are float64, because a share near one is a small difference of large numbers.
    temperature
        The temperature of the totals.
    """

    left_indices: IntArray
    left_scores: FloatArray
    right_indices: IntArray
    right_scores: FloatArray
    left_total: DoubleArray
    right_total: DoubleArray
    temperature: float

    def first(self, k: int) -> Neighbours:
        """Return the first ``k`` entities of every list, or all where a list is shorter."""
        return replace(
            self,
            left_indices=self.left_indices[:, :k], left_scores=self.left_scores[:, :k],
            right_indices=self.right_indices[:, :k], right_scores=self.right_scores[:, :k],
        )  # fmt: skip

    @property
    def T(self) -> Neighbours:
        """The same, seen from the right side."""
        return Neighbours(
            self.right_indices, self.right_scores, self.left_indices, self.left_scores,
            self.right_total, self.left_total, self.temperature,
        )  # fmt: skip

    def nearest(self) -> Nearest:
        """Return the nearest entities by similarity."""
        return Nearest.from_lists(self.left_indices, self.left_scores, self.right_indices, self.right_scores)

    def nearest_by_share(self) -> Nearest:
        """Return the nearest entities by share among those listed; scores are those of :meth:`by_share`."""
        left = self._by_share(self.left_indices, self.left_scores, self.left_total, self.right_total)
        right = self._by_share(self.right_indices, self.right_scores, self.right_total, self.left_total)
        return Nearest.from_lists(*left, *right)

    def _by_share(
        self, indices: IntArray, scores: FloatArray, totals: DoubleArray, other_totals: DoubleArray
    ) -> tuple[IntArray, FloatArray]:
        """Rank one side's lists by the scores of :meth:`by_share` instead of similarities, best first."""
        exact = scores.astype(np.float64)
        logs = exact / self.temperature - (totals[:, None] + other_totals[indices]) / 2
        logs += TIE_BREAK * (exact - 1)
        order = np.argsort(-logs, axis=1, kind="stable")
        ranked: FloatArray = np.take_along_axis(logs, order, axis=1).astype(np.float32)
        return np.take_along_axis(indices, order, axis=1), ranked

    def by_share(self, similarity: Similarity) -> Shifted:
        """Return the scores by which pairs are ranked: logarithms of shares, with :data:`TIE_BREAK`.

        Parameters
        ----------
        similarity
            The similarity in which these neighbours were found.
        """
        left_offsets = (-self.left_total / 2 - TIE_BREAK).astype(np.float32)
        right_offsets = (-self.right_total / 2).astype(np.float32)
        return Shifted(similarity, 1 / self.temperature + TIE_BREAK, left_offsets, right_offsets)


def find_nearest(similarity: Similarity) -> Nearest:
    """Find the nearest entity of every entity, and its margin to the second nearest, in both directions."""
    return find_neighbours(similarity, k=2).nearest()


def find_neighbours(
    similarity: Similarity, *, k: int = N_LISTED, temperature: float = TEMPERATURE
) -> Neighbours:
    """Find the nearest entities of every entity, in one pass over a similarity or, for long lists, in two.

    Above :data:`psqe.similarity.approximate.EXACT` entities on both sides the search is approximate: lists
    may miss some entities, and totals are over the pairs that were compared. The similarity then keeps what
    was found (:attr:`psqe.similarity.base.Similarity.known`), and is not searched again. Nor is a similarity
    whose neighbours were brought up to date (:func:`updated_neighbours`).

    Parameters
    ----------
    similarity
        Similarities ``(n_left, n_right)``.
    k
        Number of nearest entities to list.
    temperature
        Temperature of the totals, positive.

    Raises
    ------
    ParameterError
        If the temperature is not positive or ``k`` is below 1.
    """
    if not temperature > 0 or k < 1:
        raise ParameterError("neighbours need a positive temperature and k of at least 1")
    if is_large(similarity) or _knows(similarity, k, temperature):
        return known_neighbours(similarity, k=k, temperature=temperature).first(k)
    n_left, n_right = similarity.shape
    k_left, k_right = min(k, n_right), min(k, n_left)
    if min(k_left, k_right) > LONG and n_left * n_right > BLOCK_CELLS:
        left = _lists_of_rows(similarity, k_left, temperature)
        right = _lists_of_rows(similarity.T, k_right, temperature)
        return Neighbours(left[0], left[1], right[0], right[1], left[2], right[2], temperature)
    step = similarity.block_rows * (BLOCKS_SENT if is_sent(similarity) else 1)
    ranges = [slice(start, min(n_left, start + step)) for start in range(0, n_left, step)]
    search_range = partial(_both_ways, k_left=k_left, k_right=k_right, temperature=temperature)
    left_indices = np.empty((n_left, k_left), dtype=np.int64)
    left_scores = np.empty((n_left, k_left), dtype=np.float32)
    left_total = np.empty(n_left, dtype=np.float64)
    nearest = np.zeros((n_right, 0), dtype=np.int64), np.empty((n_right, 0), dtype=np.float32)
    right_total = np.full(n_right, -np.inf, dtype=np.float64)
    for rows, part in zip(ranges, map_parts(search_range, similarity, ranges), strict=True):
        left_indices[rows], left_scores[rows], left_total[rows] = part.left
        nearest = _merged(nearest, part.right, k_right)
        for totals in part.right_totals:  # one after the other: the order of a sum decides its last bits
            right_total = np.logaddexp(right_total, totals)
    return Neighbours(left_indices, left_scores, *nearest, left_total, right_total, temperature)


@dataclass(frozen=True, eq=False)
class _Range:
    """What a range of rows says about nearest entities in both directions.

    Parameters
    ----------
    left
        The nearest columns of each row, their similarities, and the total of the row.
    right
        The nearest rows of each column among those of the range, and their similarities.
    right_totals
        The totals of all columns over the rows of a block, for each block.
    """

    left: tuple[IntArray, FloatArray, DoubleArray]
    right: tuple[IntArray, FloatArray]
    right_totals: list[DoubleArray]


def _both_ways(
    similarity: Similarity, rows: slice, *, k_left: int, k_right: int, temperature: float
) -> _Range:
    """Find the nearest entities in both directions among the pairs of a range of rows, in one pass."""
    n_right = similarity.shape[1]
    of_blocks = []
    right = np.zeros((n_right, 0), dtype=np.int64), np.empty((n_right, 0), dtype=np.float32)
    right_totals = []
    for start, block in similarity.blocks(rows.start, rows.stop):
        indices, scores = best_in_rows(block, k_left)
        of_blocks.append((indices, scores, log_sum_exp(block, scores[:, 0], temperature)))
        across = np.ascontiguousarray(block.T)
        indices, scores = best_in_rows(across, min(k_right, len(block)))
        right = _merged(right, (indices + start, scores), k_right)
        right_totals.append(log_sum_exp(across, across.max(axis=1), temperature))
    indices, scores, totals = (np.concatenate(column) for column in zip(*of_blocks, strict=True))
    return _Range((indices, scores, totals), right, right_totals)


def _merged(
    first: tuple[IntArray, FloatArray], later: tuple[IntArray, FloatArray], k: int
) -> tuple[IntArray, FloatArray]:
    """Merge lists of nearest rows: those of earlier rows, and those of later ones, which lose ties."""
    if not first[0].shape[1]:
        return later
    indices, scores = np.hstack([first[0], later[0]]), np.hstack([first[1], later[1]])
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(indices, order, axis=1), np.take_along_axis(scores, order, axis=1)


def known_neighbours(similarity: Similarity, *, k: int, temperature: float) -> Neighbours:
    """Return at least ``k`` nearest entities of every entity of a large similarity, searched if not known."""
    known = similarity.known
    if known is None or not _knows(similarity, k, temperature):
        left = search(similarity, max(k, N_KNOWN), temperature=temperature)
        right = search(similarity.T, max(k, N_KNOWN), temperature=temperature)
        known = Neighbours(
            left.indices, left.scores, right.indices, right.scores, left.totals, right.totals, temperature
        )
        similarity.learn(known)
    return known


def _knows(similarity: Similarity, k: int, temperature: float) -> bool:
    """Tell whether a similarity knows ``k`` neighbours of each entity, and totals at a temperature."""
    known = similarity.known
    return (
        known is not None
        and known.temperature == temperature
        and known.left_indices.shape[1] >= min(k, similarity.shape[1])
        and known.right_indices.shape[1] >= min(k, similarity.shape[0])
    )


def updated_neighbours(
    similarity: Similarity,
    rows: IntArray,
    columns: IntArray,
    changed_rows: IntArray,
    changed_columns: IntArray,
    *,
    k: int = N_KNOWN,
    temperature: float = TEMPERATURE,
) -> Neighbours:
    """Bring lists of neighbours up to date, at the cost of the entities that changed.

    Pairs that an earlier search has listed are compared again. All pairs of an entity that changed are
    compared, and so are those of an entity with fewer than a quarter of ``k`` listed pairs. Another entity
    lists only those that it listed before and those that changed.

    Parameters
    ----------
    similarity
        Similarities ``(n_left, n_right)``, at least one of either side. They keep what is found.
    rows, columns
        Left and right index of each pair that was listed before ``(n,)``, each pair once.
    changed_rows, changed_columns
        Indices of the left and of the right entities that changed.
    k
        Number of nearest entities to list.
    temperature
        Temperature of the totals, which are over the pairs that were compared and listed.

    Returns
    -------
    The lists. Where an entity has fewer neighbours, index 0 and a similarity of minus infinity fill its list.

    Raises
    ------
    FloatingPointError
        If a similarity is not finite.

    Examples
    --------
    >>> from psqe.similarity import Dot
    >>> unit = Dot(np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32))
    >>> listed, nothing = np.arange(3), np.empty(0, dtype=np.int64)
    >>> found = updated_neighbours(unit, listed, listed, nothing, nothing, k=2)
    >>> found.left_indices[:, 0].tolist(), found.left_scores[:, 1].tolist()
    ([0, 1, 2], [-inf, -inf, -inf])
    """
    n_left, n_right = similarity.shape
    found = [rows * n_right + columns]
    sides = ((similarity, rows, changed_rows), (similarity.T, columns, changed_columns))
    for backward, (matrix, listed, changed) in enumerate(sides):
        n, n_others = matrix.shape
        few = np.bincount(listed, minlength=n) < min(k, n_others) / 4
        few[changed] = True
        searched = np.flatnonzero(few)
        if not len(searched):
            continue
        nearest, _ = top_k(matrix.take(searched, None), k)
        own = np.broadcast_to(searched[:, None], nearest.shape)
        cells = nearest * n_right + own if backward else own * n_right + nearest
        found.append(cells.ravel())
    rows, columns = np.divmod(np.unique(np.concatenate(found)), n_right)
    values = cells_of_pairs(similarity, rows, columns)
    left = _listed_best(rows, columns, values, n_left, min(k, n_right), temperature)
    right = _listed_best(columns, rows, values, n_right, min(k, n_left), temperature)
    known = Neighbours(left[0], left[1], right[0], right[1], left[2], right[2], temperature)
    similarity.learn(known)
    return known


def cells_of_pairs(similarity: Similarity, rows: IntArray, columns: IntArray) -> FloatArray:
    """Compute the similarities of some pairs, at the cost of these pairs only where that is possible.

    Parameters
    ----------
    similarity
        Similarities ``(n_left, n_right)``.
    rows, columns
        Left and right index of each pair ``(n,)``.

    Returns
    -------
    Float32 array ``(n,)``.

    Raises
    ------
    FloatingPointError
        If a similarity is not finite.

    Examples
    --------
    >>> from psqe.similarity import Dot
    >>> unit = Dot(np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32))
    >>> cells_of_pairs(unit, np.array([0, 2]), np.array([1, 2])).tolist()
    [0.0, 1.0]
    """
    values = np.empty(len(rows), dtype=np.float32)
    for start in range(0, len(rows), PAIRS_AT_ONCE):
        part = slice(start, start + PAIRS_AT_ONCE)
        values[part] = similarity.cells(rows[part], columns[part, None])[:, 0]
    if not np.isfinite(values).all():
        raise FloatingPointError(f"similarities are not finite in row {rows[~np.isfinite(values)][0]}")
    return values


def _listed_best(
    of: IntArray, others: IntArray, values: FloatArray, n: int, k: int, temperature: float
) -> tuple[IntArray, FloatArray, DoubleArray]:
    """Return the ``k`` best pairs of each of ``n`` entities, and the total of all of its pairs."""
    order = np.lexsort((others, -values, of))
    of, others, values = of[order], others[order], values[order]
    first = np.searchsorted(of, np.arange(n))
    place = np.arange(len(of)) - first[of]
    indices, scores = np.zeros((n, k), dtype=np.int64), np.full((n, k), -np.inf, dtype=np.float32)
    kept = place < k
    indices[of[kept], place[kept]], scores[of[kept], place[kept]] = others[kept], values[kept]
    peak = np.where(np.isfinite(scores[:, 0]), scores[:, 0], 0).astype(np.float64)
    terms = np.exp((values - peak[of]) / temperature)
    sums = np.bincount(of, weights=terms, minlength=n)
    return indices, scores, peak / temperature + np.log(np.where(sums > 0, sums, 1))


def _lists_of_rows(
    similarity: Similarity, k: int, temperature: float
) -> tuple[IntArray, FloatArray, DoubleArray]:
    """Return the ``k`` nearest columns of every row, their similarities, and the total of every row."""
    ranges = row_ranges(similarity, BLOCKS_SENT * similarity.block_rows)
    found = list(map_parts(partial(_lists_of_range, k=k, temperature=temperature), similarity, ranges))
    indices, scores, totals = (np.concatenate(column) for column in zip(*found, strict=True))
    return indices, scores, totals


def _lists_of_range(
    similarity: Similarity, rows: slice, *, k: int, temperature: float
) -> tuple[IntArray, FloatArray, DoubleArray]:
    """Return the same as :func:`_lists_of_rows` for the rows of a range."""
    n = rows.stop - rows.start
    indices, scores = np.empty((n, k), dtype=np.int64), np.empty((n, k), dtype=np.float32)
    totals = np.empty(n, dtype=np.float64)
    for start, block in similarity.blocks(rows.start, rows.stop):
        part = slice(start - rows.start, start - rows.start + len(block))
        indices[part], scores[part] = best_in_rows(block, k)
        totals[part] = log_sum_exp(block, scores[part, 0], temperature)
    return indices, scores, totals


def shares(
    similarity: Similarity, rows: IntArray, columns: IntArray, *, temperature: float = TEMPERATURE
) -> FloatArray:
    """Compute the shares of some pairs, at the cost of their own rows and columns of the matrix only.

    Where there are more pairs of these entities with all others than are compared exactly
    (:func:`psqe.similarity.approximate.is_large`), sums over all candidates are sums over the nearest.

    Parameters
    ----------
    similarity
        Similarities ``(n_left, n_right)``.
    rows, columns
        Left and right index of each pair ``(n,)``.
    temperature
        Temperature of the shares, positive.

    Returns
    -------
    The shares ``(n,)``, in [0, 1].
    """
    scores, row_totals = _scores_and_totals(similarity, rows, columns, temperature)
    _, column_totals = _scores_and_totals(similarity.T, columns, rows, temperature)
    return _share(scores, row_totals, column_totals, temperature)


def _share(
    scores: FloatArray, row_totals: DoubleArray, column_totals: DoubleArray, temperature: float
) -> FloatArray:
    """Compute shares ``(n,)`` by the equation at the top of this module."""
    logs = scores.astype(np.float64) / temperature - (row_totals + column_totals) / 2
    share: FloatArray = np.exp(logs).clip(0, 1).astype(np.float32)
    return share


def _scores_and_totals(
    similarity: Similarity, rows: IntArray, columns: IntArray, temperature: float
) -> tuple[FloatArray, DoubleArray]:
    """Return the similarities of the pairs ``(n,)``, and the totals of their rows ``(n,)``."""
    known = similarity.known
    if known is not None and known.temperature == temperature:
        return similarity.cells(rows, columns[:, None])[:, 0], known.left_total[rows]
    distinct, place = np.unique(rows, return_inverse=True)
    part = similarity.take(distinct, None)
    if is_large(part):
        totals = search(part, 1, temperature=temperature).totals
        return part.cells(place, columns[:, None])[:, 0], totals[place]
    total = np.empty(len(distinct), dtype=np.float64)
    scores = np.empty(len(rows), dtype=np.float32)
    for start, block in part.blocks():
        total[start : start + len(block)] = log_sum_exp(block, block.max(axis=1), temperature)
        here = np.flatnonzero((place >= start) & (place < start + len(block)))
        scores[here] = block[place[here] - start, columns[here]]
    return scores, total[place]


def nearest_one_way(
    similarity: Similarity, *, temperature: float = TEMPERATURE
) -> tuple[IntArray, FloatArray, DoubleArray]:
    """Find the nearest column of every row.

    Returns
    -------
    The column, its similarity and ``log sum exp(s / temperature)`` of the row, ``(n_left,)`` each.
    """
    indices, scores, totals = _lists_of_rows(similarity, 1, temperature)
    return indices[:, 0], scores[:, 0], totals


def mutual_in_sample(
    rows: IntArray, forward: Similarity, backward: Callable[[IntArray], Similarity]
) -> tuple[BoolArray, FloatArray]:
    """Tell which of some left entities are the nearest of their own nearest entity.

    Only the rows of the sample and the columns of their nearest entities are computed.

    Parameters
    ----------
    rows
        Indices of the left entities ``(n,)``.
    forward
        Similarities of these entities to all right ones ``(n, n_right)``.
    backward
        Takes indices of right entities ``(m,)`` and returns their similarities to all left ones
        ``(m, n_left)``.

    Returns
    -------
    Whether each entity and its nearest are mutual nearest ``(n,)``, and the share of the two ``(n,)`` at
    :data:`TEMPERATURE`.
    """
    best, scores, totals = nearest_one_way(forward)
    back, _, totals_back = nearest_one_way(backward(best))
    return back == rows, _share(scores, totals, totals_back, TEMPERATURE)


def log_sum_exp(block: FloatArray, peak: FloatArray, temperature: float) -> DoubleArray:
    """Return ``log sum_j exp(block[i, j] / temperature)`` ``(n,)`` of rows whose largest cell is ``peak``."""
    shifted = block - peak[:, None]
    shifted *= np.float32(1 / temperature)
    np.exp(shifted, out=shifted)
    total: DoubleArray = peak.astype(np.float64) / temperature + np.log(shifted.sum(axis=1, dtype=np.float64))
    return total
