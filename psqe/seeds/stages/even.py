"""The even choice: seeds that are likely to be correct, from all parts of both graphs in proportion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from psqe.evaluation.regions import Regions
from psqe.graph import FloatArray, IntArray


def choose_evenly(
    scores: FloatArray,
    pairs: IntArray,
    partitions: Sequence[Regions],
    n: int,
    *,
    weight: float,
) -> IntArray:
    """Choose pairs one after the other, each for its score minus the price of the regions of its two ends.

    Every region of every partition has a quota of the ``2 * n`` ends: its share of the entities that the
    partition divides. The price of a region is the filled part of its quota, so that regions where seeds are
    rare are cheap. The price of a pair is the mean of the prices of its two ends, summed over the partitions.
    This is the greedy maximisation of ``sum(scores) - weight / 4 * sum_r filled_r ** 2 / quota_r``, whose
    second term is least when every quota is met exactly. A region without plausible pairs does not force bad
    pairs upon the seeds: they are chosen only as far as ``weight`` pays for them.

    Parameters
    ----------
    scores
        The scores of the pairs ``(m,)``, descending.
    pairs
        Left and right entity of each pair ``(m, 2)``, one-to-one.
    partitions
        Partitions of the entities of both sides. Every entity of a pair is in a region of each.
    n
        Number of pairs to choose.
    weight
        The price of evenness, positive: how much more score a pair needs if the quotas of its ends' regions
        in one partition are filled than if they are empty.

    Returns
    -------
    Positions of the chosen pairs ``(min(n, m),)``, ascending.

    Examples
    --------
    >>> halves = Regions("half", ("a", "b"), np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]))
    >>> pairs = np.array([[0, 0], [1, 1], [2, 2], [3, 3]])
    >>> scores = np.array([1, 0.9, 0.8, 0.1], dtype=np.float32)
    >>> choose_evenly(scores, pairs, [halves], 2, weight=0.01).tolist()
    [0, 1]
    >>> choose_evenly(scores, pairs, [halves], 2, weight=1.0).tolist()
    [0, 2]
    """
    sizes = [np.maximum(p.sizes(), 1) for p in partitions]  # no pair has an end in an empty region
    quotas = np.concatenate([2 * n * size / size.sum() for size in sizes])
    starts = np.cumsum([0, *(len(p.names) for p in partitions)])
    ends = [
        labels[entities] + start
        for p, start in zip(partitions, starts[:-1], strict=True)
        for labels, entities in zip((p.left, p.right), pairs.T, strict=True)
    ]
    # Of the pairs whose ends are in the same regions only the best one left can be the next.
    cells, cell_of = np.unique(np.column_stack(ends), axis=0, return_inverse=True)
    queue = np.argsort(cell_of.ravel(), kind="stable")
    stop = np.cumsum(np.bincount(cell_of.ravel(), minlength=len(cells)))
    head = np.concatenate([[0], stop])[: len(cells)]
    best = scores[queue[head]].astype(np.float64)
    filled = np.zeros(len(quotas))
    chosen = np.zeros(len(pairs), dtype=bool)
    for _ in range(min(n, len(pairs))):
        cell = np.argmax(best - weight / 2 * (filled / quotas)[cells].sum(axis=1))
        chosen[queue[head[cell]]] = True
        np.add.at(filled, cells[cell], 1)  # both ends may be in one region
        head[cell] += 1
        best[cell] = scores[queue[head[cell]]] if head[cell] < stop[cell] else -np.inf
    return np.flatnonzero(chosen)
