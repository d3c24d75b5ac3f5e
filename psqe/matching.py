"""Comparing two sets of entities in blocks: similarity, CSLS, Sinkhorn, top-k, mutual nearest, greedy.

Nothing here holds more than a block of rows of the similarity matrix at a time. Positions break ties, so
callers bring their vectors in canonical order (:mod:`psqe.canonical`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from psqe.errors import ParameterError
from psqe.kg import BoolArray, FloatArray, IntArray

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
    """Dot products of two sets of vectors ``(n_left, d)`` and ``(n_right, d)``; cosine if rows are unit."""

    left: FloatArray
    right: FloatArray

    @property
    def shape(self) -> tuple[int, int]:  # type: ignore[override]
        """``(n_left, n_right)``."""
        return len(self.left), len(self.right)

    def rows(self, start: int, stop: int) -> FloatArray:
        """See :meth:`Similarity.rows`."""
        block: FloatArray = self.left[start:stop] @ self.right.T
        return block

    @property
    def T(self) -> Dot:
        """See :attr:`Similarity.T`."""
        return Dot(self.right, self.left)


@dataclass(frozen=True, eq=False)
class Shifted(Similarity):
    """``scale * base + of_left[:, None] + of_right[None, :]``: the form CSLS and Sinkhorn share."""

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
        if k == 1:
            best = block.argmax(axis=1)[:, None]
        else:
            best = np.sort(np.argpartition(-block, k - 1, axis=1)[:, :k], axis=1)
            # A partition takes any of those that tie with the k-th; take the first ones.
            kth = np.take_along_axis(block, best, axis=1).min(axis=1)
            tied = np.flatnonzero((block >= kth[:, None]).sum(axis=1) > k)
            best[tied] = np.sort(np.argsort(-block[tied], axis=1, kind="stable")[:, :k], axis=1)
        found = np.take_along_axis(block, best, axis=1)
        order = np.argsort(-found, axis=1, kind="stable")
        indices[start : start + len(block)] = np.take_along_axis(best, order, axis=1)
        scores[start : start + len(block)] = np.take_along_axis(found, order, axis=1)
    return indices, scores


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


def sinkhorn(similarity: Similarity, *, temperature: float = 0.02, n_iterations: int = 50) -> Shifted:
    """Entropic optimal transport with uniform marginals (Cuturi 2013), in the log domain and in blocks.

    The score of a pair is ``s / temperature + f + g``: the logarithm of its share of the transport plan
    up to a constant. Only the potentials ``f (n_left,)`` and ``g (n_right,)`` are held in memory; each
    iteration computes the similarities again.

    Parameters
    ----------
    similarity
        Similarities of about unit scale.
    temperature
        Strength of the entropy term; smaller is nearer to an assignment.
    n_iterations
        Passes over the matrix, each of which updates both potentials.

    Raises
    ------
    ParameterError
        If the temperature is not positive or there is no iteration.
    """
    if not temperature > 0 or n_iterations < 1:
        raise ParameterError("sinkhorn needs a positive temperature and at least one iteration")
    n_left, n_right = similarity.shape
    scale = 1.0 / temperature
    f = np.zeros(n_left, dtype=np.float32)
    g = np.zeros(n_right, dtype=np.float32)
    for _ in range(n_iterations):
        # One pass does both: f of a block is exact once g is known, and feeds the sum that updates g.
        total = np.full(n_right, -np.inf)
        for start, block in similarity.blocks():
            logits = block * np.float32(scale) + g
            peak = logits.max(axis=1)
            rows = slice(start, start + len(block))
            f[rows] = -(peak + np.log(np.exp(logits - peak[:, None]).sum(axis=1)))
            logits += f[rows, None]
            peak_column = logits.max(axis=0)
            part = peak_column + np.log(np.exp(logits - peak_column).sum(axis=0))
            total = np.logaddexp(total, part)
        g = (g - total + np.log(n_left / n_right)).astype(np.float32)
    return Shifted(similarity, scale, f, g)


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


def nearest(similarity: Similarity) -> Nearest:
    """Find the nearest and the margin to the second nearest, in both directions."""

    def one_way(direction: Similarity) -> tuple[IntArray, FloatArray, FloatArray]:
        indices, scores = top_k(direction, 2)
        if scores.shape[1] > 1:
            margins = scores[:, 0] - scores[:, 1]
        else:
            margins = np.full(len(scores), np.inf, dtype=np.float32)
        return indices[:, 0], scores[:, 0], margins

    left, right = one_way(similarity), one_way(similarity.T)
    return Nearest(left[0], right[0], left[1], right[1], left[2], right[2])
