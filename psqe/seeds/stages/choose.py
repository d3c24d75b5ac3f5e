"""Which pairs to take: proposals, quotas, conflicts, and the released filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from psqe.features.fusion import modality_vectors
from psqe.graph import BoolArray, FloatArray, IntArray
from psqe.seeds.rules import Rules
from psqe.seeds.stages.base import Pool, Space
from psqe.similarity import Nearest, Similarity, find_neighbours, greedy_one_to_one, largest_cells


@dataclass(frozen=True, eq=False)
class Proposals:
    """Pairs worth a seed, best first.

    Attributes
    ----------
    rows, columns
        Positions ``(n,)``.
    scores
        What they are ranked by ``(n,)``, descending: not cut at one, where rounding puts many shares.
    sure
        Whether each may fill a quota ``(n,)``; others only fill what quotas leave.
    why
        What speaks for each, ``n`` strings.
    """

    rows: IntArray
    columns: IntArray
    scores: FloatArray
    sure: BoolArray
    why: Sequence[str]

    @classmethod
    def joined(cls, parts: Sequence[Proposals]) -> Proposals:
        """Several lists as one, best first; equal scores stay in order."""
        # Start from nothing, in the right types: there may be no part at all.
        rows = np.concatenate([np.empty(0, dtype=np.int64), *(p.rows for p in parts)])
        columns = np.concatenate([np.empty(0, dtype=np.int64), *(p.columns for p in parts)])
        scores = np.concatenate([np.empty(0, dtype=np.float32), *(p.scores for p in parts)])
        sure = np.concatenate([np.empty(0, dtype=np.bool_), *(p.sure for p in parts)])
        why = [reason for p in parts for reason in p.why]
        order = np.argsort(-scores, kind="stable")
        return cls(rows[order], columns[order], scores[order], sure[order], [why[i] for i in order])


def propose(similarity: Similarity, n: int, rules: Rules) -> Proposals:
    """Propose pairs by the rules ``mutual`` and ``dangling``.

    With ``mutual``, the nearest pair of every candidate; those that are nearest in one direction only,
    or tied for it, may not fill a quota. Without, the ``100 * n`` largest cells. With ``dangling``, pairs
    are compared by their share (:mod:`psqe.similarity.neighbours`), which is their score; without, by their
    similarity.
    """
    if rules.mutual:
        found = find_neighbours(similarity)
        return _nearest_pairs(found.nearest_by_share() if rules.dangling else found.nearest(), rules)
    if rules.dangling:
        rows, columns, logs = largest_cells(find_neighbours(similarity).by_share(similarity), 100 * n)
        scores = np.exp(logs)
    else:
        rows, columns, scores = largest_cells(similarity, 100 * n)
    return Proposals(rows, columns, scores, np.ones(len(rows), dtype=bool), ["a largest cell"] * len(rows))


def _nearest_pairs(found: Nearest, rules: Rules) -> Proposals:
    rows = np.concatenate([np.arange(len(found.of_left)), found.of_right])
    columns = np.concatenate([found.of_left, np.arange(len(found.of_right))])
    scores = np.concatenate([found.score_left, found.score_right])
    _, first = np.unique(rows * len(found.of_right) + columns, return_index=True)
    rows, columns, scores = rows[first], columns[first], scores[first]
    mutual = (found.of_left[rows] == columns) & (found.of_right[columns] == rows)
    mutual &= found.margin(rows, columns) > 0
    # Similarities do not tell the two kinds apart; two less puts any one-sided cosine last.
    scores = np.exp(scores) if rules.dangling else np.where(mutual, scores, scores - 2)
    scores = scores.astype(np.float32)
    order = np.argsort(-scores, kind="stable")
    why = np.where(mutual, "nearest in both directions", "nearest in one direction")
    return Proposals(rows[order], columns[order], scores[order], mutual[order], why[order].tolist())


def within_quotas(space: Space, proposals: Proposals) -> IntArray:
    """Choose one-to-one pairs, best first, so that every cluster gets its quota where it can.

    A pair belongs to the cluster of its left end. With the rule ``fill``, what a cluster cannot fill with
    sure pairs goes to the best pairs left over.

    Returns
    -------
    Positions of the chosen pairs among the proposals, best first: at most ``space.n_seeds``.
    """
    # One-to-one first, by confidence over all clusters, so that no quota lets a worse pair block a better.
    free = greedy_one_to_one(proposals.rows, proposals.columns, len(proposals.rows))
    cluster_of = space.clusters[0][proposals.rows[free]]
    chosen = np.zeros(len(free), dtype=bool)
    for label, quota in enumerate(space.quotas):
        chosen[np.flatnonzero((cluster_of == label) & proposals.sure[free])[:quota]] = True
    if space.rules.fill:
        rest = space.n_seeds - int(chosen.sum())
        chosen[np.flatnonzero(~chosen)[:rest]] = True
    kept: IntArray = free[chosen]
    return kept


def take(space: Space, pool: Pool, proposals: Proposals, positions: IntArray, stage: str) -> Pool:
    """The pool after ``stage`` chose these proposals: instead of its seeds, or beside them.

    With the rule ``replace`` they are all the seeds there are; those that were seeds before keep their
    finder's name. Without, they are added where both ends are free.
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
    """The pool and, at its end, those of the proposals whose two entities it does not use yet."""
    used_left, used_right = set(pool.rows.tolist()), set(pool.columns.tolist())
    new = []
    for i in positions.tolist():
        row, column = int(proposals.rows[i]), int(proposals.columns[i])
        if row not in used_left and column not in used_right:
            used_left.add(row)
            used_right.add(column)
            new.append(i)
    added = np.array(new, dtype=np.int64)
    return replace(
        pool,
        rows=np.concatenate([pool.rows, proposals.rows[added]]),
        columns=np.concatenate([pool.columns, proposals.columns[added]]),
        scores=np.concatenate([pool.scores, proposals.scores[added]]),
        found_by=pool.found_by + (stage,) * len(new),
        why=pool.why + tuple(proposals.why[i] for i in new),
    )


def filtered(space: Space, pool: Pool, *, block: int = 2048) -> Pool:
    """Drop seeds whose similarity is not the largest of its row, among the seeds' right ends.

    The released filter (rule ``reciprocal_filter``): ``S = sum_m weight_m <left_m, right_m>`` of the
    features, raw or, with the rule ``normalise``, of length one.
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
        own = scores[np.arange(len(scores)), start + np.arange(len(scores))]
        kept[rows] = own >= scores.max(axis=1)
    return pool.keep(np.flatnonzero(kept))
