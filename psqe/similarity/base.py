"""Similarity matrices that are computed in blocks of rows, so that a whole matrix is never held in memory.

Positions break ties. Callers therefore bring their vectors in canonical order
(:mod:`psqe.features.canonical_order`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from psqe.graph import FloatArray, IntArray

BLOCK_CELLS = 1 << 23
"""Number of cells in one block of a similarity matrix: 32 MiB of float32."""


class Similarity(ABC):
    """A similarity matrix ``(n_left, n_right)`` that is computed in blocks of rows when it is asked for.

    A larger value means that the two entities are more alike.

    Attributes
    ----------
    shape
        ``(n_left, n_right)``.
    """

    shape: tuple[int, int]

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

    def blocks(self) -> Iterator[tuple[int, FloatArray]]:
        """Yield all rows in blocks of about :data:`BLOCK_CELLS` cells, as pairs of (first row, block).

        Raises
        ------
        FloatingPointError
            If a similarity is not finite. A NaN compares false with everything and would rank first.
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
        return Dot(self.right, self.left, self.device)

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

    @cached_property
    def _last(self) -> dict[tuple[int, int], FloatArray]:
        """The last block, by its first row and the row after its last one; empty at first."""
        return {}

    def rows(self, start: int, stop: int) -> FloatArray:
        """See :meth:`Similarity.rows`."""
        if (start, stop) not in self._last:
            self._last.clear()
            self._last[start, stop] = self.base.rows(start, stop)
        return self._last[start, stop].copy()

    @cached_property
    def T(self) -> Remembered:
        """See :attr:`Similarity.T`."""
        return Remembered(self.base.T)

    def take(self, rows: IntArray, columns: IntArray | None) -> Similarity:
        """See :meth:`Similarity.take`."""
        return self.base.take(rows, columns)
