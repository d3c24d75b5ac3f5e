"""Stage 3, neighbourhood expansion: the neighbours of a seed on both sides are likely to match too."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from tqdm import tqdm

from psqe.adjacency import undirected_edges
from psqe.errors import ParameterError
from psqe.features.fusion import unit_rows
from psqe.graph import FloatArray, IntArray, KnowledgeGraph
from psqe.seeds.neighbourhood import WALK_WEIGHT, walk_similarity
from psqe.seeds.stages.base import Pool, Space, Stage
from psqe.seeds.stages.choose import Proposals, extend, filtered, propose, take, within_quotas
from psqe.similarity import Sum


@dataclass(frozen=True, eq=False)
class ExpandStage(Stage):
    """Match the neighbours of seeds: where two entities match, their neighbours are likely to match, too.

    With the rule ``replace``, a random walk leads from every candidate to the seeds near it in its graph.
    Two candidates whose walks meet the same seeds have similar neighbourhoods. The cosine of the walks is
    added to the similarity, and the seeds are chosen afresh, so that a seed which its neighbourhood
    contradicts is dropped. With the rule ``order`` by confidence, each seed counts by its confidence.

    Without the rule ``replace``, the stage is as released (Hong et al. 2026, stage 3): for every seed it
    compares the neighbours of the left entity with those of the right entity, and adds the best pairs above a
    threshold that rises from 0.8 to 0.9 along the list of seeds, at most 6 pairs for the first seed and 3 for
    the last.

    Parameters
    ----------
    weight
        Weight of the cosine of the walks, positive; the similarity of the stages before has weight 1.
    """

    weight: float = WALK_WEIGHT

    name = "expand"
    note = "neighbourhoods of the seeds on both graphs"

    def __post_init__(self) -> None:
        if not self.weight > 0:
            raise ParameterError(f"weight is {self.weight}; it must be positive")

    def run(self, space: Space, pool: Pool) -> Pool:
        """See :meth:`Stage.run`."""
        if not space.rules.replace:
            return filtered(space, self._along_the_list(space, pool))
        confidence = pool.scores if space.rules.order == "confidence" and space.rules.dangling else None
        walks = walk_similarity(
            space.task,
            space.left,
            space.right,
            np.column_stack([pool.rows, pool.columns]),
            weights=confidence,
        )
        similarity = Sum((pool.similarity, walks), (1.0, self.weight))
        proposals = propose(similarity, space.n_seeds, space.rules)
        chosen = within_quotas(space, proposals)
        return take(space, replace(pool, similarity=similarity), proposals, chosen, self.name)

    def _along_the_list(self, space: Space, pool: Pool) -> Pool:
        """Apply the released rule; see the class."""
        if space.rules.missing == "noise" and "image" not in space.features:
            return pool  # the public code compares neighbours by pictures or not at all
        if space.rules.order == "confidence":
            pool = pool.keep(np.argsort(-pool.scores, kind="stable"))
        neighbours = [
            _neighbours(graph, candidates)
            for graph, candidates in ((space.task.left, space.left), (space.task.right, space.right))
        ]
        n = len(pool)
        grown = pool
        seeds = zip(pool.rows.tolist(), pool.columns.tolist(), strict=True)
        for t, (row, column) in enumerate(tqdm(list(seeds), "PSQE expansion", disable=None, leave=False)):
            left, right = neighbours[0][row], neighbours[1][column]
            if not len(left) or not len(right):
                continue
            scores = _compared(space, pool, left, right)
            threshold, most = 0.8 + 0.1 * t / n, int(6 - 3 * t / n)
            best = largest(scores, most if scores.size >= most else 1)
            best = best[scores.ravel()[best] > threshold]
            near = Proposals(
                left[best // len(right)], right[best % len(right)], scores.ravel()[best],
                np.ones(len(best), dtype=bool), ["next to a seed"] * len(best),
            )  # fmt: skip
            grown = extend(grown, near, np.arange(len(best)), self.name)
        return grown


def largest(scores: FloatArray, n: int) -> IntArray:
    """Find the positions of the ``n`` largest cells in the flattened matrix, best first, ties by position."""
    order: IntArray = np.argsort(-scores.ravel(), kind="stable")[:n]
    return order


def _neighbours(graph: KnowledgeGraph, candidates: IntArray) -> list[IntArray]:
    """Return for each candidate the positions of the candidates next to it, ascending."""
    position = np.full(graph.n_entities, -1, dtype=np.int64)
    position[candidates] = np.arange(len(candidates))
    ends = position[graph.triples[:, [0, 2]]]
    ends = ends[(ends >= 0).all(axis=1) & (ends[:, 0] != ends[:, 1])]
    both = undirected_edges(ends)
    starts = np.searchsorted(both[:, 0], np.arange(len(candidates) + 1))
    return np.split(both[:, 1], starts[1:-1])


def _compared(space: Space, pool: Pool, left: IntArray, right: IntArray) -> FloatArray:
    """Compute the similarity of neighbours ``(m, k)``.

    It is the weighted mean over modalities of the cosine of features and learned embedding, concatenated.
    Images take the structure embedding, where there is one.
    """
    total = np.zeros((len(left), len(right)), dtype=np.float32)
    n_left = space.task.left.n_entities
    for name, modality in space.features.items():
        learned = None
        if pool.learned is not None:
            learned = pool.learned.structure if name == "image" else pool.learned.modalities[name]
        sides = []
        for values, entities, shift in (
            (modality.left.values, space.left[left], 0),
            (modality.right.values, space.right[right], n_left),
        ):
            vectors = unit_rows(values[entities]) if space.rules.normalise else values[entities]
            if learned is not None:
                vectors = np.hstack([vectors, learned[entities + shift]])
            sides.append(unit_rows(vectors))
        total += np.float32(space.weights.get(name, 1.0)) * (sides[0] @ sides[1].T)
    return total / np.float32(sum(space.weights.get(name, 1.0) for name in space.features))
