"""Similarities in which some pairs are taken as given, and their entities are matched with no others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psqe.graph import FloatArray, IntArray
from psqe.similarity.base import Similarity

NO_PAIR = -1
"""The number of an entity that is in no given pair."""

BOUND = 1.0
"""The bound of cosines. It is the similarity of the two entities of a given pair, and minus the bound is the
similarity of either of them to every other entity."""

MATCHED_BOUND = 1e4
"""The bound of scores that CSLS or Sinkhorn have made of cosines, which are some hundreds at most."""


@dataclass(frozen=True, eq=False)
class Clamped(Similarity):
    """Similarities with some pairs clamped: the two entities of a pair match each other and no other entity.

    The cell of a given pair is ``bound``, and the other cells of its row and of its column are minus
    ``bound``. Clamping comes after the matching: :func:`psqe.similarity.matched` applies CSLS or Sinkhorn to
    ``base``, in which the entities of given pairs compete like all others, and clamps the result. Clamping
    before would take these entities out of the lists of nearest entities and out of the transport plan, so
    that less is known about hubs; on emoji/en-fr that gave a lower Hits@1.

    Parameters
    ----------
    base
        A similarity ``(n_left, n_right)``.
    left_pairs, right_pairs
        The number of the pair that each entity is in, ``(n_left,)`` and ``(n_right,)``; :data:`NO_PAIR` for
        an entity in none.
    bound
        The largest value that a cell of ``base`` can have, and minus the smallest; 1 by default, as for
        cosines.

    Examples
    --------
    >>> from psqe.similarity import Dot
    >>> base = Dot(np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32))
    >>> Clamped(base, np.array([0, -1, -1]), np.array([-1, 0, -1])).rows(0, 3).tolist()
    [[-1.0, 1.0, -1.0], [0.0, -1.0, 0.0], [0.0, -1.0, 1.0]]
    """

    base: Similarity
    left_pairs: IntArray
    right_pairs: IntArray
    bound: float = BOUND

    @property
    def shape(self) -> tuple[int, int]:  # type: ignore[override]
        """``(n_left, n_right)``."""
        return self.base.shape

    @property
    def unit(self) -> float:
        """See :attr:`Similarity.unit`."""
        return self.base.unit

    def rows(self, start: int, stop: int) -> FloatArray:
        """See :meth:`Similarity.rows`."""
        block, pairs = self.base.rows(start, stop), self.left_pairs[start:stop]
        linked, apart = np.float32(self.bound), np.float32(-self.bound)
        given = np.flatnonzero(pairs != NO_PAIR)
        block[:, self.right_pairs != NO_PAIR] = apart
        block[given] = np.where(pairs[given, None] == self.right_pairs, linked, apart)
        return block

    @property
    def T(self) -> Clamped:
        """See :attr:`Similarity.T`."""
        return Clamped(self.base.T, self.right_pairs, self.left_pairs, self.bound)

    def take(self, rows: IntArray, columns: IntArray | None) -> Clamped:
        """See :meth:`Similarity.take`."""
        right_pairs = self.right_pairs if columns is None else self.right_pairs[columns]
        return Clamped(self.base.take(rows, columns), self.left_pairs[rows], right_pairs, self.bound)
