"""The choice of pairs: proposals, quotas, conflicts, and the released filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from psqe.features.fusion import modality_vectors
from psqe.graph import BoolArray, FloatArray, IntArray
from psqe.seeds.psqe_rules import Rules
from psqe.seeds.stages.base import Pool, Space
from psqe.seeds.stages.even import choose_evenly
from psqe.similarity import Nearest, Similarity, find_neighbours, greedy_one_to_one, largest_cells


@dataclass(frozen=True, eq=False)
class Proposals:
    """Pairs that may become seeds, best first.

    Parameters
    ----------
    rows, columns
        Left and right candidate of each pair ``(n,)``, by position in :class:`~psqe.seeds.stages.Space`.
    scores
        The scores that rank the pairs ``(n,)``, descending. They are not cut at one, where rounding puts many
        shares.
    for_quota
        Whether each pair may fill a cluster's quota ``(n,)``. Other pairs only fill what the quotas leave.
    why
        The reason for each pair.

    Examples
    --------
    >>> from psqe.similarity import Dot
    >>> similarity = Dot(np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32))
    >>> proposals = propose(similarity, 3, Rules())
    >>> proposals.rows.tolist(), proposals.columns.tolist(), proposals.for_quota.tolist()
    ([0, 1, 2], [0, 1, 2], [True, True, True])
    """

    rows: IntArray
    columns: IntArray
    scores: FloatArray
    for_quota: BoolArray
    why: Sequence[str]

    @classmethod
    def joined(cls, parts: Sequence[Proposals]) -> Proposals:
        """Merge several lists into one, best first; equal scores stay in the given order."""
        # Start from nothing, in the right types: there may be no part at all.
        rows = np.concatenate([np.empty(0, dtype=np.int64), *(p.rows for p in parts)])
        columns = np.concatenate([np.empty(0, dtype=np.int64), *(p.columns for p in parts)])
        scores = np.concatenate([np.empty(0, dtype=np.float32), *(p.scores for p in parts)])
        for_quota = np.concatenate([np.empty(0, dtype=np.bool_), *(p.for_quota for p in parts)])
        why = [reason for p in parts for reason in p.why]
        order = np.argsort(-scores, kind="stable")
        return cls(rows[order], columns[order], scores[order], for_quota[order], [why[i] for i in order])


def propose(similarity: Similarity, n: int, rules: Rules) -> Proposals:
    """Propose pairs by the rules ``mutual`` and ``dangling``.

    With ``mutual``, every candidate is proposed with its nearest candidate; pairs that are nearest in one
    direction only, or tied, may not fill a quota. Without ``mutual``, the ``100 * n`` largest similarities
    are proposed. With ``dangling``, pairs are scored by their share (:mod:`psqe.similarity.neighbours`);
    without it, by their similarity.

    Parameters
    ----------
    similarity
        Similarities of the candidates ``(m_left, m_right)``.
    n
        Number of seeds wanted.
    rules
        The switches.
    """
    if rules.mutual:
        neighbours = find_neighbours(similarity)
        nearest = neighbours.nearest_by_share() if rules.dangling else neighbours.nearest()
        return _nearest_pairs(nearest, rules)
    if rules.dangling:
        rows, columns, logs = largest_cells(find_neighbours(similarity).by_share(similarity), 100 * n)
        scores = np.exp(logs)
    else:
        rows, columns, scores = largest_cells(similarity, 100 * n)
    return Proposals(rows, columns, scores, np.ones(len(rows), dtype=bool), ["a largest cell"] * len(rows))


def _nearest_pairs(nearest: Nearest, rules: Rules) -> Proposals:
    """Propose every candidate with its nearest."""
    rows = np.concatenate([np.arange(len(nearest.of_left)), nearest.of_right])
    columns = np.concatenate([nearest.of_left, np.arange(len(nearest.of_right))])
    scores = np.concatenate([nearest.score_left, nearest.score_right])
    _, first = np.unique(rows * len(nearest.of_right) + columns, return_index=True)
    rows, columns, scores = rows[first], columns[first], scores[first]
    mutual = (nearest.of_left[rows] == columns) & (nearest.of_right[columns] == rows)
    mutual &= nearest.margin(rows, columns) > 0
    # Similarities do not separate the two kinds; subtracting 2 ranks every one-sided pair last.
    scores = np.exp(scores) if rules.dangling else np.where(mutual, scores, scores - 2)
    scores = scores.astype(np.float32)
    order = np.argsort(-scores, kind="stable")
    why = np.where(mutual, "nearest in both directions", "nearest in one direction")
    return Proposals(rows[order], columns[order], scores[order], mutual[order], why[order].tolist())


def within_quotas(space: Space, proposals: Proposals) -> IntArray:
    """Choose one-to-one pairs, best first, so that every cluster gets its quota where it can.

    A pair belongs to the cluster of its left candidate. With the rule ``fill``, seeds that a cluster cannot
    fill go to the best pairs left over. With the rule ``evenness``, the regions of :attr:`Space.partitions`
    take the place of the clusters, and their quotas have a price instead of being fixed
    (:func:`~psqe.seeds.stages.even.choose_evenly`).

    Parameters
    ----------
    space
        The candidates, with clusters and quotas.
    proposals
        The pairs to choose from.

    Returns
    -------
    Positions of the chosen pairs among the proposals, best first: at most ``space.n_seeds``.
    """
    # One-to-one first, by confidence over all clusters, so that no quota lets a worse pair block a better.
    free = greedy_one_to_one(proposals.rows, proposals.columns, len(proposals.rows))
    if space.rules.evenness:
        return _evenly(space, proposals, free)
    cluster_of = space.clusters[0][proposals.rows[free]]
    chosen = np.zeros(len(free), dtype=bool)
    for label, quota in enumerate(space.quotas):
        chosen[np.flatnonzero((cluster_of == label) & proposals.for_quota[free])[:quota]] = True
    if space.rules.fill:
        rest = space.n_seeds - int(chosen.sum())
        chosen[np.flatnonzero(~chosen)[:rest]] = True
    kept: IntArray = free[chosen]
    return kept


def _evenly(space: Space, proposals: Proposals, free: IntArray) -> IntArray:
    """Choose evenly among the one-to-one proposals at the positions ``free (m,)``; return some of these."""
    if not space.rules.fill:
        free = free[proposals.for_quota[free]]
    pairs = np.column_stack([space.left[proposals.rows[free]], space.right[proposals.columns[free]]])
    scores = proposals.scores[free]
    weight = space.rules.evenness
    chosen: IntArray = free[choose_evenly(scores, pairs, space.partitions, space.n_seeds, weight=weight)]
    return chosen


def take(space: Space, pool: Pool, proposals: Proposals, positions: IntArray, stage: str) -> Pool:
    """Put chosen proposals into the pool: instead of its seeds, or beside them.

    With the rule ``replace`` they take the place of all seeds; those that were seeds before keep the name
    of the stage that found them. Without the rule, they are added where both of their entities are free.

    Parameters
    ----------
    space, pool
        The candidates, and the seeds before the stage.
    proposals, positions
        The proposals, and the positions of those chosen ``(n,)``.
    stage
        Name of the stage that chose.
    """
    if not space.rules.replace:
        return extend(pool, proposals, positions, stage)
    before = dict(
        zip(zip(pool.rows.tolist(), pool.columns.tolist(), strict=True), pool.found_by, strict=True)
    )
    rows, columns = proposals.rows[positions], proposals.columns[positions]
    found_by = tuple(before.get(pair, stage) for pair in zip(rows.tolist(), columns.tolist(), strict=True))
    why = tuple(proposals.why[i] for i in positions)
    return replace(
        pool, rows=rows, columns=columns, scores=proposals.scores[positions], found_by=found_by, why=why
    )


def extend(pool: Pool, proposals: Proposals, positions: IntArray, stage: str) -> Pool:
    """Add those of the chosen proposals to the end of the pool whose two entities it does not use yet.

    See :func:`take` for the parameters.
    """
    used_left, used_right = (np.zeros(n, dtype=bool) for n in pool.similarity.shape)
    used_left[pool.rows] = used_right[pool.columns] = True
    free = greedy_one_to_one(
        proposals.rows[positions], proposals.columns[positions], len(positions),
        used_left=used_left, used_right=used_right,
    )  # fmt: skip
    added = positions[free]
    return replace(
        pool,
        rows=np.concatenate([pool.rows, proposals.rows[added]]),
        columns=np.concatenate([pool.columns, proposals.columns[added]]),
        scores=np.concatenate([pool.scores, proposals.scores[added]]),
        found_by=pool.found_by + (stage,) * len(added),
        why=pool.why + tuple(proposals.why[i] for i in added),
    )


def filtered(space: Space, pool: Pool, *, block: int = 2048) -> Pool:
    """Drop seeds whose similarity is not the largest of its row, among the right entities of the seeds.

    This is the released filter (rule ``reciprocal_filter``). The similarity is ``S = sum_m weight_m
    <left_m, right_m>`` of the features, raw or, with the rule ``normalise``, of length one.

    Parameters
    ----------
    space
        The candidates.
    pool
        The seeds.
    block
        Number of seeds that are compared with all others at a time.
    """
    if not space.rules.reciprocal_filter or not len(pool):
        return pool
    left, right = space.left[pool.rows], space.right[pool.columns]
    sides: list[tuple[FloatArray, FloatArray]] = []
    for name, modality in space.features.items():
        weight = np.float32(space.weights.get(name, 1.0))
        if space.rules.normalise:
            of_left, of_right = modality_vectors(space.features, name, space.left, space.right)
            of_left, of_right = of_left[pool.rows], of_right[pool.columns]
        else:
            of_left, of_right = modality.left.values[left], modality.right.values[right]
        sides.append((weight * of_left, of_right))
    kept = np.zeros(len(pool), dtype=bool)
    for start in range(0, len(pool), block):
        rows = slice(start, start + block)
        scores = np.sum([a[rows] @ b.T for a, b in sides], axis=0)
        of_seeds = scores[np.arange(len(scores)), start + np.arange(len(scores))]
        kept[rows] = of_seeds >= scores.max(axis=1)
    return pool.keep(np.flatnonzero(kept))
