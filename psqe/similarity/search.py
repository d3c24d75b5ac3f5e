"""Search in a similarity matrix: the best cells of rows, mutual nearest pairs, greedy matching."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch

from psqe.graph import BoolArray, FloatArray, IntArray
from psqe.similarity.approximate import is_large, search
from psqe.similarity.base import Similarity
from psqe.similarity.workers import map_parts, row_ranges

BLOCKS_SENT = 16
"""Number of blocks that a worker searches at a time where all pairs are compared."""


def best_in_rows(block: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
    """Find the ``k`` largest cells of every row of a block.

    Parameters
    ----------
    block
        Float32 array ``(n, n_columns)``.
    k
        How many cells to find, at most ``n_columns``.

    Returns
    -------
    Columns ``(n, k)`` and values ``(n, k)``, best first; equal values in the order of their position.
    """
    if k == 1:
        first = block.argmax(axis=1)[:, None]
        return first, np.take_along_axis(block, first, axis=1)
    # One cell more than is asked for shows whether a cell that is left out ties with the last one.
    n_found = min(k + 1, block.shape[1])
    largest, indices = torch.topk(torch.from_numpy(block), n_found, dim=1)
    scores, best = largest.numpy(), indices.numpy()
    tied = np.flatnonzero(scores[:, k] == scores[:, k - 1]) if n_found > k else np.empty(0, np.int64)
    scores, best = scores[:, :k], best[:, :k]
    # torch may return any of the cells that tie with the last one; take the first of them.
    if len(tied):
        best[tied] = np.argsort(-block[tied], axis=1, kind="stable")[:, :k]
        scores[tied] = np.take_along_axis(block[tied], best[tied], axis=1)
    order = np.lexsort((best, -scores), axis=1)
    return np.take_along_axis(best, order, axis=1), np.take_along_axis(scores, order, axis=1)


def top_k(similarity: Similarity, k: int) -> tuple[IntArray, FloatArray]:
    """Find the ``k`` most similar right entities of every left entity.

    The search is approximate where :func:`psqe.similarity.approximate.is_large` says so.

    Parameters
    ----------
    similarity
        Similarities ``(n_left, n_right)``.
    k
        How many entities to find.

    Returns
    -------
    Indices ``(n_left, k')`` and similarities ``(n_left, k')`` with ``k' = min(k, n_right)``, best first;
    equal similarities in the order of their position.

    Examples
    --------
    >>> from psqe.similarity import Dot
    >>> indices, scores = top_k(Dot(np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32)), 2)
    >>> indices.tolist()
    [[0, 1], [1, 0], [2, 0]]
    """
    k = min(k, similarity.shape[1])
    if is_large(similarity):
        found = search(similarity, k)
        return found.indices, found.scores
    ranges = row_ranges(similarity, BLOCKS_SENT * similarity.block_rows)
    parts = list(map_parts(partial(_best_of_range, k=k), similarity, ranges))
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _best_of_range(similarity: Similarity, rows: slice, *, k: int) -> tuple[IntArray, FloatArray]:
    """Find the ``k`` largest cells of each row of a range."""
    n = rows.stop - rows.start
    indices, scores = np.empty((n, k), dtype=np.int64), np.empty((n, k), dtype=np.float32)
    for start, block in similarity.blocks(rows.start, rows.stop):
        part = slice(start - rows.start, start - rows.start + len(block))
        indices[part], scores[part] = best_in_rows(block, k)
    return indices, scores


def mutual_pairs(nearest_of_left: IntArray, nearest_of_right: IntArray) -> tuple[IntArray, IntArray]:
    """Find the pairs of entities that are each other's nearest.

    Parameters
    ----------
    nearest_of_left, nearest_of_right
        Index of the nearest entity on the other side, ``(n_left,)`` and ``(n_right,)``.

    Returns
    -------
    Left and right index of every such pair ``(m,)``, left indices ascending.

    Examples
    --------
    >>> rows, columns = mutual_pairs(np.array([1, 1]), np.array([0, 1]))
    >>> rows.tolist(), columns.tolist()
    ([1], [1])
    """
    rows = np.flatnonzero(nearest_of_right[nearest_of_left] == np.arange(len(nearest_of_left)))
    return rows, nearest_of_left[rows]


def mutual_nearest(similarity: Similarity) -> tuple[IntArray, IntArray]:
    """Find the pairs of entities that are each other's nearest under a similarity.

    This is faster than :func:`psqe.similarity.find_neighbours`, which keeps more. Of equally similar
    entities, the first one counts as the nearest. The search is approximate where
    :func:`psqe.similarity.approximate.is_large` says so.

    Returns
    -------
    Left and right index of every such pair ``(m,)``, left indices ascending.
    """
    n_left, n_right = similarity.shape
    if not n_right:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    if is_large(similarity):
        return mutual_pairs(*(search(side, 1).indices[:, 0] for side in (similarity, similarity.T)))
    of_left = np.zeros(n_left, dtype=np.int64)
    of_right, peak = np.zeros(n_right, dtype=np.int64), np.full(n_right, -np.inf, dtype=np.float32)
    for start, block in similarity.blocks():
        of_left[start : start + len(block)] = block.argmax(axis=1)
        best = block.argmax(axis=0)
        scores = block[best, np.arange(n_right)]
        better = scores > peak
        of_right[better], peak[better] = best[better] + start, scores[better]
    return mutual_pairs(of_left, of_right)


def largest_cells(similarity: Similarity, n: int) -> tuple[IntArray, IntArray, FloatArray]:
    """Find the ``n`` largest cells of the whole matrix, all of which are computed, however many.

    Returns
    -------
    Rows, columns and values in descending order, ``(n',)`` each with ``n' = min(n, n_left * n_right)``; equal
    values in the order of their position (row, then column).
    """
    rows = np.empty(0, dtype=np.int64)
    columns = np.empty(0, dtype=np.int64)
    scores = np.empty(0, dtype=np.float32)
    n_right = similarity.shape[1]
    floor = -np.inf
    for start, block in similarity.blocks():
        flat = block.ravel()
        cells = np.flatnonzero(flat > floor) if len(scores) >= n else np.arange(flat.size)
        if len(cells) > n:
            # All cells that tie with the last one stay until the final, stable sort.
            limit = np.partition(flat[cells], len(cells) - n)[len(cells) - n]
            cells = cells[flat[cells] >= limit]
        rows = np.concatenate([rows, start + cells // n_right])
        columns = np.concatenate([columns, cells % n_right])
        scores = np.concatenate([scores, flat[cells]])
        order = np.argsort(-scores, kind="stable")[:n]
        rows, columns, scores = rows[order], columns[order], scores[order]
        if len(scores) == n and n:
            floor = float(scores[-1])
    return rows, columns, scores


def greedy_one_to_one(
    rows: IntArray,
    columns: IntArray,
    n: int,
    *,
    used_left: BoolArray | None = None,
    used_right: BoolArray | None = None,
) -> IntArray:
    """Walk through pairs in the order given and keep a pair if neither of its entities is used yet.

    Parameters
    ----------
    rows, columns
        Left and right index of each pair ``(m,)``, best first.
    n
        The largest number of pairs to keep.
    used_left, used_right
        Boolean arrays ``(n_left,)`` and ``(n_right,)`` that mark entities used before; no entity is when
        ``None``. They are updated in place.

    Returns
    -------
    Positions of the kept pairs in the input ``(n',)``, ascending.

    Examples
    --------
    >>> greedy_one_to_one(np.array([0, 0, 1]), np.array([0, 1, 1]), 5).tolist()
    [0, 2]
    """
    size = len(rows)
    if used_left is None:
        used_left = np.zeros(int(rows.max()) + 1 if size else 0, dtype=bool)
    if used_right is None:
        used_right = np.zeros(int(columns.max()) + 1 if size else 0, dtype=bool)
    kept: list[int] = []
    for position, (row, column) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
        if len(kept) >= n:
            break
        if not used_left[row] and not used_right[column]:
            used_left[row] = used_right[column] = True
            kept.append(position)
    return np.array(kept, dtype=np.int64)
