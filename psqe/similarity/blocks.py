"""Comparing two sets of entities in blocks: similarities, CSLS, top-k, largest cells, greedy.

Nothing here holds more than a block of rows of the similarity matrix at a time. Positions break ties, so
callers bring their vectors in canonical order (:mod:`psqe.features.canonical`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from psqe.errors import ParameterError
from psqe.graph import BoolArray, FloatArray, IntArray

Matching = Literal["cosine", "csls", "sinkhorn"]
"""What is made of similarities before they are ranked: nothing, :func:`csls`, or
:func:`psqe.similarity.sinkhorn.sinkhorn`."""

BLOCK_CELLS = 1 << 23
"""Cells of one block of a similarity matrix: 32 MiB of float32."""


class Similarity(ABC):
    """A similarity matrix ``(n_left, n_right)`` that is computed in blocks of rows when asked."""

    shape: tuple[int, int]

    @abstractmethod
    def rows(self, start: int, stop: int) -> FloatArray:
        """Rows ``start .. stop - 1``: ``(stop - start, n_right)``, larger is more alike."""

    @property
    @abstractmethod
    def T(self) -> Similarity:
        """The same similarities seen from the right: ``(n_right, n_left)``."""

    @abstractmethod
    def take(self, rows: IntArray, columns: IntArray | None) -> Similarity:
        """The part of the matrix in these rows and columns; all columns, uncopied, for ``None``."""

    def blocks(self) -> Iterator[tuple[int, FloatArray]]:
        """All rows in blocks of about :data:`BLOCK_CELLS` cells: pairs of (first row, block).

        Raises
        ------
        FloatingPointError
            If a score is not finite. A NaN compares false with everything and would rank first.
        """
        n_left, n_right = self.shape
        step = max(1, BLOCK_CELLS // max(1, n_right))
        for start in range(0, n_left, step):
            block = self.rows(start, min(n_left, start + step))
            if not np.isfinite(block).all():
                raise FloatingPointError(
                    f"similarities are not finite in rows {start}..{start + len(block) - 1}"
                )
            yield start, block


@dataclass(frozen=True, eq=False)
class Dot(Similarity):
    """Dot products of two sets of vectors ``(n_left, d)`` and ``(n_right, d)``; cosine if rows are unit.

    Products are computed on ``device`` in float32; blocks always come back as arrays.
    """

    left: FloatArray
    right: FloatArray
    device: str = "cpu"

    @property
    def shape(self) -> tuple[int, int]:  # type: ignore[override]
        """``(n_left, n_right)``."""
        return len(self.left), len(self.right)

    @cached_property
    def _on_device(self) -> tuple[Tensor, Tensor]:
        return torch.from_numpy(self.left).to(self.device), torch.from_numpy(self.right).to(self.device)

    def rows(self, start: int, stop: int) -> FloatArray:
        """See :meth:`Similarity.rows`."""
        block: FloatArray
        if self.device == "cpu":
            block = self.left[start:stop] @ self.right.T
        else:
            left, right = self._on_device
            block = (left[start:stop] @ right.T).cpu().numpy()
        return block

    @property
    def T(self) -> Dot:
        """See :attr:`Similarity.T`."""
        return Dot(self.right, self.left, self.device)

    def take(self, rows: IntArray, columns: IntArray | None) -> Dot:
        """See :meth:`Similarity.take`."""
        return Dot(self.left[rows], self.right if columns is None else self.right[columns], self.device)


@dataclass(frozen=True, eq=False)
class SparseDot(Similarity):
    """Dot products of two sets of sparse rows ``(n_left, d)`` and ``(n_right, d)``."""

    left: sparse.csr_array
    right: sparse.csr_array

    @property
    def shape(self) -> tuple[int, int]:  # type: ignore[override]
        """``(n_left, n_right)``."""
        return self.left.shape[0], self.right.shape[0]

    def rows(self, start: int, stop: int) -> FloatArray:
        """See :meth:`Similarity.rows`."""
        block: FloatArray = (self.left[start:stop] @ self.right.T).toarray()
        return block

    @property
    def T(self) -> SparseDot:
        """See :attr:`Similarity.T`."""
        return SparseDot(self.right, self.left)

    def take(self, rows: IntArray, columns: IntArray | None) -> SparseDot:
        """See :meth:`Similarity.take`."""
        return SparseDot(self.left[rows], self.right if columns is None else self.right[columns])


@dataclass(frozen=True, eq=False)
class Sum(Similarity):
    """``sum_i weights[i] * parts[i]``: several similarities of the same entities as one."""

    parts: tuple[Similarity, ...]
    weights: tuple[float, ...]

    @property
    def shape(self) -> tuple[int, int]:  # type: ignore[override]
        """``(n_left, n_right)``."""
        return self.parts[0].shape

    def rows(self, start: int, stop: int) -> FloatArray:
        """See :meth:`Similarity.rows`."""
        total = np.zeros((stop - start, self.shape[1]), dtype=np.float32)
        for part, weight in zip(self.parts, self.weights, strict=True):
            block = part.rows(start, stop)
            block *= np.float32(weight)
            total += block
        return total

    @property
    def T(self) -> Sum:
        """See :attr:`Similarity.T`."""
        return Sum(tuple(part.T for part in self.parts), self.weights)

    def take(self, rows: IntArray, columns: IntArray | None) -> Sum:
        """See :meth:`Similarity.take`."""
        return Sum(tuple(part.take(rows, columns) for part in self.parts), self.weights)


@dataclass(frozen=True, eq=False)
class Shifted(Similarity):
    """``scale * base + of_left[:, None] + of_right[None, :]``: the form CSLS, Sinkhorn and shares have."""

    base: Similarity
    scale: float
    of_left: FloatArray
    of_right: FloatArray

    @property
    def shape(self) -> tuple[int, int]:  # type: ignore[override]
        """``(n_left, n_right)``."""
        return self.base.shape

    def rows(self, start: int, stop: int) -> FloatArray:
        """See :meth:`Similarity.rows`."""
        block = self.base.rows(start, stop) * np.float32(self.scale)
        block += self.of_left[start:stop, None]
        block += self.of_right[None, :]
        return block

    @property
    def T(self) -> Shifted:
        """See :attr:`Similarity.T`."""
        return Shifted(self.base.T, self.scale, self.of_right, self.of_left)

    def take(self, rows: IntArray, columns: IntArray | None) -> Shifted:
        """See :meth:`Similarity.take`."""
        of_right = self.of_right if columns is None else self.of_right[columns]
        return Shifted(self.base.take(rows, columns), self.scale, self.of_left[rows], of_right)


def best_in_rows(block: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
    """Columns and values of the ``k`` largest cells of every row ``(n, k)``, best first, ties by position."""
    if k == 1:
        first = block.argmax(axis=1)[:, None]
        return first, np.take_along_axis(block, first, axis=1)
    found, indices = torch.topk(torch.from_numpy(block), k, dim=1)
    scores, best = found.numpy(), indices.numpy()
    # Of those that tie with the last one, any may have come back; take the first ones.
    tied = np.flatnonzero((block >= scores[:, -1:]).sum(axis=1) > k)
    if len(tied):
        best[tied] = np.argsort(-block[tied], axis=1, kind="stable")[:, :k]
        scores[tied] = np.take_along_axis(block[tied], best[tied], axis=1)
    order = np.lexsort((best, -scores), axis=1)
    return np.take_along_axis(best, order, axis=1), np.take_along_axis(scores, order, axis=1)


def top_k(similarity: Similarity, k: int) -> tuple[IntArray, FloatArray]:
    """The ``k`` best right entities of every left one, best first.

    Returns
    -------
    Indices ``(n_left, k')`` and scores ``(n_left, k')`` with ``k' = min(k, n_right)``; equal scores in
    the order of their position.
    """
    n_left, n_right = similarity.shape
    k = min(k, n_right)
    indices = np.empty((n_left, k), dtype=np.int64)
    scores = np.empty((n_left, k), dtype=np.float32)
    for start, block in similarity.blocks():
        rows = slice(start, start + len(block))
        indices[rows], scores[rows] = best_in_rows(block, k)
    return indices, scores


def mutual_nearest(similarity: Similarity) -> tuple[IntArray, IntArray]:
    """Pairs that are each other's nearest: rows and columns ``(m,)``, rows ascending.

    Faster than :func:`psqe.similarity.neighbours.neighbours`, which keeps more. Of equal ones the first is
    nearest.
    """
    n_left, n_right = similarity.shape
    if not n_right:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    of_left = np.zeros(n_left, dtype=np.int64)
    of_right, peak = np.zeros(n_right, dtype=np.int64), np.full(n_right, -np.inf, dtype=np.float32)
    for start, block in similarity.blocks():
        of_left[start : start + len(block)] = block.argmax(axis=1)
        best = block.argmax(axis=0)
        scores = block[best, np.arange(n_right)]
        better = scores > peak
        of_right[better], peak[better] = best[better] + start, scores[better]
    rows = np.flatnonzero(of_right[of_left] == np.arange(n_left))
    return rows, of_left[rows]


def csls(similarity: Similarity, k: int = 10) -> Shifted:
    """Cross-domain similarity local scaling: ``2 s(x, y) - r(x) - r(y)`` (Conneau et al. 2018, eq. 2-3).

    ``r`` is the mean similarity of an entity to its ``k`` nearest on the other side. It is large for
    hubs, which are near to everybody, and so takes their advantage away.
    """
    if k < 1:
        raise ParameterError(f"csls needs k of at least 1, not {k}")
    of_left = top_k(similarity, k)[1].mean(axis=1)
    of_right = top_k(similarity.T, k)[1].mean(axis=1)
    return Shifted(similarity, 2.0, -of_left, -of_right)


def largest_cells(similarity: Similarity, n: int) -> tuple[IntArray, IntArray, FloatArray]:
    """The ``n`` largest cells of the whole matrix, in descending order.

    Returns
    -------
    Rows, columns and scores, ``(n',)`` each with ``n' = min(n, cells)``; equal scores in the order of
    their position (row, then column).
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
    """Walk pairs in the order given and keep one when neither end is used; stop at ``n``.

    Parameters
    ----------
    rows, columns
        The pairs, ``(m,)`` each, best first.
    n
        Most pairs to keep.
    used_left, used_right
        Boolean arrays of entities taken before; updated in place when given.

    Returns
    -------
    Positions of the kept pairs within the input, ascending.
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
