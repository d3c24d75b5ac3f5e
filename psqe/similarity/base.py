"""Similarity matrices that are computed in blocks of rows, so that a whole matrix is never held in memory.

Positions break ties. Callers therefore bring their vectors in canonical order
(:mod:`psqe.features.canonical_order`).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from psqe.graph import FloatArray, IntArray
from psqe.similarity.bounded import rarest
from psqe.similarity.inverted_file import inner_products, inverted_file

if TYPE_CHECKING:
    from psqe.similarity.neighbours import Neighbours

BLOCK_CELLS = 1 << 23
"""Number of cells in one block of a similarity matrix: 32 MiB of float32."""

NO_COLUMN = -1
"""Stands for no column where fewer columns are proposed than were asked for."""

MOST_PRODUCTS = 100_000_000
"""Largest number of pairs of a row and a column that are compared for meeting in a dimension of sparse
vectors. Above it, the dimensions that most columns share are left out: they say least."""

FEW_CELLS = 16
"""Smallest number of cells of a row for which sparse vectors are compared row by row. With fewer cells it is
faster to compare many rows at once."""

Proposer = Callable[[int, int], IntArray]
"""Function of a first row and the row after the last one that returns columns proposed for each of these rows
``(n, k)``, in no stated order, each at most once; :data:`NO_COLUMN` where there are fewer."""


Other = TypeVar("Other", bound="Similarity")


class Similarity(ABC):
    """A similarity matrix ``(n_left, n_right)`` that is computed in blocks of rows when it is asked for.

    A larger value means that the two entities are more alike.

    Attributes
    ----------
    shape
        ``(n_left, n_right)``.
    """

    shape: tuple[int, int]

    @property
    def unit(self) -> float:
        """What a difference of 1 between two cosines is in these scores; rounding grows with it."""
        return 1.0

    @property
    def known(self) -> Neighbours | None:
        """Nearest entities in both directions, where an approximate search has found them."""
        return vars(self).get("_known")

    def learn(self, known: Neighbours) -> None:
        """Keep what an approximate search has found in this similarity; sums that it is a part of use it."""
        vars(self)["_known"] = known

    def _taught(self, transposed: Other) -> Other:
        """Let the transposed matrix know what this one knows."""
        if self.known is not None:
            transposed.learn(self.known.T)
        return transposed

    @abstractmethod
    def rows(self, start: int, stop: int) -> FloatArray:
        """Return the rows ``start`` to ``stop - 1`` as a new float32 array ``(stop - start, n_right)``."""

    @property
    @abstractmethod
    def T(self) -> Similarity:
        """The transposed matrix ``(n_right, n_left)``: the same similarities, seen from the right side."""

    @abstractmethod
    def take(self, rows: IntArray, columns: IntArray | None) -> Similarity:
        """Return the part of the matrix in the given rows and columns.

        Parameters
        ----------
        rows
            Indices of rows ``(n,)``.
        columns
            Indices of columns ``(m,)``; ``None`` takes all columns without a copy.
        """

    def cells(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """Return the similarities of some pairs, at the cost of these pairs only where that is possible.

        Parameters
        ----------
        rows
            Indices of rows ``(n,)``.
        columns
            Indices of columns for each of them ``(n, k)``.

        Returns
        -------
        Float32 array ``(n, k)``. It may differ from :meth:`rows` in the last bits.
        """
        result = np.empty(columns.shape, dtype=np.float32)
        step = max(1, int((BLOCK_CELLS / max(1, columns.shape[1])) ** 0.5))
        for start in range(0, len(rows), step):
            part = slice(start, start + step)
            distinct, place = np.unique(columns[part], return_inverse=True)
            block = self.take(rows[part], distinct).rows(0, len(rows[part]))
            result[part] = np.take_along_axis(block, place.reshape(columns[part].shape), axis=1)
        return result

    def proposer(self, k: int, columns: slice) -> Proposer:
        """Prepare a search for the largest cells of rows, whose results may be approximate.

        Parameters
        ----------
        k
            Number of columns to propose for each row.
        columns
            The range of columns that are searched, ``slice(start, stop)``.

        Returns
        -------
        A function that proposes columns, by default those with the largest cells.
        """

        def propose(start: int, stop: int) -> IntArray:
            found = np.empty((stop - start, min(k, columns.stop - columns.start)), dtype=np.int64)
            step = max(1, BLOCK_CELLS // max(1, self.shape[1]))
            for first in range(start, stop, step):
                block = self.rows(first, min(stop, first + step))[:, columns]
                order = np.argsort(-block, axis=1, kind="stable")[:, : found.shape[1]]
                found[first - start : first - start + len(block)] = order + columns.start
            return found

        return propose

    @property
    def block_rows(self) -> int:
        """Number of rows of a block of about :data:`BLOCK_CELLS` cells."""
        return max(1, BLOCK_CELLS // max(1, self.shape[1]))

    def blocks(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, FloatArray]]:
        """Yield rows in blocks of :attr:`block_rows` rows, as pairs of (first row, block).

        Parameters
        ----------
        start, stop
            The first row and the row after the last one; all rows by default.

        Raises
        ------
        FloatingPointError
            If a similarity is not finite. A NaN compares false with everything and would rank first.
        """
        last = self.shape[0] if stop is None else stop
        for first in range(start, last, self.block_rows):
            block = self.rows(first, min(last, first + self.block_rows))
            if not np.isfinite(block).all():
                raise FloatingPointError(
                    f"similarities are not finite in rows {first}..{first + len(block) - 1}"
                )
            yield first, block


@dataclass(frozen=True, eq=False)
class Dot(Similarity):
    """Dot products of two sets of vectors; these are cosines if the vectors have unit length.

    Parameters
    ----------
    left, right
        Float32 arrays ``(n_left, d)`` and ``(n_right, d)``.
    device
        The torch device that computes the products, in float32. Blocks always come back as NumPy arrays.

    Examples
    --------
    >>> similarity = Dot(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32))
    >>> similarity.rows(0, 1).tolist()
    [[1.0, 0.0]]
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
        return self._taught(Dot(self.right, self.left, self.device))

    def cells(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """See :meth:`Similarity.cells`; the processor computes them, whatever the device."""
        if columns.shape[1] == 1:
            products: FloatArray = np.einsum("nd,nd->n", self.left[rows], self.right[columns[:, 0]])
            return products[:, None]
        return inner_products(self.left[rows], self.right, columns)

    def proposer(self, k: int, columns: slice) -> Proposer:
        """See :meth:`Similarity.proposer`; an inverted file is searched.

        Raises
        ------
        FloatingPointError
            If a vector is not finite, or so long that a dot product may not be.
        """
        width = self.left.shape[1]
        if not width:  # All similarities are zero, and the first columns are as near as any others.
            return lambda start, stop: np.tile(columns.start + np.arange(k), (stop - start, 1))
        sides = (self.left, self.right)
        largest = [max(float(side.max(initial=0)), -float(side.min(initial=0))) for side in sides]
        if not all(map(math.isfinite, largest)):
            raise FloatingPointError("similarities are not finite: some vectors are not")
        if max(largest) ** 2 * width > float(np.finfo(np.float32).max):
            raise FloatingPointError("similarities are not finite: some vectors are too long")
        search = inverted_file(self.right[columns], self.left, k)

        def propose(start: int, stop: int) -> IntArray:
            found = search(self.left[start:stop], k)
            return np.where(found < 0, NO_COLUMN, found + columns.start)

        return propose

    def take(self, rows: IntArray, columns: IntArray | None) -> Dot:
        """See :meth:`Similarity.take`."""
        return Dot(self.left[rows], self.right if columns is None else self.right[columns], self.device)


@dataclass(frozen=True, eq=False)
class SparseDot(Similarity):
    """Dot products of two sets of sparse vectors.

    Parameters
    ----------
    left, right
        Sparse arrays ``(n_left, d)`` and ``(n_right, d)``.

    Examples
    --------
    >>> identity = sparse.csr_array(np.eye(2, dtype=np.float32))
    >>> SparseDot(identity, identity).rows(1, 2).tolist()
    [[0.0, 1.0]]
    """

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

    def cells(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """See :meth:`Similarity.cells`."""
        result = np.empty(columns.shape, dtype=np.float32)
        if columns.shape[1] < FEW_CELLS:
            step = (1 << 20) // FEW_CELLS
            for start in range(0, len(rows), step):
                of_part = columns[start : start + step]
                left = self.left[np.repeat(rows[start : start + step], of_part.shape[1])]
                products = left.multiply(self.right[of_part.ravel()]).sum(axis=1)
                result[start : start + step] = np.asarray(products).reshape(of_part.shape)
            return result
        row = np.zeros(self.left.shape[1], dtype=np.float32)
        for place, index in enumerate(rows):
            filled = slice(self.left.indptr[index], self.left.indptr[index + 1])
            row[self.left.indices[filled]] = self.left.data[filled]
            result[place] = self.right[columns[place]] @ row
            row[self.left.indices[filled]] = 0
        return result

    def proposer(self, k: int, columns: slice) -> Proposer:
        """See :meth:`Similarity.proposer`.

        Proposes the columns that have a dimension in common with the row. Where that makes more than
        :data:`MOST_PRODUCTS` pairs, the dimensions that most columns share are left out, so that nothing is
        proposed for a row that has no others.
        """
        other = sparse.csc_array(self.right[columns])
        n_columns = np.diff(other.indptr).astype(np.int64)
        n_rows = np.bincount(self.left.indices, minlength=other.shape[1])
        rare = rarest(n_columns, n_rows * n_columns, MOST_PRODUCTS)
        other = sparse.csr_array(other @ sparse.diags_array(rare.astype(np.float32))).T.tocsr()

        def propose(start: int, stop: int) -> IntArray:
            found = np.full((stop - start, k), NO_COLUMN, dtype=np.int64)
            products = sparse.csr_array(self.left[start:stop] @ other)
            for row, (first, end) in enumerate(pairwise(products.indptr)):
                shared = np.flatnonzero(products.data[first:end] > 0)
                if len(shared) > k:
                    shared = shared[np.argpartition(-products.data[first + shared], k - 1)[:k]]
                found[row, : len(shared)] = products.indices[first + shared] + columns.start
            return found

        return propose

    def take(self, rows: IntArray, columns: IntArray | None) -> SparseDot:
        """See :meth:`Similarity.take`."""
        return SparseDot(self.left[rows], self.right if columns is None else self.right[columns])


@dataclass(frozen=True, eq=False)
class Sum(Similarity):
    """The weighted sum ``sum_i weights[i] * parts[i]`` of several similarities of the same entities.

    Parameters
    ----------
    parts
        Similarities of one shape.
    weights
        The weight of each part.

    Examples
    --------
    >>> part = Dot(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32))
    >>> Sum((part, part.T), (1.0, 0.5)).rows(0, 1).tolist()
    [[1.5, 0.0]]
    """

    parts: tuple[Similarity, ...]
    weights: tuple[float, ...]

    @property
    def shape(self) -> tuple[int, int]:  # type: ignore[override]
        """``(n_left, n_right)``."""
        return self.parts[0].shape

    @property
    def unit(self) -> float:
        """See :attr:`Similarity.unit`."""
        return sum(abs(weight) * part.unit for part, weight in zip(self.parts, self.weights, strict=True))

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
        return self._taught(Sum(tuple(part.T for part in self.parts), self.weights))

    def cells(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """See :meth:`Similarity.cells`."""
        total = np.zeros(columns.shape, dtype=np.float32)
        for part, weight in zip(self.parts, self.weights, strict=True):
            total += np.float32(weight) * part.cells(rows, columns)
        return total

    def proposer(self, k: int, columns: slice) -> Proposer:
        """See :meth:`Similarity.proposer`.

        Dot products are searched as one, of joined vectors. Of all else, what each part proposes is proposed.
        Where the nearest columns of a part are known, these are taken.
        """
        flat = list(self._flat())
        searched = {id(part) for part, _ in flat if isinstance(part, Dot) and part.known is None}
        dots = [(part, weight) for part, weight in flat if id(part) in searched and isinstance(part, Dot)]
        parts = [part for part, _ in flat if id(part) not in searched]
        if dots:
            left = np.hstack([np.float32(weight) * part.left for part, weight in dots])
            parts.insert(0, Dot(left, np.hstack([part.right for part, _ in dots])))
        proposers = [_known_or_searched(part, k, columns) for part in parts]

        def propose(start: int, stop: int) -> IntArray:
            found = np.sort(np.hstack([each(start, stop) for each in proposers]), axis=1)
            found[:, 1:][found[:, 1:] == found[:, :-1]] = NO_COLUMN
            return found

        return propose

    def _flat(self) -> Iterator[tuple[Similarity, float]]:
        """Yield the parts with their weights, and those of a part that is a sum itself."""
        for part, weight in zip(self.parts, self.weights, strict=True):
            if isinstance(part, Sum) and part.known is None:
                yield from ((each, weight * share) for each, share in part._flat())
            else:
                yield part, weight

    def take(self, rows: IntArray, columns: IntArray | None) -> Sum:
        """See :meth:`Similarity.take`."""
        return Sum(tuple(part.take(rows, columns) for part in self.parts), self.weights)


def _known_or_searched(part: Similarity, k: int, columns: slice) -> Proposer:
    """Return a proposer of the nearest columns of a part that are known, or of those that are searched."""
    known = part.known
    if known is None:
        return part.proposer(k, columns)

    def propose(start: int, stop: int) -> IntArray:
        found, scores = known.left_indices[start:stop], known.left_scores[start:stop]
        within = np.isfinite(scores) & (found >= columns.start) & (found < columns.stop)
        return np.where(within, found, NO_COLUMN)

    return propose


@dataclass(frozen=True, eq=False)
class Shifted(Similarity):
    """``scale * base + left_offsets[:, None] + right_offsets[None, :]``.

    CSLS, Sinkhorn and the logarithms of shares all have this form.

    Parameters
    ----------
    base
        A similarity ``(n_left, n_right)``.
    scale
        The factor of ``base``.
    left_offsets, right_offsets
        What is added to each row ``(n_left,)`` and to each column ``(n_right,)``.

    Examples
    --------
    >>> base = Dot(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32))
    >>> Shifted(base, 2.0, np.zeros(2, np.float32), np.ones(2, np.float32)).rows(0, 1).tolist()
    [[3.0, 1.0]]
    """

    base: Similarity
    scale: float
    left_offsets: FloatArray
    right_offsets: FloatArray

    @property
    def shape(self) -> tuple[int, int]:  # type: ignore[override]
        """``(n_left, n_right)``."""
        return self.base.shape

    @property
    def unit(self) -> float:
        """See :attr:`Similarity.unit`."""
        return abs(self.scale) * self.base.unit

    def rows(self, start: int, stop: int) -> FloatArray:
        """See :meth:`Similarity.rows`."""
        block = self.base.rows(start, stop) * np.float32(self.scale)
        block += self.left_offsets[start:stop, None]
        block += self.right_offsets[None, :]
        return block

    @property
    def T(self) -> Shifted:
        """See :attr:`Similarity.T`."""
        return Shifted(self.base.T, self.scale, self.right_offsets, self.left_offsets)

    def cells(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """See :meth:`Similarity.cells`."""
        cells = self.base.cells(rows, columns) * np.float32(self.scale)
        cells += self.left_offsets[rows, None]
        cells += self.right_offsets[columns]
        return cells

    def proposer(self, k: int, columns: slice) -> Proposer:
        """See :meth:`Similarity.proposer`; what the base proposes for a positive scale."""
        return self.base.proposer(k, columns) if self.scale > 0 else super().proposer(k, columns)

    def take(self, rows: IntArray, columns: IntArray | None) -> Shifted:
        """See :meth:`Similarity.take`."""
        right_offsets = self.right_offsets if columns is None else self.right_offsets[columns]
        return Shifted(self.base.take(rows, columns), self.scale, self.left_offsets[rows], right_offsets)


@dataclass(frozen=True, eq=False)
class Remembered(Similarity):
    """A similarity that remembers its last block of rows, for several users of the same blocks in turn.

    Each user gets a copy. The transposed matrix remembers its own last block, and it is always the same
    object, so that matchings which are made of one similarity share its blocks in both directions.

    Parameters
    ----------
    base
        A similarity ``(n_left, n_right)``.

    Examples
    --------
    >>> base = Remembered(Dot(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32)))
    >>> base.rows(0, 1).tolist(), base.T is base.T
    ([[1.0, 0.0]], True)
    """

    base: Similarity

    @property
    def shape(self) -> tuple[int, int]:  # type: ignore[override]
        """``(n_left, n_right)``."""
        return self.base.shape

    @property
    def unit(self) -> float:
        """See :attr:`Similarity.unit`."""
        return self.base.unit

    @cached_property
    def _last(self) -> dict[tuple[int, int], FloatArray]:
        """The last block, by its first row and the row after its last one; empty at first."""
        return {}

    def rows(self, start: int, stop: int) -> FloatArray:
        """See :meth:`Similarity.rows`."""
        block = self._last.get((start, stop))
        if block is None:
            block = self.base.rows(start, stop)
            self._last.clear()
            self._last[start, stop] = block
        return block.copy()

    @cached_property
    def T(self) -> Remembered:
        """See :attr:`Similarity.T`."""
        return Remembered(self.base.T)

    def cells(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """See :meth:`Similarity.cells`."""
        return self.base.cells(rows, columns)

    def proposer(self, k: int, columns: slice) -> Proposer:
        """See :meth:`Similarity.proposer`."""
        return self.base.proposer(k, columns)

    def take(self, rows: IntArray, columns: IntArray | None) -> Similarity:
        """See :meth:`Similarity.take`."""
        return self.base.take(rows, columns)
