"""Nearest entities on sides that are too large to compare all pairs.

Where there are more than ``EXACT ** 2`` pairs (:data:`EXACT`), a similarity proposes some
columns for each row (:meth:`psqe.similarity.base.Similarity.proposer`). The similarities of the proposed
pairs are computed, and ranked as everywhere: the largest first, ties by position. What is approximate is
only which pairs are seen. Sums over all candidates are sums over the proposed ones, which leave out what all
other pairs would add.

The search works on ranges of columns, called **shards** (:func:`search_shard`). Their results are merged
without any loss (:func:`merge`), so that shards may be searched one after the other. Shards and ranges of
rows may also be searched by several processes (:mod:`psqe.similarity.workers`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from psqe.graph import DoubleArray, FloatArray, IntArray
from psqe.similarity.base import NO_COLUMN, Similarity
from psqe.similarity.workers import is_sent, map_parts, prepared, row_ranges

EXACT = 50_000
"""Up to the square of this number of pairs, all pairs are compared."""

MARGIN = 64
"""For each row ``2 * k + MARGIN`` columns are proposed to find ``k``, because short codes order vectors only
roughly."""

BLOCK_ROWS = 8192
"""Number of rows that are searched at a time."""


def is_large(similarity: Similarity) -> bool:
    """Tell whether a matrix has so many cells that the search for its largest is approximate.

    Examples
    --------
    >>> from psqe.similarity import Dot
    >>> is_large(Dot(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32)))
    False
    """
    return too_many_pairs(*similarity.shape)


def too_many_pairs(n_left: int, n_right: int) -> bool:
    """Tell whether so many entities have so many pairs that not all of them are compared.

    Examples
    --------
    >>> too_many_pairs(60_000, 40_000), too_many_pairs(60_000, 50_000)
    (False, True)
    """
    return n_left * n_right > EXACT**2


@dataclass(frozen=True, eq=False)
class Listed:
    """The nearest columns of every row.

    Parameters
    ----------
    indices, scores
        The columns and their similarities ``(n, k)``, best first, ties by position; column 0 and minus
        infinity where fewer are found.
    totals
        ``log sum exp(s / temperature)`` over what was compared, float64 ``(n,)``.

    Examples
    --------
    >>> Listed(np.array([[1]]), np.array([[0.5]], dtype=np.float32), np.array([25.0])).indices.tolist()
    [[1]]
    """

    indices: IntArray
    scores: FloatArray
    totals: DoubleArray


def search_shard(
    similarity: Similarity, columns: slice, k: int, *, temperature: float, rows: slice | None = None
) -> Listed:
    """Search a range of columns for the nearest of every row, or of the rows of a range.

    The function depends on its arguments only, and these can be pickled, so that any process can call it.

    Parameters
    ----------
    similarity
        Similarities ``(n_left, n_right)``.
    columns
        The range, ``slice(start, stop)`` with ``0 <= start < stop <= n_right``.
    k
        Number of columns to list.
    temperature
        Temperature of the totals, positive.
    rows
        The range of rows, which begins at a multiple of :data:`BLOCK_ROWS`; all rows when ``None``.

    Returns
    -------
    The nearest of the proposed columns within the range, numbered as in the whole matrix, of each row that
    is searched.

    Raises
    ------
    FloatingPointError
        If a similarity is not finite.

    Examples
    --------
    >>> from psqe.similarity import Dot
    >>> unit = Dot(np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32))
    >>> search_shard(unit, slice(1, 3), 1, temperature=1.0).indices.tolist()
    [[1], [1], [2]]
    """
    n_columns = columns.stop - columns.start
    k = min(k, n_columns)
    n_proposed = min(n_columns, 2 * k + MARGIN)
    first, n = (0, similarity.shape[0]) if rows is None else (rows.start, rows.stop - rows.start)
    propose = prepared(
        similarity,
        (n_proposed, columns.start, columns.stop),
        partial(similarity.proposer, n_proposed, columns),
    )
    indices, scores = np.zeros((n, k), dtype=np.int64), np.full((n, k), -np.inf, dtype=np.float32)
    totals = np.empty(n, dtype=np.float64)
    for start in range(0, n, BLOCK_ROWS):
        part = slice(start, min(n, start + BLOCK_ROWS))
        searched = np.arange(first + part.start, first + part.stop)
        proposed = propose(first + part.start, first + part.stop)
        # A row for which nothing is proposed gets the first columns. An exact search lists the same ones for
        # a row of zeros; one whose dimensions were all left out (MOST_PRODUCTS) can miss its nearest columns.
        proposed[(proposed == NO_COLUMN).all(axis=1)] = columns.start + np.arange(proposed.shape[1])
        missing = proposed == NO_COLUMN
        values = similarity.cells(searched, np.where(missing, columns.start, proposed))
        if not np.isfinite(values).all():
            raise FloatingPointError(f"similarities are not finite in rows {searched[0]}..{searched[-1]}")
        values[missing] = -np.inf
        totals[part] = _log_sum_exp(values, temperature)
        indices[part], scores[part] = _best(proposed, values, k)
    return Listed(indices, scores, totals)


def merge(parts: Sequence[Listed], k: int) -> Listed:
    """Merge the nearest columns that were found in several ranges of columns.

    Parameters
    ----------
    parts
        What was found in each range, at least one.
    k
        Number of columns to list.

    Returns
    -------
    The nearest columns of all ranges. They are those of one search of all columns, as far as each search
    finds all that it looks for.

    Examples
    --------
    >>> from psqe.similarity import Dot
    >>> unit = Dot(np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32))
    >>> parts = [search_shard(unit, slice(i, i + 1), 1, temperature=1.0) for i in range(3)]
    >>> merge(parts, 1).indices.tolist()
    [[0], [1], [2]]
    """
    if len(parts) == 1:
        return parts[0]
    indices, scores = (np.hstack([getattr(part, name) for part in parts]) for name in ("indices", "scores"))
    best = _best(indices, scores, min(k, indices.shape[1]))
    return Listed(*best, np.logaddexp.reduce([part.totals for part in parts], axis=0))


def search(similarity: Similarity, k: int, *, temperature: float = 1.0, n_shards: int = 1) -> Listed:
    """Search all columns for the nearest of every row, approximately.

    Parameters
    ----------
    similarity
        Similarities ``(n_left, n_right)``, at least one of either side.
    k
        Number of columns to list.
    temperature
        Temperature of the totals, positive; 1 by default.
    n_shards
        Number of ranges of columns that are searched one after the other; 1 by default. More need less
        memory and more time.

    Returns
    -------
    The nearest ``k`` columns of each row, fewer if there are fewer, numbered from 0.

    Examples
    --------
    >>> from psqe.similarity import Dot
    >>> unit = Dot(np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32))
    >>> search(unit, 1, n_shards=2).indices.tolist()
    [[0], [1], [2]]
    """
    bounds = np.linspace(0, similarity.shape[1], min(n_shards, similarity.shape[1]) + 1).astype(int).tolist()
    shards = [slice(start, stop) for start, stop in pairwise(bounds)]
    if not is_sent(similarity):
        return merge([search_shard(similarity, shard, k, temperature=temperature) for shard in shards], k)
    ranges = row_ranges(similarity, BLOCK_ROWS)
    parts = [(columns, rows) for columns in shards for rows in ranges]
    found = list(map_parts(partial(_search_part, k=k, temperature=temperature), similarity, parts))
    of_shards = [found[start : start + len(ranges)] for start in range(0, len(found), len(ranges))]
    return merge([_joined(of_ranges) for of_ranges in of_shards], k)


def _search_part(similarity: Similarity, part: tuple[slice, slice], *, k: int, temperature: float) -> Listed:
    """Search a range of columns for the nearest of the rows of a range; a worker does it."""
    columns, rows = part
    return search_shard(similarity, columns, k, temperature=temperature, rows=rows)


def _joined(parts: Sequence[Listed]) -> Listed:
    """Put together what was found for ranges of rows."""
    return Listed(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("indices", "scores", "totals"))
    )


def _best(columns: IntArray, values: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
    """Return the ``k`` largest values of each row and their columns ``(n, k)``, ties by column."""
    order = np.lexsort((columns, -values), axis=1)[:, :k]
    best: FloatArray = np.take_along_axis(values, order, axis=1)
    found = np.take_along_axis(columns, order, axis=1)
    return np.where(np.isfinite(best), found, 0), best


def _log_sum_exp(values: FloatArray, temperature: float) -> DoubleArray:
    """Return ``log sum_j exp(values[i, j] / temperature)`` ``(n,)``; 0 for a row without any value."""
    peak = values.max(axis=1).astype(np.float64)
    empty = ~np.isfinite(peak)
    peak[empty] = 0
    sums = np.exp((values - peak[:, None]) / temperature).sum(axis=1)
    sums[empty] = 1
    total: DoubleArray = peak / temperature + np.log(sums)
    return total
