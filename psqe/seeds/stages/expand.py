"""Stage 3, neighbourhood expansion: what stands next to a seed on both sides is likely a seed too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from psqe.kg import FloatArray, IntArray, KnowledgeGraph
from psqe.matching import Dot, Similarity
from psqe.seeds.base import positive
from psqe.seeds.stages.base import Pool, Space, Stage, ranked_pairs, within_quotas


def candidate_graph(graph: KnowledgeGraph, candidates: IntArray) -> sparse.csr_array:
    """Walk probabilities between candidates ``(m, m)``: one step, or two through a node that is none.

    In graphs where things hang together by categories and keywords, two candidates meet in a node that
    is no candidate itself. Rows add up to at most one; staying put does not count.
    """
    n = graph.n_entities
    ends = graph.triples[:, [0, 2]]
    both = np.unique(np.concatenate([ends, ends[:, ::-1]]), axis=0)
    adjacency = sparse.csr_array((np.ones(len(both), np.float32), (both[:, 0], both[:, 1])), shape=(n, n))
    degree = np.maximum(np.asarray(adjacency.sum(axis=1)).ravel(), 1)
    walk = sparse.csr_array(sparse.diags_array((1 / degree).astype(np.float32)) @ adjacency)
    is_candidate = np.zeros(n, dtype=bool)
    is_candidate[candidates] = True
    others = np.flatnonzero(~is_candidate)
    steps = sparse.csr_array(
        walk[candidates][:, candidates] + walk[candidates][:, others] @ walk[others][:, candidates]
    )
    steps.setdiag(0)
    steps.eliminate_zeros()
    return steps


@dataclass(frozen=True, eq=False)
class SharedSeeds(Similarity):
    """``base`` plus ``weight`` times how alike two candidates' walks to the seeds are.

    Attributes
    ----------
    base
        Similarity ``(m_left, m_right)``.
    left, right
        Sparse unit rows ``(m_left, n_seeds)`` and ``(m_right, n_seeds)``: where a walk from a candidate
        meets each seed.
    weight
        Of the walks' cosine.
    """

    base: Similarity
    left: sparse.csr_array
    right: sparse.csr_array
    weight: float

    @property
    def shape(self) -> tuple[int, int]:  # type: ignore[override]
        """``(m_left, m_right)``."""
        return self.base.shape

    def rows(self, start: int, stop: int) -> FloatArray:
        """See :meth:`Similarity.rows`."""
        block = self.base.rows(start, stop)
        block += np.float32(self.weight) * (self.left[start:stop] @ self.right.T).toarray()
        return block

    @property
    def T(self) -> SharedSeeds:
        """See :attr:`Similarity.T`."""
        return SharedSeeds(self.base.T, self.right, self.left, self.weight)


def _unit(rows: sparse.csr_array) -> sparse.csr_array:
    norms = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    scale = np.divide(1, norms, out=np.zeros_like(norms), where=norms > 0)
    return sparse.csr_array(sparse.diags_array(scale.astype(np.float32)) @ rows)


class ExpandStage(Stage):
    """Walk from every candidate to the seeds near it in its graph; choose the seeds afresh.

    Two candidates whose walks meet the same seeds, one on the left and one on the right, are alike in
    their neighbourhood. That is added to the similarity of the earlier stages. A seed that its
    neighbourhood contradicts gives way.

    Parameters
    ----------
    weight
        Weight of the neighbourhood beside the similarity of the stages before.
    """

    name = "expand"
    note = "walks to the seeds on both graphs, chosen afresh"

    def __init__(self, *, weight: float = 0.1) -> None:
        positive("weight", weight)
        self.weight = weight

    def run(self, space: Space, pool: Pool) -> Pool:
        """See :meth:`Stage.run`."""
        left, right = (
            _unit(sparse.csr_array(candidate_graph(graph, candidates)[:, ends]))
            for graph, candidates, ends in (
                (space.task.left, space.left, pool.rows),
                (space.task.right, space.right, pool.columns),
            )
        )
        similarity = SharedSeeds(Dot(*pool.vectors), left, right, self.weight)
        rows, columns, scores = ranked_pairs(similarity)
        kept = within_quotas(space, rows, columns, scores)
        return pool.replaced(rows[kept], columns[kept], scores[kept], self.name)
