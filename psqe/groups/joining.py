"""Joining pairs of entities into groups that hold together, and the confidence of their members.

Pairs are joined into groups by agglomerative clustering with average linkage (Sokal and Michener 1958): the
two groups with the largest mean confidence are joined, then the next two. The mean is over all pairs of one
member of each group, and a pair that was not found counts as 0. Connected components would chain: one wrong
pair is enough to join two large groups, and an entity that resembles one member of each group joins all of
them. With average linkage, one strong pair between two groups of three is one of nine.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from psqe.graph import DoubleArray, IntArray

BLOCK = 512
"""Number of members of a group whose paths to all other members are held at a time."""

LEAST = 1e-9
"""The smallest cost of a pair on a path: a sparse matrix would take a cost of 0 for no pair."""


class _Parts:
    """Groups while they are joined: the members of each, and the sum of confidences between any two."""

    def __init__(self, n: int, pairs: IntArray, confidence: DoubleArray, source: Sequence[int]) -> None:
        self.members: dict[int, list[int]] = {i: [i] for i in range(n)}
        self.sources = {i: {own} for i, own in enumerate(source)}
        self.sums: list[dict[int, float]] = [{} for _ in range(n)]
        self.places: list[dict[int, int]] = [{} for _ in range(n)]
        for place, ((a, b), value) in enumerate(zip(pairs.tolist(), confidence.tolist(), strict=True)):
            self._put(a, b, value, place)

    def _put(self, a: int, b: int, value: float, place: int) -> None:
        self.sums[a][b] = self.sums[b][a] = value
        self.places[a][b] = self.places[b][a] = place

    def entry(self, a: int, b: int) -> tuple[float, int, int, int]:
        """The place of two groups in the queue: the largest mean first, and then the best pair."""
        a, b = min(a, b), max(a, b)
        mean = self.sums[a][b] / (len(self.members[a]) * len(self.members[b]))
        return -mean, self.places[a][b], a, b

    def is_current(self, entry: tuple[float, int, int, int]) -> bool:
        """Whether the two groups of an entry are still there, and have not been joined with others since."""
        _, _, a, b = entry
        return a in self.members and b in self.members and b in self.sums[a] and self.entry(a, b) == entry

    def part(self, a: int, b: int) -> None:
        """Forget the pairs between two groups that must not be joined."""
        for one, other in ((a, b), (b, a)):
            del self.sums[one][other], self.places[one][other]

    def join(self, a: int, b: int) -> list[tuple[float, int, int, int]]:
        """Join two groups, and return the entries that this changes."""
        if len(self.sums[a]) < len(self.sums[b]):
            a, b = b, a
        self.part(a, b)
        self.members[a] += self.members.pop(b)
        self.sources[a] |= self.sources.pop(b)
        for other, value in self.sums[b].items():
            place = self.places[b][other]
            del self.sums[other][b], self.places[other][b]
            self._put(
                a, other, value + self.sums[a].get(other, 0.0), min(place, self.places[a].get(other, place))
            )
        self.sums[b], self.places[b] = {}, {}
        return [self.entry(a, other) for other in self.sums[a]]


def join_pairs(
    n: int,
    pairs: IntArray,
    confidence: DoubleArray,
    *,
    least: float = 0.0,
    source: Sequence[int] | None = None,
) -> list[list[int]]:
    """Join pairs of entities into groups by average linkage.

    Parameters
    ----------
    n
        Number of entities.
    pairs
        Integer array ``(m, 2)``: two different entities, from 0 to ``n - 1``, in each row, and no row
        twice in either order. Where two joins are equally good, that with the earlier pair comes first.
    confidence
        The confidence of each pair ``(m,)``, from 0 to 1. A pair that is not given counts as 0.
    least
        The smallest mean confidence between two groups that are joined.
    source
        The source of each entity ``(n,)``. Groups with entities of one source in common are not joined.
        ``None`` for entities that may all be together.

    Returns
    -------
    The groups of at least two entities, each ascending, in the order of their first entities.

    Examples
    --------
    >>> chain = np.array([[0, 1], [1, 2], [2, 3]])
    >>> join_pairs(4, chain, np.array([0.9, 0.6, 0.9]), least=0.5)
    [[0, 1], [2, 3]]
    >>> join_pairs(3, chain[:2], np.array([0.9, 0.8]), source=[0, 1, 0])
    [[0, 1]]
    """
    parts = _Parts(n, pairs, confidence, range(n) if source is None else source)
    queue = [parts.entry(a, b) for a, b in pairs.tolist()]
    heapq.heapify(queue)
    while queue:
        entry = heapq.heappop(queue)
        if not parts.is_current(entry):
            continue
        mean, _, a, b = entry
        if -mean < least:
            break
        if parts.sources[a] & parts.sources[b]:
            parts.part(a, b)
            continue
        for changed in parts.join(a, b):
            heapq.heappush(queue, changed)
    return sorted(sorted(group) for group in parts.members.values() if len(group) > 1)


def member_confidence(
    groups: Sequence[Sequence[int]], n: int, pairs: IntArray, confidence: DoubleArray
) -> list[list[float]]:
    """Estimate for each member of a group the share of the other members that are the same as it.

    Two members are the same with the probability of the best path between them: the largest product of the
    confidences of pairs that lead from one to the other within the group. The confidence of a member is the
    mean of that over all other members.

    Parameters
    ----------
    groups
        The groups, as :func:`join_pairs` returns them.
    n, pairs, confidence
        As for :func:`join_pairs`.

    Returns
    -------
    For each group the confidence of its members, in their order.

    Examples
    --------
    >>> pairs = np.array([[0, 1], [1, 2]])
    >>> [[round(share, 2) for share in group] for group in member_confidence([[0, 1, 2]], 3, pairs,
    ...     np.array([0.9, 0.5]))]
    [[0.68, 0.7, 0.48]]
    """
    cost = np.maximum(-np.log(np.maximum(confidence, np.finfo(float).tiny)), LEAST)
    graph = sparse.coo_array((cost, (pairs[:, 0], pairs[:, 1])), (n, n)).tocsr()
    found = []
    for group in groups:
        members = np.asarray(group)
        own = graph[members][:, members]
        shares: list[float] = []
        for start in range(0, len(members), BLOCK):
            rows = np.arange(start, min(start + BLOCK, len(members)))
            likely = np.exp(-dijkstra(own, directed=False, indices=rows))
            shares += ((likely.sum(axis=1) - 1) / (len(members) - 1)).tolist()
        found.append(shares)
    return found
